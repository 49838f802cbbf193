"""What is drawn stands out: lines and shapes 3:1 against the ground (WCAG 1.4.11), small text 4.5:1 (1.4.3).

Of a shape its edge or its inside must. The regions of the church window lie side by side in ten colours,
which cannot all be 3:1 apart: black borders and numbers part them, and the borders are 3:1 to each colour.
"""

import pytest
from contrast import WHITE, contrast
from matplotlib.collections import LineCollection

from course_lib.widgets import pictures
from course_lib.widgets.church_window import COLOURS
from course_lib.widgets.pictures import figure
from course_lib.widgets.stored import REGISTER

LEAST, LEAST_TEXT = 3.0, 4.5


def best(*colours) -> float:
    """The best of a shape's edge and inside."""
    return max((contrast(colour) for colour in colours), default=1.0)


def faint(fig) -> list[str]:
    """What on this figure is too faint to be seen by all."""
    found = []

    def judge(what, value, least=LEAST):
        if value < least - 0.005:
            found.append(f"{what}: {value:.2f}, at least {least}")

    for ax in fig.axes:
        for line in ax.lines:
            if line.get_linestyle() not in ("None", "", " "):
                judge(f"line {line.get_label()}", contrast(line.get_color()))
            if line.get_marker() not in ("None", "", None):
                judge(f"marker {line.get_label()}",
                      best(line.get_markerfacecolor(), line.get_markeredgecolor()))
        for shape in ax.collections:
            edges = shape.get_edgecolors()
            faces = [] if isinstance(shape, LineCollection) else shape.get_facecolors()
            for k in range(max(len(edges), len(faces))):
                judge(f"{type(shape).__name__} {shape.get_label()}",
                      best(*[colours[k % len(colours)] for colours in (edges, faces) if len(colours)]))
        for patch in ax.patches:
            judge(type(patch).__name__, best(patch.get_facecolor(), patch.get_edgecolor()))
        for text in (*ax.texts, ax.title, ax.xaxis.label, ax.yaxis.label):
            if text.get_text():
                size, bold = text.get_fontsize(), text.get_weight() == "bold"
                judge(f"text {text.get_text()!r}", contrast(text.get_color(), ground_of(text)),
                      LEAST if size >= (14 if bold else 18) else LEAST_TEXT)
    return found


def ground_of(text):
    """The colour of a stroke around the letters, where there is one; else the page."""
    strokes = [effect._gc["foreground"] for effect in text.get_path_effects() or []
               if hasattr(effect, "_gc")]
    return strokes[0] if strokes else WHITE


@pytest.mark.parametrize("id", REGISTER)
def test_the_pictures_of_a_widget_stand_out(id, monkeypatch):
    made = []

    class Kept(pictures.Figure):
        def __init__(self, *words, **options):
            super().__init__(*words, **options)
            made.append(self)

    monkeypatch.setattr(pictures, "Figure", Kept)
    REGISTER[id].make(50).picture()
    assert made and [line for fig in made for line in faint(fig)] == []


@pytest.mark.parametrize("colour", COLOURS)
def test_the_borders_of_the_church_window_stand_out_from_its_regions(colour):
    assert contrast("black", colour) >= LEAST


def test_faint_things_are_found():
    fig, ax = figure()
    ax.plot([0, 1], [0, 1], color=pictures.PALETTE["orange"])
    ax.plot([0, 1], [0, 1], "o", color="0.7")
    ax.fill_between([0, 1], [0, 0], [1, 1], alpha=0.2, lw=0)
    ax.vlines([0], 0, 1, colors="#aaccdd")
    ax.bar([0], [1], color="0.8", ec="0.7")
    ax.text(0, 0, "so", color=pictures.PALETTE["vermillion"])
    ax.text(0, 0, "white on white", color="white")
    assert [line.split()[0].rstrip(":") for line in faint(fig)] == [
        "line", "marker", "FillBetweenPolyCollection", "LineCollection", "Rectangle", "text", "text"]
