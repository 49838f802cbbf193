"""Lesson 06's two studies: units that repeat, equal sizes, and fit with a label for each place."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.measure import count_parameters
from course_lib.measure.receptive_field import receptive_field
from course_lib.train import ContextStudy, WaveStudy, evaluate, fit, train_context, train_wave

SCENES = ContextStudy(images=16, tested=6, width=4, steps=2, seeds=2)
TONES = WaveStudy(images=16, tested=6, channels=4, steps=2, seeds=2)


def test_fit_takes_a_label_for_each_pixel():
    x, y = torch.rand(8, 2, 5, 5), torch.randint(3, (8, 5, 5))
    model = nn.Conv2d(2, 3, 1)
    with torch.no_grad():
        want = float(F.cross_entropy(model(x), y))
        error = float((model(x).argmax(1) != y).float().mean())
    assert evaluate(model, x, y) == pytest.approx((want, error))
    history = fit(model, x, y, steps=40, batch_size=8, lr=0.05, optimizer="adam")
    assert history.loss[0] == pytest.approx(want) and history.last() < history.loss[0]


def test_units_cover_the_studies_and_sizes_are_equal():
    units = list(SCENES.units([5, 6, 7]))
    assert len(units) == len(set(units)) == 2 * 3 + 1 and {seed for *_, seed in units} == {5, 6}
    assert len(list(TONES.units([5, 6, 7]))) == 2 * 2
    assert len({count_parameters(SCENES.net(kind)) for kind in ("dilated", "undilated", "pooled")}) == 1
    assert len({count_parameters(TONES.net(kind)) for kind in ("dilated", "undilated")}) == 1
    assert [receptive_field(WaveStudy().layers(kind)) for kind in ("dilated", "undilated")] == [67, 13]
    with pytest.raises(ValueError, match="kind"):
        SCENES.net("deep")
    with pytest.raises(ValueError, match="kind"):
        TONES.net("deep")


def test_a_scene_unit_repeats_and_goes_on_from_its_checkpoint(tmp_path):
    first, again, other = (train_context(SCENES, "dilated", "far", seed) for seed in (0, 0, 1))
    assert np.array_equal(first.history.loss, again.history.loss)
    assert not np.array_equal(first.history.loss, other.history.loss)
    assert len(first.iou) == 3 and (math.isnan(first.mean_iou) or 0 <= first.mean_iou <= 1)
    for _ in range(2):
        kept = train_context(SCENES, "dilated", "far", 0, folder=tmp_path)
        assert kept.iou == pytest.approx(first.iou, nan_ok=True)
    assert [file.name for file in tmp_path.iterdir()] == ["context-dilated-far-seed0.safetensors"]


def test_a_tone_unit_repeats_and_guesses_before_it_has_learned(tmp_path):
    first, kept = train_wave(TONES, "undilated", 3), train_wave(TONES, "undilated", 3, folder=tmp_path)
    assert first.error == kept.error and 0.5 < first.error < 1
    assert (tmp_path / "wave-undilated-seed3.safetensors").exists()
