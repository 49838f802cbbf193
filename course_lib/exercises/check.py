"""check("03-1", answer): is a learner's answer right? If not, which slip is the likely one?"""

import hashlib
import importlib
import inspect
import os
import pkgutil
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from IPython.display import display
from torch import nn

from course_lib.exercises.causes import is_stub, line_of, report, too_long
from course_lib.exercises.exercise import Exercise, Wrong
from course_lib.exercises.guard import Printed, TimeLimit, run_guarded
from course_lib.exercises.opened import listen
from course_lib.exercises.panel import NOT_DONE, NOT_YET, RIGHT, STOPPED, Panel, Verdict
from course_lib.exercises.progress import record_try, tried

SECONDS = 10.0


def check(exercise_id: str, answer: Any) -> None:
    """Judge `answer` and show the result, with hints to unfold. Never raises for a wrong or missing answer.

    A stub, None or ... is "not done yet" and no try; the same answer again, with the same result, is no new
    try. The check runs on the CPU, for at most ten seconds, and leaves the kernel as it was (guard.py and
    state.py say how). Raises KeyError for an unknown exercise, and KeyboardInterrupt, after saying so, if
    the learner stops it: then a Run All stops as well. nbgrader takes points from errors: while it grades
    ($NBGRADER_EXECUTION is set), an answer that is not right raises AssertionError after all.
    """
    exercise = find(exercise_id)
    try:
        verdict = judge(exercise, answer)
    except KeyboardInterrupt as stop:
        display(Panel(exercise, Verdict(STOPPED, "You interrupted the check. It does not count as a try."),
                      tried=tried(exercise.id)))
        stop._render_traceback_ = lambda: ["KeyboardInterrupt: the check was stopped."]
        raise
    note, watched = "", listen(exercise.id)
    if verdict.state != NOT_DONE:
        note = record_try(exercise.id, verdict.state == RIGHT, fingerprint(answer, verdict.message),
                          verdict.message, watched)
    display(Panel(exercise, verdict, note, tried(exercise.id)))
    if verdict.state != RIGHT and os.environ.get("NBGRADER_EXECUTION"):
        raise AssertionError(f"{exercise.id}: {verdict.state}. {verdict.message}")


def find(exercise_id: str) -> Exercise:
    """The exercise with this id. Raises KeyError that lists the ids if there is none.

    Only its own lesson is loaded: a learner's first check should not wait for the other lessons' libraries.
    """
    own = _exercises_of(str(exercise_id).partition("-")[0])
    if exercise_id not in own:
        raise KeyError(f"there is no exercise {exercise_id!r}; the exercises are {', '.join(registry())}")
    return own[exercise_id]


def registry() -> dict[str, Exercise]:
    """All exercises by id, lesson by lesson."""
    return {id: exercise for lesson in _lessons() for id, exercise in _exercises_of(lesson).items()}


def exercise_list(lesson: str | None = None) -> list[Exercise]:
    """The exercises of one lesson ("03"), or of all."""
    return list((registry() if lesson is None else _exercises_of(lesson)).values())


@cache
def _lessons() -> list[str]:
    """The numbers of the lessons that have exercises here: each lesson_NN has a tuple EXERCISES."""
    names = [module.name for module in pkgutil.iter_modules([str(Path(__file__).resolve().parent)])]
    return sorted(name.removeprefix("lesson_") for name in names if name.startswith("lesson_"))


@cache
def _exercises_of(lesson: str) -> dict[str, Exercise]:
    """The exercises of one lesson by id; none of a lesson that is not there."""
    if lesson not in _lessons():
        return {}
    module = importlib.import_module(f"course_lib.exercises.lesson_{lesson}")
    return {exercise.id: exercise for exercise in module.EXERCISES}


def judge(exercise: Exercise, answer: Any, seconds: float = SECONDS) -> Verdict:
    """What `check` says, without showing or recording it. Raises nothing but KeyboardInterrupt."""
    if answer is None or answer is ...:
        return Verdict(NOT_DONE)
    printed = Printed()
    try:
        run_guarded(examine, exercise, answer, seconds=seconds, printed=printed)
        verdict = Verdict(RIGHT)
    except KeyboardInterrupt:
        raise
    except Wrong as wrong:
        verdict = Verdict(NOT_YET, wrong.message, wrong.detail)
    except TimeLimit as limit:
        verdict = Verdict(NOT_YET, too_long(limit), line_of(limit))
    except BaseException as error:  # also SystemExit, and what a learner derives from BaseException
        verdict = Verdict(NOT_DONE) if is_stub(error) else Verdict(NOT_YET, *report(error))
    return replace(verdict, printed=printed.getvalue())


def examine(exercise: Exercise, answer: Any) -> None:
    """The check, after a look at what kind of thing the answer is."""
    wants_class = f"class {exercise.name}" in exercise.cell
    called = f"check({exercise.id!r}, {exercise.name})".replace("'", '"')
    if not callable(answer) or (wants_class and isinstance(answer, nn.Module)):
        what = "class" if wants_class else "function"
        raise Wrong(f"This is no {what}: check wants the {what} itself, without brackets behind its name, as "
                    f"in {called}.", f"It was given {type(answer).__name__}.")
    if inspect.isclass(answer) and not wants_class:
        raise Wrong(f"This is a class, and the exercise asks for a function: {called}.")
    if inspect.isfunction(answer) and wants_class and answer.__name__ != exercise.name:
        raise Wrong(f"This is a function, and the exercise asks for a class: {called}.")
    exercise.check(answer)


def fingerprint(answer: Any, message: str) -> str:
    """Tells whether the same answer got the same message before: a hash of its source and the message.

    Empty where Python does not know the source, for a partial for instance: then every check is a try.
    """
    methods = [f for f in vars(answer).values() if inspect.isfunction(f)] if inspect.isclass(answer) else []
    try:
        source = "".join(inspect.getsource(function) for function in methods or [answer])
    except (OSError, TypeError):  # before Python 3.13 a class of a notebook has no source, its methods do
        return ""
    return hashlib.sha256(f"{source}\n{message}".encode(errors="replace")).hexdigest()[:16]
