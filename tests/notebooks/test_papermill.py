"""papermill runs every lesson at smoke with another seed than the stored one, and the blank copies."""

import json
import re

import nbformat
import pytest

from course_lib.classroom.copies import make_copies
from course_lib.classroom.lessons import Lesson, lessons
from course_lib.classroom.running.run import run_lessons

PATIENCE = 600.0  # seconds a lesson, for a busy machine
NUMBERS = re.compile(r'<span class="course-numbers">.*?</span>')


def run_all(every, seed, out):
    lines: list[str] = []
    status = run_lessons(every, "smoke", seed, out, timeout=PATIENCE, echo=lines.append)
    assert status == 0, "\n".join(lines)
    return out


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    """The folder of a run of all lessons at smoke with seed 1."""
    return run_all(lessons(), 1, tmp_path_factory.mktemp("first") / "out")


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_lesson_runs_at_smoke_and_judges_nothing(first):
    kept = json.loads((first / "ledger.json").read_text("utf-8"))
    assert [lesson["lesson"] for lesson in kept["lessons"]] == [lesson.slug for lesson in lessons()]
    assert kept["rows"], "claims are computed at smoke"
    how = {(row["verdict"], row["scale"], row["seed"]) for row in kept["rows"]}
    assert how == {("not judged", "smoke", 1)}


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_second_run_gives_the_same_text_on_two_threads(first, tmp_path, monkeypatch):
    before = {lesson.slug: lesson.path.read_bytes() for lesson in lessons()}
    monkeypatch.setenv("COURSE_THREADS", "2")
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")  # threads that spin take five times as long
    second = run_all(lessons(), 1, tmp_path / "out")
    for lesson in lessons():
        assert texts(second / lesson.path.name) == texts(first / lesson.path.name)
    assert {lesson.slug: lesson.path.read_bytes() for lesson in lessons()} == before


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_learners_blank_copies_run_to_their_end(tmp_path):
    copies = [Lesson(path) for path, _ in make_copies(tmp_path / "work")]
    assert copies, "there are lessons to copy"
    run_all(copies, 0, tmp_path / "out")


def texts(path) -> list[str]:
    """What a lesson printed and showed as text, cell by cell; the marked numbers blanked."""
    found = []
    for number, cell in enumerate(nbformat.read(path, as_version=4).cells):
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if output.get("name") != "stderr":
                said = (output.get("text", ""), data.get("text/plain", ""), data.get("text/html", ""))
                found.append(f"{number}: " + NUMBERS.sub("", "\n".join(said)))
    return found
