"""The picture of lesson 14's court: a table of defences by what the attacker knows of them."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.patheffects import withStroke

from course_lib.widgets.pictures import DPI, PALETTE, figure
from course_lib.widgets.verdicts import MASKED, WEAKER, Matrix, marks, numbers, percent

SIGNS = {MASKED: "×", WEAKER: "▲"}
FILLS = {"": PALETTE["sky"], MASKED: PALETTE["vermillion"], WEAKER: PALETTE["orange"]}
EDGES = {"": "0.55", MASKED: PALETTE["vermillion"], WEAKER: PALETTE["brown"]}
NOT_EVIDENCE, AT_ONE = "not evidence", " (more than chance is left at eps = 1)"
ROW, LETTERS = 0.29, 10.5  # inches a row; letters are 14 pixels at 100 dots an inch


def draw_court(rows: Sequence[str], columns: Sequence[str], accuracy: Matrix, *, at_one: Matrix | None = None,
               title: str = "", dpi: int = DPI) -> Figure:
    """A table of bars: the share of attacked images that each defence still reads rightly.

    rows: names of the defences; columns: what the attacker knows. A column named "transfer" is hatched and
    says that it is not evidence. accuracy: [rows, columns], NaN where nothing was measured. at_one: the same
    at eps = 1, if known: cells that stand there are marked (see `verdicts.marks`). Marks are in words below.
    Raises ValueError if the numbers do not fit the names or are no shares.
    """
    rows, columns = list(rows), list(columns)
    accuracy = _shares(accuracy, "accuracy", rows, columns)
    if at_one is not None:
        at_one = _shares(at_one, "at_one", rows, columns)
    found = marks(accuracy, columns, at_one)
    legend = [mark for mark in SIGNS if any(mark in line for line in found)]
    high = ROW * (len(rows) + 1.2 + 0.9 * len(legend)) + 0.35 * bool(title)
    wide = max(8, 0.2 + 0.085 * max(map(len, rows)) + 1.8 * len(columns))  # names, then cells of 1.8 inches
    fig, ax = figure(width=wide, height=high, dpi=dpi)
    ax.set(xlim=(0, len(columns)), ylim=(len(rows), 0))
    ax.set_xticks(np.arange(len(columns)) + 0.5, columns)
    ax.set_yticks(np.arange(len(rows)) + 0.5, rows)
    ax.tick_params(length=0, labelsize=LETTERS, top=False, labeltop=True, bottom=False, labelbottom=False)
    ax.grid(False)
    ax.spines[:].set_visible(False)
    ax.set_title(title, fontsize=11.5, weight="bold")
    for i, line in enumerate(found):
        for j, mark in enumerate(line):
            _draw_cell(ax, i, j, accuracy[i, j], mark, columns[j] == "transfer")
    if legend:
        words = [f"{SIGNS[mark]} {mark}{AT_ONE if mark == MASKED else ''}" for mark in legend]
        fig.supxlabel("\n".join(words), fontsize=LETTERS)
    return fig


def _draw_cell(ax, i: int, j: int, share: float, mark: str, blind: bool) -> None:
    """One cell: its frame, the bar, the share in words, and the mark."""
    left, top, wide, high = j + 0.02, i + 0.07, 0.96, 0.86
    frame = EDGES[mark]
    bar = 0 if np.isnan(share) else wide * share
    fill = FILLS[mark], 0.4 if blind else 0.75
    ax.add_patch(Rectangle((left, top), bar, high, fc=fill, ec=frame, lw=0.8))
    ax.add_patch(Rectangle((left, top), wide, high, fill=False, ec=frame, lw=2.5 if mark else 0.8,
                           hatch="//" if blind else None))
    words = f"{percent(share)}  {NOT_EVIDENCE if blind else SIGNS.get(mark, '')}".strip()
    ax.text(j + 0.06, i + 0.52, words, va="center", fontsize=LETTERS, weight="bold" if mark else "normal",
            path_effects=[withStroke(linewidth=4, foreground="white")] if blind else None)


def _shares(values, name: str, rows: list, columns: list) -> Matrix:
    found = numbers(values, name)
    if found.shape != (len(rows), len(columns)) or not rows or not columns:
        raise ValueError(f"{name} must be numbers for {len(rows)} rows and {len(columns)} columns, one at "
                         f"least of each, got the shape {found.shape}")
    if not (np.isnan(found) | ((found >= 0) & (found <= 1))).all():
        raise ValueError(f"{name} must be shares from 0 to 1, or NaN where nothing was measured")
    return found
