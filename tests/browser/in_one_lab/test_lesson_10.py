"""Lesson 10 as a learner meets it: their own copy, game and grid, a wrong and a right answer."""

import pytest
from harness import PIXELS

pytestmark = [pytest.mark.browser, pytest.mark.lesson("10")]
WRONG = "each = y * d ** 2 + (1 - y) * lack ** 2"
RIGHT = "each = y * d ** 2 + (1 - y) * torch.relu(lack) ** 2"
TOLD = """
from IPython.utils.capture import capture_output
with capture_output() as said:
    check("10-1", pair_loss)
print([output.data["text/plain"] for output in said.outputs])"""


def test_a_learner_goes_through_lesson_10(learner, tmp_path):
    it, page = learner, learner.page
    it.run_all()
    told = str([cell["outputs"] for cell in it.cells()])
    assert told.count("not done yet") >= 8, "eight blank exercises, none of them an error"

    # The game: gradients bring the loss down, and the status line says so.
    game = page.locator(".course-game").first
    game.scroll_into_view_if_needed()
    game.get_by_role("button", name="Let gradients finish").click()
    page.wait_for_function("node => /Finished/.test(node.textContent)", arg=game.element_handle())
    game.screenshot(path=tmp_path / "game.png")

    # The grid: a switch moves the mark to another measured row.
    grid = page.locator(".course-explorer:not(.course-game)").first
    grid.scroll_into_view_if_needed()
    image = grid.get_by_role("img")
    seen = [image.evaluate(PIXELS)]
    source = image.get_attribute("src")
    grid.get_by_label("distance", exact=True).select_option("learned head")
    page.wait_for_function("([node, old]) => node.src !== old", arg=[image.element_handle(), source])
    seen.append(image.evaluate(PIXELS))
    assert seen[0] != seen[1]
    grid.screenshot(path=tmp_path / "grid.png")

    # The dissimilar term without its clamp is refused with the reason, the right loss passes.
    cell = next(cell["source"] for cell in it.cells() if "def pair_loss" in cell["source"])
    stub = "# YOUR CODE HERE\n    raise NotImplementedError()"
    assert stub in cell
    assert "10-1: not yet" in it.execute(cell.replace(stub, WRONG) + TOLD)
    assert "10-1: right" in it.execute(cell.replace(stub, RIGHT) + TOLD)
    assert it.errors == []
