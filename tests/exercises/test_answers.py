"""Every exercise: the solution passes, a stub is not done, every typical wrong answer gets its own hint."""

import re

import pytest

from course_lib.classroom.lessons import lessons
from course_lib.exercises import registry
from course_lib.exercises.check import judge
from course_lib.exercises.exercise import BEGIN, END

EXERCISES = list(registry().values())
MUTANTS = [(e, m) for e in EXERCISES for m in e.mutants]


def every(names):
    return pytest.mark.parametrize(names, EXERCISES, ids=lambda e: e.id)


@every("exercise")
def test_the_solution_passes(exercise):
    verdict = judge(exercise, exercise.solution)
    assert (verdict.state, verdict.message) == ("right", "")


@every("exercise")
def test_a_blank_copy_is_not_done_yet(exercise):
    assert judge(exercise, exercise.stub()).state == "not done yet"
    assert judge(exercise, None).state == "not done yet"
    assert judge(exercise, ...).state == "not done yet"


@pytest.mark.parametrize("exercise, mutant", MUTANTS, ids=[f"{e.id}: {m.name}" for e, m in MUTANTS])
def test_a_mutant_gets_its_own_hint(exercise, mutant):
    verdict = judge(exercise, exercise.answer(exercise.with_body(mutant.body)))
    assert verdict.state == "not yet"
    assert mutant.hint in verdict.message


@every("exercise")
def test_mutants_are_many_and_told_apart(exercise):
    assert len(exercise.mutants) >= 3
    cells = [exercise.with_body(mutant.body) for mutant in exercise.mutants]
    messages = [judge(exercise, exercise.answer(cell)).message for cell in cells]
    assert len(set(messages)) == len(messages)
    others = [(m, text) for i, m in enumerate(exercise.mutants) for j, text in enumerate(messages) if i != j]
    assert not [m.name for m, text in others if m.hint in text]


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
