"""The moment map against sampling, its fixed points, and the moments of real nets."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from course_lib.blocks.selu import SELU, AlphaDropout, selu_constants, start_self_normalising
from course_lib.measure.moments import layer_moments, moment_map, moment_path, sink, variance_shift


def test_zero_one_is_the_fixed_point():
    assert moment_map(0.0, 1.0) == (pytest.approx(0, abs=1e-12), pytest.approx(1, abs=1e-12))


@settings(deadline=None)
@given(st.floats(-0.5, 0.5), st.floats(0.3, 3), st.floats(-0.3, 0.3), st.floats(0.7, 1.4))
def test_the_map_is_what_samples_do(mu, nu, omega, tau):
    z = mu * omega + math.sqrt(nu * tau) * torch.from_numpy(np.random.default_rng(1).standard_normal(200_001))
    y = SELU()(z)
    mean, var = moment_map(mu, nu, omega=omega, tau=tau)
    assert float(y.mean()) == pytest.approx(float(mean), abs=6 * math.sqrt(float(var) / len(z)))
    assert float(y.var()) == pytest.approx(float(var), rel=0.04)


@pytest.mark.parametrize("start", [(-0.1, 0.8), (0.1, 1.5), (0.1, 0.8), (-0.1, 1.5), (1.0, 4.0)])
def test_paths_fall_to_zero_one(start):
    path = moment_path(*start, 60)
    assert path.shape == (61, 2) and tuple(path[0]) == start
    assert path[-1] == pytest.approx([0, 1], abs=1e-4)


def test_detuned_constants_move_the_sink():
    alpha, lam = selu_constants(0.0, 4.0)
    assert moment_path(0.0, 3.0, 200, alpha=alpha, lam=lam)[-1] == pytest.approx([0, 4], abs=1e-3)
    assert moment_map(0.0, 4.0, scale=2.0) == (pytest.approx(0, abs=1e-12), pytest.approx(4, abs=1e-11))
    elu = moment_path(0.0, 1.0, 32, alpha=1.0, lam=1.0)[-1]
    assert elu[1] < 0.5  # ELU drifts


def test_arrays_and_a_variance_of_zero():
    mean, var = moment_map(np.zeros((2, 3)), np.array([[1.0, 0.0, 2.0]] * 2))
    assert (
        mean.shape == var.shape == (2, 3)
        and var[0, 1] == 0
        and mean[0, 1] == 0
        and var[1, 0] == pytest.approx(1)
    )
    with pytest.raises(ValueError, match="negative"):
        moment_map(0.0, -1.0)


def test_moments_of_a_deep_net_stay_over_seeds():
    last = []
    for seed in range(8):
        torch.manual_seed(seed)
        net = start_self_normalising(
            nn.Sequential(*[m for _ in range(32) for m in (nn.Linear(256, 256), SELU())])
        )
        found = layer_moments(net, torch.randn(256, 256), (SELU,))
        assert len(found) == 32
        last.append(found[-1])
    means, variances = np.array(last).T
    assert abs(means.mean()) < 0.1 and variances.mean() == pytest.approx(
        1, abs=0.2
    )  # correction 6 and section D


def test_traps_of_the_syllabus():
    """torch's kaiming_normal_(nonlinearity='selu') and nn.Linear's own scale lose the variance."""

    def last(fill):
        torch.manual_seed(0)
        net = nn.Sequential(*[m for _ in range(32) for m in (nn.Linear(256, 256), SELU())])
        for layer in net[::2]:
            fill(layer.weight)
            nn.init.zeros_(layer.bias)
        return layer_moments(net, torch.randn(256, 256), (SELU,))[-1][1]

    assert last(lambda w: nn.init.kaiming_normal_(w, nonlinearity="selu")) == pytest.approx(0.040, abs=0.02)
    assert last(lambda w: None) < 1e-5


def test_layer_moments_are_the_outputs_and_change_nothing():
    torch.manual_seed(0)
    net = nn.Sequential(nn.Linear(5, 7), nn.BatchNorm1d(7), nn.Tanh(), nn.Linear(7, 3), nn.Tanh()).train()
    x, before = torch.randn(11, 5), {k: v.clone() for k, v in net.state_dict().items()}
    first, second = layer_moments(net, x, (nn.Tanh,))
    assert all(torch.equal(v, before[k]) for k, v in net.state_dict().items()) and not net[2]._forward_hooks
    with torch.no_grad():
        h = net[:3](x)
        y = net[3:](h)
    assert first == pytest.approx((float(h.mean()), float(h.var(correction=0))), rel=1e-5)
    assert second == pytest.approx((float(y.mean()), float(y.var(correction=0))), rel=1e-5)
    assert layer_moments(net, x, (nn.Softmax,)) == []


@given(st.floats(0.8, 3), st.floats(0.85, 1.35))
@settings(deadline=None, max_examples=30)
def test_the_sink_is_where_a_layer_changes_nothing(alpha, lam):
    mean, var = sink(alpha, lam)
    if math.isfinite(var):
        after = moment_map(mean, var, alpha=alpha, lam=lam, spread=1.0)
        assert after == (pytest.approx(mean, abs=1e-6 * (1 + var)), pytest.approx(var, rel=1e-5, abs=1e-6))


def test_sinks_that_are_known():
    assert sink() == pytest.approx((0, 1), abs=1e-9) and sink(scale=2) == pytest.approx((0, 4), abs=1e-8)
    assert sink(1, 1) == (0, 0) and sink(1.6, 1.5) == (math.inf, math.inf)
    assert sink(*selu_constants(0, 4)) == pytest.approx((0, 4), abs=1e-6)


def test_spread_is_what_a_layer_of_random_weights_does():
    torch.manual_seed(0)
    x = 1.5 + torch.randn(400, 1000, dtype=torch.float64)
    y = SELU()(x @ torch.randn(1000, 2000, dtype=torch.float64) / math.sqrt(1000))
    mean, var = moment_map(1.5, 1.0, spread=1.0)
    assert float(y.mean()) == pytest.approx(float(mean), abs=0.15)
    assert float(y.var()) == pytest.approx(float(var), rel=0.1)


def test_variance_shift_of_dropout_is_the_formula():
    torch.manual_seed(0)
    net = nn.Sequential(nn.ReLU(), nn.Dropout(0.5)).eval()
    (ratio,) = variance_shift(net, torch.randn(200_000, 2), (nn.Dropout,))
    assert ratio == pytest.approx(2.47, rel=0.02) and not net.training
    (ratio,) = variance_shift(nn.Sequential(AlphaDropout(0.3)), torch.randn(200_000, 2), (AlphaDropout,))
    assert ratio == pytest.approx(1, abs=0.02)
