"""Your progress: every exercise of the lessons that are built, what has been done, and what comes next.

    your_progress({"03_residual_blocks.ipynb": "03 · Depth, degradation and residual blocks"})
"""

import html
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePath
from urllib.parse import quote

import ipywidgets as W
from IPython.display import display

from course_lib.exercises.check import exercise_list
from course_lib.exercises.exercise import Exercise
from course_lib.exercises.output import Output
from course_lib.exercises.progress import Tried, read, tried_in

_CELL = "text-align:left;padding:2px 12px 2px 0"
_BAR = "display:inline-block;width:160px;height:10px;border:1px solid #808080;border-radius:3px"


@dataclass(frozen=True)
class Line:
    """One exercise and what is known of it."""

    exercise: Exercise
    tried: Tried

    @property
    def state(self) -> str:
        if self.tried.passed:
            return "✓ right"
        if self.tried.tries:
            return f"✗ tried {self.tried.tries} time" + ("s" if self.tried.tries > 1 else "")
        return "· not tried"


@dataclass(frozen=True)
class Part:
    """One lesson: its title, its exercises, and how many predictions were made in it."""

    title: str
    lines: tuple[Line, ...]
    predictions: int

    @property
    def done(self) -> int:
        return sum(line.tried.passed for line in self.lines)


def your_progress(notebooks: Mapping[str, str]) -> None:
    """Show the progress in these lessons, with a button that looks again, and links to their files.

    notebooks: file name -> title, for files such as 03_residual_blocks.ipynb in the folder of the notebook
    that shows this. What the progress file holds of other lessons, or of exercises that do not exist, is left
    out. Raises ValueError for a file without a number.
    """
    files = {PurePath(name).name: title for name, title in notebooks.items()}
    for name in files:
        if not name.partition("_")[0].isdigit():
            raise ValueError(f"notebooks: {name!r} has no number; a lesson is named like 03_slug.ipynb")
    text = "\n".join(["Your progress", *(f"{e.id}  {e.title}" for name in files for e in _exercises(name))])
    display(Output(text, page(parts(files)), Overview(files)))
    display(Output("Open a lesson", links(files)))


class Overview(W.VBox):
    """The page and its button."""

    def __init__(self, files: Mapping[str, str]):
        self.files = dict(files)
        self.page = W.HTML(page(parts(self.files)))
        self.button = W.Button(description="Look again", layout=W.Layout(width="max-content"),
                               tooltip="Read the progress file again, after work in another lesson")
        self.status = W.HTML("")
        self.button.on_click(self._look)
        super().__init__([self.page, W.HBox([self.button, self.status])])

    def _look(self, _button: W.Button) -> None:
        self.page.value = page(parts(self.files))
        self.status.value = '<span role="status">Up to date.</span>'


def parts(files: Mapping[str, str]) -> list[Part]:
    """The lessons with what is known of them now. Raises nothing for a damaged or missing progress file."""
    record, found = read(), []
    for name, title in files.items():
        number = name.partition("_")[0]
        lines = tuple(Line(exercise, tried_in(record, exercise.id)) for exercise in _exercises(name))
        predictions = sum(key.startswith(f"{number}-") for key in record["predictions"])
        found.append(Part(title, lines, predictions))
    return found


def page(found: list[Part]) -> str:
    """The overview as HTML: no script and no style sheet, colours taken from the page."""
    lessons = "".join(_lesson(part) for part in found)
    return (f'<section aria-label="Your progress" style="line-height:1.4;max-width:100%;overflow-x:auto">'
            f'<p style="font-weight:600;margin:4px 0">Your progress</p>{lessons}{_next(found)}</section>')


def _lesson(part: Part) -> str:
    """A lesson's name, bar and table."""
    total = len(part.lines)
    share = round(100 * part.done / total) if total else 0
    bar = (f'<span aria-hidden="true" style="{_BAR}"><span style="display:block;height:100%;width:{share}%;'
           f'background:#0072b2"></span></span>')
    counts = f"{part.done} of {total} exercises right" if total else "no exercises"
    made = f"{part.predictions} prediction{'' if part.predictions == 1 else 's'} made"
    head = f"<p style=\"margin:10px 0 2px\">{html.escape(part.title)}<br>{bar} {counts}, {made}</p>"
    rows = "".join(_row(line) for line in part.lines)
    titles = "".join(f'<th scope="col" style="{_CELL}">{title}</th>'
                     for title in ("No.", "Exercise", "Difficulty", "Minutes", "State"))
    table = f'<table style="margin:0;border-collapse:collapse"><tr>{titles}</tr>{rows}</table>'
    return head + table if rows else head


def _row(line: Line) -> str:
    e = line.exercise
    cells = (e.title, f"{e.difficulty} of 3", str(e.minutes), line.state)
    rest = "".join(f'<td style="{_CELL}">{html.escape(cell)}</td>' for cell in cells)
    return f'<tr><th scope="row" style="{_CELL};font-weight:normal">{e.id}</th>{rest}</tr>'


def _next(found: list[Part]) -> str:
    """Which exercise to take next: the first in course order that is not right yet."""
    lines = [line for part in found for line in part.lines]
    if not lines:
        return ""
    for line in lines:
        if not line.tried.passed:
            what = f"{line.exercise.id}, {line.exercise.title} ({line.exercise.minutes} min)"
            return f'<p style="margin:10px 0 4px"><b>Next:</b> {html.escape(what)}</p>'
    return '<p style="margin:10px 0 4px"><b>All exercises are right.</b></p>'


def links(files: Mapping[str, str]) -> str:
    """Links to the lessons. Beside the widget, not in it: there JupyterLab does not see them, and a click
    would load the whole page anew."""
    style = "margin:2px 16px 2px 0;display:inline-block"
    items = "".join(f'<li style="{style}"><a href="{html.escape(quote(name))}">{html.escape(title)}</a></li>'
                    for name, title in files.items())
    return f'<nav aria-label="Open a lesson">Open: <ul style="display:inline;padding:0">{items}</ul></nav>'


def _exercises(name: str) -> list[Exercise]:
    return exercise_list(name.partition("_")[0])
