"""Lesson 06 as a learner meets it: their own copy, hide and seek by keyboard, two answers."""

import pytest
from harness import PIXELS

pytestmark = [pytest.mark.browser, pytest.mark.lesson("06")]
TOLD = """
from IPython.utils.capture import capture_output
with capture_output() as said:
    check("06-1", dilated_signal)
print([output.data["text/plain"] for output in said.outputs])"""


def test_a_learner_goes_through_lesson_06(learner, tmp_path):
    it, page = learner, learner.page
    it.run_all()
    told = str([cell["outputs"] for cell in it.cells()])
    assert told.count("not done yet") >= 5, "five blank exercises, none of them an error"

    # The keyboard moves the pixel from a hole to a place that is seen, and on into the next hole.
    widget = page.locator(".course-explorer").first
    widget.scroll_into_view_if_needed()
    image, slider = widget.get_by_role("img"), widget.get_by_role("slider", name="bright pixel")
    seen = {slider.get_attribute("aria-valuetext"): image.evaluate(PIXELS)}
    for _ in range(2):
        source = image.get_attribute("src")
        slider.press("ArrowRight")
        page.wait_for_function("([node, old]) => node.src !== old", arg=[image.element_handle(), source])
        seen[slider.get_attribute("aria-valuetext")] = image.evaluate(PIXELS)
    assert list(seen) == ["3", "4", "5"] and len({str(pixels) for pixels in seen.values()}) == 3
    page.screenshot(path=tmp_path / "explorer.png")

    # Taps side by side are refused with the reason, taps with gaps pass.
    loop = next(cell["source"] for cell in it.cells() if "def dilated_signal" in cell["source"])
    stub = "# YOUR CODE HERE\n            raise NotImplementedError()"
    assert stub in loop
    assert "06-1: not yet" in it.execute(loop.replace(stub, "position = i + m") + TOLD)
    assert "06-1: right" in it.execute(loop.replace(stub, "position = i + m * dilation") + TOLD)
    assert it.errors == []
