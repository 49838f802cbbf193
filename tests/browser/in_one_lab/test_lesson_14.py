"""Lesson 14 as a learner meets it: their own copy, the court, a wrong and a right answer."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.lesson("14")]
WRONG = "y_hat = probabilities.mean(0).argmax(1)"
RIGHT = "y_hat = probabilities.amax(0).argmax(1)"
TOLD = """
from IPython.utils.capture import capture_output
with capture_output() as said:
    check("14-1", most_confident)
print([output.data["text/plain"] for output in said.outputs])"""


def test_a_learner_goes_through_lesson_14(learner, tmp_path):
    it, page = learner, learner.page
    it.run_all()
    told = str([cell["outputs"] for cell in it.cells()])
    assert told.count("not done yet") >= 7, "seven blank exercises, none of them an error"

    # The court: a stake, then column after column; the adaptive one settles it.
    court = page.locator(".course-court").first
    court.scroll_into_view_if_needed()
    court.get_by_role("button", name="one point more on PGD training", exact=True).click()
    for _ in range(2):
        court.locator(".course-controls button").first.click()
    assert court.locator(".course-score").inner_text().startswith("Score at eps 0.20")
    court.screenshot(path=tmp_path / "court.png")

    # The mean is refused with the reason, the most confident member passes.
    cell = next(cell["source"] for cell in it.cells() if "def most_confident" in cell["source"])
    stub = "# YOUR CODE HERE\n    raise NotImplementedError()"
    assert stub in cell
    assert "14-1: not yet" in it.execute(cell.replace(stub, WRONG) + TOLD)
    assert "14-1: right" in it.execute(cell.replace(stub, RIGHT) + TOLD)
    assert it.errors == []
