"""`course update`: bring new and corrected lessons into a folder in which a learner has worked.

First a plan, from the learner's files as they were found (`plan`, which touches nothing); then the doing,
step by step, each of which refuses if its file has changed meanwhile. A file that the learner may have
touched is never written: the new version is laid beside it.
"""

import errno
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import nbformat

from course_lib.classroom import files
from course_lib.classroom.carry import Carried, carry
from course_lib.classroom.copies import naming, refuse_lessons, student_copy
from course_lib.classroom.lessons import lessons
from course_lib.classroom.open_in_lab import is_open
from course_lib.classroom.origin import KEY, Copy, examine

OPEN = "it is open in JupyterLab: save it, shut down its kernel or end JupyterLab, then update again"
_TRIES = 5  # plans for one lesson, while somebody changes its files under our hands


@dataclass(frozen=True)
class New:
    """The present version of a lesson, as a learner gets it."""

    name: str  # of its file
    number: str
    student: nbformat.NotebookNode

    @property
    def version(self) -> str:
        return self.student.metadata[KEY]["version"]


@dataclass(frozen=True)
class Step:
    """What happens to one file, in words; if there is a notebook, it is written.

    seen: what the file must still hold when it is replaced; None if the file must not exist yet.
    """

    name: str
    words: str
    notebook: nbformat.NotebookNode | None = None
    seen: bytes | None = None


def plan(new: New, copies: list[Copy], taken: set[str], today: date) -> list[Step]:
    """What to do about one lesson, in this order.

    copies: the learner's notebooks, all lessons mixed. taken: the names in the folder that cannot be used.
    """
    mine = [copy for copy in copies if belongs(copy, new) and not copy.empty]
    present = [copy.name for copy in mine if new.version in (copy.version, copy.content)]
    own = next((copy for copy in mine if copy.name == new.name), None)
    stale = own if own and not own.touched and own.name not in present else None
    steps, beside = [], ", ".join(present)
    if not present:
        worked_in = [copy for copy in mine if copy.touched and not copy.problem]
        newest_first = sorted(worked_in, key=lambda copy: (copy.changed, copy.name), reverse=True)
        carried = carry(new.student, newest_first)
        if not stale or carried.taken:
            empty = {copy.name for copy in copies if copy.empty}
            beside = _free_name(new, taken - empty, today)
            seen = b"" if beside in empty else None
            steps.append(Step(beside, _words(carried, bool(mine)), carried.notebook, seen))
    if stale:
        words = "replaced by the new version (you had not changed it)"
        steps.append(Step(stale.name, words, new.student, stale.seen))
    for copy in mine:
        if copy is not stale:
            steps.append(Step(copy.name, _kept(copy, copy.name in present, beside or new.name)))
    return steps


def belongs(copy: Copy, new: New) -> bool:
    """Is this one of the lesson's files? The record in it says so, else its name."""
    return copy.lesson == new.number if copy.lesson else copy.name == new.name


def _free_name(new: New, taken: set[str], today: date) -> str:
    """The lesson's own name if that is free, else one with a date that no lesson can have."""
    folded = {name.casefold() for name in taken}  # some systems do not tell 03_A from 03_a
    rest = new.name.removeprefix(f"{new.number}_")
    names = [new.name, f"{new.number}-new-{today.isoformat()}-{rest}"]
    names += [f"{new.number}-new-{today.isoformat()}-{number}-{rest}" for number in range(2, len(taken) + 3)]
    return next(name for name in names if name.casefold() not in folded)


def _words(carried: Carried, had: bool) -> str:
    """had: has the learner a file of this lesson already?"""
    what = "the new version" if had else "created"
    if carried.taken:
        what += f", with your answers to {', '.join(carried.taken)}"
    reasons: dict[str, list[str]] = {}
    for name, why in carried.left.items():
        reasons.setdefault(why, []).append(name)
    return "; ".join([what, *(f"not carried: {', '.join(names)} ({why})" for why, names in reasons.items())])


def _kept(copy: Copy, present: bool, beside: str) -> str:
    if copy.problem:
        return f"kept, but it {copy.problem}, so no answer was carried; the new version is {beside}"
    return "up to date" if present else f"kept as you left it; the new version is {beside}"


def update(
    folder: Path, *, source: Path | None = None, today: date | None = None,
    echo: Callable[[str], None] = print,
) -> int:
    """Bring the present lessons into a learner's folder, and say in one line for each file what happened.

    source: where the lessons are, the course's notebooks/ if None. Returns the exit status: 1 if a file could
    not be written (the others are), else 0. Whenever it is stopped, each file is as it was or complete, and
    the next update goes on. Raises ValueError if `folder` is where the lessons are, OSError if nothing can be
    written there or another run is at work in it.
    """
    folder = Path(folder).expanduser().resolve()
    refuse_lessons(folder, source)
    present = [New(lesson.path.name, lesson.number, student_copy(lesson)) for lesson in lessons(source)]
    with naming(folder, "update"):
        folder.mkdir(parents=True, exist_ok=True)
    with naming(folder, "update"), files.locked(folder):
        copies, whole = examine_all(folder), True
        echo(f"Your lessons in {folder}")
        for new in present:
            told, well = _bring(folder, new, copies, today or date.today())
            for name in sorted(told, key=lambda name: (name != new.name, name)):
                echo(f"  {name}: {told[name]}")
            whole = whole and well
        for copy in copies:
            if copy.lesson and copy.lesson not in {new.number for new in present}:
                echo(f"  {copy.name}: kept; the course has no lesson {copy.lesson} any more")
    return 0 if whole else 1


def examine_all(folder: Path) -> list[Copy]:
    """The notebooks in a folder, itself only; hidden files are none of ours."""
    return [examine(path) for path in sorted(folder.glob("*.ipynb")) if not path.name.startswith(".")]


def _bring(folder: Path, new: New, copies: list[Copy], today: date) -> tuple[dict[str, str], bool]:
    """Plan and do one lesson: ({file: what happened to it}, whether all went well).

    Plans again if a file has changed since it was examined.
    """
    told: dict[str, str] = {}
    for _ in range(_TRIES):
        taken = {path.name for path in folder.iterdir()}
        try:
            if all(_do(folder, step, told) for step in plan(new, copies, taken, today)):
                return told, True
        except OSError as error:
            return told | {new.name: f"NOT UPDATED ({error.strerror or error})"}, False
        copies = examine_all(folder)
    return told | {new.name: "NOT UPDATED (it is being changed all the time: close it, update again)"}, False


def _do(folder: Path, step: Step, told: dict[str, str]) -> bool:
    """Do one step and tell its words; False if the file is not what the plan took it for."""
    path = folder / step.name
    if step.notebook is None:
        told.setdefault(step.name, step.words)  # unless it was written a moment ago
        return True
    if step.seen and is_open(path):
        raise OSError(errno.EBUSY, OPEN)
    text = nbformat.writes(step.notebook) + "\n"
    done = files.create(path, text) if step.seen is None else files.replace(path, text, step.seen)
    if done:
        told[step.name] = step.words
    return done
