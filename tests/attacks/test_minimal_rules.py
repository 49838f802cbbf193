"""What each minimal attack adds: walls, confidence, the search for c, the last search, few pixels."""

import math

import pytest
import torch
from toy_models import answers, images_for, linear, small_net

from course_lib.attacks.minimal import (
    carlini_wagner,
    deepfool,
    delayed_elastic_net,
    elastic_net,
    fab,
    lbfgs,
)
from course_lib.attacks.minimal.constants import by_constants
from course_lib.attacks.minimal.elastic_net import shrink
from course_lib.attacks.minimal.frame import draw_near
from course_lib.attacks.minimal.goal import Best, Goal, Patience, l2, rounding


def distance(a, x):
    return (a - x).flatten(1).norm(dim=1)


def test_carlini_wagner_moves_pixels_that_are_0_or_1():
    """A peer's inverse tanh is infinite there, and such pixels never move."""
    model = small_net(2)
    x = images_for(model)[0].round()
    y = answers(model, x)
    x_adv = carlini_wagner(model, x, y, steps=100, lr=0.05, c=10.0, searches=2, refine=0)
    assert (answers(model, x_adv) != y).all()
    assert ((x_adv - x).abs() > 1e-3)[(x == 0) | (x == 1)].double().mean() > 0.2


@pytest.mark.parametrize("confidence", [0.2, 1.0])
@pytest.mark.parametrize("attack", [carlini_wagner, elastic_net])
def test_confidence_is_by_how_much_the_new_class_leads(attack, confidence):
    model = linear()
    x, y = images_for(model)
    x_adv = attack(model, x, y, steps=60, lr=0.05, c=10.0, searches=3, confidence=confidence)
    logits = model.eval()(x_adv)
    own = logits.gather(1, y[:, None])
    lead = (logits.scatter(1, y[:, None], -math.inf).max(1, keepdim=True).values - own).squeeze(1)
    hit = answers(model, x_adv) != y
    assert hit.double().mean() > 0.5 and (lead[hit] >= confidence).all()
    assert (lead[hit] < confidence + 0.2).all(), "and not by much more"


def test_the_elastic_net_keeps_the_clean_image_apart():
    """A peer overwrites its clean reference at the first step, leaves [0, 1] and changes every pixel."""
    model = small_net(2)
    x, y = images_for(model)
    x_adv = elastic_net(model, x, y, rule="L1", steps=60, lr=0.05, c=30.0, searches=1, refine=0)
    assert (answers(model, x_adv) != y).all() and x_adv.min() >= 0 and x_adv.max() <= 1
    changed = (x_adv != x).flatten(1).sum(1)
    assert (changed > 0).all() and changed.double().mean() < 18, "of 36 pixels"


def test_shrinkage_by_hand():
    clean = torch.tensor([0.5, 0.5, 0.5, 0.9, 0.1])
    z = torch.tensor([0.55, 0.7, 0.3, 1.4, -0.3])
    assert torch.allclose(shrink(z, clean, 0.1), torch.tensor([0.5, 0.6, 0.4, 1.0, 0.0]))


def test_smaller_in_its_own_measure_than_the_others():
    model = small_net(4)
    x, y = images_for(model, 40)
    sparse = elastic_net(model, x, y, rule="L1", steps=60, lr=0.05, c=10.0, searches=2)
    flat = fab(model, x, y, norm="linf", steps=20)
    straight = fab(model, x, y, norm="l2", steps=20)
    found = [straight, flat, sparse]
    for k, order in enumerate((2, torch.inf, 1)):
        sizes = [(a - x).flatten(1).norm(order, dim=1).mean() for a in found]
        assert sizes[k] == min(sizes), f"norm {order}"


def test_the_l2_attacks_agree_and_beat_the_sign_of_the_gradient():
    """Szegedy's attack is nearer than the shortest step along the gradient's sign that fools."""
    model = small_net(1)
    x, y = images_for(model)
    v = x.clone().requires_grad_()
    loss = torch.nn.functional.cross_entropy(model.eval()(v), y, reduction="sum")
    sign = torch.autograd.grad(loss, v)[0].sign()
    steps = torch.stack([(x + t * sign).clamp(0, 1) for t in torch.linspace(0, 1, 200)])
    wrong = torch.stack([answers(model, s) != y for s in steps])
    along = steps[wrong.double().argmax(0), torch.arange(len(x))]
    fell = wrong.any(0)
    sizes = {
        "sign": distance(along, x),
        "lbfgs": distance(lbfgs(model, x, y, steps=20, searches=6), x),
        "deepfool": distance(deepfool(model, x, y), x),
        "cw": distance(carlini_wagner(model, x, y, steps=100, searches=4, c=1.0), x),
        "fab": distance(fab(model, x, y, norm="l2", steps=20), x),
        "delayed": distance(delayed_elastic_net(model, x, y, beta=0.0), x),
    }
    means = {name: size[fell].mean() for name, size in sizes.items()}
    assert all(means[name] < 0.95 * means["sign"] for name in means if name != "sign")
    assert all((sizes["fab"] <= 1.02 * size).all() for size in sizes.values()), "the nearest but for a little"


def test_refinement_only_draws_nearer():
    model = small_net(2)
    x, y = images_for(model, 30)
    plain, near = (deepfool(model, x, y, refine=passes) for passes in (0, 3))
    assert (answers(model, near) != y).all()
    assert (distance(near, x) <= distance(plain, x)).all()
    assert distance(near, x).mean() < 0.99 * distance(plain, x).mean()


def test_the_last_search_by_hand():
    """Margin 2 s^2 - 1 on the line: the change is at s = sqrt(1/2)."""
    x, goal = torch.zeros(1, 1, dtype=torch.float64), Goal(torch.tensor([0]))

    def net(images):
        return torch.cat([torch.zeros_like(images), 2 * images**2 - 1], 1)

    best = Best(x, l2)
    best.offer(torch.tensor([0]), x + 1, goal.clear_margin(net(x + 1)))
    draw_near(net, goal, goal.clear_margin(net(x)), best, 8)
    assert 0.5**0.5 < float(best.image) < 0.5**0.5 + 1e-3


def test_the_search_for_c_ends_between_failure_and_success():
    """Row k succeeds from c = 0.3 * 10^k on, at a distance of c."""
    x = torch.zeros(3, 1, dtype=torch.float64)
    least = torch.tensor([0.3, 3.0, 30.0], dtype=torch.float64)
    tried = []

    def descent(net, x, goal, c, best, tick):
        tried.append(c.clone())
        best.offer(torch.arange(3), x + c[:, None], c - least)

    best = Best(x, l2)
    by_constants(None, x, Goal(torch.zeros(3)), None, best, None, descent=descent, c=1.0, searches=12)
    assert len(tried) == 12 and (best.size > least).all() and (best.size < 1.01 * least).all()
    assert torch.equal(tried[1], torch.tensor([0.1, 10.0, 10.0], dtype=torch.float64))


def test_patience():
    loss = torch.tensor([5.0, 5.0])
    patience = Patience(loss, steps=20)
    assert patience.stay(loss, 1) is None and patience.stay(loss, 2) is None, "the first look"
    assert patience.stay(loss - 1, 3) is None
    assert patience.stay(torch.tensor([3.0, 5.0]), 4) is None
    assert patience.stay(torch.tensor([2.0, 4.5]), 6).tolist() == [0]
    assert patience.stay(torch.tensor([1.0]), 8) is None
    assert patience.stay(torch.tensor([1.0]), 10).tolist() == []
    never = Patience(loss, None)
    assert all(never.stay(loss, step) is None for step in range(1, 50))


def test_a_margin_within_rounding_is_none():
    for dtype in (torch.float64, torch.float32, torch.bfloat16):
        logits = torch.tensor([[1.0, 1.0], [1.0, 2.0]], dtype=dtype)
        logits[0, 1] += torch.finfo(dtype).eps
        margin = Goal(torch.tensor([0, 0])).clear_margin(logits)
        assert margin[0] < 0 < margin[1] and (rounding(logits) < 0.1).all()
