"""What an output sees of the input: by formula, by gradient, and with which holes.

Luo, Li, Urtasun, Zemel: Understanding the Effective Receptive Field in Deep CNNs (2016), arXiv 1701.04128.
Wang et al.: Understanding Convolution for Semantic Segmentation (2018), arXiv 1702.08502 (gridding).
"""

import copy
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn


class Layer(NamedTuple):
    """One layer of a stack, along one axis."""

    kernel: int
    stride: int = 1
    dilation: int = 1


def receptive_field(layers: Sequence[Layer | tuple[int, ...]]) -> int:
    """Pixels from the first to the last that one output can see, along one axis:
    1 + sum over layers of (k - 1) d times the product of the strides before."""
    field, jump = 1, 1
    for layer in layers:
        kernel, stride, dilation = Layer(*layer)
        if min(kernel, stride, dilation) < 1:
            raise ValueError(f"kernel, stride and dilation must be 1 or more, got {tuple(layer)}")
        field += (kernel - 1) * dilation * jump
        jump *= stride
    return field


def coverage(kernel: int, rates: Sequence[int]) -> Int[np.ndarray, " field"]:
    """On how many paths each input of the field reaches the output, along one axis, for layers of stride 1.

    A zero is a hole: a pixel inside the field that is never seen. Rates (2, 2, 2) see 7 of 13.
    """
    paths = np.ones(1, dtype=int)
    for rate in rates:
        taps = np.zeros((kernel - 1) * rate + 1, dtype=int)
        taps[::rate] = 1
        paths = np.convolve(paths, taps)
    return paths


def largest_gap(kernel: int, rates: Sequence[int]) -> int:
    """The longest run of holes in the coverage; 0 means that every pixel of the field is seen."""
    seen = np.flatnonzero(coverage(kernel, rates))
    return int(np.diff(seen, prepend=seen[0] - 1).max() - 1)


def _gradient(model: nn.Module, x: Tensor, at: Sequence[int] | None) -> Tensor:
    """The gradient of the outputs at position `at` (the middle if None), summed over channels and batch."""
    x = x.detach().clone().requires_grad_()
    y = model(x)
    at = [n // 2 for n in y.shape[2:]] if at is None else at
    return torch.autograd.grad(y[(..., *at)].sum(), x)[0]


def footprint(
    model: nn.Module, shape: Sequence[int], at: Sequence[int] | None = None
) -> Bool[Tensor, "*size"]:
    """Which inputs reach the output at position `at` (the middle if None): exact, zero or not zero.

    shape: (channels, *size) of one input. Works on a copy in eval mode whose weights are all positive, so
    that paths cannot cancel and no relu is silent (of max-pooling only the winner would show). The model is
    left as it was.
    """
    model = copy.deepcopy(model).double().eval()
    with torch.no_grad():
        for module in model.modules():
            weight = getattr(module, "weight", None)
            if isinstance(weight, Tensor):
                weight.fill_(1 / max(1, weight[0].numel()))
            if isinstance(getattr(module, "bias", None), Tensor):
                module.bias.zero_()
    device = next((p.device for p in model.parameters()), None)
    gradient = _gradient(model, torch.ones(1, *shape, dtype=torch.float64, device=device), at)
    return gradient[0].abs().sum(0) > 0


def effective_field(
    model: nn.Module, x: Float[Tensor, "batch channels *size"], at: Sequence[int] | None = None
) -> Float[Tensor, "*size"]:
    """How much each input counts: the squared gradient of the output at `at`, summed over channels, averaged
    over the batch x, scaled to sum 1 (Luo et al., section 2). The model is run as it is and left so.

    Raises ValueError if no gradient arrives.
    """
    energy = _gradient(model, x, at).double().square().sum(1).mean(0)
    if not energy.sum() > 0:
        raise ValueError("no gradient reaches the input: are all units at this place silent?")
    return energy / energy.sum()


def effective_side(energy: Float[Tensor, "*size"], share: float = 0.9) -> int:
    """Side of the smallest square around the energy's middle pixel that holds this share of it, in pixels."""
    if not 0 < share < 1:
        raise ValueError(f"share must lie between 0 and 1, got {share}")
    away = torch.stack(torch.meshgrid(
        *[(torch.arange(n, device=energy.device) - n // 2).abs() for n in energy.shape], indexing="ij"
    )).amax(0)
    for radius in range(int(away.max()) + 1):
        if energy[away <= radius].sum() >= share:
            return 2 * radius + 1
    return 2 * int(away.max()) + 1
