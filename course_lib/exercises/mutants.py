"""Is a check any good? It must pass the right answer and refuse each typical wrong one with its own hint."""

import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from course_lib.exercises.check import judge
from course_lib.exercises.exercise import STUB, Exercise
from course_lib.exercises.panel import NOT_DONE, NOT_YET, RIGHT, Verdict

ENOUGH = 3  # mutants that a check needs


@dataclass(frozen=True)
class Trial:
    """One answer that a check was given. problem: empty if the verdict is the one that it must be."""

    name: str
    wanted: str
    verdict: Verdict
    problem: str = ""


@dataclass(frozen=True)
class Report:
    """A check and what it said to the right answer, a blank copy and its mutants."""

    exercise: Exercise
    trials: list[Trial]
    mutants: list[Trial]

    @property
    def problems(self) -> list[str]:
        """What is wrong with this check; empty if nothing is."""
        found = [f"{t.name}: {t.problem}" for t in (*self.trials, *self.mutants) if t.problem]
        if len(self.mutants) < ENOUGH:
            found.append(f"{len(self.mutants)} mutants, and a check needs at least {ENOUGH}")
        return found


def examine(exercise: Exercise) -> Report:
    """Give a check the right answer, a blank copy and every mutant. Nothing is shown or recorded."""
    right = _trial(exercise, "the right answer", exercise.cell, RIGHT)
    blank = _trial(exercise, "a blank copy", exercise.with_body(STUB), NOT_DONE)
    mutants = []
    for mutant in exercise.mutants:
        others = [m for m in exercise.mutants if m is not mutant]
        trial = _trial(exercise, mutant.name, exercise.with_body(mutant.body), NOT_YET, mutant.hint)
        alike = [m.name for m in others if m.hint in trial.verdict.message]
        if alike and not trial.problem:
            trial = replace(trial, problem=f"its hint also fits the mutant {alike[0]!r}")
        mutants.append(trial)
    return Report(exercise, [right, blank], mutants)


def _trial(exercise: Exercise, name: str, cell: str, wanted: str, hint: str = "") -> Trial:
    try:
        answer = exercise.answer(cell)
    except Exception as error:
        return Trial(name, wanted, Verdict(""), f"its cell does not run: {type(error).__name__}: {error}")
    verdict = judge(exercise, answer)
    problem = ""
    if verdict.state != wanted:
        said = f"{verdict.state!r}" + (f", {verdict.message}" if verdict.message else "")
        problem = f"the check says {said}; it must say {wanted!r}"
    elif hint not in verdict.message:
        problem = f"refused, but not with its hint {hint!r}: {verdict.message}"
    return Trial(name, wanted, verdict, problem)


def table(reports: Iterable[Report]) -> Iterator[str]:
    """The lines that `course mutants` prints; ends with the totals."""
    checks = mutants = problems = 0
    for report in reports:
        exercise = report.exercise
        yield f"{exercise.id}  {exercise.title}"
        for trial in (*report.trials, *report.mutants):
            if trial.problem:
                yield f"  PROBLEM  {trial.name:30}  {trial.problem}"
            else:
                yield f"  ok       {trial.name:30}  {_said(trial)}"
        if len(report.mutants) < ENOUGH:
            yield f"  PROBLEM  {report.problems[-1]}"  # the one that belongs to no answer
        checks, mutants = checks + 1, mutants + len(report.mutants)
        problems += len(report.problems)
    verdict = f"{problems} problems" if problems else "all as they must be"
    yield f"{checks} checks, {mutants} mutants: {verdict}"


def _said(trial: Trial) -> str:
    if trial.wanted != NOT_YET:
        return trial.verdict.state
    return "refused: " + textwrap.shorten(trial.verdict.message, 80, placeholder=" ...")
