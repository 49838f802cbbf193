"""Lesson 06's explorer: three layers with gaps, one bright pixel, and a lamp that lights if it is seen."""

from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np
from matplotlib.collections import LineCollection
from torch import nn

from course_lib.measure.receptive_field import coverage, footprint, receptive_field
from course_lib.widgets.controls import Choice, Slider
from course_lib.widgets.explorer import Explorer
from course_lib.widgets.pictures import DPI, PALETTE, Stage, figure

REACH = 27  # pixels drawn on each side of the middle; (9, 9, 9) with 3 taps just fits
RATES = (1, 2, 3, 4, 5, 9)
DARK, HIDDEN, SEEN = "#dddddd", "#555555", PALETTE["orange"]
Links = list[tuple[tuple[int, int], tuple[int, int]]]


def taps(kernel: int, rate: int) -> list[int]:
    """How far from the middle each tap of an odd kernel lies."""
    return [rate * (m - kernel // 2) for m in range(kernel)]


def seen_places(kernel: int, rates: Sequence[int]) -> np.ndarray:
    """Places of the input, from the middle, that reach the output."""
    paths = coverage(kernel, rates)
    return np.flatnonzero(paths) - len(paths) // 2


def links(kernel: int, rates: Sequence[int]) -> Links:
    """Every tap in use, from the output down: ((place, height), (place below, height - 1))."""
    found, places = [], {0}
    for height in range(len(rates), 0, -1):
        steps = taps(kernel, rates[height - 1])
        found += [((place, height), (place + step, height - 1)) for place in places for step in steps]
        places = {place + step for place in places for step in steps}
    return found


def links_to(pixel: int, every: Links) -> Links:
    """Those of the links that lie on a way from this pixel up to the output."""
    lit, found = {(pixel, 0)}, []
    for upper, lower in sorted(every, key=lambda link: link[1][1]):
        if lower in lit:
            lit.add(upper)
            found.append((upper, lower))
    return found


@lru_cache(maxsize=256)
def measured_field(kernel: int, rates: tuple[int, ...]) -> tuple[int, int]:
    """(pixels from first to last, pixels seen) by the gradient of a real stack of convolutions."""
    width = receptive_field([(kernel, 1, rate) for rate in rates]) + 2
    layers = [nn.Conv1d(1, 1, kernel, dilation=d, padding=d * (kernel // 2)) for d in rates]
    seen = footprint(nn.Sequential(*layers), (1, width)).nonzero().flatten()
    return int(seen[-1] - seen[0]) + 1, len(seen)


def told(rate1: int, rate2: int, rate3: int, kernel: int, pixel: int) -> str:
    """What the lamp shows, and where holes are: the picture of `hide_and_seek` in words."""
    rates = (rate1, rate2, rate3)
    places = set(seen_places(kernel, rates).tolist())
    span, count = measured_field(kernel, rates)
    holes = [place for place in range(span // 2) if place not in places]
    way = "right" if pixel > 0 else "left"
    side = f"{abs(pixel)} to the {way} of the middle" if pixel else "in the middle"
    why = "seen" if pixel in places else "not seen, it is " + (
        "in a hole" if abs(pixel) <= span // 2 else "outside the field")
    text = (f"Rates {rate1}, {rate2} and {rate3}, {kernel} taps: the bright pixel {side} is {why}. "
            f"Of the field of {span} pixels {count} are seen")
    if not holes:
        return f"{text}, none is a hole."
    text += f", {span - count} are holes"
    far = ", ".join(map(str, holes[:3])) + (" and more" if len(holes) > 3 else "")
    return f"{text}: on both sides at {far} from the middle."


def hide_and_seek_picture(dpi: int = DPI) -> Callable:
    """The picture function of `hide_and_seek`: (rate1, rate2, rate3, kernel, pixel) -> RGB array.

    dpi: as in `figure`. `told` says the same in words.
    """
    fig, (tree, area) = figure(2, width=9.6, height=4.2, dpi=dpi, width_ratios=(2.3, 1))
    tree.set(xlim=(-REACH - 1, REACH + 1), ylim=(-0.9, 3.75), yticks=range(4),
             yticklabels=("input", "layer 1", "layer 2", "layer 3"), xlabel="pixels from the middle")
    tree.set_xticks(range(-24, 25, 6))
    tree.grid(False)
    tree.spines[:].set_visible(False)
    area.set(xticks=[], yticks=[], title="seen in an image")
    area.spines[:].set_visible(False)
    area.grid(False)
    places = np.arange(-REACH, REACH + 1)
    ways = LineCollection([], colors="#7393ab", lw=0.7)
    lit_ways = LineCollection([], colors=PALETTE["vermillion"], lw=2.2)
    for lines in (ways, lit_ways):
        tree.add_collection(lines)
    nodes = tree.scatter([], [], s=14, color=PALETTE["blue"])
    strip = tree.scatter(places, np.full(len(places), -0.35), s=52, marker="s", ec="black", lw=0.8)
    target, = tree.plot([], [], marker="^", ms=11, ls="", color=PALETTE["vermillion"], mec="black")
    lamp, = tree.plot([0], [3], marker="o", ms=20, mec="black", mew=1.5)
    said = tree.text(1.6, 3.3, "", fontsize=13, weight="bold")
    field_told = tree.text(-REACH - 0.5, 3.42, "", fontsize=11, va="center")
    image = area.imshow(np.ones((len(places), len(places), 3)), extent=(-REACH, REACH) * 2,
                        interpolation="nearest")
    dot, = area.plot([], [], marker="o", ms=8, color=PALETTE["vermillion"], mec="black", ls="")
    stage = Stage(fig, [ways, lit_ways, nodes, strip, target, lamp, said, field_told, image, dot])
    white, blue = np.ones(3), np.array([0.0, 0.447, 0.698])

    def draw(rate1: int, rate2: int, rate3: int, kernel: int, pixel: int) -> np.ndarray:
        rates = (rate1, rate2, rate3)
        every, seen = links(kernel, rates), np.isin(places, seen_places(kernel, rates))
        is_seen = bool(seen[pixel + REACH])
        ways.set_segments(every)
        lit_ways.set_segments(links_to(pixel, every) if is_seen else [])
        nodes.set_offsets(sorted({end for link in every for end in link}))
        strip.set_facecolors([PALETTE["blue"] if s else DARK for s in seen])
        target.set_data([pixel], [-0.68])
        lamp.set_markerfacecolor(SEEN if is_seen else HIDDEN)
        said.set_text("seen" if is_seen else "dark: not seen")
        said.set_color("black" if is_seen else HIDDEN)
        field = receptive_field([(kernel, 1, rate) for rate in rates])
        span, count = measured_field(kernel, rates)
        wide = "\nwider than this strip" if field > len(places) else ""
        field_told.set_text(f"field by formula: {field}\nby gradient: {span}\nseen: {count}, holes: "
                            f"{span - count}{wide}")
        both = (seen[:, None] & seen[None, :])[..., None]
        image.set_data(np.where(both, blue, white * 0.93))
        dot.set_data([pixel], [0])
        return stage.picture()

    return draw


def hide_and_seek(dpi: int = DPI) -> Explorer:
    """Choose three rates and move one bright pixel: does the output see it, or does it fall into a hole?"""
    return Explorer(
        hide_and_seek_picture(dpi), id="06-hide", alt=told,
        about="Left: three layers of a dilated stack, the taps that reach the output, a bright pixel and a "
              "lamp that lights if the pixel is seen. Right: the pixels of an image that the output sees.",
        pixel=Slider(-24, 24, value=3, label="bright pixel"),
        rate1=Slider.over(RATES, 2, label="rate of layer 1"),
        rate2=Slider.over(RATES, 2, label="rate of layer 2"),
        rate3=Slider.over(RATES, 2, label="rate of layer 3"),
        kernel=Choice([3, 5], 3, label="taps"),
    )
