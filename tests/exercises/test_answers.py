"""Every exercise: the solution passes, a stub is not done, every typical wrong answer gets its own hint."""

import re

import pytest

from course_lib.classroom.lessons import lessons
from course_lib.exercises import registry
from course_lib.exercises.check import judge
from course_lib.exercises.exercise import BEGIN, END
from course_lib.exercises.mutants import examine

EXERCISES = list(registry().values())


def every(names):
    return pytest.mark.parametrize(names, EXERCISES, ids=lambda e: e.id)


@every("exercise")
def test_the_check_passes_the_solution_and_gives_every_mutant_its_own_hint(exercise):
    """What `course mutants` lists; its engine is tested in test_mutants.py."""
    report = examine(exercise)
    assert report.problems == []
    assert [trial.verdict.state for trial in report.trials] == ["right", "not done yet"]
    assert [trial.name for trial in report.mutants] == [mutant.name for mutant in exercise.mutants]
    assert {trial.verdict.state for trial in report.mutants} == {"not yet"}


@every("exercise")
def test_nothing_is_not_done_yet(exercise):
    assert judge(exercise, None).state == judge(exercise, ...).state == "not done yet"


@every("exercise")
def test_the_exercise_is_complete(exercise):
    assert exercise.cell.count(BEGIN) == exercise.cell.count(END) == 1
    assert re.search(rf"^ +{BEGIN}$", exercise.cell, re.M), "the solution stands inside a body"
    assert all(exercise.hints) and exercise.question.endswith("?") and exercise.why
    assert exercise.difficulty in (1, 2, 3) and exercise.importance in (1, 2, 3) and exercise.minutes > 0


@every("exercise")
def test_no_hint_tells_the_solution(exercise):
    body = exercise.cell.split(BEGIN)[1].split(END)[0]
    told = " ".join([*exercise.hints, *(m.hint for m in exercise.mutants)])
    lines = [line.strip() for line in body.splitlines() if len(line.strip()) >= 18 and "entering" not in line]
    assert lines and not [line for line in lines if line in told]


@every("exercise")
def test_the_lesson_has_the_same_cell(exercise):
    """The notebook's cell and the one here, from which solution and mutants are made, are one text."""
    number = exercise.id.split("-")[0]
    found = [lesson for lesson in lessons() if lesson.number == number]
    if not found:
        pytest.skip(f"lesson {number} is not written yet")
    marks = [(cell.metadata.get("nbgrader", {}).get("grade_id"), cell) for cell in found[0].notebook.cells]
    cells = [cell.source.strip() for grade_id, cell in marks if grade_id == exercise.id]
    if not cells:
        pytest.skip(f"lesson {number} does not use exercise {exercise.id} yet")
    assert cells == [exercise.cell.strip()]
