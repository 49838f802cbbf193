"""On linear models the nearest image of another class is known: each attack against the closed form."""

import pytest
import torch
from torch import nn
from toy_models import answers, linear

from course_lib.attacks.minimal import (
    carlini_wagner,
    deepfool,
    delayed_elastic_net,
    elastic_net,
    fab,
    lbfgs,
)

NORMS = {"l1": (1, torch.inf), "l2": (2, 2), "linf": (torch.inf, 1)}  # with the dual one


def problem(classes=5, n=12, seed=0, dtype=torch.float64):
    """(model, x, y): images far from 0 and 1, so that no pixel meets a wall on the way."""
    model = linear(seed, torch.float64)
    if classes == 2:
        model[1].weight, model[1].bias = (nn.Parameter(t[:2].clone()) for t in model[1].parameters())
    g = torch.Generator().manual_seed(seed)
    x = 0.4 + 0.2 * torch.rand(9 * n, 1, 6, 6, generator=g, dtype=torch.float64)
    with torch.no_grad():
        model[1].bias -= model.eval()(x).mean(0)
    far = exact(model, x, answers(model, x), "l2") > 0.03  # the nearest ones would only show rounding
    model, x = model.to(dtype), x[far][:n].to(dtype)
    assert len(x) == n
    return model, x, answers(model, x)


def exact(model, x, y, norm):
    """The size of the smallest change: margin over the dual norm of the slope, at the nearest face."""
    weight, logits = model[1].weight.detach(), model(x).detach()
    slope = weight[None] - weight[y][:, None]
    gap = logits.gather(1, y[:, None]) - logits
    size = gap / slope.norm(NORMS[norm][1], dim=2)
    return size.scatter(1, y[:, None], torch.inf).min(1).values.double()


def excess(attack, model, x, y, measured_in="l2", **options):
    """By what share each image found is farther than the nearest one; all must be of another class."""
    x_adv = attack(model, x, y, **options)
    assert (answers(model, x_adv) != y).all()
    size = (x_adv.double() - x.double()).flatten(1).norm(NORMS[measured_in][0], dim=1)
    return size / exact(model, x, y, measured_in) - 1


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("attack, norm, options", [
    (deepfool, "l2", {}),
    (deepfool, "l2", {"overshoot": 1e-5, "refine": 0}),
    (deepfool, "l2", {"overshoot": 0.0, "refine": 0}),
    (fab, "l2", {"norm": "l2", "steps": 10}),
    (fab, "linf", {"norm": "linf", "steps": 10}),
], ids=lambda value: getattr(value, "__name__", str(value)))
def test_five_classes(attack, norm, options, dtype):
    found = excess(attack, *problem(dtype=dtype), norm, **options)
    assert found.min() > -1e-5 and found.max() < {torch.float64: 1e-4, torch.float32: 3e-4}[dtype]


@pytest.mark.parametrize("attack, options", [
    (carlini_wagner, {"lr": 0.001, "steps": 600, "searches": 4, "c": 1.0, "give_up": False}),
    (lbfgs, {"searches": 20}),
    (elastic_net, {"beta": 0.0, "steps": 100, "searches": 6, "c": 1.0}),
    (delayed_elastic_net, {"beta": 0.0}),
], ids=lambda v: getattr(v, "__name__", ""))
def test_two_classes(attack, options):
    """Those that weigh distance against loss: among several faces they may descend to a farther one."""
    found = excess(attack, *problem(2, n=6), **options)
    assert found.min() > -1e-5 and found.max() < 1e-4


def test_deepfool_without_refinement_is_too_long_by_the_overshoot():
    found = excess(deepfool, *problem(), overshoot=0.05, refine=0)
    assert torch.allclose(found, torch.full_like(found, 0.05), atol=1e-5)


def test_carlini_wagner_among_five_classes_is_not_far_from_the_nearest():
    found = excess(carlini_wagner, *problem(), lr=0.005, steps=200, searches=4, c=1.0)
    assert found.min() > -1e-5 and found.median() < 0.1


def test_the_elastic_net_is_near_the_least_l1_and_changes_few_pixels():
    model, x, y = problem(2)
    options = {"steps": 100, "c": 10.0, "searches": 3, "beta": 0.02}
    by_l1 = excess(elastic_net, model, x, y, "l1", rule="L1", **options)
    by_both = excess(elastic_net, model, x, y, "l1", rule="EN", **options)
    dense = excess(deepfool, model, x, y, "l1")
    assert by_l1.min() > -1e-5 and (by_l1 <= by_both + 1e-9).all() and (by_both < dense).all()
    changed = [(a != x).flatten(1).sum(1).double().mean()
               for a in (elastic_net(model, x, y, rule="L1", **options), deepfool(model, x, y))]
    assert changed[0] < 0.4 * changed[1]


@pytest.mark.parametrize("norm", ["l2", "linf"])
def test_fab_finds_the_nearest_image_also_where_pixels_meet_walls(norm):
    """Two classes, pixels at 0 and 1: the shortest step is clip(x + t d) - x with d the slope or its sign."""
    model, x, _ = problem(2, n=6)
    x = ((x - 0.5) * 8 + 0.5).clamp(0, 1)
    y = answers(model, x)
    x_adv = fab(model, x, y, norm=norm, steps=50)
    assert (answers(model, x_adv) != y).all() and ((x == 0) | (x == 1)).any()
    slope = (model[1].weight[1] - model[1].weight[0]).detach().view(1, 6, 6)
    for image, clean, label in zip(x_adv, x, y, strict=True):
        d = slope * (1 - 2 * label)
        d = d if norm == "l2" else d.sign()
        low, high = 0.0, 100.0
        for _ in range(80):
            middle = (low + high) / 2
            crossed = model((clean + middle * d).clamp(0, 1)[None]).argmax() != label
            low, high = (low, middle) if crossed else (middle, high)
        want = ((clean + high * d).clamp(0, 1) - clean).norm(NORMS[norm][0])
        assert (image - clean).norm(NORMS[norm][0]) == pytest.approx(float(want), rel=5e-3)
