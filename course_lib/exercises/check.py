"""check("03-1", answer): is a learner's answer right? If not, which slip is the likely one?"""

import importlib
import pkgutil
import sysconfig
import traceback
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from IPython.display import display

from course_lib.exercises.exercise import Exercise, Wrong
from course_lib.exercises.guard import Printed, TimeLimit, run_guarded
from course_lib.exercises.panel import NOT_DONE, NOT_YET, RIGHT, Panel, Verdict
from course_lib.exercises.progress import record_try

SECONDS = 10.0
_COURSE = Path(__file__).resolve().parent.parent
_LIBRARIES = [str(_COURSE), *(sysconfig.get_path(name) for name in ("stdlib", "purelib", "platlib"))]


def check(exercise_id: str, answer: Any) -> None:
    """Judge `answer` and show the result, with hints to unfold. Never raises for a wrong or missing answer.

    A stub, None or ... is "not done yet". The check runs on the CPU, for at most ten seconds, and leaves
    seeds, grad mode, default dtype and threads as they were.
    Raises KeyError for an unknown exercise.
    """
    exercise = find(exercise_id)
    verdict = judge(exercise, answer)
    note = record_try(exercise.id, verdict.state == RIGHT) if verdict.state != NOT_DONE else ""
    display(Panel(exercise, verdict, note))


def find(exercise_id: str) -> Exercise:
    """The exercise with this id. Raises KeyError that lists the ids if there is none."""
    every = registry()
    if exercise_id not in every:
        raise KeyError(f"there is no exercise {exercise_id!r}; the exercises are {', '.join(every)}")
    return every[exercise_id]


@cache
def registry() -> dict[str, Exercise]:
    """All exercises by id, lesson by lesson: each lesson_NN here has a tuple EXERCISES."""
    here = [str(_COURSE / "exercises")]
    names = sorted(module.name for module in pkgutil.iter_modules(here))
    lessons = [name for name in names if name.startswith("lesson_")]
    modules = [importlib.import_module(f"course_lib.exercises.{name}") for name in lessons]
    return {exercise.id: exercise for module in modules for exercise in module.EXERCISES}


def exercise_list(lesson: str | None = None) -> list[Exercise]:
    """The exercises of one lesson ("03"), or of all."""
    return [e for e in registry().values() if lesson is None or e.id.startswith(f"{lesson}-")]


def judge(exercise: Exercise, answer: Any, seconds: float = SECONDS) -> Verdict:
    """What `check` says, without showing or recording it."""
    if answer is None or answer is ...:
        return Verdict(NOT_DONE)
    printed = Printed()
    try:
        run_guarded(exercise.check, answer, seconds=seconds, printed=printed)
        verdict = Verdict(RIGHT)
    except Wrong as wrong:
        verdict = Verdict(NOT_YET, wrong.message, wrong.detail)
    except TimeLimit:
        verdict = Verdict(NOT_YET, "Your code did not come to an end within the time of a check. Look for a "
                                   "loop whose condition never turns false, or for far too much work.")
    except NotImplementedError as error:
        is_stub = _is_learners(traceback.extract_tb(error.__traceback__)[-1])
        verdict = Verdict(NOT_DONE) if is_stub else _report(error)
    except (Exception, SystemExit) as error:
        verdict = _report(error)
    return replace(verdict, printed=printed.getvalue())


def _is_learners(frame: traceback.FrameSummary) -> bool:
    return not frame.filename.startswith(("<frozen", "<__array_function__", *_LIBRARIES))


def _report(error: BaseException) -> Verdict:
    """An exception in the learner's code: its line and the likely cause."""
    own = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_learners(frame)]
    where = f" at the line `{own[-1].line}`" if own and own[-1].line else ""
    kind = type(error).__name__
    message = f"Your code stopped with {kind}{where}. {_cause(error, bool(own))}".strip()
    line = f"line {own[-1].lineno}, in {own[-1].name}\n" if own else ""
    return Verdict(NOT_YET, message, f"{line}{kind}: {str(error)[:1000]}")


# A piece of the exception's text -> what it mostly means. The first that fits is told.
_CAUSES = (
    (("size of tensor", "must match the size", "sizes of tensors must match", "expected input", "cannot be "
                                                                                                "multiplied",
      "shape", "invalid for input", "padding length"),
     "Two shapes do not fit: print x.shape before and after each step and compare channels, height and "
     "width."),
    (("leaf variable", "in-place operation", "inplace operation"),
     "A tensor that autograd needs was changed in place: make a new tensor, or use torch.no_grad() for "
     "weights."),
    (("before module.__init__",), "super().__init__() must be the first line of __init__."),
    (("has no attribute",), "Is the name spelled as in __init__, and is the value what you think it is?"),
    (("required positional argument", "unexpected keyword", "positional arguments but", "multiple values"),
     "Are the arguments those of the given first line, in the same order?"),
    (("missing the required \"forward\"",), "The class has no forward: is it indented as a method?"),
    (("same dtype", "scalar type", "can't be cast", "not implemented for"),
     "Two kinds of number meet: look at x.dtype of both sides."),
    (("same device",), "Tensors stand on two devices: make new ones with x.new_zeros(...) or like x."),
    (("not defined",), "Has the cell that defines this name been run, and is the name spelled right?"),
    (("recursion",), "Something calls itself without an end."),
)  # fmt: skip


def _cause(error: BaseException, in_learners_code: bool) -> str:
    if isinstance(error, SystemExit):
        return "An answer must not end the kernel: take the exit out."
    text = str(error).lower()
    for pieces, cause in _CAUSES:
        if any(piece in text for piece in pieces):
            return cause
    return "" if in_learners_code else "It does not work as the exercise asks: compare with the given lines."
