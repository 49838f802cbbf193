"""EOT: plain PGD where nothing varies, better than it where something does, passes counted to the row."""

import pytest
import torch
from sign_model import ROUGH, sign_model, unseen_signs
from torch import nn
from torch.nn import functional as F
from toy_models import Watched, answers, images_for, small_net

from course_lib.attacks import pgd
from course_lib.attacks.physical import eot, unseen_views
from course_lib.attacks.physical.camera import log_success
from course_lib.attacks.transforms import Always, Transforms, Views, shifts

SHAKY = Transforms(rotation=20, shift=0.1, brightness=0.2, noise=0.05)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("norm, eps", [("linf", 0.1), ("l2", 0.5)])
@pytest.mark.parametrize("more", [{}, {"targeted": True}, {"keep_failures": True}])
def test_where_nothing_varies_it_is_pgd(norm, eps, more):
    model = small_net(1, torch.float32)
    x, y = images_for(model)
    y = (y + 1) % 5 if more.get("targeted") else y
    want = pgd(model, x, y, eps=eps, norm=norm, steps=12, **more)
    got = eot(model, x, y, eps=eps, norm=norm, steps=12, transforms=Transforms(), views=1, **more)
    assert torch.allclose(got, want, atol=1e-5) and not torch.equal(got, x)


class TwoStripes(nn.Module):
    """Score of class 1: brightness, and three times as strongly even columns less odd ones."""

    def forward(self, x):
        stripes = x[..., ::2].mean((1, 2, 3)) - x[..., 1::2].mean((1, 2, 3))
        score = x.flatten(1).mean(1) - 0.45 + 3 * stripes
        return torch.stack([torch.zeros_like(score), score], 1)


def test_one_fixed_view_is_a_wrong_attack_where_the_other_view_turns_its_stripes():
    """Closed form: stripes add up in one view and work against it in the other; brightness works in both."""
    model, x = TwoStripes(), torch.full((3, 1, 4, 8), 0.4)
    y = torch.zeros(3, dtype=torch.int64)
    # Moved by one pixel (a quarter of half the side) or not.
    both = Views(shifts(torch.tensor([0, 0.25]), torch.zeros(2)), torch.ones(2), outside="border")
    still = Always(both[:1])
    options = {"eps": 0.1, "steps": 10, "keep_failures": True, "generator": seeded()}
    expected = eot(model, x, y, transforms=Always(both), views=2, **options)
    assert torch.allclose(expected[..., 1:-1], torch.tensor(0.5)), "brighter everywhere but at the edge"
    one_view = eot(model, x, y, transforms=still, views=2, **options)
    assert torch.allclose(one_view[..., 1::2], torch.tensor(0.3)), "the mutant paints stripes"
    judged = {"transforms": Always(both), "views": 2}
    assert unseen_views(model, x, expected, y, **judged).success == 1
    assert unseen_views(model, x, one_view, y, **judged).success == 0.5


def test_on_signs_it_beats_pgd_and_the_fixed_view_in_views_that_none_has_seen():
    model, signs = sign_model(), unseen_signs()
    x, target = signs.x[:24], (signs.y[:24] + 1) % 8
    options = {"eps": 0.16, "steps": 20, "targeted": True, "keep_failures": True}
    fixed = Always(ROUGH.draw(1, x, seeded(9)))
    plain = pgd(model, x, target, **options)
    one_view = eot(model, x, target, transforms=fixed, views=1, **options)
    expected = eot(model, x, target, transforms=ROUGH, views=8, generator=seeded(), **options)
    success = [
        unseen_views(model, x, v, target, transforms=ROUGH, views=50, targeted=True,
                     generator=seeded(1)).success
        for v in (plain, one_view, expected)
    ]
    assert (answers(model, plain) == target).float().mean() > 0.75, "PGD works where it was made"
    assert success[2] > success[0] + 0.04 and success[2] > success[1] + 0.04, success


@pytest.mark.parametrize("views, chunk", [(1, None), (4, None), (4, 6), (7, 3)])
def test_passes_are_counted_to_the_row(views, chunk):
    model = Watched(small_net())
    x, y = images_for(model.model)
    eot(model, x, y, eps=0.1, steps=5, views=views, transforms=SHAKY, generator=seeded(), chunk=chunk)
    assert sum(model.back_rows) == len(x) * views * 5
    assert sum(model.rows) == len(x) * views * (5 + 1)
    assert max(model.rows) <= (chunk or 256)


def test_neither_batch_nor_order_nor_chunk_matters_under_a_seed():
    model = small_net()
    x, y = images_for(model)

    def run(x, y, seed=3, **more):
        return eot(model, x, y, eps=0.1, steps=5, views=4, transforms=SHAKY, keep_failures=True,
                   generator=seeded(seed), **more)

    whole = run(x, y)
    assert torch.allclose(run(x[4:5], y[4:5]), whole[4:5], atol=1e-9)
    assert torch.allclose(run(x.flip(0), y.flip(0)).flip(0), whole, atol=1e-9)
    for chunk in (9, 3):  # also less than the views of one image
        assert torch.allclose(run(x, y, chunk=chunk), whole, atol=1e-9)
    assert not torch.allclose(run(x, y, seed=4), whole, atol=1e-9), "draws must matter"


def test_each_step_draws_views_of_its_own():
    drawn = []

    class Spy:
        def draw(self, count, like, generator=None):
            drawn.append(SHAKY.draw(count, like, generator))
            return drawn[-1]

    model = small_net()
    eot(model, *images_for(model), eps=0.1, steps=6, views=3, transforms=Spy(), generator=seeded())
    assert [len(views) for views in drawn] == [3] * 7
    assert len({float(light) for views in drawn for light in views.light}) == 21


def test_only_what_fools_in_most_views_is_a_success():
    model, signs = sign_model(), unseen_signs()
    x, y = signs.x[:24], signs.y[:24]
    options = {"eps": 0.03, "steps": 6, "transforms": ROUGH, "views": 5}
    kept = eot(model, x, y, keep_failures=True, generator=seeded(), **options)
    judged = eot(model, x, y, generator=seeded(), **options)
    failed = (judged == x).flatten(1).all(1)
    assert 0 < failed.sum() < len(x)
    assert torch.equal(judged[~failed], kept[~failed]) and not torch.equal(judged[failed], kept[failed])
    share = unseen_views(model, x, kept, y, transforms=ROUGH, views=50, generator=seeded(1)).hits.double()
    assert share[~failed].mean() > 2 * share[failed].mean()


def test_one_view_in_three_is_a_failure_and_two_are_a_success():
    x, y = torch.full((1, 1, 4, 8), 0.42), torch.zeros(1, dtype=torch.int64)
    for lights, success in (([1.0, 1.0, 1.3], False), ([1.0, 1.3, 1.3], True)):
        views = Always(Views(torch.eye(3).double().repeat(3, 1, 1), torch.tensor(lights)))
        tried = eot(Brightness(), x, y, eps=0.01, steps=2, transforms=views, views=3)
        assert torch.equal(tried, x) != success


class Brightness(nn.Module):
    """Class 1 if the mean is above a half."""

    def forward(self, x):
        score = x.flatten(1).mean(1) - 0.5
        return torch.stack([torch.zeros_like(score), score], 1)


def test_the_penalty_buys_a_shorter_way():
    model = small_net()
    x, y = images_for(model)
    sizes = [
        (eot(model, x, y, eps=1.0, norm="l2", penalty=penalty, transforms=SHAKY, views=4, steps=20,
             keep_failures=True, generator=seeded()) - x).norm() for penalty in (0.0, 0.1, 1.0)
    ]
    assert sizes[0] > sizes[1] > sizes[2]
    wrong = (y + 1) % 5
    assert torch.equal(eot(model, x, wrong, eps=0.1, steps=5, penalty=1e6), x), "no step is worth its price"


def test_log_success_is_the_logarithm_of_the_probability_of_success():
    z = torch.randn(20, 6, generator=seeded(), dtype=torch.float64, requires_grad=True)
    y = torch.arange(20) % 6
    p = z.softmax(1)[torch.arange(20), y]
    assert torch.allclose(log_success(z, y, targeted=True), p.log())
    assert torch.allclose(log_success(z, y), (1 - p).log())
    # The same direction as cross-entropy, so a single view is climbed as in PGD.
    ours, plain = (torch.autograd.grad(f.sum(), z, retain_graph=True)[0]
                   for f in (log_success(z, y), F.cross_entropy(z, y, reduction="none")))
    assert torch.allclose(F.cosine_similarity(ours, plain), torch.ones(20).double())
    sure = torch.tensor([[-20.0, 20.0], [-30.0, 30.0]])
    value = log_success(sure, torch.tensor([0, 0]))
    assert value[0] < value[1] < 0, "no ceiling is hit in float32"


@pytest.mark.parametrize("bad, named", [
    ({"views": 0}, "views"), ({"penalty": -1}, "penalty"), ({"transforms": "rotate"}, "transforms"),
    ({"step_size": -0.1}, "step_size"), ({"norm": "l1"}, "norm"),
])
def test_bad_settings_are_named(bad, named):
    model = small_net()
    x, y = images_for(model)
    with pytest.raises((ValueError, TypeError), match=f"^{named} must"):
        eot(model, x, y, **{"eps": 0.1, **bad})
