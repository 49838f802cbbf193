"""Carry a learner's answers into the exercise cells of a new version of the lesson."""

import copy
from dataclasses import dataclass

from nbformat import NotebookNode

from course_lib.classroom.origin import Copy, exercise_id, stub_version, version_of


@dataclass(frozen=True)
class Carried:
    """The new version with the learner's answers, and what became of each."""

    notebook: NotebookNode
    taken: list[str]  # exercise ids
    left: dict[str, str]  # exercise id -> why its answer stayed where it is


def carry(student: NotebookNode, sources: list[Copy]) -> Carried:
    """A copy of `student` in which each exercise has the learner's answer, where its stub is the same.

    sources: the learner's files of this lesson, the newest first; each exercise takes its answer from the
    first that has one. An exercise that nobody has begun is neither taken nor left.
    """
    filled, taken, left = copy.deepcopy(student), [], {}
    filled.cells = []
    for cell in copy.deepcopy(student.cells):
        name = exercise_id(cell)
        answer, why = _answer(name, version_of([cell]), sources) if name else ([], "")
        filled.cells += _with_answer(cell, answer) if answer else [cell]
        if answer:
            taken.append(name)
        elif why:
            left[name] = why
    return Carried(filled, taken, left)


def _answer(name: str, stub: str, sources: list[Copy]) -> tuple[list[NotebookNode], str]:
    """(the cells of the answer, "") or ([], why there is none)."""
    why = None
    for source in sources:
        cells = source.answers.get(name, [])
        begun = [cell for cell in cells if cell.source.strip()
                 and version_of([cell]) not in (stub, stub_version(cell))]
        if begun and all(stub_version(cell) == stub for cell in begun):
            return begun, ""
        if why is None and cells:
            why = _reason(begun, source.name)
    return [], "nothing of yours has this id" if why is None and sources else why or ""


def _reason(begun: list[NotebookNode], file: str) -> str:
    if not begun:
        return ""
    if all(stub_version(cell) for cell in begun):
        return f"the exercise has changed; your answer is in {file}"
    return f"{file} does not say which version it answers; your answer is there"


def _with_answer(cell: NotebookNode, answer: list[NotebookNode]) -> list[NotebookNode]:
    """The exercise cell with the answer; an answer in several cells (a split one) stays in as many."""
    cells = []
    for number, part in enumerate(answer, 1):
        one = copy.deepcopy(cell)
        one.source = part.source
        if one.cell_type != "code" and part.get("attachments"):
            one.attachments = copy.deepcopy(part.attachments)
        if number > 1 and "id" in one:
            one.id = f"{one.id[:60]}-{number}"
        cells.append(one)
    return cells
