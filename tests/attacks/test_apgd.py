"""Auto-PGD: its losses by hand, its checkpoints, closed forms on linear models, the exact count of passes."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from toy_models import Watched, answers, images_for, linear, small_net

from course_lib.attacks import apgd, apgd_targeted, pgd
from course_lib.attacks.apgd import checkpoints
from course_lib.attacks.dlr import dlr, dlr_targeted


def test_losses_by_hand():
    z = torch.tensor([[4.0, 1.0, 3.0, 0.0], [1.0, 2.0, 7.0, 5.0]])
    y = torch.tensor([0, 1])
    assert dlr(z, y).tolist() == pytest.approx([-(4 - 3) / (4 - 1), -(2 - 7) / (7 - 2)])
    target = torch.tensor([1, 3])
    assert dlr_targeted(z, y, target).tolist() == pytest.approx(
        [-(4 - 1) / (4 - (1 + 0) / 2), -(2 - 5) / (7 - (2 + 1) / 2)])


def test_losses_forget_shift_and_scale_and_know_who_is_fooled():
    g = torch.Generator().manual_seed(0)
    z, y = torch.randn(50, 6, generator=g, dtype=torch.float64), torch.randint(6, (50,), generator=g)
    assert torch.allclose(dlr(z, y), dlr(40 * z - 7, y))
    assert torch.allclose(dlr_targeted(z, y, (y + 2) % 6), dlr_targeted(40 * z - 7, y, (y + 2) % 6))
    assert torch.equal(dlr(z, y) > 0, z.argmax(1) != y)


def test_checkpoints_are_the_papers():
    assert checkpoints(100) == [22, 41, 57, 70, 80, 87, 93, 99]
    assert checkpoints(1) == []
    assert all(0 < k < 10 for k in checkpoints(10))


def nearest_class(model, x, y, order):
    """What each image needs to leave its class in a linear model: least margin / dual norm of the slopes."""
    w, z = model[1].weight, model(x)
    need = []
    for k in range(len(w)):
        margin = z.gather(1, y[:, None])[:, 0] - z[:, k]
        need.append(torch.where(y == k, torch.inf, margin / (w[y] - w[k]).norm(order, dim=1)))
    return torch.stack(need).amin(0).detach()


@pytest.mark.parametrize("norm, dual", [("linf", 1), ("l2", 2)])
def test_on_linear_models_exactly_those_fall_that_can(norm, dual):
    model = linear(2)
    x, _ = images_for(model, 60)
    x = x * 0.2 + 0.4
    y = answers(model, x)
    need = nearest_class(model, x, y, dual)
    eps = float(need.median())
    sure = (need - eps).abs() > 1e-3 * eps
    x_adv = apgd_targeted(model, x, y, eps=eps, norm=norm, targets=4)
    assert torch.equal((answers(model, x_adv) != y)[sure], (need < eps)[sure])
    for loss in ("ce", "dlr"):
        hit = answers(model, apgd(model, x, y, eps=eps, norm=norm, loss=loss)) != y
        assert not (hit & (need > eps)).any() and hit.sum() > (need < eps).sum() / 2


def paper(model, x, y, eps, steps):
    """Auto-PGD on the cross-entropy of one image, with loops: every point at which it asks for the loss."""
    def ask(v):
        v = v.clone().requires_grad_()
        loss = F.cross_entropy(model(v), y)
        return loss.item(), torch.autograd.grad(loss, v)[0]

    def project(v):
        return torch.max(torch.min(v, x + eps), x - eps).clamp(0, 1)

    size, v, before, points, losses = 2 * eps, x, None, [], []
    top_f, last_mark, size_then, top_then, halvings = -math.inf, 0, None, None, 0
    for step in range(steps):
        f, g = ask(v)
        points.append(v)
        losses.append(f)
        if f > top_f:
            top_f, top, top_g = f, v, g
        if step in checkpoints(steps):
            rises = sum(losses[i + 1] > losses[i] for i in range(last_mark, step))
            stuck = rises < 0.75 * (step - last_mark) or (size == size_then and top_f <= top_then)
            last_mark, size_then, top_then = step, size, top_f
            if stuck:
                size, v, g, halvings = size / 2, top, top_g, halvings + 1
        z = project(v + size * g.sign())
        new = z if before is None else project(v + 0.75 * (z - v) + 0.25 * (v - before))
        before, v = v, new
    return torch.cat([*points, v]), halvings


def test_every_iterate_is_the_papers():
    halvings = []
    for seed, eps, steps in ((1, 0.1, 30), (2, 0.3, 50)):
        model = small_net(seed).eval()
        x, y = images_for(model, 6)
        for k in range(len(x)):
            one, label = x[k : k + 1], y[k : k + 1]
            watched = Watched(model)
            apgd(watched, one, label, eps=eps, steps=steps, random_start=False, leave_when_fooled=False)
            want, times = paper(model, one, label, eps, steps)
            halvings.append(times)
            assert torch.allclose(torch.cat(watched.seen), want, atol=1e-9)
    assert min(halvings) < max(halvings) and sum(halvings) > 12, "this shows little"


class Peak(nn.Module):
    """Never fooled; the loss is greatest where every pixel is 0.537."""

    def forward(self, x):
        height = -1 - 30 * (x - 0.537).abs().sum(1)
        return torch.stack([torch.zeros_like(height), height], 1)


def test_the_step_shrinks_until_the_peak_is_found():
    x, y = torch.full((2, 3), 0.5, dtype=torch.float64), torch.zeros(2, dtype=torch.long)
    found = apgd(Peak(), x, y, eps=0.1, random_start=False, keep_failures=True)
    assert (found - 0.537).abs().max() < 2e-3
    fixed = pgd(Peak(), x, y, eps=0.1, step_size=0.2, steps=100, keep_failures=True)
    assert (fixed - 0.537).abs().max() > 2e-2, "a fixed step jumps over it"


def test_a_very_sure_model_hides_from_cross_entropy_but_not_from_dlr():
    model = small_net(1, torch.float32)
    x, y = images_for(model, 50)
    with torch.no_grad():
        model[-1].weight *= 1e5
        model[-1].bias *= 1e5
    hits = {loss: int((answers(model, apgd(model, x, y, eps=0.1, loss=loss, random_start=False)) != y).sum())
            for loss in ("ce", "dlr")}
    assert hits["dlr"] >= 40 > 25 > hits["ce"]


def test_passes():
    model = small_net()
    x, y = images_for(model)
    n, steps = len(x), 10
    for attack, runs, looks, words in (
        (apgd, 2, 0, {"restarts": 2}), (apgd_targeted, 3, 1, {"targets": 3}), (apgd_targeted, 4, 1, {}),
    ):
        watched = Watched(model)
        attack(watched, x, y, eps=0.1, steps=steps, leave_when_fooled=False, chunk=7, **words)
        assert sum(watched.rows) == n * (runs * (steps + 1) + looks)
        assert sum(watched.back_rows) == n * runs * steps


def test_whoever_is_fooled_leaves_and_is_not_asked_again():
    model = small_net(1)
    x, y = images_for(model, 40)
    wrong = y.clone()
    wrong[:10] = (y[:10] + 1) % 5
    watched = Watched(model)
    x_adv = apgd_targeted(watched, x, wrong, eps=0.05, steps=10)
    assert torch.equal(x_adv[:10], x[:10]), "already wrong: as it was"
    assert watched.rows[0] == 40 and watched.rows[1] <= 30
    robust = int((answers(model, x_adv) == wrong).sum())
    assert 0 < robust < 30 and watched.rows[-1] >= robust
    assert watched.rows[1:] == sorted(watched.rows[1:], reverse=True)
    assert watched.rows[1] > watched.rows[11], "nobody left in the first of the runs"


class OneDoor(nn.Module):
    """Of the wrong classes only the likeliest, class 1, can be reached."""

    def forward(self, x):
        door = 2 * (x.mean(1) - 0.5)
        return torch.stack([0 * door + 0.2, door, 0 * door - 5, 0 * door - 6], 1)


def test_the_likeliest_class_is_the_first_target():
    x, y = torch.full((3, 4), 0.5), torch.zeros(3, dtype=torch.long)
    x_adv = apgd_targeted(OneDoor(), x, y, eps=0.2, steps=10, targets=1)
    assert (answers(OneDoor(), x_adv) == 1).all()


def test_the_targeted_run_finds_at_least_as_many():
    model = small_net(3)
    x, y = images_for(model, 150)
    g = torch.Generator().manual_seed(0)
    found = [int((answers(model, attack(model, x, y, eps=0.03, generator=g)) != y).sum())
             for attack in (pgd, apgd, apgd_targeted)]
    assert found[0] <= found[1] + 2 and found[1] <= found[2] + 2 and found[2] > 0


def test_too_few_classes_and_unknown_losses_are_named():
    model, x, y = nn.Linear(4, 2), torch.rand(3, 4), torch.tensor([0, 1, 0])
    with pytest.raises(ValueError, match="at least 3 classes"):
        apgd(model, x, y, eps=0.1, loss="dlr")
    with pytest.raises(ValueError, match="at least 4 classes"):
        apgd_targeted(nn.Linear(4, 3), x, y, eps=0.3)
    with pytest.raises(ValueError, match="loss must be"):
        apgd(model, x, y, eps=0.1, loss="mse")
    with pytest.raises(ValueError, match="targets must"):
        apgd_targeted(model, x, y, eps=0.1, targets=0)
