"""The studies of lesson 08: units that repeat, rates by trial, nets that scale without change."""

import pytest
import torch

from course_lib.train import norm_study
from course_lib.train.norm_study import KINDS, NormStudy, best_rate, make_model, train_unit
from course_lib.train.scale_study import rate_factors, train_scaled

SMALL = NormStudy("mnist", 8, 200, "mlp", (2, 3), 8, 6, 2)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def images():
    return SMALL.load("train", CPU), SMALL.load("test", CPU)


def test_units_cover_the_study(images):
    units = list(SMALL.units([4, 5, 6]))
    assert len(units) == len(set(units)) == 2 * 2 * len(KINDS) and images[0].x.shape == (200, 1, 8, 8)


@pytest.mark.parametrize("kind", KINDS)
def test_a_unit_repeats_and_goes_on_from_its_checkpoint(images, tmp_path, kind):
    first, again = (train_unit(SMALL, kind, 2, 0, *images, folder=tmp_path) for _ in range(2))
    plain = train_unit(SMALL, kind, 2, 0, *images)
    assert len(list(tmp_path.iterdir())) == 1
    assert first.history.loss.tolist() == again.history.loss.tolist() == plain.history.loss.tolist()
    assert train_unit(SMALL, kind, 2, 1, *images).history.loss.tolist() != plain.history.loss.tolist()


def test_the_input_has_the_moments_of_the_fixed_point(images):
    for s in (1.0, 2.0):
        model = make_model(SMALL, norm_study.Layers(scale=s), 2, images[0])
        x = model[0](images[0].x)
        assert float(x.mean()) == pytest.approx(0, abs=1e-5)
        assert float(x.var()) == pytest.approx(s**2, rel=1e-4)


def test_the_best_rate_is_found_on_held_out_images(images):
    study = NormStudy("mnist", 8, 200, "mlp", (2,), 8, 40, 1, rates=(1e-7, 0.01))
    assert best_rate(study, "SELU", 2, images[0]) == 0.01
    assert best_rate(SMALL, "SELU", 2, images[0]) is None


def test_a_scaled_net_trains_the_same_only_if_rescaled(images):
    weights = {}
    for name, s, rescale in (("one", 1.0, True), ("two", 2.0, True), ("as is", 2.0, False)):
        net = train_scaled(SMALL, s, 2, 0, images[0], rate=0.05, rescale=rescale)
        weights[name] = net[1].hidden[2].weight
    assert torch.allclose(weights["one"], weights["two"], atol=1e-5)
    assert not torch.allclose(weights["one"], weights["as is"], atol=1e-3)


def test_factors_of_the_learning_rate():
    factor = rate_factors(2.0)
    names = ("1.hidden.0.weight", "1.hidden.0.bias", "1.head.weight", "1.head.bias")
    assert [factor(name) for name in names] == [1, 4, 0.25, 1]
