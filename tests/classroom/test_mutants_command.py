"""`course mutants`: the table, the totals and the exit status. Engine: tests/exercises/test_mutants.py."""

import dataclasses

import pytest
from typer.testing import CliRunner

from course_lib.classroom import cli
from course_lib.exercises import registry


@pytest.fixture
def course():
    def run(*words):
        done = CliRunner().invoke(cli.app, list(words), prog_name="course")
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.stdout, done.stderr

    return run


def test_one_lesson_is_listed_and_found_good(course):
    status, out, _ = course("mutants", "0")
    exercise = registry()["00-1"]
    assert status == 0
    assert all(f"ok       {mutant.name}" in out for mutant in exercise.mutants)
    assert out.splitlines()[-1] == f"1 checks, {len(exercise.mutants)} mutants: all as they must be"
    assert "03-1" not in out


def test_a_weak_check_is_a_failure(course, monkeypatch):
    weak = dataclasses.replace(registry()["00-1"], mutants=registry()["00-1"].mutants[:2])
    monkeypatch.setattr("course_lib.exercises.exercise_list", lambda lesson=None: [weak])
    status, out, _ = course("mutants")
    assert status == 1 and "PROBLEM  2 mutants, and a check needs at least 3" in out


def test_an_unknown_lesson_is_named_and_one_without_exercises_too(course, monkeypatch):
    status, out, error = course("mutants", "99")
    assert status == 2 and not out and "no lesson '99'" in error
    monkeypatch.setattr("course_lib.exercises.exercise_list", lambda lesson=None: [])
    status, out, error = course("mutants", "0")
    assert status == 2 and not out and "no exercises in 0" in error


def test_help_has_examples(course):
    status, out, _ = course("mutants", "--help")
    assert status == 0 and "course mutants 3" in out
