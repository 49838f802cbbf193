"""Controls: finite lists of values, keys, places, neighbours, and errors that name the argument."""

import numpy as np
import pytest

from course_lib.widgets import Button, Choice, Slider, Toggle
from course_lib.widgets.controls import Panel


def test_slider_includes_stop_and_keeps_whole_numbers_whole():
    slider = Slider(8, 44, step=6, value=20)
    assert slider.values == [8, 14, 20, 26, 32, 38, 44] and all(type(v) is int for v in slider.values)
    assert slider.start == 2


def test_slider_of_fractions_has_clean_values_and_texts():
    slider = Slider(0, 1, step=0.1, value=0.3)
    assert slider.values[3] == 0.3 and slider.texts[3] == "0.3" and len(slider.values) == 11
    assert Slider(0.0, 0.95, step=0.3).values == [0.0, 0.3, 0.6, 0.9]


def test_slider_over_a_list():
    slider = Slider.over([8, 20, 44], value=20)
    assert slider.kind == "slider" and slider.values == [8, 20, 44] and slider.start == 1


@pytest.mark.parametrize(("make", "named"), [
    (lambda: Slider(0, 10, step=0), "step"),
    (lambda: Slider(5, 1), "stop"),
    (lambda: Slider("a", 1), "start"),
    (lambda: Slider(0, 10, value=11), "value"),
    (lambda: Slider(0, float("inf")), "stop"),
    (lambda: Choice([]), "Choice"),
    (lambda: Choice("plain"), "options"),
    (lambda: Choice(["a", "a"]), "same"),
    (lambda: Choice(["a", "b"], value="c"), "value"),
    (lambda: Button("Train", None), "action"),
    (lambda: Panel({"depth": 3}), "depth"),
])
def test_bad_arguments_are_named(make, named):
    with pytest.raises((TypeError, ValueError), match=named):
        make()


def panel():
    kind = Choice({"Plain net": "p", "ResNet, 20": "r", "x": "x"})
    return Panel({"depth": Slider(1, 5, value=3), "kind": kind, "bn": Toggle(True),
                  "go": Button("Train on", print)})


def test_places_settings_and_keys():
    p = panel()
    assert p.start == [2, 0, 1]
    assert p.settings([4, 1, 0]) == {"depth": 5, "kind": "r", "bn": False}
    assert p.key([4, 1, 0]) == '["5","ResNet, 20","off"]'
    assert p.move([2, 0, 1], {"depth": 4, "bn": False}) == [3, 0, 0]
    assert p.move([2, 0, 1], {"depth": np.int64(4)}) == [3, 0, 1]
    keys = {p.key([i, j, k]) for i in range(5) for j in range(3) for k in range(2)}
    assert len(keys) == 30


def test_move_names_what_is_wrong():
    with pytest.raises(TypeError, match=r"'depht'.*depth, kind, bn"):
        panel().move([2, 0, 1], {"depht": 3})
    with pytest.raises(ValueError, match=r"depth must be one of 1, 2, 3, 4, 5; got 9"):
        panel().move([2, 0, 1], {"depth": 9})
    with pytest.raises(ValueError, match="bn must be one of off, on"):
        panel().move([2, 0, 1], {"bn": 1.5})


def test_neighbours_are_one_step_away_and_the_moved_control_comes_first():
    near = panel().neighbours([2, 0, 1])
    assert near == [[3, 0, 1], [1, 0, 1], [2, 1, 1], [2, 2, 1], [2, 0, 0]]
    assert panel().neighbours([2, 0, 1], last=1)[:2] == [[2, 1, 1], [2, 2, 1]]
    assert panel().neighbours([0, 0, 1])[0] == [1, 0, 1]
    assert [-1, 0, 1] not in panel().neighbours([0, 0, 1])


@pytest.mark.parametrize("place", [None, [], [0, 0], [5, 0, 0], [-1, 0, 0], [True, 0, 0], [0.0, 0, 0], "abc"])
def test_places_from_outside_are_checked(place):
    assert panel().valid([4, 2, 1]) and not panel().valid(place)


def test_every_control_has_a_label():
    assert [c["label"] for c in panel().spec] == ["Depth", "Kind", "Bn", "Train on"]
    assert Slider(0, 1, label="Batch norm").spec("bn")["label"] == "Batch norm"
