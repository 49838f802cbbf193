"""What the exercises of lesson 12 hand over: small nets, images, and a look at what a call left behind."""

import copy
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.exercises.exercise import Wrong
from course_lib.exercises.oracle import must_keep_input, randomise
from course_lib.exercises.untouched import must_stay


def a_net(shape: tuple[int, ...], classes: int) -> nn.Module:
    """A random smooth net with batch norm and dropout, in eval mode. shape: [channels, height, width]."""
    channels, height, width = shape
    net = nn.Sequential(
        Blind(), nn.Conv2d(channels, 4, 3, padding=1), nn.BatchNorm2d(4), nn.Tanh(), nn.Flatten(),
        nn.Dropout(0.3), nn.Linear(4 * height * width, classes),
    )
    randomise(net)
    with torch.no_grad():
        net[2].weight.mul_(3)  # so that the loss bends within a ball
    return net.eval()


class Blind(nn.Module):
    """Sees nothing of the first pixel, so that its gradient is 0, as in many places of a real net."""

    def forward(self, x: Tensor) -> Tensor:
        x = x.clone()
        x[..., 0, 0] = 0
        return x


def some_images(count: int, shape: tuple[int, ...]) -> Tensor:
    """Random images: about a third of the pixels are 0, a third 1; in the first image 0.05 and 0.95."""
    x = (3 * torch.rand(count, *shape) - 1).clamp(0, 1)
    x[0] = 0.05 + 0.9 * x[0]
    return x


def pixel_gradient(
    model: nn.Module, x: Tensor, y: Tensor, of: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy
) -> Tensor:
    """The gradient of of(logits, y), the loss if nothing is said, in the pixels; of a copy in eval mode."""
    x = x.detach().clone().requires_grad_()
    return torch.autograd.grad(of(copy.deepcopy(model).eval()(x), y).sum(), x)[0]


def logit(logits: Tensor, y: Tensor) -> Tensor:
    """The raw output for the class y of each image."""
    return logits.gather(1, y[:, None])


def left_alone(model: nn.Module, call: Callable[..., Any], *tensors: Tensor) -> Any:
    """What call(*copies of the tensors) gives. Raises Wrong if it leaves a tensor or the model changed.

    tensors: x first.
    """
    given = [tensor.clone() for tensor in tensors]
    look = must_stay(model)
    found = call(*given)
    must_keep_input(given[0], tensors[0])
    if given[0].requires_grad:
        raise Wrong("After the call the x that was handed over asks for a gradient: work on a copy of it.")
    if not all(map(torch.equal, given[1:], tensors[1:])):
        raise Wrong("The call changes labels or images that it was given: work on copies.")
    look()
    return found


def attacked(answer: Callable[..., Any], model: nn.Module, x: Tensor, y: Tensor, *numbers: float) -> Any:
    """What the attack `answer` gives, called twice. Raises Wrong as left_alone does, or if the two differ."""
    first, second = (left_alone(model, lambda x, y: answer(model, x, y, *numbers), x, y) for _ in range(2))
    comparable = isinstance(first, Tensor) and isinstance(second, Tensor) and first.shape == second.shape
    if comparable and not torch.allclose(first, second, equal_nan=True):
        raise Wrong("Two calls give two different images: is there a random start, or is dropout on?")
    return first
