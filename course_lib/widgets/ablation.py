"""Lesson 10's second widget: switches for the parts of a Siamese net, and what each measured net came to.

The rows are measured by the lesson's study and read from data/ablation.json; nothing is trained here.
"""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from course_lib.measure import estimate
from course_lib.runtime import home
from course_lib.widgets.controls import Choice, Control, Toggle
from course_lib.widgets.explorer import Explorer
from course_lib.widgets.pictures import DPI, PALETTE, Stage, encode, figure

HEIGHT = 3.25  # inches: what two lines of switches leave on a slide
MOST_ROWS, NAME, STATED = 16, 32, 12  # rows, letters of a name and of a source's word that fit a slide


def switches() -> dict[str, Control]:
    """The controls by the names that `Row.settings` uses."""
    return {
        "depth": Choice([2, 3], 3, label="layers"),
        "skip": Toggle(True, label="skip"),
        "norm": Choice(["none", "before", "after"], "before", label="batch norm and ReLU"),
        "dropout": Toggle(label="dropout"),
        "concat": Toggle(label="concatenate layers"),
        "distance": Choice(["euclidean", "cosine", "learned head"], label="distance"),
        "encoder": Choice(["mean vectors", "BiGRU + convolution"], label="encoder"),
    }


@dataclass(frozen=True)
class Row:
    """One net that was measured, or that only the source has a figure for.

    name: short, up to NAME letters. settings: a value for every switch (see `switches`); empty for a row that
    no switch reaches, such as other word vectors. values: test accuracy of each seed, from 0 to 1; empty
    where it was not run here. source: what the source states, an accuracy or a word such as "Fail"; None
    where it states nothing.
    Raises ValueError that names the row and what is wrong.
    """

    name: str
    settings: dict = field(default_factory=dict)
    values: Sequence[float] = ()
    source: float | str | None = None

    def __post_init__(self):
        if not isinstance(self.name, str) or not 0 < len(self.name.strip()) <= NAME:
            raise ValueError(f"a row's name must be a text of 1 to {NAME} letters, got {self.name!r}")
        try:
            self._check()
        except (TypeError, ValueError) as error:
            raise ValueError(f"row {self.name!r}: {error}") from None

    def _check(self) -> None:
        known = switches()
        if not isinstance(self.settings, dict) or (self.settings and set(self.settings) != set(known)):
            raise ValueError(f"settings must be empty or name {', '.join(known)}; got {self.settings!r}")
        for name, value in self.settings.items():
            known[name].index(value, name)
        numbers = [*self.values, *([self.source] if isinstance(self.source, (int, float)) else [])]
        for value in numbers:
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value <= 1:
                raise ValueError(f"an accuracy must be a number from 0 to 1, got {value!r}")
        if not isinstance(self.source, (int, float, str, type(None))):
            raise ValueError(f"source must be a number, a text or null, got {self.source!r}")
        if isinstance(self.source, str) and not 0 < len(self.source) <= STATED:
            raise ValueError(f"source must be a text of 1 to {STATED} letters, got {self.source!r}")

    def measured(self) -> str:
        """The measurement in words: mean and 95 % interval over seeds."""
        if not self.values:
            return "not measured"
        found = estimate(self.values)
        if found.n == 1:
            return f"{found.mean:.3f} (one run)"
        return f"{found.mean:.3f} [{found.low:.3f}, {found.high:.3f}]"

    def stated(self) -> str:
        """The source's figure in words, a dash where there is none."""
        return self.source or "–" if not isinstance(self.source, (int, float)) else f"{self.source:.2f}"


def load_rows(path: Path | str | None = None) -> list[Row]:
    """The rows of a JSON file: a list of objects {"name", "settings", "values", "source"}.

    path: None for the course's own data/ablation.json. Raises FileNotFoundError, or ValueError that names the
    file and what is wrong with it.
    """
    path = home() / "data" / "ablation.json" if path is None else Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"the measured rows are not there: {path} is missing")
    try:
        content = json.loads(path.read_text("utf-8"))
        if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
            raise ValueError("it must hold a list of objects, one a row")
        rows = [Row(**entry) for entry in content]
        _check_rows(rows)
    except (TypeError, ValueError) as error:  # broken JSON is a ValueError
        raise ValueError(f"{path}: {error}") from None
    return rows


def _check_rows(rows: Sequence[Row]) -> None:
    if not 1 <= len(rows) <= MOST_ROWS:
        raise ValueError(f"rows must be 1 to {MOST_ROWS}, got {len(rows)}")
    for i, row in enumerate(rows):
        for other in rows[:i]:
            if row.name == other.name:
                raise ValueError(f"two rows have the name {row.name!r}")
            if row.settings and row.settings == other.settings:
                raise ValueError(f"rows {other.name!r} and {row.name!r} have the same settings")


def chosen_row(rows: Sequence[Row], settings: dict) -> int | None:
    """The place of the row with just these settings; None where that combination is no row."""
    return next((i for i, row in enumerate(rows) if row.settings and row.settings == settings), None)


def verdict(rows: Sequence[Row], settings: dict) -> str:
    """What is known of a combination, in one line."""
    at = chosen_row(rows, settings)
    if at is None:
        return "This combination was not measured."
    row = rows[at]
    source = "not in the source" if row.source is None else f"the source: {row.stated()}"
    return f"{row.name}: {row.measured()}; {source}"


def told(rows: Sequence[Row], settings: dict) -> str:
    """What is known of a combination, and how it compares: the picture of `ablation_grid` in words."""
    means = {row.name: estimate(row.values).mean for row in rows if row.values}
    best = max(means, key=means.get, default="")
    most = f" The highest of {len(means)} measured nets is {best} with {means[best]:.3f}." if means else ""
    at = chosen_row(rows, settings)
    if at is None:
        chosen = (f"{dial.label} {dial.texts[dial.index(settings[name], name)]}"
                  for name, dial in switches().items())
        return f"This combination was not measured: {', '.join(chosen)}.{most}"
    row = rows[at]
    source = "the source has no figure" if row.source is None else f"the source has {row.stated()}"
    if not row.values:
        return f"{row.name}: not measured here; {source}.{most}"
    found, place = estimate(row.values), 1 + sum(mean > means[row.name] for mean in means.values())
    sure = " in one run"
    if found.n > 1:
        sure = f", 95 % interval from {found.low:.3f} to {found.high:.3f} over {found.n} seeds"
    return f"{row.name}: test accuracy {found.mean:.3f}{sure}; {source}. It is in place {place}.{most}"


def ablation_picture(rows: Sequence[Row], dpi: int = DPI) -> Callable:
    """The picture function of `ablation_grid`: one setting for each switch -> RGB array.

    All rows, each with its seeds, mean and interval beside the source's figure; the chosen one is marked.
    dpi: as in `figure`. Raises ValueError if there are no rows or too many, or two of one name or setting.
    """
    _check_rows(rows)
    fig, (ax, table) = figure(2, height=HEIGHT, dpi=dpi, width_ratios=(7, 4))
    places, letters = range(len(rows)), min(9.5, 130 / len(rows))
    ax.set(ylim=(len(rows) - 0.5, -0.5), yticks=places, yticklabels=[row.name for row in rows],
           xlim=_limits(rows))
    ax.tick_params(axis="y", length=0, labelsize=letters)
    table.set(ylim=ax.get_ylim(), xlim=(0, 1))
    table.set_axis_off()
    table.set_title("measured here", loc="left", fontsize=9.5)
    table.set_title("source", loc="right", fontsize=9.5)
    for place, row in enumerate(rows):
        _draw_row(ax, place, row)
        table.text(0, place, row.measured(), va="center", fontsize=letters)
        table.text(1, place, row.stated(), va="center", ha="right", fontsize=letters)
    ax.plot([], [], "o-", color=PALETTE["black"], ms=7, label="test accuracy: mean, 95 % interval")
    ax.plot([], [], "o", color=PALETTE["blue"], ms=4, label="each seed")
    ax.plot([], [], "D", mfc="none", mec=PALETTE["vermillion"], ms=8, label="the source")
    fig.legend(*ax.get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=9.5)
    title = fig.suptitle(" ", fontsize=11, fontweight="bold")
    look = {"fc": (PALETTE["orange"], 0.18), "ec": PALETTE["brown"], "lw": 2}
    bands = [axes.axhspan(-0.5, 0.5, **look) for axes in (ax, table)]
    stage = Stage(fig, [*bands, title])

    def draw(**settings):
        at = chosen_row(rows, settings)
        for band in bands:
            band.set_visible(at is not None)
            band.set_y((at or 0) - 0.5)
        title.set_text(verdict(rows, settings))
        return stage.picture()

    return draw


def _limits(rows: Sequence[Row]) -> tuple[float, float]:
    """The axis: all seeds and the source's figures, rounded to twentieths."""
    shown = [v for row in rows for v in (*row.values, row.source) if isinstance(v, (int, float))] or [0, 1]
    low, high = math.floor(20 * min(shown) - 0.2) / 20, math.ceil(20 * max(shown) + 0.2) / 20
    return max(-0.02, low), min(1.02, high)


def _draw_row(ax, place: int, row: Row) -> None:
    if isinstance(row.source, (int, float)):
        ax.plot([row.source], [place], "D", mfc="none", mec=PALETTE["vermillion"], ms=8, mew=1.5)
    if not row.values:
        return
    found = estimate(row.values)
    ax.plot(row.values, [place] * len(row.values), "o", color=PALETTE["blue"], ms=4, alpha=0.7)
    ax.plot([found.mean], [place], "o", color=PALETTE["black"], ms=7)
    if found.n > 1:
        ax.plot([found.low, found.high], [place, place], "-", color=PALETTE["black"], lw=2)


def ablation_grid(rows: Sequence[Row] | None = None, dpi: int = DPI, format: str = "webp") -> Explorer:
    """Switch the parts of a Siamese net: the table says what was measured, and what was not.

    rows: None for those of data/ablation.json. format: of the pictures, as in `encode`. Each row has a
    picture, and all combinations that were not measured share one: so a page can hold every combination.
    """
    rows = load_rows() if rows is None else list(rows)
    draw = ablation_picture(rows, dpi)

    @cache
    def encoded(at: int | None) -> bytes:
        return encode(draw(**(rows[at].settings if at is not None else {})), format)

    controls = switches()
    for name, value in next((row.settings for row in rows if row.settings), {}).items():
        controls[name].start = controls[name].index(value, name)
    names = ", ".join(row.name for row in rows)
    return Explorer(
        lambda **settings: encoded(chosen_row(rows, settings)), id="10-ablation",
        live=False,  # its stored output is one picture: every one shows the whole table
        alt=lambda **settings: told(rows, settings),
        about=f"Test accuracy of {len(rows)} nets over seeds, with intervals, beside the source's figures: "
              f"{names}.",
        **controls,
    )
