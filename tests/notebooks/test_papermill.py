"""papermill runs a learner's blank copy of every lesson, at smoke and with another seed than the stored one.

The lessons themselves, solutions and all, are run by nbval, at the scale and the seed that are stored.
"""

import json

import nbformat
import pytest

from course_lib.classroom.copies import make_copies
from course_lib.classroom.lessons import Lesson, lessons, tags
from course_lib.classroom.running.run import run_lessons

PATIENCE = 600.0  # seconds a lesson, for a busy machine


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_every_blank_copy_runs_to_its_end_at_smoke_and_judges_nothing(tmp_path):
    before = {lesson.slug: lesson.path.read_bytes() for lesson in lessons()}
    copies = [Lesson(path) for path, _ in make_copies(tmp_path / "work")]
    lines: list[str] = []
    out = tmp_path / "out"
    assert run_lessons(copies, "smoke", 1, out, timeout=PATIENCE, echo=lines.append) == 0, "\n".join(lines)
    assert {lesson.slug: lesson.path.read_bytes() for lesson in lessons()} == before

    kept = json.loads((out / "ledger.json").read_text("utf-8"))
    assert [lesson["lesson"] for lesson in kept["lessons"]] == list(before)
    how = {(row["verdict"], row["scale"], row["seed"]) for row in kept["rows"]}
    assert how == {("not judged", "smoke", 1)}, "claims are computed at smoke"
    claimed = {row["lesson"] for row in kept["rows"]}
    assert claimed == before.keys() - {"00_start_here"}

    for lesson in lessons():
        ran = {cell.id: cell for cell in nbformat.read(out / lesson.path.name, as_version=4).cells}
        checks = [cell.id for cell in lesson.notebook.cells if "check" in tags(cell)]
        assert checks and all("not done yet" in str(ran[cell].outputs) for cell in checks)
