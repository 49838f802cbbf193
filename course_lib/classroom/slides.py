"""What is on the deck: a lesson's cells, by their slideshow metadata, cut into slides.

Nothing is executed: pictures and texts are the stored outputs. How a slide looks is `deck.py`'s business.
"""

import copy
import re
from dataclasses import dataclass, field

import nbformat
from nbformat import NotebookNode

from course_lib.classroom.copies import student_version
from course_lib.classroom.lessons import Lesson, tags
from course_lib.classroom.pack.texts import ALL_TAGS
from course_lib.widgets.stored import deck_html

WIDGET = "course_widget"  # in an output's metadata: the id under which `deck_html` knows the widget
MACHINERY = {"hide-input", "check", "predict", "claim"}  # cells whose code teaches nothing
_LIVE_ONLY = ("application/javascript", "application/vnd.jupyter.widget-view+json")
_BREAKS = ("slide", "subslide")
_NOT_SHOWN = re.compile(r"^[ \t]*(# NBVAL_\w+|### (BEGIN|END) SOLUTION)\b[^\n]*\n?", re.MULTILINE)


@dataclass
class Slide:
    """One slide: the cells that are drawn (each with its step), and those that only the speaker sees."""

    cells: list[NotebookNode] = field(default_factory=list)
    notes: list[NotebookNode] = field(default_factory=list)


def cut(lesson: Lesson, *, more: bool = False, solutions: bool = False) -> list[Slide]:
    """The slides of a lesson; the lesson itself is not changed.

    By default the cells tagged `core`; more: those tagged `more` as well. Cells tagged `teacher` or `notes`
    are notes of the slide before them, but for the texts of `course pack`, which are on no slide. solutions:
    exercises show the answer and their check panel, not the learner's stub. A cell tagged `hide-input` or
    `hide-output` shows only the other half.
    Raises ValueError if the lesson was never run to its end, or if nothing of it is on the deck.
    """
    unrun = [cell for cell in lesson.notebook.cells
             if cell.cell_type == "code" and cell.source.strip() and cell.execution_count is None]
    if unrun:
        raise ValueError(f"{lesson.path.name} has cells without stored outputs, so there is nothing to show; "
                         f"run and store the lesson first: course save {lesson.number}")
    slides, early, is_new = [], [], True
    for cell in lesson.notebook.cells:
        kind = _kind(cell, more)
        if kind == "notes":
            note = _shown(cell, solutions=True)
            (slides[-1].notes if slides else early).extend([note] if note else [])
            continue
        # A slide that begins with a cell left out begins with the next one that is on the deck.
        is_new = is_new or cell.metadata.get("slideshow", {}).get("slide_type") in _BREAKS
        if kind == "skip" or (shown := _shown(cell, solutions)) is None:
            continue
        if is_new:
            slides.append(Slide())
            kind = "slide"
        slides[-1].cells.append(shown)
        shown.metadata.slideshow = {"slide_type": kind}
        is_new = False
    if not slides:
        raise ValueError(f"{lesson.path.name} has nothing on its deck: no core cell with a slide type")
    slides[0].notes[:0] = early
    return slides


def _kind(cell: NotebookNode, more: bool) -> str:
    """slide, fragment, "-" (goes on), notes or skip."""
    own, kind = tags(cell), cell.metadata.get("slideshow", {}).get("slide_type", "-")
    if ALL_TAGS & set(own):  # for the teacher's pack, with the answers
        return "skip"
    if kind == "notes" or {"teacher", "notes"} & set(own):
        return "notes"
    if kind == "skip" or cell.cell_type == "raw" or ("more" in own and not more):
        return "skip"
    return kind


def without_answer(cell: NotebookNode) -> NotebookNode | None:
    """The cell as a learner gets it, with a stub and no outputs if it is an exercise; None for a solution."""
    single = student_version(nbformat.v4.new_notebook(cells=[cell])).cells
    if not single or single[0].source == cell.source:
        return cell if single else None
    return single[0]


def _shown(cell: NotebookNode, solutions: bool) -> NotebookNode | None:
    """The cell as it is drawn, None if nothing of it is left."""
    own = tags(cell)
    if not solutions:
        cell = None if "check" in own else without_answer(cell)
        if cell is None:
            return None
    cell = copy.deepcopy(cell)
    if cell.cell_type == "code":
        cell.outputs = [] if "hide-output" in own else [_still(o) for o in cell.outputs if not _is_noise(o)]
        cell.metadata.transient = {"remove_source": bool(MACHINERY & set(own))}
    return _visible(cell)


def _visible(cell: NotebookNode) -> NotebookNode | None:
    cell.source = _NOT_SHOWN.sub("", cell.source).strip("\n")
    hidden = cell.metadata.get("transient", {}).get("remove_source") or not cell.source.strip()
    if hidden and not cell.get("outputs"):
        return None
    if hidden:
        cell.metadata.transient = {"remove_source": True}
    return cell


def _is_noise(output: NotebookNode) -> bool:
    """Progress bars and warnings: true of one run, not of the lesson."""
    text = output.get("data", {}).get("text/plain", "")
    return output.get("name") == "stderr" or bool(re.match(r"\s*\d+%\|", text))


def _still(output: NotebookNode) -> NotebookNode:
    """The output without what only a kernel draws, and with a widget that needs none where there is one."""
    for kind in _LIVE_ONLY:
        output.get("data", {}).pop(kind, None)
    name = output.get("metadata", {}).get(WIDGET)
    if name:
        try:
            output.data["text/html"] = deck_html(name)
        except KeyError:
            output.metadata.pop(WIDGET)
    return output
