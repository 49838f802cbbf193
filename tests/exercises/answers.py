"""Answers as tables, exercise id -> name -> body, for the tests of right and wrong ones."""

import pytest

from course_lib.exercises import registry
from course_lib.exercises.check import judge


def cases(table):
    """A test for each answer of the table, as (exercise_id, label)."""
    every = [(name, label) for name in table for label in table[name]]
    return pytest.mark.parametrize(("exercise_id", "label"), every, ids=[f"{a}: {b}" for a, b in every])


def verdict(exercise_id, body):
    """What the check says of the exercise with this body."""
    exercise = registry()[exercise_id]
    return judge(exercise, exercise.answer(exercise.with_body(body)))
