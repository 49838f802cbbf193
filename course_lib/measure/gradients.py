"""Gradients of a model on a batch, as numbers."""

import copy

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn


def gradient_norms(
    model: nn.Module, x: Float[Tensor, "batch channels height width"], y: Int[Tensor, " batch"]
) -> dict[str, float]:
    """L2 norm of the cross-entropy gradient in each convolution's weights, first layer first.

    1x1 projections of shortcuts are left out: the answer has one number a 3x3 layer of the main path. Works
    on a copy in train mode, so weights, buffers, `.grad` and mode of the model stay as they are.
    """
    model = copy.deepcopy(model).train()
    convolutions = {name: m for name, m in model.named_modules() if isinstance(m, nn.Conv2d)}
    layers = {name: m.weight for name, m in convolutions.items() if "shortcut" not in name}
    loss = F.cross_entropy(model(x), y)
    grads = torch.autograd.grad(loss, list(layers.values()))
    norms = torch.stack([g.norm() for g in grads]).tolist()
    return dict(zip(layers, norms, strict=True))
