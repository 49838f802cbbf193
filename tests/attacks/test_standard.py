"""The worst of four: each attack sees only what still stands, nothing found is lost."""

import sys

import pytest
import torch
from torch import nn

from course_lib.attacks import apgd, square, standard
from course_lib.measure.robustness import success

MODULE = sys.modules["course_lib.attacks.standard"]
NAMES = ("apgd", "apgd_targeted", "fab", "square")
EPS = 0.02


def linear(classes: int, seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, classes)).double()
    with torch.no_grad():
        model[1].bias.copy_(-0.5 * model[1].weight.sum(1))  # all classes meet in the middle of the cube
    return model


def case(classes: int, n: int = 40):
    """A model, interior images that it answers right, and their labels."""
    model = linear(classes)
    generator = torch.Generator().manual_seed(1)
    x = 0.3 + 0.4 * torch.rand(n, 1, 4, 4, generator=generator, dtype=torch.float64)
    return model, x, model(x).argmax(1)


def reach(model: nn.Module, x, y) -> torch.Tensor:
    """The L-inf distance to the nearest other class: margin over the 1-norm of the weights' difference."""
    weight, logits = model[1].weight.detach(), model(x).detach()
    margins = logits.gather(1, y[:, None]) - logits
    norms = (weight[y][:, None] - weight[None]).abs().sum(2)
    return (margins / norms).masked_fill(nn.functional.one_hot(y, len(weight)).bool(), torch.inf).amin(1)


def run(model, x, y, **more):
    return standard(model, x, y, **{"eps": EPS, "steps": 20, "queries": 100,
                                    "generator": torch.Generator().manual_seed(0)} | more)


@pytest.mark.parametrize("classes", [2, 3, 4, 7])
def test_on_linear_models_just_those_fall_whose_boundary_is_inside_the_ball(classes):
    model, x, y = case(classes)
    distance = reach(model, x, y)
    clear = (distance - EPS).abs() > 1e-3
    fell = success(model, x, y, run(model, x, y), eps=EPS).fooled
    assert torch.equal(fell[clear], (distance < EPS)[clear])
    assert 0.1 < fell.float().mean() < 0.95, "a case with both kinds"


def test_no_part_alone_is_stronger():
    torch.manual_seed(3)
    model = nn.Sequential(nn.Flatten(), nn.Linear(16, 24), nn.Tanh(), nn.Linear(24, 5)).double()
    _, x, _ = case(2)
    y = model(x).argmax(1)
    whole = success(model, x, y, run(model, x, y), eps=EPS).fooled
    for part, options in ((apgd, {"steps": 20}), (square, {"steps": 100})):
        alone = part(model, x, y, eps=EPS, generator=torch.Generator().manual_seed(0), **options)
        assert not (success(model, x, y, alone, eps=EPS).fooled & ~whole).any()


def test_each_attack_sees_only_what_stands_and_the_last_word_is_kept(monkeypatch):
    """Four stand-ins, each of which fools one image: the answer holds all four, and each saw one fewer."""
    model, x, y = case(5, n=6)
    goal = x[(y != y[0]).nonzero()[0, 0]].clone()
    y = torch.full_like(y, int(y[0]))
    x = x[:1].repeat(6, 1, 1, 1) + torch.arange(6).view(-1, 1, 1, 1) * 1e-6
    seen = []

    def fools_one(model, x, y, **options):
        seen.append((len(x), options["eps"]))
        return torch.cat([goal[None], x[1:]])

    for name in NAMES:
        monkeypatch.setattr(MODULE, name, fools_one)
    out = run(model, x, y)
    assert seen == [(n, EPS) for n in (6, 5, 4, 3)]
    assert (model(out).argmax(1) != y).tolist() == [True] * 4 + [False] * 2
    assert torch.equal(out[4:], x[4:])


@pytest.mark.parametrize(("classes", "called"), [(3, ["apgd", "fab", "square"]), (4, list(NAMES))])
def test_which_attacks_run_and_with_what(monkeypatch, classes, called):
    model, x, y = case(classes, n=5)
    seen = {}
    for name in NAMES:
        def note(model, x, y, name=name, **options):
            seen[name] = options
            return x

        monkeypatch.setattr(MODULE, name, note)
    out = run(model, x, y, steps=7, queries=9, targets=50, chunk=2)
    assert list(seen) == called and torch.equal(out, x)
    assert seen["square"]["steps"] == 9 and seen["fab"]["leave_when_fooled"] and seen["fab"]["steps"] == 7
    assert all(kw.get("targets", classes - 1) == classes - 1 and kw["chunk"] == 2 for kw in seen.values())


def test_wrong_images_come_back_and_cost_nothing(monkeypatch):
    model, x, y = case(4)
    for name in NAMES:
        monkeypatch.setattr(MODULE, name, lambda *_, **__: pytest.fail("nothing stands"))
    assert torch.equal(run(model, x, (y + 1) % 4), x)


@pytest.mark.parametrize(("change", "message"), [
    ({"queries": 0}, "queries"), ({"targets": 0}, "targets"), ({"eps": -1.0}, "eps"),
    ({"steps": 0}, "steps")])
def test_bad_arguments_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        run(*case(4), **change)
