"""SELU and its company against the source's digits, torch's layers, and the moments they promise."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm
from torch import nn

from course_lib.blocks.selu import (
    ALPHA,
    LAMBDA,
    SELU,
    AlphaDropout,
    gaussian_mean,
    lecun_normal_,
    selu_constants,
    start_self_normalising,
)

SOURCE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946  # S1-11


def test_the_constants_are_the_sources_digits():
    assert selu_constants() == pytest.approx(SOURCE, abs=1e-9, rel=0)
    assert pytest.approx(SOURCE, abs=1e-15, rel=0) == (ALPHA, LAMBDA)


@settings(deadline=None)
@given(st.floats(-0.5, 0.4), st.floats(0.05, 9))
def test_constants_for_any_fixed_point_keep_it(mean, var):
    mean = mean * math.sqrt(var) * 0.5
    alpha, lam = selu_constants(mean, var)
    z = torch.from_numpy(np.random.default_rng(0).normal(0, math.sqrt(var), 200_001))
    y = SELU(alpha, lam)(z)
    spread = float(y.std()) / math.sqrt(len(z))
    assert float(y.mean()) == pytest.approx(mean, abs=6 * spread)
    assert float(y.var()) == pytest.approx(var, rel=0.05)


@pytest.mark.parametrize("mean, var", [(2.0, 1.0), (0.0, 0.0), (0.0, -1.0), (math.nan, 1.0), (-50.0, 1.0)])
def test_impossible_fixed_points_are_refused(mean, var):
    with pytest.raises(ValueError, match=r"mean|var"):
        selu_constants(mean, var)


def test_quadrature_is_exact_where_the_answer_is_known():
    assert gaussian_mean(lambda z: np.maximum(z, 0)) == pytest.approx(1 / math.sqrt(2 * math.pi), abs=1e-13)
    assert gaussian_mean(lambda z: z**4, 1.0, 2.0) == pytest.approx(1 + 6 * 4 + 3 * 16, abs=1e-10)
    assert gaussian_mean(lambda z: (z > 0) * 1.0, 0.7, 1.3) == pytest.approx(norm.cdf(0.7 / 1.3), abs=1e-13)
    assert gaussian_mean(lambda z: np.exp(z), 30.0, 1.0) == pytest.approx(math.exp(30.5), rel=1e-12)
    grid = gaussian_mean(lambda z: z**2, [[0.0, 1.0], [2.0, 3.0]], [[1.0], [0.0]])
    assert np.allclose(grid, [[1, 2], [4, 9]])
    with pytest.raises(ValueError, match="negative"):
        gaussian_mean(lambda z: z, 0.0, -1.0)


def test_selu_is_torchs_value_and_gradient():
    z = torch.linspace(-8, 8, 2001, dtype=torch.float64, requires_grad=True)
    for y, want in ((SELU()(z), nn.functional.selu(z)), (SELU(1.0, 1.0)(z), nn.functional.elu(z))):
        assert torch.allclose(y, want, atol=1e-14)
        assert torch.allclose(*(torch.autograd.grad(v.sum(), z)[0] for v in (y, want)), atol=1e-14)


def test_far_left_is_the_floor_without_nan_and_far_right_is_linear():
    z = torch.tensor([-1e30, -math.inf, 1e30], requires_grad=True)
    y = SELU(scale=2.0)(z)
    assert y[:2].tolist() == pytest.approx([SELU(scale=2.0).floor] * 2)
    assert SELU(scale=2.0).floor == pytest.approx(-2 * 1.7580993408)
    (grad,) = torch.autograd.grad(y[[0, 2]].sum(), z)
    assert grad[0] == 0 and grad[2] == pytest.approx(LAMBDA)


@pytest.mark.parametrize("scale", [0.5, 1, 2])
def test_a_scaled_selu_has_its_fixed_point_at_the_square(scale):
    f = SELU(scale=scale)
    apply = lambda z: f(torch.from_numpy(z)).numpy()  # noqa: E731
    mean = gaussian_mean(apply, 0.0, scale)
    assert mean == pytest.approx(0, abs=1e-12)
    assert gaussian_mean(lambda z: apply(z) ** 2, 0.0, scale) == pytest.approx(scale**2, abs=1e-11)


@pytest.mark.parametrize("p", [0.05, 0.1, 0.2, 0.5])
def test_alpha_dropout_keeps_mean_and_variance_as_torchs_does(p):
    torch.manual_seed(0)
    x = torch.randn(2_000_000, dtype=torch.float64)
    for layer in (AlphaDropout(p), nn.AlphaDropout(p)):
        y = layer.train()(x)
        assert float(y.mean()) == pytest.approx(0, abs=6e-3)
        assert float(y.var()) == pytest.approx(1, abs=1e-2)
    assert float(nn.Dropout(p)(x).var()) == pytest.approx(1 / (1 - p), rel=2e-2)


def test_the_affine_map_is_the_papers():
    for p in (0.05, 0.1, 0.5):
        q, floor = 1 - p, -1.7580993408473766
        layer = AlphaDropout(p)
        assert layer.a == pytest.approx((q + floor**2 * q * (1 - q)) ** -0.5)
        assert layer.b == pytest.approx(-layer.a * (1 - q) * floor)
    assert AlphaDropout(0.1).a == pytest.approx(0.921, abs=5e-4)  # correction 8: not .787


@settings(deadline=None)
@given(st.floats(0.01, 0.9), st.floats(-2, 2), st.floats(0.1, 5), st.floats(-4, 0))
def test_any_fixed_point_is_kept_in_expectation(p, mean, var, floor):
    layer = AlphaDropout(p, floor=floor, mean=mean, var=var)
    q = 1 - p
    after = layer.a * (q * mean + p * floor) + layer.b
    second = layer.a**2 * (q * (var + mean**2) + p * floor**2 - (q * mean + p * floor) ** 2)
    assert after == pytest.approx(mean, abs=1e-9) and second == pytest.approx(var, rel=1e-9)


def test_dropped_units_share_one_value_and_the_gradient_skips_them():
    layer = AlphaDropout(0.3, generator=torch.Generator().manual_seed(1)).train()
    x = torch.randn(10_000, dtype=torch.float64, requires_grad=True)
    y = layer(x)
    dropped = torch.isclose(y, torch.tensor(layer.a * layer.floor + layer.b, dtype=torch.float64))
    assert float(dropped.double().mean()) == pytest.approx(0.3, abs=0.02)
    (grad,) = torch.autograd.grad(y.sum(), x)
    assert torch.allclose(grad, (~dropped).double() * layer.a)
    assert torch.allclose(y[~dropped], layer.a * x[~dropped] + layer.b)


def test_alpha_dropout_is_off_when_evaluating_and_at_zero_and_reproducible():
    x = torch.randn(100)
    assert AlphaDropout(0.5).eval()(x) is x and AlphaDropout(0.0).train()(x) is x
    twice = [AlphaDropout(0.5, generator=torch.Generator().manual_seed(4)).train()(x) for _ in range(2)]
    assert torch.equal(*twice)
    for p in (1.0, -0.1):
        with pytest.raises(ValueError, match="p, the share"):
            AlphaDropout(p)


@pytest.mark.parametrize(
    "layer, inputs",
    [
        (nn.Linear(400, 300), 400),
        (nn.Conv2d(30, 60, 5), 750),
        (nn.Conv1d(64, 200, 3, dilation=2), 192),
        (nn.Conv2d(64, 128, 3, groups=4), 144),
    ],
)
def test_lecun_variance_is_one_over_the_inputs_of_one_unit(layer, inputs):
    torch.manual_seed(0)
    start_self_normalising(nn.Sequential(layer))
    assert float(layer.weight.detach().var()) == pytest.approx(1 / inputs, rel=0.03)
    assert float(layer.weight.detach().mean()) == pytest.approx(
        0, abs=4 / math.sqrt(inputs * layer.weight.numel())
    )
    assert not layer.bias.any()


def test_lecun_normal_needs_a_fan_in_and_answers_the_tensor():
    with pytest.raises(ValueError, match="two axes"):
        lecun_normal_(torch.zeros(3))
    w = torch.zeros(5, 4)
    assert lecun_normal_(w, torch.Generator().manual_seed(0)) is w and w.any()


def test_sixteen_layers_keep_the_variance_with_fan_in_and_lose_it_with_all_weights():
    def last_variance(std):
        torch.manual_seed(0)
        x = torch.randn(512, 256, dtype=torch.float64)
        for _ in range(16):
            x = SELU()(x @ (torch.randn(256, 256, dtype=torch.float64) * std))
        return float(x.var())

    assert last_variance(1 / 16) == pytest.approx(1, abs=0.2)
    assert last_variance(1 / 256) < 1e-30
