"""The engine of `course mutants`: a weak check is found, whatever its weakness."""

import dataclasses

import pytest
import torch

from course_lib.exercises import Mutant, Wrong, registry
from course_lib.exercises.mutants import examine, table

TOY = registry()["00-1"]
GOOD = TOY.mutants[:3]


def toy(**changes):
    return dataclasses.replace(TOY, mutants=GOOD, **{"check": TOY.check, **changes})


def lets_all_pass(answer):
    answer(torch.zeros(1, 1, 2, 2))


def refuses_all(answer):
    raise Wrong("No.")


def test_a_good_check_has_no_problems():
    report = examine(toy())
    assert report.problems == [] and len(report.mutants) == 3
    lines = list(table([report]))
    assert lines[0] == "00-1  From bytes to [0, 1]"
    assert lines[-1] == "1 checks, 3 mutants: all as they must be"
    assert [line.split()[0] for line in lines[1:-1]] == ["ok"] * 5
    assert "255 does not become 1" in lines[3]


@pytest.mark.parametrize(("check", "problems"), [
    (lets_all_pass, {"divided by 256": "must say 'not yet'", "whole numbers": "must say 'not yet'"}),
    (refuses_all, {"the right answer": "must say 'right'", "a blank copy": "must say 'not done yet'",
                   "divided by 256": "not with its hint"}),
])  # fmt: skip
def test_a_weak_check_is_found(check, problems):
    found = dict(line.split(": ", 1) for line in examine(toy(check=check)).problems)
    for name, said in problems.items():
        assert said in found[name]


def test_another_hint_than_intended_is_a_problem():
    mutants = (GOOD[0]._replace(hint="something else"), *GOOD[1:])
    (problem,) = examine(dataclasses.replace(TOY, mutants=mutants)).problems
    assert problem.startswith("divided by 256: refused, but not with its hint 'something else': 255 does not")


def test_a_hint_that_fits_two_mutants_is_a_problem():
    mutants = (GOOD[0], Mutant("the same again", "return pixels / 256.0", "255 does not"), GOOD[1])
    assert "also fits the mutant" in " ".join(examine(dataclasses.replace(TOY, mutants=mutants)).problems)


def test_too_few_mutants_are_a_problem():
    report = examine(dataclasses.replace(TOY, mutants=GOOD[:2]))
    assert report.problems == ["2 mutants, and a check needs at least 3"]
    lines = list(table([report]))
    assert lines[-2].split()[0] == "PROBLEM" and lines[-1].endswith("1 problems")


def test_a_mutant_that_is_no_python_is_named_and_the_others_go_on():
    mutants = (GOOD[0]._replace(body="return ("), *GOOD[1:])
    report = examine(dataclasses.replace(TOY, mutants=mutants))
    (problem,) = report.problems
    assert problem.startswith("divided by 256: its cell does not run: SyntaxError")
    assert len(report.mutants) == 3
