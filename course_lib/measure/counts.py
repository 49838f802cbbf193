"""How big a net is: weights, and multiply-adds for one image."""

import torch
from jaxtyping import Float
from torch import Tensor, nn


def count_parameters(model: nn.Module) -> int:
    """Numbers that training changes."""
    return sum(p.numel() for p in model.parameters() if p.requires_grad)


def count_macs(model: nn.Module, x: Float[Tensor, "batch channels height width"]) -> int:
    """Multiply-adds of the convolutions and linear layers for one image of x's shape.

    A convolution costs H' W' k k in_channels out_channels / groups. The model is left as it was.
    """
    total = 0

    def add(layer: nn.Module, inputs: tuple, output: Tensor) -> None:
        nonlocal total
        if isinstance(layer, nn.Conv2d):
            per_output = layer.weight[0].numel()
            total += output[0].numel() * per_output
        else:
            total += output[0].numel() * layer.in_features

    layers = [m for m in model.modules() if isinstance(m, (nn.Conv2d, nn.Linear))]
    hooks = [layer.register_forward_hook(add) for layer in layers]
    mode = {m: m.training for m in model.modules()}
    try:
        model.eval()
        with torch.no_grad():
            model(x[:1])
    finally:
        for hook in hooks:
            hook.remove()
        for module, training in mode.items():
            module.training = training
    return total
