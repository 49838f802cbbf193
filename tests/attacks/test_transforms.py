"""Views: equal to torchvision's transforms, differentiable, still where nothing varies."""

import dataclasses

import pytest
import torch
import torchvision.transforms.functional as V
from torchvision.transforms import InterpolationMode

from course_lib.attacks import transforms as T
from course_lib.attacks.transforms import ROADSIDE, Always, Transforms, Views, warp

BILINEAR = InterpolationMode.BILINEAR


def images(n=2, height=12, width=12, dtype=torch.float64, seed=0):
    return torch.rand(n, 3, height, width, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def one(value):
    return torch.tensor([float(value)])


@pytest.mark.parametrize("degrees", [-70.0, -13.0, 0.1, 90.0, 180.0])
def test_a_turn_is_torchvisions(degrees):
    x = images(dtype=torch.float32)
    assert torch.allclose(warp(x, T.rotations(one(degrees)))[0], V.rotate(x, degrees, BILINEAR), atol=1e-5)


@pytest.mark.parametrize("size", [(12, 12), (10, 16), (16, 10)])
def test_turn_scale_and_shift_together_are_torchvisions_affine(size):
    x = images(1, *size, dtype=torch.float32)
    half = max(size) / 2
    matrix = T.shifts(one(3 / half), one(-2 / half)) @ T.scales(one(1.3)) @ T.rotations(one(20))
    # There, a positive angle is clockwise.
    expected = V.affine(x, -20, [3, -2], 1.3, [0.0], BILINEAR)
    assert torch.allclose(warp(x, matrix)[0], expected, atol=1e-4)


@pytest.mark.parametrize("size", [(12, 12), (10, 16)])
def test_a_tilt_is_torchvisions_perspective(size):
    height, width = size
    x, half = images(1, height, width, dtype=torch.float32), max(size) / 2
    matrix = T.tilts(one(0.3), one(-0.1))
    corners = torch.tensor([[0, 0], [width, 0], [width, height], [0, height]], dtype=torch.float64)
    middle = torch.tensor([width, height]) / 2
    there = torch.cat([(corners - middle) / half, torch.ones(4, 1, dtype=torch.float64)], 1) @ matrix[0].T
    there = there[:, :2] / there[:, 2:] * half + middle
    expected = V.perspective(x, corners.tolist(), there.tolist(), BILINEAR)
    ours = warp(x, matrix)[0]
    assert torch.allclose(ours, expected, atol=1e-3)
    assert (ours - x).abs().max() > 0.1


def test_light_is_torchvisions_and_is_cut_at_white():
    x = images(dtype=torch.float32)
    views = Views(torch.eye(3).double().repeat(2, 1, 1), torch.tensor([0.7, 1.6]))
    seen = views(x)
    for k, factor in enumerate((0.7, 1.6)):
        assert torch.allclose(seen[k], V.adjust_brightness(x, factor), atol=1e-6)
    assert seen[1].max() == 1


ALONE = {
    "rotation": 40.0, "scale": (0.7, 1.4), "shift": 0.2, "perspective": 0.3, "brightness": 0.4, "noise": 0.1,
}


@pytest.mark.parametrize("name", ALONE)
@pytest.mark.parametrize("outside", ["zeros", "border"])
def test_the_gradient_is_that_of_finite_differences(name, outside):
    x = (0.3 + 0.3 * images(1, 5, 6)).requires_grad_()
    views = Transforms(**{name: ALONE[name]}, outside=outside).draw(2, x, torch.Generator().manual_seed(1))
    assert torch.autograd.gradcheck(views, (x,))
    assert not torch.allclose(views(x)[0], x, atol=1e-3), "something must happen"
    assert not torch.allclose(views(x)[0], views(x)[1], atol=1e-3), "views must differ"


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_what_does_not_vary_is_seen_exactly_as_it_is(dtype):
    x = images(dtype=dtype)
    x[0, 0, 0, :2] = torch.tensor([0.0, 1.0])
    x.requires_grad_()
    seen = Transforms().draw(3, x)(x)
    assert seen.dtype == dtype and torch.equal(seen, x[None].expand(3, *x.shape))
    (gradient,) = torch.autograd.grad(seen.sum(), x)
    assert torch.equal(gradient, torch.full_like(x, 3)), "white and black pixels too"


def test_flat_inputs_can_be_lit_but_not_turned():
    x = torch.rand(4, 9)
    assert Transforms(brightness=0.2, noise=0.1).draw(5, x)(x).shape == (5, 4, 9)
    with pytest.raises(ValueError, match="x must hold images"):
        Transforms(rotation=10).draw(5, x)(x)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_pictures_stay_in_range_and_dtype_and_each_image_is_seen_on_its_own(dtype):
    x = images(4, dtype=dtype)
    views = ROADSIDE.draw(6, x, torch.Generator().manual_seed(0))
    seen = views(x)
    assert seen.shape == (6, 4, 3, 12, 12) and seen.dtype == dtype
    assert seen.min() >= 0 and seen.max() <= 1
    assert torch.equal(views(x[2:3])[:, 0], seen[:, 2])
    assert torch.equal(views[2:4](x), seen[2:4])


def test_draws_repeat_and_ranges_hold_and_are_filled():
    x = images()
    first, again, other = (ROADSIDE.draw(50, x, torch.Generator().manual_seed(s)) for s in (0, 0, 1))
    assert torch.equal(first(x), again(x)) and not torch.equal(first(x), other(x))
    light = Transforms(brightness=0.25).draw(500, x, torch.Generator().manual_seed(0)).light
    assert 0.75 <= light.min() < 0.76 and 1.24 < light.max() <= 1.25
    turn = Transforms(rotation=30).draw(500, x, torch.Generator().manual_seed(0)).matrix
    degrees = torch.rad2deg(torch.atan2(turn[:, 0, 1], turn[:, 0, 0]))
    assert -30 <= degrees.min() < -29 and 29 < degrees.max() <= 30
    scale = Transforms(scale=(0.5, 2)).draw(500, x, torch.Generator().manual_seed(0)).matrix[:, 0, 0]
    assert 0.5 <= scale.min() < 0.52 and 1.98 < scale.max() <= 2
    move = Transforms(shift=0.1).draw(500, x, torch.Generator().manual_seed(0)).matrix[:, :2, 2]
    assert 0.195 < move.abs().max() <= 0.2, "halves of the side"


def test_one_range_does_not_change_the_draws_of_another():
    x = images()
    wide = Transforms(rotation=30, brightness=0.2).draw(5, x, torch.Generator().manual_seed(0))
    alone = Transforms(brightness=0.2).draw(5, x, torch.Generator().manual_seed(0))
    assert torch.equal(wide.light, alone.light)


def test_always_shows_the_same_views():
    x = images()
    views = ROADSIDE.draw(2, x, torch.Generator().manual_seed(0))
    seen = Always(views).draw(5, x)(x)
    assert torch.equal(seen[[0, 2, 4]], views(x)[[0, 0, 0]]) and torch.equal(seen[1], views(x)[1])


@pytest.mark.parametrize(
    ("name", "value"),
    [("rotation", 200), ("rotation", -1), ("shift", float("nan")), ("scale", (1.2, 0.8)), ("scale", 2),
     ("scale", (0, 1)), ("perspective", 0.5), ("brightness", 1.5), ("noise", "much"), ("outside", "grey")],
)
def test_a_range_that_makes_no_sense_is_named(name, value):
    with pytest.raises(ValueError, match=name):
        Transforms(**{name: value})


def test_transforms_are_values():
    assert Transforms(rotation=3) == Transforms(rotation=3) and dataclasses.is_dataclass(Transforms)
    with pytest.raises(ValueError, match="count"):
        Transforms().draw(0, images())
