"""Carlini and Wagner's L2 attack: Adam on distance plus c times the missing margin, in a space without walls.

Carlini, Wagner: Towards Evaluating the Robustness of Neural Networks (2017), arXiv 1608.04644, section VI A.
w is free and the image is (tanh w + 1) / 2; kappa of the paper is `confidence`.
"""

from functools import partial

import torch
from torch import Tensor, nn

from course_lib.attacks.checks import check_count, check_numbers, check_size
from course_lib.attacks.contract import Images, Labels, Net, input_gradient
from course_lib.attacks.minimal.constants import by_constants, missing
from course_lib.attacks.minimal.frame import minimal
from course_lib.attacks.minimal.goal import Best, Goal, Patience, l2, squared, working

# A pixel of 0 or 1 lies at infinity, where nothing moves. This brings it to a place from which it comes back
# in some dozens of steps; from 1 - 1e-6, which others use, it takes hundreds.
_INSIDE = 1 - 1e-3


def carlini_wagner(
    model: nn.Module, x: Images, y: Labels, *, targeted: bool = False, eps: float | None = None,
    steps: int = 1000, lr: float = 0.01, c: float = 1e-3, searches: int = 9, confidence: float = 0.0,
    give_up: bool = True, refine: int = 3,
    generator: torch.Generator | None = None, chunk: int | None = None, progress: bool = False,
) -> Images:
    """The image of another class (of class y if targeted) that is nearest in L2, by gradient descent.

    eps: an image that had to go farther is a failure; None for any distance. c: the first weight of the
    margin; `searches` weights are tried for each image, smaller ones after a success, larger ones after a
    failure. confidence: by how much the new class must lead. give_up: an image whose loss no longer falls
    leaves a descent early; its loss is looked at ten times a descent. refine: as in `deepfool`.
    Nothing is random, so generator is not used.
    Passes: the clean images forward, then a row forward and a row back for each image, step and weight.
    """
    check_numbers(eps=eps, steps=steps, norm="l2", generator=generator)
    check_size("lr", lr)
    check_size("c", c)
    check_count("searches", searches)
    check_size("confidence", confidence, zero=True)
    descent = partial(_descend, steps=steps, lr=lr, give_up=give_up)
    method = partial(by_constants, descent=descent, c=c, searches=searches)
    return minimal(
        method, model, x, y, size=l2, eps=eps, targeted=targeted, confidence=confidence, refine=refine,
        steps=steps * searches, chunk=chunk, progress=progress,
    )


def _descend(
    net: Net, x: Images, goal: Goal, c: Tensor, best: Best, tick, *, steps: int, lr: float, give_up: bool
) -> None:
    rows = torch.arange(len(x), device=x.device)
    clean = working(x)
    w = torch.atanh((2 * clean - 1) * _INSIDE)
    mean, square = torch.zeros_like(w), torch.zeros_like(w)  # Adam's two averages
    patience = Patience(c, steps if give_up else None)
    for step in range(1, steps + 1):
        tanh = torch.tanh(w)
        image = ((tanh + 1) / 2).to(x.dtype)
        pull, logits, loss = input_gradient(net, image, partial(missing, goal=goal, c=c))
        r = working(image) - clean
        best.offer(rows, image, goal.clear_margin(logits))
        gradient = (2 * r + working(pull)) * (1 - tanh.square()) / 2
        mean.lerp_(gradient, 0.1)
        square.lerp_(gradient.square(), 0.001)
        w = w - lr * (mean / (1 - 0.9**step)) / ((square / (1 - 0.999**step)).sqrt() + 1e-8)
        tick()
        stay = patience.stay(loss + squared(r), step)
        if stay is None:
            continue
        if not len(stay):
            return
        goal = goal.of(stay)
        rows, clean, c, w, mean, square = (t[stay] for t in (rows, clean, c, w, mean, square))
