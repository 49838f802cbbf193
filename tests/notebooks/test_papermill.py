"""papermill runs every lesson at smoke with another seed than the stored one, then the blank copies."""

import json
import re

import nbformat
import pytest

from course_lib.classroom.copies import make_copies
from course_lib.classroom.lessons import Lesson, lessons, tags
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
def test_blank_copies_run_to_their_end_and_give_the_same_text_on_two_threads(first, tmp_path, monkeypatch):
    """A second run in one: of a learner's untouched copies, and with another number of threads."""
    before = {lesson.slug: lesson.path.read_bytes() for lesson in lessons()}
    copies = [Lesson(path) for path, _ in make_copies(tmp_path / "work")]
    monkeypatch.setenv("COURSE_THREADS", "2")
    monkeypatch.setenv("OMP_WAIT_POLICY", "passive")  # threads that spin take five times as long
    second = run_all(copies, 1, tmp_path / "out")
    for lesson in lessons():
        there, here = texts(first / lesson.path.name), texts(second / lesson.path.name)
        answered = {cell.id for cell in lesson.notebook.cells
                    if {"exercise", "check"} & set(tags(cell)) or "your_progress(" in cell.source}
        same = here.keys() - answered
        assert len(same) > 10 and not (there.keys() - here.keys()) - answered
        assert {cell: here[cell] for cell in same} == {cell: there[cell] for cell in same}
        assert not answered or any(here[cell] != there[cell] for cell in answered & here.keys()), "blank"
    assert {lesson.slug: lesson.path.read_bytes() for lesson in lessons()} == before


def texts(path) -> dict[str, str]:
    """What a lesson printed and showed as text, by the cell's id; the marked numbers blanked."""
    found = {}
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            data = output.get("data", {})
            if output.get("name") != "stderr":
                said = (output.get("text", ""), data.get("text/plain", ""), data.get("text/html", ""))
                found[cell.id] = found.get(cell.id, "") + NUMBERS.sub("", "\n".join(said))
    return found
