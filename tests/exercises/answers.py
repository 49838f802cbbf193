"""Answers as tables, exercise id -> name -> body, for the tests of right and wrong ones."""

import pytest
import torch

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


def right_and_wrong(right, wrong):
    """Two tests, for the module that has the tables: right answers pass, wrong ones are refused in words."""

    @cases(right)
    def right_in_another_way(exercise_id, label):
        found = verdict(exercise_id, right[exercise_id][label])
        assert (found.state, found.message, found.detail) == ("right", "", "")

    @cases(wrong)
    def wrong_is_refused(exercise_id, label):
        found = verdict(exercise_id, wrong[exercise_id][label])
        assert found.state == "not yet" and found.message

    return right_in_another_way, wrong_is_refused


def with_any_seed(exercise_ids):
    """A test for the module: the solutions of these exercises pass, whatever a check draws."""

    @pytest.mark.parametrize("k", range(3))
    def right_with_any_seed(k, monkeypatch):
        seed = torch.manual_seed
        monkeypatch.setattr(torch, "manual_seed", lambda _: seed(100 + k))
        for name in exercise_ids:
            found = judge(registry()[name], registry()[name].solution)
            assert (found.state, found.message) == ("right", ""), name

    return right_with_any_seed
