"""Stickers: nothing beside the mask, colours of the printer, and views that the attack has not seen."""

import pytest
import torch
from sign_model import ROUGH, sign_model, unseen_signs
from torch import nn
from toy_models import Watched, images_for, small_net

from course_lib.attacks.physical import sticker, unseen_views
from course_lib.attacks.physical.sticker import printable_colours, unprintable
from course_lib.attacks.transforms import ROADSIDE, Always, Transforms
from course_lib.data.signs import bars

HALF = (torch.arange(36) % 6 < 3).view(6, 6)
STILL = Transforms()


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def on_signs(n=16, **more):
    signs = unseen_signs()
    x, y, mask = signs.x[:n], signs.y[:n], bars(signs.face[:n])
    settings = {"mask": mask, "steps": 30, "views": 6, "keep_failures": True, "generator": seeded(), **more}
    return x, y, mask, sticker(sign_model(), x, y, **settings)


def success(x, x_adv, y):
    return unseen_views(sign_model(), x, x_adv, y, transforms=ROUGH, views=40, generator=seeded(1)).success


def test_only_pixels_under_the_mask_change():
    x, _, mask, x_adv = on_signs()
    beside = (mask == 0).expand_as(x)
    assert torch.equal(x_adv[beside], x[beside])
    assert (x_adv != x).flatten(1).any(1).all()
    assert x_adv.min() >= 0 and x_adv.max() <= 1


def test_a_sticker_made_for_all_views_works_in_unseen_ones_and_better_than_one_made_for_none():
    x, y, mask, seen = on_signs(24, transforms=ROUGH, views=8, print_weight=0.0)
    *_, unmoved = on_signs(24, transforms=STILL, views=1, print_weight=0.0)
    *_, fixed = on_signs(24, transforms=Always(ROUGH.draw(1, x, seeded(2))), views=1, print_weight=0.0)
    rates = [success(x, v, y) for v in (seen, unmoved, fixed)]
    assert rates[0] > 0.5 and rates[0] > max(rates[1:]) + 0.02, rates
    grey = torch.where(mask == 1, torch.tensor(0.5), x)
    assert success(x, grey, y) < rates[0] - 0.2, "covering the place alone is not the attack"


class Mean(nn.Module):
    """Linear: class 1 if the mean is above a level."""

    def __init__(self, level):
        super().__init__()
        self.level = level

    def forward(self, x):
        score = 10 * (x.flatten(1).mean(1) - self.level)
        return torch.stack([torch.zeros_like(score), score], 1)


def test_closed_form_all_under_the_mask_goes_to_white_or_as_far_as_eps():
    x, y = torch.full((2, 1, 6, 6), 0.5), torch.zeros(2, dtype=torch.int64)
    settings = {"mask": HALF, "transforms": STILL, "views": 1, "print_weight": 0.0}
    free = sticker(Mean(0.7), x, y, **settings)
    assert torch.allclose(free, torch.where(HALF, torch.tensor(1.0), x))
    near = sticker(Mean(0.55), x, y, eps=0.25, **settings)
    assert torch.allclose(near, torch.where(HALF, torch.tensor(0.75), x))
    assert torch.equal(sticker(Mean(0.8), x, y, **settings), x), "half of it white: a mean of 0.75"


def test_a_printer_without_white_settles_on_its_brightest_grey():
    x, y = torch.full((2, 1, 6, 6), 0.5), torch.zeros(2, dtype=torch.int64)
    made = sticker(Mean(0.6), x, y, mask=HALF, transforms=STILL, views=1, print_weight=100.0,
                   colours=torch.tensor([[0.1], [0.8]]), steps=60)
    assert torch.allclose(made[:, :, HALF], torch.tensor(0.8), atol=2e-3)
    assert torch.equal(made[:, :, ~HALF], x[:, :, ~HALF])


def test_unprintable_by_hand():
    x = torch.zeros(2, 3, 2, 2)
    x[0, :, 0, 0] = torch.tensor([0.9, 0.5, 0.1])
    x[0, :, 0, 1] = torch.tensor([0.9, 0.5, 0.4])
    mask = torch.tensor([[1, 1], [0, 0]])
    assert unprintable(x, mask).tolist() == pytest.approx([(0 + 0.1) / 2, 0.03**0.5])
    assert unprintable(x, torch.zeros(2, 2)).tolist() == [0, 0]
    assert unprintable(x, mask, torch.zeros(1, 3))[1] == 0
    assert torch.equal(printable_colours(1), torch.tensor([[0.1], [0.5], [0.9]]))
    assert printable_colours(3).unique(dim=0).shape == (27, 3)


def test_the_gradient_of_unprintable_is_that_of_finite_differences():
    x = (0.2 + 0.1 * torch.rand(2, 3, 3, 3, generator=seeded(), dtype=torch.float64)).requires_grad_()
    assert torch.autograd.gradcheck(lambda x: unprintable(x, torch.ones(3, 3)), (x,))


def test_weight_on_printing_gives_colours_that_the_printer_has():
    x, _, mask, free = on_signs(print_weight=0.0)
    *_, printed = on_signs(print_weight=10.0)
    assert unprintable(printed, mask).mean() < 0.3 * unprintable(free, mask).mean()
    *_, small = on_signs(print_weight=0.0, size_weight=1.0)
    assert (small - x).norm() < 0.7 * (free - x).norm()


def test_passes_are_counted_to_the_row_and_a_mask_for_each_image_stays_with_it():
    model = Watched(small_net())
    x, y = images_for(model.model)
    masks = torch.stack([torch.roll(HALF, k, 1) for k in range(len(x))])[:, None]
    settings = {"steps": 4, "views": 3, "keep_failures": True, "transforms": ROADSIDE, "print_weight": 0.0}
    made = sticker(model, x, y, mask=masks, chunk=7, generator=seeded(), **settings)
    assert sum(model.back_rows) == len(x) * 3 * 4 and sum(model.rows) == len(x) * 3 * 5
    assert max(model.rows) <= 7
    assert torch.equal(made[~masks.expand_as(x)], x[~masks.expand_as(x)])
    alone = sticker(model, x[5:6], y[5:6], mask=masks[5:6], generator=seeded(), **settings)
    assert torch.allclose(alone, made[5:6], atol=1e-9)


@pytest.mark.parametrize("bad, named", [
    ({"mask": torch.ones(5, 5)}, "mask"), ({"mask": torch.full((6, 6), 0.5)}, "mask"),
    ({"mask": [[1]]}, "mask"),
    ({"mask": torch.ones(7, 1, 6, 6)}, "mask"), ({"colours": torch.ones(4, 3)}, "colours"),
    ({"colours": torch.full((1, 1), 2.0)}, "colours"), ({"print_weight": -1}, "print_weight"),
    ({"size_weight": float("nan")}, "size_weight"), ({"eps": 2}, "eps"), ({"views": 2.5}, "views"),
])
def test_bad_settings_are_named(bad, named):
    model = small_net()
    x, y = images_for(model)
    with pytest.raises((ValueError, TypeError), match=f"^{named} must"):
        sticker(model, x, y, **{"mask": HALF, **bad})


def test_images_with_two_channels_need_colours():
    x, y = torch.full((1, 2, 6, 6), 0.5), torch.zeros(1, dtype=torch.int64)
    with pytest.raises(ValueError, match="colours must be given"):
        sticker(Mean(0.6), x, y, mask=HALF)
    assert sticker(Mean(0.6), x, y, mask=HALF, print_weight=0.0, views=2).shape == x.shape
