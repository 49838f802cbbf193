"""The inside of `course check`: one fresh interpreter judges the answers of one notebook.

Reads {"cells", "answers", "seconds", "memory", "key"} as JSON from its standard input, writes one line of
JSON for each answer as soon as it is judged, then a last line. The learner's code runs in this same
interpreter. So after each answer it is compared whether torch and the course are still what they were, and a
right answer counts only if the check still refuses wrong ones. That stops tricks, not a determined forger
(see __init__.py).
"""

import builtins
import contextlib
import json
import linecache
import os
import sys
import types
from dataclasses import replace
from typing import Any

import torch

from course_lib.classroom.grading.deeds import watch_deeds
from course_lib.classroom.grading.slicing import what_it_needs
from course_lib.exercises.check import examine, find, judge
from course_lib.exercises.exercise import NAMES, STUB, Exercise, Wrong
from course_lib.exercises.panel import NOT_DONE, NOT_YET, RIGHT, Verdict

TAMPERED = "This notebook changes {what} while it is judged, so its answers cannot be trusted."


def main() -> None:
    """Judge what stands on standard input."""
    job = json.load(sys.stdin)
    out = _private_output()
    _limit(job["memory"])
    exercises = [find(answer["exercise"]) for answer in job["answers"]]
    before = _snapshot()
    deeds = watch_deeds()
    tampered = ""
    for exercise, answer in zip(exercises, job["answers"], strict=True):
        deeds.clear()
        verdict = _verdict(exercise, job["cells"], answer["cell"], job["seconds"])
        if deeds:
            verdict = Verdict(NOT_YET, f"This answer {deeds[0]}. It was stopped: an answer only computes.")
        tampered = tampered or _changed(before) or (_canary(exercise) if verdict.state == RIGHT else "")
        if tampered:
            verdict = Verdict(NOT_YET, TAMPERED.format(what=tampered))
        _say(out, job["key"], exercise=exercise.id, state=verdict.state, message=verdict.message)
    _say(out, job["key"], end=True)


def _verdict(exercise: Exercise, cells: list[str], wanted: int, seconds: float) -> Verdict:
    """Run the cell with what it needs, then the exercise's own check, both within the time of a check."""
    try:
        parts = what_it_needs(cells, wanted)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        return Verdict(NOT_YET, f"Python cannot read this cell{line}: {str(error)[:200]}")

    def define_and_check(_: Any) -> None:
        torch.set_default_dtype(torch.float32)  # as in the learner's kernel
        answer = _run(parts, cells, exercise)
        torch.set_default_dtype(torch.float64)
        if answer is None or answer is ...:
            raise Wrong(f"The cell gives {exercise.name} no value.")
        examine(exercise, answer)

    return judge(replace(exercise, check=define_and_check), exercise.solution, seconds)


def _run(parts, cells: list[str], exercise: Exercise) -> Any:
    """Execute the parts in a namespace of their own; the answer, even if something fails behind it."""
    module = types.ModuleType("__main__")
    names = module.__dict__
    names.update(NAMES, __name__="__main__")
    try:
        for number, tree in parts:
            filename = f"<cell {number + 1} of the notebook>"
            source = cells[number]
            linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
            exec(compile(tree, filename, "exec"), names)
    except Exception:
        if exercise.name not in names:
            raise
    return names.get(exercise.name)


def _canary(exercise: Exercise) -> str:
    """What is wrong with this check now, if it no longer tells right from wrong; else empty."""
    cases = [(NOT_DONE, exercise.with_body(STUB)), (RIGHT, exercise.cell)]
    cases += [(NOT_YET, exercise.with_body(mutant.body)) for mutant in exercise.mutants]
    for state, cell in cases:
        if judge(exercise, exercise.answer(cell)).state != state:
            return "how answers are judged"
    return ""


def _owners() -> list[types.ModuleType | type]:
    """Whose attributes must stay: the course's, and what checks compare with."""
    course = [module for name, module in sys.modules.items() if name.split(".")[0] == "course_lib"]
    return [*course, torch, torch.Tensor, torch.nn, torch.nn.functional, torch.nn.Module, torch.nn.init,
            torch.autograd, torch.linalg, builtins, json, Exercise, Verdict, Wrong]


def _snapshot() -> list[tuple[str, Any, dict[str, Any]]]:
    """(name, owner, its attributes and its functions' code) of each owner."""
    return [(owner.__name__, owner, _parts(owner)) for owner in _owners()]


def _parts(owner: Any) -> dict[str, Any]:
    values = dict(vars(owner))
    codes = {f"{name}()": value.__code__ for name, value in values.items()
             if isinstance(value, types.FunctionType)}
    return values | codes


_MOVING = {"_warned_once", "__warningregistry__", "_"}  # change by themselves


def _changed(before: list[tuple[str, Any, dict[str, Any]]]) -> str:
    """The name of the first attribute that is another object than before; empty if none is."""
    for name, owner, old in before:
        now = _parts(owner)
        for key, value in old.items():
            plain = isinstance(value, (int, float, str, bool, type(None)))
            if key not in _MOVING and not plain and now.get(key) is not value:
                return f"{name}.{key.removesuffix('()')}"
    return ""


def _private_output():
    """A stream for the verdicts alone; what the learner's code prints goes nowhere."""
    out = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    sys.stdin = open(os.devnull, encoding="utf-8")  # noqa: SIM115
    os.dup2(sys.stdin.fileno(), 0)
    return out


def _limit(memory: int) -> None:
    """Limits of the system, where it has them: memory of a process, number of processes, core dumps."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_DATA, (memory, memory))
        if os.getuid() == 65534:  # the sandbox's own user: elsewhere it would count all of yours
            resource.setrlimit(resource.RLIMIT_NPROC, (64, 64))


def _say(out, key: str, **record) -> None:
    out.write(json.dumps({"key": key, **record}) + "\n")
    out.flush()


if __name__ == "__main__":
    main()
