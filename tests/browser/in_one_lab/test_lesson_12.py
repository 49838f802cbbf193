"""Lesson 12 as a learner meets it: their own copy, window and desk, a wrong and a right answer."""

import pytest
from harness import PIXELS

pytestmark = [pytest.mark.browser, pytest.mark.lesson("12")]
WRONG = "x_adv = (x - eps * g.sign()).clamp(0, 1)"
RIGHT = "x_adv = (x + eps * g.sign()).clamp(0, 1)"
TOLD = """
from IPython.utils.capture import capture_output
with capture_output() as said:
    check("12-1", fgsm)
print([output.data["text/plain"] for output in said.outputs])"""


def test_a_learner_goes_through_lesson_12(learner, tmp_path):
    it, page = learner, learner.page
    it.run_all()
    told = str([cell["outputs"] for cell in it.cells()])
    assert told.count("not done yet") >= 7, "seven blank exercises, none of them an error"

    # The window: steps along the gradient change the answer, and the line says how far they went.
    window = page.locator(".course-church").first
    window.scroll_into_view_if_needed()
    point, says = window.locator(".course-point"), window.locator(".course-says")
    window.get_by_role("button", name="Back to the clean image").click()
    clean = says.inner_text()
    assert clean.endswith("at most 0.00.")
    for _ in range(5):
        point.press("ArrowRight")
    assert says.inner_text().endswith("at most 0.10.") and says.inner_text()[:16] != clean[:16]

    # The desk: another attack, another picture.
    desk = page.locator(".course-explorer:not(.course-church)").first
    desk.scroll_into_view_if_needed()
    image = desk.get_by_role("img")
    seen, source = image.evaluate(PIXELS), image.get_attribute("src")
    desk.get_by_label("net", exact=True).select_option("robust")
    page.wait_for_function("([node, old]) => node.src !== old", arg=[image.element_handle(), source])
    assert seen != image.evaluate(PIXELS)
    desk.screenshot(path=tmp_path / "desk.png")

    # A step down the loss is refused with the reason, the right one passes.
    cell = next(cell["source"] for cell in it.cells() if "def fgsm" in cell["source"])
    stub = "# YOUR CODE HERE\n    raise NotImplementedError()"
    assert stub in cell
    assert "12-1: not yet" in it.execute(cell.replace(stub, WRONG) + TOLD)
    assert "12-1: right" in it.execute(cell.replace(stub, RIGHT) + TOLD)
    assert it.errors == []
