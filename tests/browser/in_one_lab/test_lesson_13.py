"""Lesson 13 as a learner meets it: their own copy, hunter and table, a wrong and a right answer."""

import pytest
from harness import PIXELS

pytestmark = [pytest.mark.browser, pytest.mark.lesson("13")]
WRONG = "v = a + factor * (b + c)"
RIGHT = "v = a + factor * (b - c)"
TOLD = """
from IPython.utils.capture import capture_output
with capture_output() as said:
    check("13-1", make_children)
print([output.data["text/plain"] for output in said.outputs])"""


def test_a_learner_goes_through_lesson_13(learner, tmp_path):
    it, page = learner, learner.page
    it.run_all()
    told = str([cell["outputs"] for cell in it.cells()])
    assert told.count("not done yet") >= 6, "six blank exercises, none of them an error"

    # The hunter: one well-chosen pixel flips the first digit, and the map says how many would have.
    hunter = page.locator(".course-hunter").first
    hunter.scroll_into_view_if_needed()
    board, status = hunter.locator(".course-board"), hunter.locator(".course-status")
    board.focus()
    for key in ("ArrowLeft", "ArrowUp", "Enter"):
        page.keyboard.press(key)
    assert status.inner_text().startswith("Flipped")
    hunter.get_by_role("button", name="Truth map").click()
    assert "of 1,568" in hunter.locator(".course-count").inner_text()

    # The table: turned, another picture.
    table = page.locator(".course-explorer:not(.course-hunter)").first
    table.scroll_into_view_if_needed()
    image = table.get_by_role("img")
    seen, source = image.evaluate(PIXELS), image.get_attribute("src")
    table.get_by_label("turn", exact=True).press("ArrowLeft")
    page.wait_for_function("([node, old]) => node.src !== old", arg=[image.element_handle(), source])
    assert seen != image.evaluate(PIXELS)
    table.screenshot(path=tmp_path / "table.png")

    # b + c is refused with the reason, b - c passes.
    cell = next(cell["source"] for cell in it.cells() if "def make_children" in cell["source"])
    stub = "# YOUR CODE HERE\n    raise NotImplementedError()"
    assert stub in cell
    assert "13-1: not yet" in it.execute(cell.replace(stub, WRONG) + TOLD)
    assert "13-1: right" in it.execute(cell.replace(stub, RIGHT) + TOLD)
    assert it.errors == []
