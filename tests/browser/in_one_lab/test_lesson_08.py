"""Lesson 08 as a learner meets it: their own copy, a wrong and a right answer, both explorers."""

import pytest
from harness import PIXELS

pytestmark = [pytest.mark.browser, pytest.mark.lesson("08")]
TOLD = """
from IPython.utils.capture import capture_output
with capture_output() as said:
    check("08-1", my_selu)
print([output.data["text/plain"] for output in said.outputs])"""


def test_a_learner_goes_through_lesson_08(learner, tmp_path):
    it, page = learner, learner.page
    it.run_all()
    told = str([cell["outputs"] for cell in it.cells()])
    assert told.count("not done yet") >= 5, "five blank exercises, none of them an error"

    # Both explorers: the keyboard moves a slider, and the pixels change.
    explorers = page.locator(".course-explorer").all()
    for widget, name in zip(explorers, ("start: variance", "dropout rate"), strict=True):
        widget.scroll_into_view_if_needed()
        image = widget.get_by_role("img")
        if name == "dropout rate":
            source = image.get_attribute("src")
            widget.get_by_label("dropout", exact=True).select_option("alpha")
            page.wait_for_function("([node, old]) => node.src !== old", arg=[image.element_handle(), source])
        slider, seen = widget.get_by_role("slider", name=name), []
        for key in ("Home", "End"):
            source = image.get_attribute("src")
            slider.press(key)
            page.wait_for_function("([node, old]) => node.src !== old", arg=[image.element_handle(), source])
            seen.append(image.evaluate(PIXELS))
        assert seen[0] != seen[1] and "ariance" in image.get_attribute("alt")
        widget.screenshot(path=tmp_path / f"explorer-{name[:5]}.png")

    # A branch that jumps at 0 is refused with the reason, the bent one passes.
    cell = next(cell["source"] for cell in it.cells() if "def my_selu" in cell["source"])
    stub = "# YOUR CODE HERE\n    raise NotImplementedError()"
    assert stub in cell
    wrong = cell.replace(stub, "left = lam * alpha * torch.exp(left_z)")
    assert "08-1: not yet" in it.execute(wrong + TOLD)
    right = cell.replace(stub, "left = lam * alpha * (left_z.exp() - 1)")
    assert "08-1: right" in it.execute(right + TOLD)
    assert it.errors == []
