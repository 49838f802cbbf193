"""Which hints were opened comes into the progress file, and only what is known."""

import json

import pytest

from course_lib.exercises import check, opened, progress, registry
from course_lib.exercises.check import check as run_check

TOY = registry()["00-1"]


@pytest.fixture(autouse=True)
def own_listener(monkeypatch):
    monkeypatch.setattr(opened, "_listeners", [])


def wrong(number):
    return TOY.answer(TOY.with_body(f"return pixels / {number}"))


def browser_says(what):
    (listener,) = opened._listeners
    listener._handle_custom_msg({"opened": what}, [])


def kept(path):
    return json.loads(path.read_text())["checks"]["00-1"] if path.exists() else None


def test_each_rung_is_marked_with_its_exercise_and_number(panel):
    for number in (251, 252, 253):
        page = panel("00-1", wrong(number))[1]
    for rung, text in enumerate(("A nudge", "How to go about it", "Show the template"), 1):
        assert f'<details data-hint="00-1 {rung}"><summary>{text}<' in page
    assert "data-hint" not in panel("00-1", TOY.solution)[1]


def test_hints_opened_before_the_right_answer_are_kept_once(panel, own_progress):
    panel("00-1", wrong(251))
    assert "hints" not in kept(own_progress), "nobody has said yet that the browser listens"
    browser_says("")
    assert kept(own_progress)["hints"] == []
    for what in ("00-1 1", "00-1 2", "00-1 1"):
        browser_says(what)
    assert kept(own_progress)["hints"] == [1, 2]
    panel("00-1", TOY.solution)
    browser_says("00-1 3")
    assert kept(own_progress)["hints"] == [1, 2] and kept(own_progress)["tries"] == 2


def test_opening_a_hint_is_no_try_and_the_first_try_still_begins_the_clock(panel, own_progress):
    panel("00-1", TOY.stub())
    browser_says("")
    assert kept(own_progress) is None, "a blank copy that is run leaves no file"
    browser_says("00-1 1")
    assert kept(own_progress) == {"tries": 0, "passed": False, "hints": [1]}
    assert progress.tried("00-1") == (0, False)
    panel("00-1", wrong(251))
    assert kept(own_progress)["tries"] == 1 and kept(own_progress)["begun"].startswith("20")


def test_a_right_answer_at_once_needed_no_hint(panel, own_progress):
    panel("00-1", TOY.solution)
    browser_says("")
    assert kept(own_progress)["hints"] == []


@pytest.mark.parametrize("what", ["03-1 1", "00-1 4", "00-1", "00-1 x", "nonsense", 7, None, ["00-1 1"]])
def test_what_is_not_ours_or_no_hint_is_not_kept(panel, own_progress, what):
    panel("00-1", wrong(251))
    before = own_progress.read_text()
    browser_says(what)
    assert own_progress.read_text() == before


def test_a_damaged_list_of_hints_is_mended_by_the_next_one(own_progress):
    progress.record_try("00-1", False, "a")
    record = json.loads(own_progress.read_text())
    for damage in ("12", 5, None, {"1": 1}, [1, "x", 9]):
        record["checks"]["00-1"]["hints"] = damage
        own_progress.write_text(json.dumps(record))
        assert progress.record_hint("00-1", 2) == ""
        assert kept(own_progress)["hints"] in ([2], [1, 2])


@pytest.mark.parametrize("passed", [False, True])
def test_of_tries_before_the_course_knew_hints_nothing_is_made_up(panel, own_progress, passed):
    old = {"tries": 2, "passed": passed}
    own_progress.write_text(json.dumps({"predictions": {}, "checks": {"00-1": old}}))
    panel("00-1", wrong(251))
    for what in ("", "00-1 1"):
        browser_says(what)
    panel("00-1", wrong(252))  # the browser listens by now
    assert "hints" not in kept(own_progress) and kept(own_progress)["tries"] == 4


def test_nobody_listens_where_no_progress_is_kept(monkeypatch, capsys):
    monkeypatch.setenv("COURSE_PROGRESS", "off")
    run_check("00-1", wrong(251))
    assert opened._listeners == [] and check is run_check
