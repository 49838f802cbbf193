"""Lesson 03 as a learner meets it: their own copy, Run All, a wrong and a right answer, both explorers."""

import pytest
from harness import PIXELS

pytestmark = [pytest.mark.browser, pytest.mark.lesson("03", whole=True)]
TOLD = """
from IPython.utils.capture import capture_output
with capture_output() as said:
    check("03-1", MyBasicBlock)
print([output.data["text/plain"] for output in said.outputs])"""


def test_a_learner_goes_through_lesson_03(learner, tmp_path):
    it, page = learner, learner.page
    it.run_all()
    told = str([cell["outputs"] for cell in it.cells()])
    assert told.count("not done yet") >= 5, "five blank exercises, none of them an error"
    assert told.count("S4-2") >= 8, "claims are shown"

    # Both explorers: the keyboard moves the slider, and the pixels change.
    for widget in page.locator(".course-explorer").all():
        widget.scroll_into_view_if_needed()
        image, slider = widget.get_by_role("img"), widget.get_by_role("slider", name="layers")
        seen = {}
        for key in ("Home", "End"):
            source = image.get_attribute("src")
            slider.press(key)
            page.wait_for_function("([node, old]) => node.src !== old", arg=[image.element_handle(), source])
            seen[slider.get_attribute("aria-valuetext")] = image.evaluate(PIXELS)
        assert set(seen) == {"8", "44"} and seen["8"] != seen["44"]
        assert "raining loss" in image.get_attribute("alt")
        page.screenshot(path=tmp_path / "explorer.png")

    # A block without its skip is refused with the reason, the whole one passes.
    block = next(cell["source"] for cell in it.cells() if "class MyBasicBlock" in cell["source"])
    stub = "# YOUR CODE HERE\n        raise NotImplementedError()"
    assert stub in block
    assert "03-1: not yet" in it.execute(block.replace(stub, "return F.relu(z)") + TOLD)
    assert "03-1: right" in it.execute(block.replace(stub, "return F.relu(self.shortcut(x) + z)") + TOLD)
    assert it.errors == []
