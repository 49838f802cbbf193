"""The house's colours: seen against white, and told apart with three kinds of colour blindness."""

import itertools

import numpy as np
import pytest
from contrast import contrast

from course_lib.widgets.pictures import CYCLE, PALETTE, figure

NAMES = {colour: name for name, colour in PALETTE.items()}
# Machado, Oliveira & Fernandes (2009), severity 1, on linear RGB.
EYES = {
    "usual": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216],
                   [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413],
                     [-0.011820, 0.042940, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602],
                   [0.004733, 0.691367, 0.303900]],
}
LEAST = 10  # CIE76: about where a difference is seen at a glance; the measured smallest one is 12.1
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour: str) -> np.ndarray:
    value = np.array([int(colour[at:at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    x = XYZ @ rgb / XYZ.sum(axis=1)
    f = np.where(x > 0.008856, np.cbrt(x), 7.787 * x + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_every_colour_of_a_line_is_at_least_3_to_1_on_white():
    assert {NAMES[colour] for colour in CYCLE if contrast(colour) < 3} == set()


@pytest.mark.parametrize("colour", [None, PALETTE["blue"]], ids=["own colours", "one colour"])
def test_every_line_of_a_picture_has_a_dash_of_its_own(colour):
    _, ax = figure()
    for _ in CYCLE:
        ax.plot([0, 1], [0, 1], **({"color": colour} if colour else {}))
        ax.fill_between([0, 1], [0, 0], [1, 1], color=colour)  # takes no dash away
    drawn = {(line.is_dashed(), str(line._unscaled_dash_pattern)) for line in ax.lines}
    assert len(drawn) == len(CYCLE) == len(ax.lines)


@pytest.mark.parametrize("eye", EYES)
def test_every_two_colours_are_told_apart(eye):
    seen = {NAMES[c]: lab(np.clip(np.array(EYES[eye]) @ linear(c), 0, 1)) for c in CYCLE}
    near = {(a, b): float(np.linalg.norm(seen[a] - seen[b])) for a, b in itertools.combinations(seen, 2)}
    assert {pair: far for pair, far in near.items() if far < LEAST} == {}
