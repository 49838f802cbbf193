"""papermill runs every lesson at smoke with another seed than the stored one, and the blank copies."""

import json

import pytest

from course_lib.classroom.copies import make_copies
from course_lib.classroom.lessons import Lesson, lessons
from course_lib.classroom.run import run_lessons


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_lesson_runs_at_smoke_and_judges_nothing(tmp_path):
    every = lessons()
    before = {lesson.slug: lesson.path.read_bytes() for lesson in every}
    lines: list[str] = []
    assert run_lessons(every, "smoke", 1, tmp_path / "out", echo=lines.append) == 0, "\n".join(lines)
    kept = json.loads((tmp_path / "out" / "ledger.json").read_text("utf-8"))
    assert [lesson["lesson"] for lesson in kept["lessons"]] == [lesson.slug for lesson in every]
    assert kept["rows"], "claims are computed at smoke"
    how = {(row["verdict"], row["scale"], row["seed"]) for row in kept["rows"]}
    assert how == {("not judged", "smoke", 1)}
    assert {lesson.slug: lesson.path.read_bytes() for lesson in every} == before


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_learners_blank_copies_run_to_their_end(tmp_path):
    copies = [Lesson(path) for path, _ in make_copies(tmp_path / "work")]
    assert copies, "there are lessons to copy"
    lines: list[str] = []
    assert run_lessons(copies, "smoke", 0, tmp_path / "out", echo=lines.append) == 0, "\n".join(lines)
