"""The teacher's page: laws for any class, wrong files, privacy, the course's own writer."""

import copy
import json
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_class import hand_in, record
from typer.testing import CliRunner

from course_lib.classroom import cli
from course_lib.classroom.insight.count import OTHER, SMALL, Share, moved, opinion, plain_cause, stuck
from course_lib.classroom.insight.gather import gather
from course_lib.classroom.insight.page import LessonView, page
from course_lib.classroom.insight.questions import questions
from course_lib.classroom.lessons import find
from course_lib.exercises import exercise_list, progress

LESSON = find("3")
(ASKED,) = questions(LESSON)
ONE = exercise_list("03")[0]
VIEW = LessonView(LESSON.title, [ASKED], exercise_list("03"))


def page_of(folder):
    return page(gather(folder), [VIEW])


def test_the_questions_are_those_that_the_lesson_asks_and_reveals():
    assert (ASKED.id, ASKED.right) == ("03-depth", "higher")
    assert set(ASKED.beliefs) == set(ASKED.choices) == {"lower", "overfit", "higher", "same"}
    assert "training loss" in ASKED.question


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 30), st.randoms(use_true_random=False))
def test_shares_add_up_and_the_order_of_learners_changes_nothing(tmp_path_factory, size, rng):
    records = [record(rng.randrange(60)) | {"own": n} for n in range(size)]
    folder = hand_in(tmp_path_factory.mktemp("class"), records)
    found = gather(folder)
    assert len(found.learners) == size
    for after in (False, True):
        view = opinion(ASKED, found.learners, after)
        assert sum(share.k for share in view.answers.values()) == view.n == size
        assert view.sure.n == size and view.sure_wrong.n == view.sure.k
    mended, lost = moved(ASKED, found.learners)
    before, after = (opinion(ASKED, found.learners, late).answers["higher"].k for late in (False, True))
    assert before + mended.k - lost.k == after and mended.n + lost.n == size
    shuffled = copy.deepcopy(records)
    rng.shuffle(shuffled)
    assert page_of(hand_in(tmp_path_factory.mktemp("other"), shuffled)) == page_of(folder)


def test_counts_are_those_of_the_files(tmp_path):
    def one(first, sure, after, tries, right, hints):
        work = {"tries": tries, "passed": right, "told": {"Said a.": 1}}
        if hints is not None:
            work["hints"] = hints
        if right:
            work |= {"tries_to_right": tries, "begun": "2026-11-30T10:00:00+00:00",
                     "right": f"2026-11-30T10:{10 * tries}:00+00:00"}
        said = {"answer": first, "confidence": 1, "first": first, "first_confidence": sure}
        return {"predictions": {"03-depth": said | {"after": after, "after_confidence": 3}},
                "checks": {"03-1": work}}

    learners = gather(hand_in(tmp_path, [
        one("lower", 3, "higher", 1, True, []), one("lower", 3, "higher", 2, True, [1]),
        one("same", 1, "lower", 3, True, None), one("higher", 3, "higher", 4, True, [1, 2, 3]),
        one("gone", 2, "same", 5, True, [1, 2]), one("higher", 1, "same", 3, False, [1, 7, "2"]),
    ])).learners
    before = opinion(ASKED, learners, False)
    assert {key: share.k for key, share in before.answers.items()} == {
        "lower": 2, "overfit": 0, "higher": 2, "same": 1, OTHER: 1}
    assert before.sure == Share(3, 6) and before.sure_wrong == Share(2, 3)
    assert opinion(ASKED, learners, True).sure == Share(6, 6)
    assert moved(ASKED, learners) == (Share(2, 4), Share(1, 2))
    work = stuck(ONE, learners)
    assert work.right == Share(5, 6) and work.tries == (3, 5) and work.minutes == (30, 5)
    assert work.hints == (Share(4, 5), Share(2, 5), Share(1, 5)) and work.cause == ("Said a.", 6)
    assert ">4, 2, 1 of 5<" in page_of(tmp_path)


def test_an_older_file_counts_for_what_it_holds_and_nothing_is_made_up(tmp_path):
    old = {"checks": {"03-1": {"tries": 4, "passed": True}},
           "predictions": {"03-depth": {"answer": "higher", "confidence": 3, "first": "lower"}}}
    learners = gather(hand_in(tmp_path, [old] * 6)).learners
    assert len(learners) == 6, "without a time two files with the same content may be two learners"
    before, after = (opinion(ASKED, learners, late) for late in (False, True))
    assert before.answers["lower"] == Share(6, 6) and before.sure.n == after.n == 0
    work = stuck(ONE, learners)
    assert work.right == Share(6, 6) and (work.tries, work.minutes, work.hints[0].n) == (None, None, 0)


def test_a_clock_that_went_back_gives_no_minutes(tmp_path):
    times = {"begun": "2026-11-30T10:00:00+00:00", "right": "2026-11-30T09:00:00+00:00"}
    old = {"checks": {"03-1": {"tries": 1, "passed": True, "tries_to_right": 1, **times, "own": 0}}}
    records = [json.loads(json.dumps(old).replace('"own": 0', f'"own": {n}')) for n in range(6)]
    assert stuck(ONE, gather(hand_in(tmp_path, records)).learners).minutes is None


def test_a_copy_of_a_file_with_times_counts_once(tmp_path):
    records = [record(seed) for seed in range(7)]
    found = gather(hand_in(tmp_path / "c", records + records[:2]))
    assert (len(found.learners), found.copies) == (7, 2)


def test_foreign_and_damaged_files_are_left_out_with_a_reason_and_no_file_is_changed(tmp_path):
    hand_in(tmp_path, [record(seed) for seed in range(6)])
    for name, text in {"a.json": "{", "b.json": "[]", "c.json": '{"name": "x"}', "d.json": '{"checks": []}',
                       "e.json": "[" * 50_000, "f.json": '{"version": 1, "checks": {}}'}.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "g.json").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "h.json").mkdir()
    (tmp_path / "i.json").symlink_to(next(tmp_path.rglob(".progress.json")))
    wild = {"checks": {"03-1": {"tries": -4, "passed": "yes", "told": [1], "begun": 3, "right": "soon",
                                "tries_to_right": True}, "99-9": {"tries": 1, "passed": True}},
            "predictions": {"03-depth": {"after": 7, "first_confidence": 12, "first": "\x00<b>"}}}
    (tmp_path / "j.json").write_text(json.dumps(wild))
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    found = gather(tmp_path)
    assert [name for name, _ in found.skipped] == [f"{letter}.json" for letter in "abcdeghi"]
    assert all(why for _, why in found.skipped) and found.empty == 1 and len(found.learners) == 7
    assert "<b>" not in page(found, [VIEW])
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_the_page_names_no_learner_no_file_no_code_and_loads_nothing(tmp_path):
    records = [record(seed) for seed in range(8)]
    said = "Your code stopped with NameError at the line `zoe = 1`. Spelled?"
    for one in records:
        one["checks"]["03-1"]["told"] = {said: 1}
        one["checks"]["03-2"]["told"] = {}
    records[0]["checks"]["03-2"]["told"] = {"zoe quill alone": 9}
    shown = page_of(hand_in(tmp_path, records))
    assert "zoe" not in shown and "quill" not in shown and str(tmp_path) not in shown and ".json" not in shown
    assert "Your code stopped with NameError. Spelled? (told to 8)" in shown
    assert not re.search(r"https?:|src=|href=|@import|url\(|<script", shown)


@pytest.mark.parametrize("size", [1, SMALL - 1, SMALL])
def test_shares_of_fewer_than_five_are_not_shown(tmp_path, size):
    shown = page_of(hand_in(tmp_path, [record(seed) for seed in range(size)]))
    told = [part for part in re.findall(r"<td>(.*?)</td>", shown) if "%" in part]
    assert bool(told) == (size >= SMALL) and (f"Fewer than {SMALL}" in shown) == (size < SMALL)
    assert ("width:" in shown.split("</style>")[1]) == (size >= SMALL), "a bar tells a share as well"


def test_the_interval_is_wilsons():
    k, n, z = 3, 11, 1.959963984540054
    centre = (k + z * z / 2) / (n + z * z)
    half = z / (n + z * z) * (k * (n - k) / n + z * z / 4) ** 0.5
    assert Share(k, n).interval() == pytest.approx((centre - half, centre + half))
    assert str(Share(3, 11)).startswith("3 of 11: 27% (")


def test_a_learners_line_of_code_is_cut_out_of_what_a_check_said():
    assert plain_cause("It did not end. It was at the line `while secret():`.") == "It did not end."
    assert plain_cause("A relu acts on the branch.") == "A relu acts on the branch."


def test_what_the_lessons_forms_and_checks_write_is_read(tmp_path, monkeypatch):
    for number in range(6):
        progress.forget()
        monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / f"{number}.json"))
        progress.record_prediction("03-depth", "lower", 3)
        progress.record_prediction("03-depth", "same", 1)
        progress.record_after("03-depth", "higher", 2)
        if number:  # before the first try
            progress.record_hint("03-1", 1)
        progress.record_try("03-1", False, f"a{number}", "Said.", watched=True)
        progress.record_hint("03-1", 1 + number % 2)
        progress.record_try("03-1", True, f"b{number}")
        progress.record_hint("03-1", 3)  # after the right answer: no help
    progress.forget()
    learners = gather(tmp_path).learners
    before, after = (opinion(ASKED, learners, late) for late in (False, True))
    assert before.answers["lower"].k == before.sure.k == 6 == after.answers["higher"].k and after.sure.k == 0
    work = stuck(ONE, learners)
    assert work.right == Share(6, 6) and work.tries == (2, 6) and work.cause == ("Said.", 6)
    assert work.minutes[0] < 5 and work.hints == (Share(6, 6), Share(3, 6), Share(0, 6))


def test_the_command_writes_one_page_and_says_the_main_numbers(tmp_path):
    hand_in(tmp_path / "in", [record(seed) for seed in range(12)])
    (tmp_path / "in" / "notes.json").write_text("{")

    def run(*words):
        return CliRunner().invoke(cli.app, ["insight", *map(str, words)], prog_name="course")

    done = run(tmp_path / "in", 3, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "12 learners are counted" in done.stdout and "03-depth: right before" in done.stdout
    assert "is the hardest of its lesson" in done.stdout and "notes.json" in done.stderr
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["insight.html"]
    (tmp_path / "empty").mkdir()
    for place, told in (("gone", "there is no folder"), ("empty", "no progress file")):
        done = run(tmp_path / place, "--out", tmp_path / "out2")
        assert done.exit_code == 2 and told in done.stderr and "Traceback" not in done.output
