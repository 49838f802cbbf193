"""The samples by which a "why" answer is marked, read out of a lesson.

Each exercise asks for its "why" in a sentence. Behind its check stands a markdown cell with the tags
`teacher`, `minutes:0` and `pack:why` and the slide type `skip`, with one or two samples for each mark:

    **Why 03-1.**

    - 0: what a learner may write for no mark.
      *Because:* what is lacking.
    - 1: what is half right.
      *Because:* which half.
    - 2: the whole of it, in a learner's words.
      *Because:* what must be in it.

No copy for learners and no deck holds it. The question and the model answer are the exercise's own.
"""

import re
from dataclasses import dataclass

import nbformat

from course_lib.classroom.lessons import tags
from course_lib.classroom.pack.cells import read_cell
from course_lib.classroom.pack.texts import WHY
from course_lib.exercises import exercise_list

MARKS = (0, 1, 2)
_LABEL = re.compile(r"Why (\d\d-\d+)")
_SAMPLE = re.compile(r"([012]): *(.+)", re.DOTALL)


@dataclass(frozen=True)
class Sample:
    """A made-up answer, its mark, and why it gets it."""

    mark: int
    text: str
    because: str


def samples(notebook: nbformat.NotebookNode, number: str) -> tuple[dict[str, list[Sample]], list[str]]:
    """Exercise id -> samples, lowest mark first; and what is wrong with the cells, each problem naming one.

    number: the lesson's, such as "03".
    """
    known = [exercise.id for exercise in exercise_list(number)]
    found: dict[str, list[Sample]] = {}
    wrong = []
    for place, cell in enumerate(notebook.cells, 1):
        if WHY in tags(cell):
            try:
                name, read = _read(cell)
                if name not in known:
                    raise ValueError(f"there is no exercise {name} in this lesson; it has {', '.join(known)}")
                if name in found:
                    raise ValueError(f"**Why {name}.** stands in another cell already")
                found[name] = read
            except ValueError as error:
                wrong.append(f"cell {cell.get('id') or place} ({WHY}): {error}")
    return found, wrong


def problems(notebook: nbformat.NotebookNode, number: str) -> list[str]:
    """What is wrong or missing in a lesson that has such cells; nothing if it has none."""
    found, wrong = samples(notebook, number)
    if not found and not wrong:
        return []
    lacking = [exercise.id for exercise in exercise_list(number) if exercise.id not in found]
    return wrong + [f"lacks a cell with the tag {WHY} for {', '.join(lacking)}"] * bool(lacking and not wrong)


def _read(cell: nbformat.NotebookNode) -> tuple[str, list[Sample]]:
    """The exercise and the samples of one cell. Raises ValueError that says what is missing."""
    if cell.cell_type != "markdown" or "teacher" not in tags(cell):
        raise ValueError("must be a markdown cell with the tag teacher")
    if cell.metadata.get("slideshow", {}).get("slide_type") != "skip":
        raise ValueError("must have the slide type skip")
    fields = read_cell(cell.source)
    label = _LABEL.fullmatch(next(iter(fields), ""))
    if len(fields) != 1 or not label:
        raise ValueError("must begin with a label such as **Why 03-1.** and hold nothing but its list")
    read = []
    for item in fields[label[0]].items:
        sample = _SAMPLE.fullmatch(item.text)
        if not sample:
            raise ValueError(f"each sample begins with its mark, such as '0: ', not {item.text[:20]!r}")
        if list(item.parts) != ["Because"]:
            raise ValueError(f"the sample {item.text[:20]!r} needs its *Because:*, and nothing else")
        read.append(Sample(int(sample[1]), sample[2], item.parts["Because"]))
    lacking = [str(mark) for mark in MARKS if mark not in {sample.mark for sample in read}]
    if lacking:
        raise ValueError(f"there is no sample for the mark {', '.join(lacking)}")
    return label[1], sorted(read, key=lambda sample: sample.mark)
