"""Lesson 03's pictures: pure, and true to the nets and curves behind them."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from course_lib.data import load
from course_lib.nets import CifarNet
from course_lib.train import DepthStudy, train_unit
from course_lib.widgets.depth import (
    COLOURS,
    curves,
    depth_curves,
    depth_picture,
    grow_it,
    grow_picture,
    losses_after_growing,
)


@pytest.fixture(scope="module")
def images():
    return load("mnist").subset(60).resize(14)


@pytest.fixture(scope="module")
def models():
    torch.manual_seed(0)
    return {kind: nn.Sequential(nn.Identity(), CifarNet(8, kind, width=4, in_channels=1)) for kind in COLOURS}


@pytest.fixture(scope="module")
def after(models, images):
    return {kind: losses_after_growing(models[kind], images, curves()["depths"].tolist()) for kind in COLOURS}


def pixels(picture, colour):
    """How many pixels have this colour."""
    rgb = [int(colour[k : k + 2], 16) for k in (1, 3, 5)]
    return int((np.abs(picture.astype(int) - rgb).sum(2) < 12).sum())


def test_committed_curves_have_their_shape():
    c = curves()
    assert c["loss"].shape == (7, 2, 2, 3, 50) and c["grown"].shape == (7, 2, 3, 40)
    assert list(c["depths"]) == [8, 14, 20, 26, 32, 38, 44] and list(c["kinds"]) == list(COLOURS)
    assert c["inserted"].shape == (7, 2, 3)
    start = c["loss"][:, :, 1, :, 0].astype(float)
    assert (start > 1.5).all(), "nobody starts below guessing by much"


def test_growing_keeps_the_residual_loss_and_not_the_plain_one(models, images):
    plain, residual = (losses_after_growing(models[kind], images, (8, 20, 44)) for kind in COLOURS)
    assert residual[0] == residual[1] == residual[2]
    assert len(set(plain)) == 3


def test_the_committed_losses_say_what_the_lesson_says():
    inserted = curves()["inserted"].astype(float)
    assert np.ptp(inserted[:, 1], axis=0).max() < 1e-5, "the residual nets keep their loss"
    assert (inserted[1:, 0] > inserted[0, 0] + 0.5).all(), "the plain nets lose theirs"
    assert not np.isnan(inserted).any()


def test_the_committed_losses_are_those_of_the_lessons_nets():
    study = DepthStudy("mnist", 14, 2000, 8, (8,), steps=50, seeds=1)  # as in the lesson's cell
    train, test = study.load("train", torch.device("cpu")), study.load("test", torch.device("cpu"))
    for k, kind in enumerate(COLOURS):
        model = train_unit(study, kind, 8, 0, train, test).model
        lesson = losses_after_growing(model, train.subset(200), curves()["depths"].tolist())
        assert np.abs(np.array(lesson) - curves()["inserted"][:, k, 0]).max() < 0.05


def test_growing_leaves_the_random_state_alone(models, images):
    before = torch.get_rng_state()
    first = losses_after_growing(models["plain"], images, (20,))
    assert torch.equal(before, torch.get_rng_state())
    assert losses_after_growing(models["plain"], images, (20,)) == first


def test_pictures_are_pure_and_answer_to_every_setting(after):
    draw = grow_picture(after)
    first = draw(20, True)
    others = [draw(44, True), draw(20, False), draw(8, True)]
    assert all(not np.array_equal(first, other) for other in others)
    assert np.array_equal(draw(20, True), first)
    hidden = draw(20, False)
    for colour in COLOURS.values():
        assert pixels(first, colour) > pixels(hidden, colour) > 100


def test_curves_picture_is_pure_and_says_who_diverged(images):
    draw = depth_picture(images)
    first = draw(14, True)
    assert not np.array_equal(first, draw(14, False))
    assert np.array_equal(draw(14, True), first)
    assert all(pixels(first, colour) > 100 for colour in COLOURS.values())
    curves()["loss"][1, 1, 0, 0, 20:] = np.nan
    try:
        assert not np.array_equal(draw(14, False), draw(14, True)) and curves()["loss"].shape[-1] == 50
        diverged = draw(14, False)
    finally:
        curves.cache_clear()
    assert not np.array_equal(diverged, draw(14, False))


def test_explorers_start_with_a_picture_and_move(models, images):
    grown, traced = grow_it(models, images), depth_curves(images)
    before = grown.picture()
    grown.set(depth=44)
    assert not np.array_equal(before, grown.picture())
    assert grown.settings == {"depth": 44, "train_on": True}
    assert traced.settings["depth"] == 44 and math.prod(traced.picture().shape) > 0
