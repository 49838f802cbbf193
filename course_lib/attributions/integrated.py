"""Integrated gradients: what each pixel adds to a logit on the way from a baseline to the image.

Sundararajan, Taly, Yan: Axiomatic Attribution for Deep Networks (2017), arXiv 1703.01365, section 3:
IG_i(x) = (x_i - x'_i) * integral over a from 0 to 1 of dF/dx_i at x' + a (x - x').
The maps are complete: they sum to F(x) - F(x'), up to the error of the sum that stands for the integral.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_lib.attacks.checks import check_count, check_labels, check_model
from course_lib.measure.eval_mode import eval_mode

Images = Float[Tensor, "images ..."]


def integrated_gradients(
    model: nn.Module, x: Images, target: Int[Tensor, " images"] | int, *,
    baseline: Images | float | None = None, steps: int = 32, create_graph: bool = False,
) -> Float[Tensor, "images ..."]:
    """The map of each image for the logit `target`: [images, height, width], channels summed.

    x without channels, [images, numbers], gives one value a number. Midpoint rule: exact if the model is
    linear along the path. The model answers in eval mode and is left as it was.
    target: one class an image, or one for all. baseline: where the path begins, an image of x's shape, one
    for each, or one number; black (0) if None.
    create_graph: the maps are differentiable functions of x; a relu's kink itself has no slope.
    Costs steps passes forward and back.
    Raises ValueError or TypeError, naming the argument, where they do not go together.
    """
    check_model(model, x)
    check_count("steps", steps)
    if not x.is_floating_point() or x.dim() < 2:
        raise ValueError(f"x must be a batch of floating-point images, got {x.dtype} {tuple(x.shape)}; "
                         "one image is x[None]")
    with torch.inference_mode(False), torch.enable_grad(), eval_mode(model):
        target = _targets(target, x)
        # A clone is an ordinary tensor, even where x was made in inference mode.
        x = x.clone() if create_graph else x.detach().clone()
        start = _start(baseline, x)
        total = torch.zeros_like(x)
        for k in range(steps):
            point = start + (k + 0.5) / steps * (x - start)
            total = total + _slope(model, point, target, create_graph)
        maps = (x - start) * total / steps
    return maps.sum(1) if maps.dim() > 2 else maps


def _slope(model: nn.Module, point: Images, target: Int[Tensor, " images"], create_graph: bool) -> Images:
    """Gradient of each image's target logit at this point of its path."""
    if not point.requires_grad:
        point.requires_grad_()
    logits = model(point.clone())  # a model may begin with an in-place layer
    if not isinstance(logits, Tensor) or logits.dim() != 2 or len(logits) != len(point):
        got = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise ValueError(f"model must answer one row of logits an image, [{len(point)}, classes], got {got}")
    if len(target) and int(target.max()) >= logits.shape[1]:
        raise ValueError(f"target must hold classes from 0 to {logits.shape[1] - 1}, got {int(target.max())}")
    chosen = logits.gather(1, target[:, None]).sum()
    gradient = None
    if chosen.requires_grad:
        gradient = torch.autograd.grad(chosen, point, create_graph=create_graph, allow_unused=True)[0]
    if gradient is None:
        raise ValueError("model lets no gradient through to x; does it detach inside?")
    return gradient


def _targets(target: Int[Tensor, " images"] | int, x: Images) -> Int[Tensor, " images"]:
    if isinstance(target, int) and not isinstance(target, bool):
        target = torch.full((len(x),), target, device=x.device)
    try:
        check_labels(target, x)
    except (TypeError, ValueError) as error:
        raise type(error)(str(error).replace("y must", "target must", 1)) from None
    return target.detach().clone().long()


def _start(baseline: Images | float | None, x: Images) -> Images:
    """The baseline as images like x, without history."""
    start = torch.as_tensor(0.0 if baseline is None else baseline).detach().to(x)
    if start.dim() and start.shape not in (x.shape, x.shape[1:], (1, *x.shape[1:])):
        raise ValueError(f"baseline must be a number, one image {tuple(x.shape[1:])} or one for each image "
                         f"{tuple(x.shape)}, got shape {tuple(start.shape)}")
    return start.expand_as(x)
