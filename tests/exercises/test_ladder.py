"""The hints: one rung at a time, the template after the third try, and what counts as a try."""

import re
import sys

import pytest

from course_lib.exercises import check, registry

TOY = registry()["00-1"]
TEMPLATE = TOY.hints.template.strip()


def wrong(number):
    return TOY.answer(TOY.with_body(f"return pixels / {number}"))


def test_hints_open_one_rung_at_a_time_and_the_template_after_the_third_try(panel):
    pages = [panel("00-1", wrong(number))[1] for number in (251, 252, 253)]
    for page, left in zip(pages, ("2 more to go", "One more to go", None), strict=True):
        assert (TEMPLATE in page) == (left is None)
        assert left is None or left in page
        assert page.count("<details ") == page.count("</details>") == (3 if left is None else 2)
        assert " open" not in "".join(re.findall("<details [^>]*>", page))
    first, second, third = pages[-1].split("<details ")[1:]
    assert TOY.hints.nudge in first and TOY.hints.method not in first and "</details>" not in first + second
    assert TOY.hints.method.split(".")[0] in second and TEMPLATE in third
    assert "may be opened now" in pages[-1]


def test_tries_change_no_plain_text_and_no_panel_of_a_right_answer(panel):
    before = panel("00-1", TOY.solution), panel("00-1", wrong(254))[0]
    for number in (251, 252, 253):
        panel("00-1", wrong(number))
    assert before == (panel("00-1", TOY.solution), panel("00-1", wrong(254))[0])
    page = before[0][1]
    assert TOY.why.replace("'", "&#x27;") in page and TOY.hints.nudge not in page and "template" not in page


def test_a_blank_copy_is_no_try_and_says_what_to_do(panel):
    pages = {panel("00-1", TOY.stub())[1] for _ in range(4)}
    (page,) = pages
    assert "raise NotImplementedError()" in page and "opens after the third try." in page
    assert "more to go" not in page and TEMPLATE not in page


def test_a_failed_try_at_one_exercise_opens_nothing_at_another(panel):
    for number in (251, 252, 253):
        panel("00-1", wrong(number))
    assert registry()["03-1"].hints.template.splitlines()[1] not in panel("03-1", lambda: 0)[1]


def test_the_template_stays_open_for_those_who_had_the_answer_before(panel):
    panel("00-1", TOY.solution)
    assert TEMPLATE in panel("00-1", wrong(251))[1]


def test_an_interrupt_is_said_counts_as_no_try_and_stops_run_all(shown, own_progress):
    def answer(pixels):
        raise KeyboardInterrupt

    said = []
    module = sys.modules["course_lib.exercises.check"]
    module.display, before = said.append, module.display
    try:
        with pytest.raises(KeyboardInterrupt) as stop:
            check("00-1", answer)
    finally:
        module.display = before
    (output,) = said
    assert repr(output).startswith("00-1: stopped. You interrupted the check")
    assert stop.value._render_traceback_() == ["KeyboardInterrupt: the check was stopped."]
    assert not own_progress.exists()
