"""Counts against hand formulas, gradients against autograd, intervals against scipy."""

import math

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import stats
from torch import nn

from course_lib.measure import (
    count_macs,
    count_parameters,
    estimate,
    gradient_norms,
    paired_difference,
    top_k_error,
)
from course_lib.nets import CifarNet


def test_macs_by_hand():
    net = nn.Sequential(nn.Conv2d(3, 8, 3, stride=2, padding=1, groups=1), nn.Conv2d(8, 4, 1), nn.Flatten(),
                        nn.Linear(4 * 16, 10))
    x = torch.rand(5, 3, 8, 8)
    assert count_macs(net, x) == 4 * 4 * 8 * 27 + 4 * 4 * 4 * 8 + 640
    grouped = nn.Conv2d(8, 8, 3, padding=1, groups=4)
    assert count_macs(grouped, torch.rand(1, 8, 5, 5)) == 25 * 8 * 2 * 9


def test_macs_of_resnet_20():
    """Table of the field: 40.55 million (convolutions and linear layer at 32x32)."""
    assert count_macs(CifarNet(20), torch.rand(1, 3, 32, 32)) == pytest.approx(40.55e6, rel=0.002)


def test_counting_leaves_the_model_alone():
    net = CifarNet(8, width=4)
    net.stages[0].eval()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    count_macs(net, torch.rand(2, 3, 8, 8))
    assert net.training and not net.stages[0].training
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    assert not any(m._forward_hooks for m in net.modules())


def test_frozen_weights_do_not_count():
    layer = nn.Linear(3, 4)
    layer.bias.requires_grad_(False)
    assert count_parameters(layer) == 12


def test_gradient_norms_are_those_of_backward():
    torch.manual_seed(0)
    net = CifarNet(8, width=4, shortcut="B")
    x, y = torch.rand(6, 3, 12, 12), torch.arange(6)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    norms = gradient_norms(net.eval(), x, y)
    assert all(p.grad is None for p in net.parameters()) and not net.training
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    F.cross_entropy(net.train()(x), y).backward()
    assert len(norms) == 7 and next(iter(norms)) == "conv1"
    for name, value in norms.items():
        assert value == pytest.approx(float(net.get_submodule(name).weight.grad.norm()), rel=1e-5)


def test_interval_is_students():
    values = np.array([1.0, 2.5, 2.0, 4.0])
    low, high = stats.t.interval(0.9, 3, values.mean(), stats.sem(values))
    e = estimate(values, 0.9)
    assert (e.mean, e.n) == (pytest.approx(2.375), 4)
    assert (e.low, e.high) == (pytest.approx(low), pytest.approx(high))


def test_interval_covers_the_mean_as_often_as_promised():
    draws = np.random.default_rng(0).normal(3.0, 2.0, (2000, 5))
    inside = [e.low < 3 < e.high for e in map(estimate, draws)]
    assert np.mean(inside) == pytest.approx(0.95, abs=0.02)


def test_pairing_removes_what_seeds_share():
    rng = np.random.default_rng(1)
    seed_effect = rng.normal(0, 10, 6)
    a, b = seed_effect + 1 + rng.normal(0, 0.1, 6), seed_effect + rng.normal(0, 0.1, 6)
    assert paired_difference(a, b).above(0) is True
    assert estimate(a).above(estimate(b).mean) is None


def test_three_verdicts():
    e = estimate([1.0, 1.1, 0.9])
    assert (e.above(0), e.above(2), e.above(1.0)) == (True, False, None)
    assert (e.below(0), e.below(2), e.below(1.0)) == (False, True, None)
    one = estimate([5.0])
    assert one.above(0) is None and math.isinf(one.high) and "one run" in str(one)


@pytest.mark.parametrize("bad", [[], [float("nan")], [1.0, float("inf")]])
def test_bad_values_are_named(bad):
    with pytest.raises(ValueError, match="values"):
        estimate(bad)


def test_bad_pairs_and_confidence():
    with pytest.raises(ValueError, match="a and b must pair up: got 2 and 1"):
        paired_difference([1, 2], [1])
    with pytest.raises(ValueError, match="confidence"):
        estimate([1, 2], 95)


def test_top_k_error_by_hand():
    logits = torch.tensor([[3.0, 2, 1], [1, 3, 2], [1, 2, 3], [3, 2, 1]])
    y = torch.tensor([0, 2, 0, 1])
    assert [top_k_error(logits, y, k) for k in (1, 2, 3)] == [0.75, 0.25, 0.0]
    for bad in (0, 4):
        with pytest.raises(ValueError, match="k must be between 1 and the number of classes 3"):
            top_k_error(logits, y, bad)
