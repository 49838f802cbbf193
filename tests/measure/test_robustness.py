"""Robustness numbers on a linear model where everything is known, and what does not count as a success."""

import math

import pytest
import torch
from torch import nn

from course_lib.attacks import fgsm
from course_lib.measure import (
    accuracy_curve,
    distances,
    is_right,
    minimal_norm_curve,
    minimal_norms,
    noise_of_size,
    predictions,
    robust_accuracy,
    success,
    transfer_matrix,
)


class FirstPixel(nn.Module):
    """Class 1 where the first pixel is above 0.5; dropout and batch norm must not be noticed."""

    def __init__(self):
        super().__init__()
        self.noise, self.norm = nn.Dropout(0.9), nn.BatchNorm1d(3, affine=False)

    def forward(self, x):
        first = self.noise(x)[:, 0] + 0 * self.norm(x)[:, 0]
        return torch.stack([0.5 - first, first - 0.5], 1)


X = torch.tensor([[0.1, 0.5, 0.5], [0.4, 0.5, 0.5], [0.6, 0.5, 0.5], [0.9, 0.5, 0.5], [0.2, 0.5, 0.5]])
Y = torch.tensor([0, 0, 1, 1, 1])  # the last one is wrong as it is


def moved(by):
    """Every first pixel by this far towards the other class."""
    x = X.clone()
    x[:, 0] += by * torch.tensor([1, 1, -1, -1, 1])
    return x


def perfect(model, x, y, *, eps, **more):
    x = x.clone()
    x[:, 0] = (x[:, 0] + eps * (1 - 2.0 * y)).clamp(0, 1)
    return x


def test_success_is_wrong_and_allowed_and_right_before():
    found = success(FirstPixel(), X, Y, moved(0.125), eps=0.13)
    assert found.right.tolist() == [True, True, True, True, False]
    assert found.fooled.tolist() == [False, True, True, False, False]
    assert found.allowed.all() and found.rate == 0.5 and found.accuracy == 2 / 5
    assert found.distance.tolist() == pytest.approx([0.125] * 5, abs=1e-7)


def test_neither_too_far_nor_out_of_range_nor_nan_counts():
    for x_adv, words in (
        (moved(0.5), {"eps": 0.45}), (moved(0.125), {"eps": 0.1, "norm": "l2"}),
        (torch.cat([moved(0.125)[:, :2], X[:, 2:] + 0.51], 1), {}),
        (torch.cat([moved(0.125)[:, :2], X[:, 2:] - 0.51], 1), {}), (X * math.nan, {}),
    ):
        found = success(FirstPixel(), X, Y, x_adv, **words)
        assert not found.fooled.any() and not found.allowed.any() and found.accuracy == 4 / 5
    assert success(FirstPixel(), X, Y, X, eps=0).rate == 0, "nothing done, nothing won"


def test_a_plain_sum_in_float32_counts_unless_exactness_is_asked_for():
    x = torch.rand(400, 3, generator=torch.Generator().manual_seed(0)) * 0.3
    y, x_adv = torch.zeros(400, dtype=torch.long), (x + 0.25).clamp(0, 1)
    x_adv[:, 0] = x[:, 0] + torch.where(x[:, 0] > 0.2, 0.3, 0.2)
    assert success(FirstPixel(), x, y, x_adv, eps=0.3).allowed.all()
    assert not success(FirstPixel(), x, y, x_adv, eps=0.3, slack=0).allowed.all()
    assert not success(FirstPixel(), x, y, x_adv, eps=0.2999).allowed.all()


def test_a_wish_counts_only_where_it_comes_true():
    wish = torch.tensor([1, 0, 0, 1, 0])
    found = success(FirstPixel(), X, Y, moved(0.125), target=wish)
    assert found.fooled.tolist() == [False, False, True, False, False]


def test_an_answer_that_is_no_number_is_neither_right_nor_a_success():
    class Breaks(FirstPixel):
        def forward(self, x):
            return torch.where(x[:, :1] > 0.5, torch.nan, super().forward(x))

    assert predictions(Breaks(), X).tolist() == [0, 0, -1, -1, 0]
    assert not success(Breaks(), X, Y, moved(0.125)).fooled.any()


def test_distances_by_hand():
    a, b = torch.zeros(1, 1, 2, 2), torch.tensor([[[[0.0, 0.5], [-0.25, 0.5]]]])
    found = [float(distances(a, b, norm)) for norm in ("linf", "l2", "l1", "l0")]
    assert found == [0.5, 0.75, 1.25, 3]
    assert distances(a, a + 0.1).dtype == torch.float64
    with pytest.raises(ValueError, match="norm must be"):
        distances(a, b, "l3")
    with pytest.raises(ValueError, match="one shape"):
        distances(a, b[:, 0])


def test_robust_accuracy_takes_the_worst_of_all_attacks():
    up, down = X.clone(), X.clone()
    up[:, 0] += 0.125
    down[:, 0] -= 0.125
    down.clamp_(0, 1)
    model = FirstPixel()
    worst = [robust_accuracy(model, X, Y, a, eps=0.2) for a in ([], [up], [down], [up, down])]
    assert worst == pytest.approx([0.8, 0.6, 0.6, 0.4])
    assert robust_accuracy(model, X, Y, [up, down], eps=0.1) == pytest.approx(0.8), "outside the ball"


def test_the_model_is_left_as_it_was():
    model = FirstPixel().train()
    before = [b.clone() for b in model.buffers()]
    accuracy_curve(model, perfect, X, Y, [0, 0.2])
    assert all(m.training for m in model.modules())
    assert all(torch.equal(a, b) for a, b in zip(before, model.buffers(), strict=True))


def test_the_curve_is_the_closed_form_and_noise_does_less():
    g = torch.Generator().manual_seed(0)
    x = torch.rand(400, 3, generator=g)
    y = (x[:, 0] > 0.5).long()
    budgets = [0, 0.1, 0.3, 0.6]
    curve = accuracy_curve(FirstPixel(), perfect, x, y, budgets, generator=g)
    margin = (x[:, 0] - 0.5).abs()
    for eps, attacked, noise in zip(curve.eps, curve.attacked, curve.noise, strict=True):
        assert attacked == pytest.approx(float((margin > eps).float().mean()), abs=0.003)
        assert noise == pytest.approx((1 + attacked) / 2, abs=0.06), "half of the signs point the wrong way"
    assert curve.eps == tuple(budgets) and curve.attacked[0] == curve.noise[0] == curve.noise_as_large[0] == 1
    assert curve.size[0] == 0 and list(curve.size) == sorted(curve.size)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_noise_is_as_large_as_the_attack_after_cutting_too(dtype):
    g = torch.Generator().manual_seed(0)
    x = torch.rand(50, 1, 8, 8, generator=g).to(dtype)
    x[x < 0.8] = 0  # mostly black: half of the signs there change nothing
    signs = (torch.randint(2, x.shape, generator=g) * 2 - 1).to(dtype)
    size = 0.1 * torch.ones(50, dtype=torch.float64) * 8
    plain = distances(x, (x + 0.1 * signs).clamp(0, 1), "l2")
    assert plain.mean() < 0.8 * size.mean(), "cutting takes away a good part"
    noisy = noise_of_size(x, signs, size)
    assert noisy.dtype == dtype and noisy.min() >= 0 and noisy.max() <= 1
    assert torch.allclose(distances(x, noisy, "l2"), size, rtol=1e-5)
    assert torch.equal(noise_of_size(x, signs, 0 * size), x)
    farthest = noise_of_size(x, signs, size + 1000)
    assert torch.equal(farthest, (x + signs).clamp(0, 1)), "as far as the signs lead"


@pytest.mark.parametrize("norm", ["linf", "l2"])
def test_a_curve_of_a_real_attack(norm):
    torch.manual_seed(0)
    model = nn.Linear(20, 3)
    x = torch.rand(60, 20)
    y = predictions(model, x)

    def attack(model, x, y, *, eps):
        return fgsm(model, x, y, eps=eps if norm == "linf" else eps / 20**0.5 * 0.999, keep_failures=True)

    curve = accuracy_curve(model, attack, x, y, [0, 0.02, 0.05, 0.1], norm=norm)
    assert list(curve.attacked) == sorted(curve.attacked, reverse=True) and curve.attacked[-1] < 1
    if norm == "l2":
        assert max(curve.size) <= 0.1
    assert all(a <= b for a, b in zip(curve.attacked, curve.noise_as_large, strict=True))


def test_minimal_norms():
    need = minimal_norms(FirstPixel(), X, Y, moved(0.125))
    assert need.tolist() == pytest.approx([math.inf, 0.125, 0.125, math.inf, 0], abs=1e-7)
    curve = minimal_norm_curve(FirstPixel(), X, Y, moved(0.125), [0, 0.1, 0.13, 99])
    assert curve == pytest.approx((0.8, 0.8, 0.4, 0.4))


def test_transfer():
    class SecondPixel(FirstPixel):
        def forward(self, x):
            return super().forward(x[:, [1, 0, 2]])

    g = torch.Generator().manual_seed(0)
    x = torch.rand(200, 3, generator=g)
    y = (x[:, 0] > 0.5).long()
    models = {"a": FirstPixel(), "twin": FirstPixel(), "other": SecondPixel()}
    rates = transfer_matrix(models, perfect, x, y, eps=0.2)
    assert rates.shape == (3, 3)
    right = is_right(models["other"], x, y)
    falls = (x[:, 0] - 0.5).abs() < 0.2
    assert rates[0, 0] == rates[0, 1] == rates[1, 0] == pytest.approx(float(falls.double().mean()))
    assert rates[0, 2] == 0, "the other model never looks at that pixel"
    assert rates[2, 0] == pytest.approx(float(falls[right].double().mean()))
    never = transfer_matrix({"a": FirstPixel()}, perfect, x, 1 - y, eps=0.2)
    assert never.isnan().all()


def test_bad_arguments_are_named():
    model = FirstPixel()
    with pytest.raises(ValueError, match="y must hold one label an image"):
        success(model, X, Y[:2], X)
    with pytest.raises(ValueError, match="at least one image"):
        predictions(model, X[:0])
    for budgets in ([], [-0.1], [math.nan]):
        with pytest.raises(ValueError, match="budgets must"):
            accuracy_curve(model, perfect, X, Y, budgets)
    with pytest.raises(ValueError, match="norm must"):
        accuracy_curve(model, perfect, X, Y, [0.1], norm="l1")
