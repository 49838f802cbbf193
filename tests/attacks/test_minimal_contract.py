"""The minimal attacks keep the contract of all attacks, and what they add to it."""

import pytest
import torch
from contract_checks import CHECKS
from minimal_table import MINIMAL
from toy_models import CLASSES, answers, images_for, linear, small_net

from course_lib.attacks.minimal import carlini_wagner, deepfool, elastic_net, fab, lbfgs

TARGETED = [case for case in MINIMAL if not case.name.startswith(("deepfool", "fab"))]
ORDER = {"linf": torch.inf, "l2": 2, None: 1}  # those without a ball of their own: eps counts in L1


def names(case):
    return case.name


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("case", MINIMAL, ids=names)
def test_contract(case, check):
    CHECKS[check](case)


@pytest.mark.parametrize("case", [c for c in MINIMAL if "leaving" not in c.name], ids=names)
def test_eps_only_tells_which_images_count(case):
    model = small_net(1)
    x, y = images_for(model)
    free = case(model, x, y, eps=None)
    size = (free - x).flatten(1).norm(ORDER[case.norm], dim=1)
    assert (answers(model, free) != y).all() and (size > 0).all()
    eps = float(size.median()) * 1.0001
    tied = case(model, x, y, eps=eps)
    assert torch.equal(tied[size <= eps], free[size <= eps])
    assert torch.equal(tied[size > eps], x[size > eps])


@pytest.mark.parametrize("case", TARGETED, ids=names)
def test_targeted_ends_in_the_wanted_class_and_nowhere_else(case):
    model = linear()
    x, y = images_for(model)
    wanted = (y + 1) % CLASSES
    there = case(model, x, wanted, targeted=True, eps=None, searches=4) if "delayed" not in case.name else (
        case(model, x, wanted, targeted=True, eps=None)
    )
    hit = answers(model, there) == wanted
    assert hit.double().mean() >= 0.5 and torch.equal(there[~hit], x[~hit])
    assert torch.equal(case(model, x, y, targeted=True), x), "those that are there already stay"


@pytest.mark.parametrize("case", MINIMAL, ids=names)
def test_what_is_found_holds_in_any_batch_and_in_float32(case):
    """Peers stop within rounding of the boundary; their images are right again one by one."""
    model = small_net(2, torch.float32)
    x, y = images_for(model, 40)
    x_adv = case(model, x, y, eps=None) if "leaving" not in case.name else case(model, x, y)
    changed = (x_adv != x).flatten(1).any(1)
    one_by_one = torch.cat([answers(model, v[None]) for v in x_adv])
    assert changed.any() and (one_by_one != y)[changed].all()


@pytest.mark.parametrize("case", MINIMAL, ids=names)
def test_a_model_that_calls_black_something_else_gets_no_black_images(case):
    """Two peers answer black for a failure and count it."""

    class NeverButBlack(torch.nn.Linear):
        def forward(self, x):
            black = (x.flatten(1).amax(1) == 0).to(x.dtype)
            return super().forward(0 * x.flatten(1)) + torch.stack([1 - black, black], 1)

    model = NeverButBlack(36, 2).double()
    torch.nn.init.zeros_(model.bias)
    x = torch.rand(4, 1, 6, 6, dtype=torch.float64)
    assert torch.equal(case(model, x, torch.zeros(4, dtype=torch.long)), x)


@pytest.mark.parametrize("attack, name, values", [
    (deepfool, "overshoot", (-0.1, float("nan"))),
    (deepfool, "candidates", (1, 2.5)),
    (deepfool, "refine", (-1, 1.5)),
    (carlini_wagner, "c", (0, -1.0)),
    (carlini_wagner, "lr", (0, "0.1")),
    (carlini_wagner, "searches", (0, 1.5)),
    (carlini_wagner, "confidence", (-1.0, float("inf"))),
    (elastic_net, "beta", (-0.1,)),
    (elastic_net, "rule", ("L2", None)),
    (fab, "norm", ("l1", 2)),
    (fab, "targets", (0,)),
    (fab, "alpha", (-0.1, 1.5)),
    (fab, "beta", (0.0, 1.5)),
    (lbfgs, "searches", (0,)),
], ids=lambda value: getattr(value, "__name__", str(value)))
def test_bad_settings_are_named(attack, name, values):
    model = linear()
    for value in values:
        with pytest.raises((ValueError, TypeError), match=f"^{name} must"):
            attack(model, *images_for(model), **{name: value})


def test_leaving_needs_a_ball():
    model = linear()
    with pytest.raises(ValueError, match="leave_when_fooled needs an eps"):
        fab(model, *images_for(model), leave_when_fooled=True)
