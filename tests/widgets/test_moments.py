"""Lesson 08's pictures: pure, and true to the map and the nets behind them."""

import numpy as np
import pytest
import torch

from course_lib.blocks.selu import ALPHA, LAMBDA
from course_lib.widgets.moments import (
    activations,
    drop_the_cloud,
    layer_strip,
    map_picture,
    real_path,
    strip_picture,
)


def test_the_real_nets_dots_fall_to_the_sink():
    path = real_path(1.0, 5.0, ALPHA, LAMBDA)
    assert path.shape == (33, 2) and tuple(path[0]) == (1.0, 5.0)
    assert path[-1] == pytest.approx([0, 1], abs=0.3)


def test_starts_and_dropout_do_what_the_lesson_says():
    def last(*settings):
        return float(activations(*settings)[-1].var())

    assert last("lecun", "none", 0.1) == pytest.approx(1, abs=0.3)
    assert last("lecun", "alpha", 0.2) == pytest.approx(1, abs=0.3)
    assert last("lecun", "ordinary", 0.5) > 10 and last("all weights", "none", 0.1) < 1e-20
    assert last("torch selu", "none", 0.1) < 0.2


def test_pictures_are_pure_and_answer_to_every_setting():
    before = torch.get_rng_state()
    draw, base = map_picture(), (1.0, 3.0, ALPHA, LAMBDA)
    first = draw(*base)
    for other in ((-1.0, 3.0, ALPHA, LAMBDA), (1.0, 1.0, ALPHA, LAMBDA), (1.0, 3.0, 2.4, LAMBDA),
                  (1.0, 3.0, ALPHA, 1.2)):
        assert not np.array_equal(draw(*other), first)
    assert np.array_equal(draw(*base), first)
    strip = strip_picture()
    first = strip("lecun", "none", 0.1)
    assert not np.array_equal(strip("he", "none", 0.1), first)
    assert not np.array_equal(strip("lecun", "alpha", 0.1), first)
    assert np.array_equal(strip("lecun", "none", 0.1), first)
    assert torch.equal(before, torch.get_rng_state())


def test_the_quest_can_be_done_and_the_ends_of_all_sliders_drawn():
    explorer, strip = drop_the_cloud(), layer_strip()
    explorer.set(alpha=2.4, lam=1.07)
    for settings in ({"lam": 0.85, "alpha": 0.8}, {"lam": 1.3, "alpha": 3.0},
                     {"mean": -1.5, "variance": 0.25}):
        explorer.set(**settings)
    strip.set(start="torch default", dropout="ordinary", p=0.5)
    assert strip.picture().shape == (360, 800, 3)
