"""The strip: which settings it shows, and where the pictures and captions lie."""

import numpy as np
import pytest

from course_lib.widgets import Button, Choice, Slider, Toggle
from course_lib.widgets.controls import Panel
from course_lib.widgets.strip import GAP, TEXT, WIDTH, caption, places_along, strip, summary


@pytest.mark.parametrize(("controls", "at", "shown"), [
    ({"n": Slider(0, 6)}, [2], [[0], [2], [4], [6]]),
    ({"n": Slider(0, 6)}, [3], [[0], [3], [4], [6]]),
    ({"n": Slider(0, 99)}, [50], [[0], [33], [50], [99]]),
    ({"n": Slider(0, 1)}, [1], [[0], [1]]),
    ({"n": Slider(4, 4)}, [0], [[0]]),
    ({"on": Toggle(), "n": Slider(0, 2)}, [1, 0], [[1, 0], [1, 1], [1, 2]]),
    ({"kind": Choice(list("abcde")), "on": Toggle()}, [4, 1], [[0, 1], [1, 1], [3, 1], [4, 1]]),
    ({"go": Button("Go", print)}, [], [[]]),
])
def test_places_are_spread_over_the_first_slider_and_hold_the_present_one(controls, at, shown):
    assert places_along(Panel(controls), at) == shown


@pytest.mark.parametrize("count", [1, 2, 3, 5, 7, 40])
def test_every_present_place_is_among_few_different_ones(count):
    panel = Panel({"n": Slider(1, count)})
    for i in range(count):
        places = places_along(panel, [i])
        assert [i] in places and places == sorted(places)
        assert len({place[0] for place in places}) == len(places) == min(4, count)


def test_captions_name_every_setting_and_no_button():
    panel = Panel({"go": Button("Go", print), "light": Slider(0, 1, 0.5), "on": Toggle(True, "train on")})
    assert caption(panel, [1, 1]) == "Light: 0.5 · train on: on"
    long = Panel({"kind": Choice(["a\n" + "long text " * 50])})
    assert caption(long, [0]).startswith("Kind: a long text") and len(caption(long, [0])) <= 60
    assert summary(panel, [[0, 1], [2, 1]]) == "Strip of 2 pictures (Light: 0, 1)"


def flat(colour, width=100, height=40):
    return np.full((height, width, 3), colour, np.uint8)


def test_pictures_stand_two_in_a_row_each_under_its_caption():
    sheet = strip([flat(c) for c in (10, 60, 110)], ["a", "b", "c"])
    head = TEXT + GAP // 2
    assert sheet.shape == (2 * (40 + head) + GAP, 2 * 100 + GAP, 3)
    assert (sheet[head : head + 40, :100] == 10).all() and (sheet[head : head + 40, 100 + GAP :] == 60).all()
    assert (sheet[-40:, :100] == 110).all() and (sheet[-40:, 100:] == 255).all()
    assert (sheet[:TEXT, :100] < 100).any() and (sheet[:TEXT, 100 + GAP :] < 100).any(), "captions"


def test_large_pictures_get_smaller_and_long_captions_are_not_cut():
    sheet = strip([flat(9, 2 * WIDTH, 200), flat(9, 2 * WIDTH, 200)], ["a", "b"])
    assert sheet.shape[1] == 2 * WIDTH + GAP and (sheet[-100:, :WIDTH] == 9).all()
    tiny = strip([flat(9, 8, 8), flat(9, 8, 8)], ["a caption far wider than its picture", "b"])
    assert tiny.shape[1] > 400 and (tiny[:, [0, -1]] == 255).all()
