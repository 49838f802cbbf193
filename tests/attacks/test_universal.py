"""The universal perturbation: one for all images, inside eps, exact on linear models."""

import pytest
import torch
from sign_model import sign_model, unseen_signs
from torch import nn
from toy_models import Watched, answers, images_for, small_net

from course_lib.attacks.ball import add_inside
from course_lib.attacks.physical import universal, universal_perturbation
from course_lib.data.signs import signs


def grey(n, *shape):
    """Images that no eps below 0.3 takes out of [0, 1]."""
    return 0.3 + 0.4 * torch.rand(n, *shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize("norm, eps", [("linf", 0.1), ("l2", 0.7)])
def test_it_is_one_perturbation_for_all_images_and_inside_eps(dtype, norm, eps):
    model = small_net(1, dtype)
    x, y = images_for(model)
    delta = universal_perturbation(model, x, y, eps=eps, norm=norm, steps=10)
    assert delta.shape == x.shape[1:] and delta.dtype == dtype
    assert delta.double().norm(torch.inf if norm == "linf" else 2) <= eps
    moved = universal(model, x, y, eps=eps, norm=norm, steps=10, keep_failures=True)
    assert torch.equal(moved, add_inside(x, delta.expand_as(x)))
    assert ((moved.double() - x.double()).abs() <= delta.double().abs()).all()
    judged = universal(model, x, y, eps=eps, norm=norm, steps=10)
    hit = answers(model, moved) != y
    assert torch.equal(judged[hit], moved[hit]) and torch.equal(judged[~hit], x[~hit])
    # Where nothing is cut to [0, 1], the change is the same for all.
    inside = ((x + delta > 0.01) & (x + delta < 0.99)).all(0)
    change = (moved - x).double()[:, inside]
    assert inside.any() and (change - change[:1]).abs().max() < 2 * torch.finfo(dtype).eps


@pytest.mark.parametrize("norm, eps", [("linf", 0.1), ("l2", 0.5)])
def test_closed_form_on_a_linear_model(norm, eps):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 2)).double()
    x, y = grey(20, 1, 6, 6), torch.zeros(20, dtype=torch.int64)
    w = (model[1].weight[1] - model[1].weight[0]).detach().view(1, 6, 6)
    with torch.no_grad():
        model[1].bias[:] = torch.tensor([float((x * w).sum((1, 2, 3)).max()) + 0.01, 0])
    delta = universal_perturbation(model, x, y, eps=eps, norm=norm, steps=20, cap=1e9)
    exact = eps * (w.sign() if norm == "linf" else w / w.norm())
    assert torch.allclose(delta, exact, atol=1e-6)


def test_it_fools_signs_that_it_has_not_seen_and_its_pixels_out_of_order_do_not():
    model, unseen = sign_model(), unseen_signs()
    seen = signs(200, generator=torch.Generator().manual_seed(3))
    delta = universal_perturbation(model, seen.x, seen.y, eps=0.1, steps=20)
    order = torch.randperm(delta[0].numel(), generator=torch.Generator().manual_seed(0))
    mixed = delta.flatten(1)[:, order].view_as(delta)

    def errors(change):
        return (model(add_inside(unseen.x, change.expand_as(unseen.x))).argmax(1) != unseen.y).float().mean()

    assert errors(delta) > errors(torch.zeros_like(delta)) + 0.3
    assert errors(delta) > errors(mixed) + 0.2


def test_the_iterate_that_fools_most_comes_back():
    model = small_net(2)
    x, y = images_for(model)
    fooled = [
        int((answers(model, universal(model, x, y, eps=0.2, steps=s, step_size=0.05, keep_failures=True))
             != y).sum()) for s in range(1, 13)
    ]
    assert fooled[-1] > 0 and fooled == sorted(fooled), "more steps are never worse"


class Steep(nn.Module):
    """Class 1 if the mean is above a half; very sure of it."""

    def forward(self, x):
        score = 100 * (x.flatten(1).mean(1) - 0.5)
        return torch.stack([torch.zeros_like(score), score], 1)


def test_an_image_that_has_given_in_does_not_outvote_one_that_has_not():
    x = torch.tensor([0.6, 0.52]).double().view(2, 1, 1, 1)
    y = torch.tensor([0, 1])  # the first is wrong by far already, and wants to be brighter still
    moved = universal(Steep(), x, y, eps=0.05, steps=5)
    assert (Steep()(moved).argmax(1) != y).all() and moved[1] < 0.5
    outvoted = universal(Steep(), x, y, eps=0.05, steps=5, cap=1e9)
    assert torch.equal(outvoted[1], x[1])


def test_targeted_ones_go_to_the_wanted_class():
    model = small_net(1)
    x, _ = images_for(model)
    wanted = torch.full((len(x),), 3)
    moved = universal(model, x, wanted, eps=0.3, steps=20, targeted=True, keep_failures=True)
    assert (answers(model, moved) == 3).double().mean() > 0.5 > (answers(model, x) == 3).double().mean()


def test_passes_are_counted_to_the_row_and_neither_chunk_nor_order_matters():
    model = Watched(small_net())
    x, y = images_for(model.model)
    delta = universal_perturbation(model, x, y, eps=0.1, steps=6, chunk=5)
    assert sum(model.back_rows) == 6 * len(x) and sum(model.rows) == 7 * len(x) and max(model.rows) == 5
    universal(model, x, y, eps=0.1, steps=6)
    assert sum(model.rows) == (7 + 7 + 1) * len(x)
    for again in (universal_perturbation(model, x, y, eps=0.1, steps=6),
                  universal_perturbation(model, x.flip(0), y.flip(0), eps=0.1, steps=6)):
        assert torch.allclose(again, delta, atol=1e-9)


def test_bad_settings_are_named_and_no_image_needs_no_change():
    model = small_net()
    x, y = images_for(model)
    for bad in ({"cap": 0}, {"step_size": -1}, {"chunk": 0}):
        with pytest.raises(ValueError, match=f"^{next(iter(bad))} must"):
            universal_perturbation(model, x, y, **{"eps": 0.1, **bad})
    assert not universal_perturbation(model, x[:0], y[:0], eps=0.1, steps=2).any()
    assert not universal_perturbation(model, x, y, eps=0, steps=2).any()
