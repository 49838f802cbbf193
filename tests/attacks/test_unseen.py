"""Success over views: counted by hand, never in views of the attack or where the clean image is wrong."""

import math

import pytest
import torch
from torch import nn
from toy_models import Watched, images_for, small_net

from course_lib.attacks.physical import eot, unseen_views
from course_lib.attacks.transforms import Always, Transforms, Views


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


class Bright(nn.Module):
    """Class 1 if the mean is above a half."""

    def forward(self, x):
        score = x.flatten(1).mean(1) - 0.5
        return torch.stack([torch.zeros_like(score), score], 1)


def lights(*factors):
    return Always(Views(torch.eye(3).double().repeat(len(factors), 1, 1), torch.tensor(factors)))


def test_by_hand():
    x = torch.tensor([0.4, 0.4, 0.2]).view(3, 1, 1, 1).expand(3, 1, 4, 4)
    x_adv = torch.tensor([0.7, 0.45, 0.2]).view(3, 1, 1, 1).expand(3, 1, 4, 4)
    y = torch.zeros(3, dtype=torch.int64)
    seen = unseen_views(Bright(), x, x_adv, y, transforms=lights(0.5, 1.0, 1.2, 1.5), views=4)
    # In the light of 1.5 the first two are wrong without any attack, so that view counts for neither.
    assert seen.counted.tolist() == [3, 3, 4] and seen.hits.tolist() == [2, 1, 0]
    assert seen.share.tolist() == pytest.approx([2 / 3, 1 / 3, 0])
    assert seen.success == 3 / 10 and seen.clean == pytest.approx(10 / 12)


def test_an_image_that_is_always_wrong_is_no_success_and_targets_count_for_targets():
    x = torch.full((2, 1, 4, 4), 0.8)
    right = torch.zeros(2, dtype=torch.int64)
    seen = unseen_views(Bright(), x, x, right, transforms=lights(1.0, 1.1), views=2)
    assert math.isnan(seen.success) and seen.clean == 0 and seen.share.isnan().all()
    dark, wanted = x / 4, torch.ones(2, dtype=torch.int64)
    judged = {"transforms": lights(1.0), "views": 1, "targeted": True}
    assert unseen_views(Bright(), dark, x, wanted, **judged).success == 1
    assert unseen_views(Bright(), dark, dark, wanted, **judged).success == 0


class Spy:
    def __init__(self):
        self.light = set()

    def draw(self, count, like, generator=None):
        views = Transforms(brightness=0.3).draw(count, like, generator)
        self.light |= {float(light) for light in views.light}
        return views


def test_no_view_of_the_attack_is_measured_though_the_generator_is_the_same():
    model, attacked, measured = small_net(), Spy(), Spy()
    x, y = images_for(model)
    eot(model, x, y, eps=0.1, steps=9, views=10, transforms=attacked, generator=seeded())
    unseen_views(model, x, x, y, views=100, transforms=measured, generator=seeded())
    assert len(attacked.light) == len(measured.light) == 100
    assert not attacked.light & measured.light


@pytest.mark.parametrize("chunk", [None, 30, 4])
def test_passes_chunks_and_seeds(chunk):
    model = Watched(small_net())
    x, y = images_for(model.model)
    x_adv = (x + 0.1 * torch.rand(x.shape, generator=seeded())).clamp(0, 1)
    options = {"transforms": Transforms(rotation=20, brightness=0.2), "views": 10}
    seen = unseen_views(model, x, x_adv, y, chunk=chunk, generator=seeded(2), **options)
    assert sum(model.rows) == 2 * 10 * len(x) and max(model.rows) <= (chunk or 256) and not model.back_rows
    again = unseen_views(model.model, x, x_adv, y, generator=seeded(2), **options)
    assert torch.equal(seen.hits, again.hits) and torch.equal(seen.counted, again.counted)
    one = unseen_views(model.model, x[3:4], x_adv[3:4], y[3:4], generator=seeded(2), **options)
    assert torch.equal(one.hits, seen.hits[3:4])


def test_bad_input_is_named():
    model = small_net()
    x, y = images_for(model)
    for message, arguments in (
        ("x_adv must be like x", (x, x[:-1], y)), ("x_adv must be like x", (x, x.float(), y)),
        ("x_adv must lie", (x, x + 1, y)), ("y must hold", (x, x, y[:-1])),
    ):
        with pytest.raises(ValueError, match=message):
            unseen_views(model, *arguments)
    with pytest.raises(TypeError, match=r"^x_adv must"):
        unseen_views(model, x, None, y)
    with pytest.raises(ValueError, match=r"^views must"):
        unseen_views(model, x, x, y, views=0)
