"""Halftoning: grey becomes the density of black and white dots, and small perturbations are washed out.

Huang, Liao, Huang: Defense Mechanism Against Adversarial Attacks Using Density-based Representation of
Images, ICPR 2020, doi 10.1109/ICPR48806.2021.9412472 (the defence; how it is trained is a reconstruction).
Floyd, Steinberg: An Adaptive Algorithm for Spatial Greyscale (1976): what rounding a pixel changed is passed
on to the pixels not yet rounded, 7/16 to the right, 3/16, 5/16 and 1/16 to the three below.
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_lib.attacks.checks import check_count, check_images

Pixels = Float[Tensor, "images channels height width"]


def halftone(x: Pixels, levels: int = 2) -> Pixels:
    """x in `levels` evenly spaced values from 0 to 1, by error diffusion in rows from left to right.

    Each channel for itself. Pixel (i, j) waits only for its neighbours to the left and above, so all pixels
    with the same j + 2i are rounded at once: width + 2 height steps instead of width * height.
    The answer is constant around almost every x, so its gradient is 0; an attack needs a stand-in for it.
    Raises ValueError unless x holds images in [0, 1] and levels is at least 2.
    """
    check_levels(levels)
    check_images(x)
    if x.dim() != 4:
        raise ValueError(f"x must be [images, channels, height, width], got shape {tuple(x.shape)}")
    with torch.no_grad():
        exact = x.detach().to(torch.promote_types(x.dtype, torch.float32))
        grey = exact.flatten(0, 1).permute(1, 2, 0).contiguous()  # [height, width, planes]
        dots = _diffuse(grey, levels).permute(2, 0, 1).reshape(x.shape).to(x)
    return dots + 0 * x if x.requires_grad else dots


def _diffuse(grey: Float[Tensor, "height width planes"], levels: int) -> Float[Tensor, "height width planes"]:
    """Error diffusion, one slanted front j + 2i = t after the other."""
    height, width, planes = grey.shape
    flat = grey.view(height * width, planes)
    out = torch.empty_like(flat)
    rows = torch.arange(height, device=grey.device)
    # The errors of the last three fronts, by row; the first place stands for "above the image".
    before = [grey.new_zeros(height + 1, planes) for _ in range(3)]
    for t in range(width + 2 * (height - 1)):
        low, high = max(0, (t - width + 2) // 2), min(height - 1, t // 2) + 1
        here = t + (width - 2) * rows[low:high]  # width * i + j
        left, above = slice(low + 1, high + 1), slice(low, high)
        wanted = flat[here] + before[2][above] * (1 / 16) + before[1][above] * (5 / 16)
        wanted = wanted + before[0][above] * (3 / 16) + before[0][left] * (7 / 16)
        dots = to_levels(wanted, levels)
        out[here] = dots
        errors = torch.zeros_like(before[0])
        errors[left] = wanted - dots
        before = [errors, *before[:2]]
    return out.view_as(grey)


def to_levels(v: Tensor, levels: int) -> Tensor:
    """The nearest of `levels` evenly spaced values from 0 to 1; half-way goes up. The gradient is 0."""
    return (v * (levels - 1) + 0.5).floor().clamp(0, levels - 1) / (levels - 1)


def check_levels(levels: int) -> None:
    """Raises ValueError unless levels is a whole number of 2 or more."""
    check_count("levels", levels)
    if levels < 2:
        raise ValueError(f"levels must be 2 or more, got {levels}")


class Halftone(nn.Module):
    """`halftone` as the first layer of a net: nn.Sequential(Halftone(), net)."""

    def __init__(self, levels: int = 2):
        check_levels(levels)
        super().__init__()
        self.levels = levels

    def forward(self, x: Pixels) -> Pixels:
        return halftone(x, self.levels)
