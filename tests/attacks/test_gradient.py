"""Gradient attacks against closed forms on linear models, sums by hand, and the exact count of passes."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from toy_models import Watched, answers, images_for, linear, small_net

from course_lib.attacks import apgd, apgd_targeted, bim, fgsm, mi_fgsm, pgd


def two_classes(seed=0, n=20, pixels=12):
    """(model, x, y, w, need): a linear model, images far from 0 and 1, the slope of "other minus own", and
    the L-inf size that each image needs: margin / |w|_1.
    """
    g = torch.Generator().manual_seed(seed)
    model = nn.Linear(pixels, 2).double()
    x = 0.4 + 0.2 * torch.rand(n, pixels, generator=g, dtype=torch.float64)
    with torch.no_grad():
        model.weight.copy_(torch.randn(2, pixels, generator=g))
        model.bias -= model(x).mean(0)
        z = model(x)
    y = z.argmax(1)
    slope = (model.weight[1] - model.weight[0]).detach()
    w = torch.where(y[:, None] == 0, slope, -slope)
    margin = (z[:, 0] - z[:, 1]).abs()
    return model, x, y, w, margin / w.abs().sum(1)


def loss_of(model, x, y):
    with torch.no_grad():
        return F.cross_entropy(model(x), y, reduction="none")


@pytest.mark.parametrize("attack", [fgsm, bim, mi_fgsm, pgd])
def test_on_a_linear_model_exactly_those_fall_that_can(attack):
    model, x, y, w, need = two_classes()
    for eps in (0.01, 0.05, float(need.median()) * 0.999, float(need.median()) * 1.001):
        x_adv = attack(model, x, y, eps=eps)
        assert torch.equal(answers(model, x_adv) != y, need < eps)
        farthest = x + eps * w.sign()
        want = torch.where((need < eps)[:, None], farthest, x)
        assert torch.allclose(x_adv, want, atol=1e-12)


def test_l2_on_a_linear_model_goes_straight_across():
    model, x, y, w, need = two_classes()
    need = need * w.abs().sum(1) / w.norm(dim=1)
    eps = float(need.median())
    x_adv = pgd(model, x, y, eps=eps, norm="l2", keep_failures=True)
    assert torch.allclose(x_adv, x + eps * w / w.norm(dim=1, keepdim=True), atol=1e-9)
    for near, share in ((eps * 0.999, need < eps * 0.999), (eps * 1.001, need < eps * 1.001)):
        assert torch.equal(answers(model, pgd(model, x, y, eps=near, norm="l2")) != y, share)


def test_at_the_border_of_the_range_the_corner_is_found():
    model, x, _, _, _ = two_classes()
    x = (x - 0.4) * 5  # up to 0 and 1
    y = answers(model, x)
    slope = (model.weight[1] - model.weight[0]).detach() * torch.where(y == 0, 1, -1)[:, None]
    corner = (x + 0.3 * slope.sign()).clamp(0, 1)
    for attack in (fgsm, bim, pgd):
        assert torch.allclose(attack(model, x, y, eps=0.3, keep_failures=True), corner, atol=1e-12)


def test_targeted_goes_down_on_the_wanted_label_and_untargeted_up_on_the_true_one():
    model = linear()
    x, y = images_for(model)
    x = x * 0.8 + 0.1
    y = answers(model, x)
    wanted = (y + 1) % 5
    eps = 0.05
    for label, targeted, sign in ((y, False, 1), (wanted, True, -1)):
        v = x.clone().requires_grad_()
        g = torch.autograd.grad(F.cross_entropy(model(v), label, reduction="sum"), v)[0]
        x_adv = fgsm(model, x, label, eps=eps, targeted=targeted, keep_failures=True)
        assert torch.allclose(x_adv, x + sign * eps * g.sign())
    assert (loss_of(model, fgsm(model, x, y, eps=eps, keep_failures=True), y) > loss_of(model, x, y)).all()
    there = pgd(model, x, wanted, eps=0.3, targeted=True)
    hit = answers(model, there) == wanted
    assert hit.any() and torch.equal(there[~hit], x[~hit]), "an image in a third class counts as a failure"


def test_momentum_by_hand():
    model = small_net()
    with torch.no_grad():
        model[-1].weight *= 8  # so that the gradient grows a lot on the way
    x, y = images_for(model, 30)
    model.eval()

    def by_hand(size_of):
        v, m = x.clone(), torch.zeros_like(x)
        for _ in range(4):
            v.requires_grad_()
            g = torch.autograd.grad(F.cross_entropy(model(v), y, reduction="sum"), v)[0]
            m = 0.9 * m + g / size_of(g)
            v = torch.max(torch.min(v.detach() + 0.02 * m.sign(), x + 0.08), x - 0.08).clamp(0, 1)
        return v

    v = by_hand(lambda g: g.abs().mean((1, 2, 3), keepdim=True))
    found = mi_fgsm(model, x, y, eps=0.08, steps=4, momentum=0.9)
    sure = (answers(model, found) != y) & (loss_of(model, found, y) <= loss_of(model, v, y) + 1e-9)
    assert sure.sum() > 10 and torch.allclose(found[sure], v[sure])
    assert not torch.allclose(found[sure], by_hand(lambda g: 1)[sure]), "sizes make no difference here"


def test_more_steps_and_restarts_find_more():
    model = small_net(4)
    x, y = images_for(model, 200)
    eps = 0.03
    one, many = (a(model, x, y, eps=eps, keep_failures=True) for a in (fgsm, pgd))
    g = torch.Generator().manual_seed(0)
    most = pgd(model, x, y, eps=eps, restarts=5, generator=g, keep_failures=True)
    model.eval()
    losses = [loss_of(model, v, y).mean() for v in (x, one, many, most)]
    assert losses[0] < losses[1] < losses[2] < losses[3]
    hits = [(answers(model, v) != y).sum() for v in (x, one, many, most)]
    assert hits == sorted(hits) and hits[2] > 0


class Ridge(nn.Module):
    """Fooled only where the mean pixel is near 0.59; the slope points there from both sides."""

    def forward(self, x):
        height = 0.02 - (x.mean(1) - 0.59).abs()
        return torch.stack([torch.zeros_like(height), height], 1)


@pytest.mark.parametrize("leave", [False, True])
def test_the_best_iterate_comes_back_not_the_last(leave):
    x, y = torch.full((1, 4), 0.5, dtype=torch.float64), torch.zeros(1, dtype=torch.long)
    for steps in (2, 3, 4):  # 0.5, 0.6, 0.5, 0.6 ...: every second iterate fools nobody
        x_adv = pgd(Ridge(), x, y, eps=0.2, steps=steps, step_size=0.1, leave_when_fooled=leave)
        assert torch.allclose(x_adv, torch.full_like(x, 0.6))


def test_passes_of_fgsm():
    model, x, y, _, _ = two_classes()
    for keep, rows in ((False, [20, 20]), (True, [20])):
        watched = Watched(model)
        fgsm(watched, x, y, eps=0.05, keep_failures=keep)
        assert watched.rows == rows and watched.back_rows == [20]


def test_passes_of_pgd():
    model, x, y, _, _ = two_classes()
    watched = Watched(model)
    pgd(watched, x, y, eps=0.05, steps=7, restarts=2, chunk=15)
    assert watched.rows == 2 * ([15] * 8 + [5] * 8) and watched.back_rows == 2 * ([15] * 7 + [5] * 7)


def test_passes_of_pgd_where_the_fooled_leave():
    model, x, y, w, need = two_classes()
    steps, size = 8, float(need.max()) / 6.5
    watched = Watched(model)
    x_adv = pgd(watched, x, y, eps=1.0, steps=steps, step_size=size, leave_when_fooled=True)
    # An image falls at step ceil(need / size), and is still in the batch at every step up to there.
    falls = (need / size).ceil()
    expected = [int((falls >= step).sum()) for step in range(steps + 1) if (falls >= step).any()]
    assert watched.rows == expected and sum(expected) < 20 * steps
    assert watched.back_rows == expected[:steps]
    assert torch.allclose(x_adv, x + (falls * size)[:, None] * w.sign())


def test_only_the_robust_start_again():
    model, x, y, _, need = two_classes()
    watched = Watched(model)
    eps = float(need.median()) * 1.001
    pgd(watched, x, y, eps=eps, steps=5, restarts=3, leave_when_fooled=True)
    robust = int((need >= eps).sum())
    assert watched.rows[-6:] == [robust] * 6, "the last start has only those who cannot fall"


def test_leaving_changes_no_success():
    model = small_net(4)
    x, y = images_for(model, 100)
    plain, leaving = (pgd(model, x, y, eps=0.03, leave_when_fooled=leave) for leave in (False, True))
    assert torch.equal(answers(model, plain) != y, answers(model, leaving) != y)
    assert (leaving - x).norm() < (plain - x).norm()


def test_random_starts_do_not_depend_on_chunks():
    model = small_net()
    x, y = images_for(model)
    for norm, eps in (("linf", 0.1), ("l2", 0.5)):
        first, second = (
            pgd(model, x, y, eps=eps, norm=norm, steps=3, restarts=2, random_start=True, chunk=chunk,
                generator=torch.Generator().manual_seed(3))
            for chunk in (None, 5)
        )
        assert torch.allclose(first, second, atol=1e-9)


def test_a_budget_of_0_gives_the_clean_images():
    model = small_net()
    x, y = images_for(model)
    for attack in (fgsm, bim, mi_fgsm, pgd):
        assert torch.equal(attack(model, x, y, eps=0), x)
        assert torch.equal(attack(model, x, y, eps=0, keep_failures=True), x)


def test_other_bad_settings_are_named():
    model = small_net()
    x, y = images_for(model)
    for words in ({"norm": "l1"}, {"restarts": 0}, {"step_size": 0}, {"step_size": -1.0}, {"momentum": -0.5}):
        with pytest.raises(ValueError, match=f"^{next(iter(words))} must"):
            pgd(model, x, y, eps=0.1, **words)
    with pytest.raises(ValueError, match="steps must"):
        bim(model, x, y, eps=0.1, steps=0)


class Breaking(nn.Module):
    """No number comes out where the mean pixel is above 0.55; below, nobody is fooled."""

    def forward(self, x):
        height = torch.where(x.mean(1) > 0.55, torch.nan, x.mean(1) - 1)
        return torch.stack([torch.zeros_like(height), height, height - 1, height - 2], 1)


@pytest.mark.parametrize("attack", [fgsm, bim, mi_fgsm, pgd, apgd, apgd_targeted])
def test_an_answer_that_is_no_number_is_no_success(attack):
    x, y = torch.full((3, 4), 0.5), torch.zeros(3, dtype=torch.long)
    assert torch.equal(attack(Breaking(), x, y, eps=0.2), x)


class Rounding(nn.Module):
    def forward(self, x):
        return torch.stack([x.detach().mean(1), 1 - x.detach().mean(1)], 1)


def test_a_model_without_gradients_and_one_without_logits_are_named():
    x, y = torch.rand(3, 4), torch.tensor([0, 1, 0])
    with pytest.raises(ValueError, match="no gradient through to x"):
        fgsm(Rounding(), x, y, eps=0.1)
    with pytest.raises(ValueError, match="model must answer one row"):
        fgsm(nn.Flatten(0), x, y, eps=0.1)
