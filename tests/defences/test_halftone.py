"""Halftoning against a plain loop over pixels that pushes each error on."""

import pytest
import torch
from torch import nn

from course_lib.attacks import fgsm
from course_lib.defences.halftone import Halftone, halftone


def plain_loop(image, levels):
    """One plane, as in the paper of 1976: round, and give the error to four neighbours."""
    v = image.clone()
    height, width = v.shape
    for i in range(height):
        for j in range(width):
            dot = torch.floor(v[i, j] * (levels - 1) + 0.5).clamp(0, levels - 1) / (levels - 1)
            error = v[i, j] - dot
            v[i, j] = dot
            for down, right, share in ((0, 1, 7 / 16), (1, -1, 3 / 16), (1, 0, 5 / 16), (1, 1, 1 / 16)):
                if i + down < height and 0 <= j + right < width:
                    v[i + down, j + right] += error * share
    return v


@pytest.mark.parametrize("levels", [2, 3, 6])
@pytest.mark.parametrize("shape", [(2, 1, 9, 14), (1, 3, 12, 5), (1, 1, 1, 7), (1, 2, 6, 1), (1, 1, 1, 1)])
def test_equal_to_the_plain_loop_bit_for_bit(levels, shape):
    x = torch.rand(shape, generator=torch.Generator().manual_seed(sum(shape)))
    x[..., ::3] = (x[..., ::3] * 4).round() / 4  # also exact halves, black and white
    want = torch.stack([torch.stack([plain_loop(plane, levels) for plane in image]) for image in x])
    assert torch.equal(halftone(x, levels), want)


def test_grey_becomes_as_many_dots_as_it_is_bright():
    grey = torch.linspace(0, 1, 11).view(-1, 1, 1, 1).expand(-1, 1, 40, 40)
    dots = halftone(grey)
    assert set(dots.unique().tolist()) == {0.0, 1.0}
    assert torch.allclose(dots.mean((1, 2, 3)), grey[:, 0, 0, 0], atol=0.02)
    assert len(halftone(grey, 5).unique()) == 5


def test_black_and_white_stays_and_no_image_depends_on_another():
    x = (torch.rand(3, 1, 8, 8) > 0.5).float()
    assert torch.equal(halftone(x), x)
    x = torch.rand(4, 2, 8, 8)
    assert torch.equal(halftone(x)[2:3], halftone(x[2:3]))
    assert halftone(x[:0]).shape == (0, 2, 8, 8)
    assert torch.equal(halftone(x.bfloat16()).float(), halftone(x.bfloat16().float()))


def test_its_gradient_is_zero_so_that_a_plain_attack_does_not_move():
    torch.manual_seed(0)
    x = torch.rand(4, 1, 8, 8, requires_grad=True)
    assert torch.autograd.grad(halftone(x).square().sum(), x)[0].abs().max() == 0
    net = nn.Sequential(Halftone(), nn.Flatten(), nn.Linear(64, 3))
    x = x.detach()
    assert torch.equal(fgsm(net, x, net(x).argmax(1), eps=0.3, keep_failures=True), x)


@pytest.mark.parametrize("x, levels, says", [
    (torch.rand(8, 8), 2, "channels, height, width"), (2 * torch.ones(1, 1, 8, 8), 2, "lie in"),
    (torch.rand(1, 1, 8, 8), 1, "levels must be 2"), (torch.rand(1, 1, 8, 8), 2.5, "levels must be a whole"),
])
def test_bad_input_names_the_argument(x, levels, says):
    with pytest.raises(ValueError, match=says):
        halftone(x, levels)
    if levels != 2:
        with pytest.raises(ValueError, match=says):
            Halftone(levels)
