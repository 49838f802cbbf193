"""Three defences that are none, each broken in its own way, to learn from.

They look robust to whoever attacks them as they stand. An evaluation that believes them is not good enough.
Athalye, Carlini, Wagner: Obfuscated Gradients Give a False Sense of Security (2018), arXiv 1802.00420, names
what goes wrong: shattered gradients (here `Quantised`), random ones (`RandomResize`) and vanishing ones
(`Saturated`).
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_lib.attacks.checks import check_size
from course_lib.defences.halftone import check_levels, to_levels

Pixels = Float[Tensor, "images channels height width"]
Logits = Float[Tensor, "images classes"]


class Quantised(nn.Module):
    """The net sees each pixel rounded to one of `levels` values: the gradient is 0 everywhere.

    Undone by BPDA: go forward as here, and back as if nothing were rounded.
    """

    def __init__(self, net: nn.Module, levels: int = 16):
        check_levels(levels)
        super().__init__()
        self.net, self.levels = net, levels

    def prepare(self, x: Pixels) -> Pixels:
        """What the net gets to see."""
        return to_levels(x, self.levels)

    def forward(self, x: Pixels) -> Logits:
        return self.net(self.prepare(x))


class Saturated(nn.Module):
    """Logits times a large factor: the answers stay, but in float32 the cross-entropy of a right one is 0.

    So is its gradient. Undone by dividing the logits, or by a loss that does not care for their size (DLR).
    """

    def __init__(self, net: nn.Module, factor: float = 1e5):
        check_size("factor", factor)
        super().__init__()
        self.net, self.factor = net, factor

    def forward(self, x: Pixels) -> Logits:
        return self.factor * self.net(x)


class RandomResize(nn.Module):
    """Each image is made smaller by chance and put somewhere on black, anew at every call.

    Xie et al.: Mitigating Adversarial Effects Through Randomization (2017), arXiv 1711.01991. There images
    grow inside a larger frame; here they shrink inside their own, so that the net needs no other size;
    train it through the layer.
    smallest: least side, as a share; size and place are drawn evenly for each image, from torch's global
    generator of x's device. Differentiable. Undone by EOT: climb the mean over many draws.
    """

    def __init__(self, net: nn.Module, smallest: float = 0.85):
        check_size("smallest", smallest)
        if smallest > 1:
            raise ValueError(f"smallest must be at most 1, a share of the side, got {smallest:g}")
        super().__init__()
        self.net, self.smallest = net, smallest

    def prepare(self, x: Pixels) -> Pixels:
        """What the net gets to see this time."""
        if x.dim() != 4:
            raise ValueError(f"x must be [images, channels, height, width], got shape {tuple(x.shape)}")
        u = torch.rand(3, len(x), device=x.device)
        factor = self.smallest + (1 - self.smallest) * u[0]
        down, right = (shrink(side, (factor * side).round(), place)
                       for side, place in zip(x.shape[2:], u[1:], strict=True))
        return down.to(x)[:, None] @ x @ right.to(x)[:, None].mT

    def forward(self, x: Pixels) -> Logits:
        return self.net(self.prepare(x))


def shrink(
    side: int, size: Float[Tensor, " images"], place: Float[Tensor, " images"]
) -> Float[Tensor, "images side side"]:
    """Matrices that take a column of `side` pixels to `size` pixels, bilinear, with 0 before and after.

    size: whole numbers from 1 to side. place: from 0 (no pixel before) to just below 1 (none after).
    """
    pixel = torch.arange(side, device=size.device)
    size = size.clamp(1, side)[:, None]
    first = (place[:, None] * (side - size + 1)).floor()
    k = pixel - first  # the pixel's number in the small image
    source = ((k + 0.5) * side / size - 0.5).clamp(0, side - 1)
    weight = (1 - (source[:, :, None] - pixel).abs()).clamp(min=0)
    return weight * ((k >= 0) & (k < size))[:, :, None]
