"""Sinkhorn against exact transport, against closed laws, and against finite differences."""

import math

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment

from course_lib.defences.transport import sinkhorn, sinkhorn_divergence


def cloud(n=60, d=2, shift=0.0, seed=0, dtype=torch.float64):
    generator = torch.Generator().manual_seed(seed)
    return (torch.randn(n, d, generator=generator, dtype=torch.float64) + shift).to(dtype)


def costs(x, y, p=2):
    return torch.linalg.vector_norm(x[:, None] - y, dim=2) ** p


def exact(x, y, p=2):
    """The cheapest pairing of equally many points."""
    C = costs(x, y, p).numpy()
    return float(C[linear_sum_assignment(C)].mean())


@pytest.mark.parametrize(("d", "shift", "share"), [(1, 3, 0.1), (1, 1, 0.03), (2, 3, 0.03), (3, 3, 0.01)])
def test_shifted_clouds_within_a_percent_of_exact_transport(d, shift, share):
    x, y = cloud(40, d), cloud(40, d, shift, seed=1)
    truth = exact(x, y)
    if d == 1:  # on a line the order is kept
        assert truth == pytest.approx(float((x.sort(0)[0] - y.sort(0)[0]).square().mean()))
    epsilon = share * float(costs(x, y).median())
    options = {"epsilon": epsilon, "tolerance": 1e-4}
    assert sinkhorn(x, y, **options).error <= 1e-4
    for dtype in (torch.float64, torch.float32):
        found = sinkhorn_divergence(x.to(dtype), y.to(dtype), **options)
        assert found.dtype == dtype
        assert float(found) == pytest.approx(truth, rel=0.01)
    assert float(sinkhorn(x, y, **options).value) > 1.01 * truth, "the blur is not small"


@pytest.mark.parametrize("epsilon", [0.01, 1, 100])
def test_a_shifted_copy_is_measured_exactly_at_any_epsilon(epsilon):
    x = cloud()
    shift = torch.tensor([1.0, -2.0], dtype=torch.float64)
    y = (x + shift)[torch.randperm(60, generator=torch.Generator().manual_seed(3))]
    assert float(sinkhorn_divergence(x, y, epsilon=epsilon)) == pytest.approx(5, rel=1e-5)


def test_like_clouds_are_far_off_and_the_blur_only_adds():
    x, y = cloud(), cloud(seed=1)
    truth, median = exact(x, y), float(costs(x, y).median())
    blurred = [float(sinkhorn(x, y, epsilon=e * median).value) for e in (0.01, 0.1, 1)]
    debiased = [float(sinkhorn_divergence(x, y, epsilon=e * median)) for e in (0.01, 0.1, 1)]
    assert truth < blurred[0] < blurred[1] < blurred[2]
    assert truth > debiased[0] > debiased[1] > debiased[2] > 0
    assert blurred[2] > 3 * truth and debiased[2] < 0.7 * truth
    assert float(sinkhorn(x, x, epsilon=median).value) > truth, "OT_e(x, x) is not 0"


def test_a_large_epsilon_sees_only_the_means():
    x, y = cloud(40, 3, 0.5), cloud(55, 3, seed=1) * 2
    b = torch.linspace(1, 2, 55, dtype=torch.float64)
    b /= b.sum()
    apart = (x.mean(0) - b @ y).square().sum()
    assert float(sinkhorn_divergence(x, y, epsilon=1e6, b=b)) == pytest.approx(float(apart), rel=1e-3)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("epsilon", [1e-4, 1e-2, 1.0, 1e4])
def test_the_plan_is_a_plan_and_its_parts_agree(dtype, epsilon):
    x, y = cloud(20, dtype=dtype), cloud(30, shift=1, seed=1, dtype=dtype)
    a = torch.linspace(1, 3, 20, dtype=dtype)
    a /= a.sum()
    found = sinkhorn(x, y, epsilon=epsilon, a=a, iterations=100)
    assert found.plan.isfinite().all() and (found.plan >= 0).all()
    rounding = 1e-3 if dtype == torch.float64 else 2e-2  # costs of 10 in float32, divided by 0.0001
    columns = torch.full((30,), 1 / 30, dtype=dtype)
    torch.testing.assert_close(found.plan.sum(0), columns, rtol=rounding, atol=0)
    off = float((found.plan.sum(1) - a).abs().sum() + (found.plan.sum(0) - 1 / 30).abs().sum())
    assert found.error == pytest.approx(off, abs=1e-6)
    assert found.error <= 1e-4 or found.iterations == 100
    torch.testing.assert_close(found.cost, (found.plan * costs(x, y)).sum())
    if found.error <= 1e-4:
        relative = found.plan / (a[:, None] / 30)
        entropy = torch.special.xlogy(found.plan, relative).sum()
        torch.testing.assert_close(found.value, found.cost + epsilon * entropy, rtol=1e-3, atol=1e-3)


def test_two_against_two_by_hand():
    """Plan [[h, 1/2 - h], [1/2 - h, h]] with (h / (1/2 - h))^2 = exp((C_12 + C_21 - C_11 - C_22) / e)."""
    x, y = torch.tensor([[0.0], [1.0]]).double(), torch.tensor([[0.0], [2.0]]).double()
    ratio = math.exp((4 + 1 - 0 - 1) / 2 / 3)
    h = 0.5 * ratio / (1 + ratio)
    plan = sinkhorn(x, y, epsilon=3, tolerance=1e-12).plan
    torch.testing.assert_close(plan, torch.tensor([[h, 0.5 - h], [0.5 - h, h]]).double())


@pytest.mark.parametrize("p", [1, 1.5, 2])
def test_gradients_are_those_of_finite_differences(p):
    x, y = cloud(3).requires_grad_(), cloud(4, shift=0.5, seed=1).requires_grad_()

    def value(x, y):
        return sinkhorn_divergence(x, y, epsilon=1, p=p, tolerance=1e-12)

    assert torch.autograd.gradcheck(value, (x, y), atol=1e-4)


def test_order_of_points_and_of_clouds_does_not_matter():
    x, y = cloud(), cloud(45, shift=1, seed=1)
    one = sinkhorn_divergence(x, y, epsilon=0.3)
    torch.testing.assert_close(sinkhorn_divergence(x.flip(0), y.flip(0), epsilon=0.3), one, rtol=1e-9, atol=0)
    torch.testing.assert_close(sinkhorn_divergence(y, x, epsilon=0.3), one, rtol=1e-5, atol=0)


@pytest.mark.parametrize("epsilon", [0.001, 0.1, 1, 100])
def test_a_cloud_is_where_it_is(epsilon):
    x = cloud().requires_grad_()
    found = sinkhorn_divergence(x, x, epsilon=epsilon)
    assert float(found.detach()) == 0
    gradient, = torch.autograd.grad(found, x)
    assert gradient.abs().max() < 1e-5
    same = torch.zeros(5, 3)
    assert float(sinkhorn_divergence(same, same.clone(), epsilon=0.1)) == 0
    assert float(sinkhorn_divergence(torch.zeros(1, 2), torch.ones(1, 2), epsilon=0.1)) == pytest.approx(2)


def test_a_descent_carries_one_cloud_to_the_other():
    x, y = cloud(20).requires_grad_(), cloud(20, shift=3, seed=1)
    far = float(sinkhorn_divergence(x.detach(), y, epsilon=0.5))
    for _ in range(5):
        gradient, = torch.autograd.grad(sinkhorn_divergence(x, y, epsilon=0.5, iterations=50), x)
        x = (x - len(x) / 2 * gradient).detach().requires_grad_()
    assert float(sinkhorn_divergence(x.detach(), y, epsilon=0.5)) < 0.01 * far


def test_narrow_numbers_are_widened():
    x, y = cloud(10, dtype=torch.bfloat16), cloud(10, shift=1, dtype=torch.bfloat16)
    assert sinkhorn_divergence(x, y, epsilon=0.1).dtype == torch.float32


X = torch.zeros(3, 2)
NAN = torch.full((3, 2), np.nan)


@pytest.mark.parametrize(("x", "y", "options", "word"), [
    (X[0], X, {}, "x must be a cloud"), (X, X[:0], {}, "y must be a cloud"), (NAN, X, {}, "x must hold fin"),
    (X, X + 1e30, {}, "too far apart"), (X, X + 1, {"epsilon": 1e-9}, "epsilon must be at least 2.4e-07"),
    (X, X[:, :1], {}, "one dim"), (X, X.double(), {}, "dtype"), (X, X, {"epsilon": 0}, "epsilon"),
    (X, X, {"epsilon": np.nan}, "epsilon"), (X, X, {"p": 0.5}, "p must"),
    (X, X, {"iterations": 0}, "iterations"), (X, X, {"tolerance": -1}, "tolerance"),
    (X, X, {"a": torch.ones(3)}, "a must hold 3 weights"),
    (X, X, {"b": torch.ones(2) / 2}, "b must hold 3 weights"),
])
def test_bad_input_names_the_argument(x, y, options, word):
    for function in (sinkhorn, sinkhorn_divergence):
        with pytest.raises(ValueError, match=word):
            function(x, y, **({"epsilon": 1} | options))


def test_whole_numbers_are_no_points():
    with pytest.raises(TypeError, match="x must hold floating"):
        sinkhorn(X.long(), X.long(), epsilon=1)
