"""The delayed elastic-net attack: the distance counts only while the answer is wrong.

A reconstruction of an idea of Cancela et al. from a short description, not their code: while the answer is
right the image steps towards a wrong one; while it is wrong it steps back, down beta ||r||_1 + ||r||^2.
No constant c weighs one against the other, so none has to be searched.
"""

from functools import partial

import torch
from torch import Tensor, nn

from course_lib.attacks.ball import per_row
from course_lib.attacks.checks import check_numbers, check_size
from course_lib.attacks.contract import Images, Labels, Net, input_gradient
from course_lib.attacks.minimal.elastic_net import elastic
from course_lib.attacks.minimal.frame import minimal
from course_lib.attacks.minimal.goal import Best, Goal, l1, l2, working


def delayed_elastic_net(
    model: nn.Module, x: Images, y: Labels, *, targeted: bool = False, eps: float | None = None,
    steps: int = 100, lr: float = 1.0, beta: float = 0.01, refine: int = 3,
    generator: torch.Generator | None = None, chunk: int | None = None, progress: bool = False,
) -> Images:
    """The image of another class (of class y if targeted) nearest by beta ||r||_1 + ||r||^2.

    eps: an image that had to go farther in L1 is a failure; None for any distance. lr: the length of the
    first step in L2; later ones are shorter, down to nothing. beta: the weight of L1; more of it changes
    fewer pixels. refine: as in `deepfool`. Nothing is random, so generator is not used.
    Passes: the clean images forward, then a row forward and a row back for each image and step.
    """
    check_numbers(eps=eps, steps=steps, norm="l2", generator=generator)
    check_size("lr", lr)
    check_size("beta", beta, zero=True)
    return minimal(
        partial(_search, steps=steps, lr=lr, beta=beta), model, x, y, size=partial(elastic, beta=beta),
        eps=eps, eps_size=l1, targeted=targeted, refine=refine, steps=steps, chunk=chunk, progress=progress,
    )


def _search(
    net: Net, x: Images, goal: Goal, logits: Tensor, best: Best, tick, *, steps: int, lr: float, beta: float
) -> None:
    rows = torch.arange(len(x), device=x.device)
    clean = image = working(x)
    for step in range(steps):
        shown = image.to(x.dtype)
        slope, logits, _ = input_gradient(net, shown, goal.margin)
        margin = goal.clear_margin(logits)
        best.offer(rows, shown, margin)
        length = lr * (1 - step / steps)
        forth = (image + length * _unit(working(slope))).clamp(0, 1)
        image = torch.where(per_row(margin > 0, image), _back(image - clean, length, beta) + clean, forth)
        tick()


def _back(r: Tensor, length: float, beta: float) -> Tensor:
    """r after a step of this length down the elastic net; a pixel that would pass 0 stays there."""
    step = length * _unit(beta * r.sign() + 2 * r)
    return torch.where(step.abs() < r.abs(), r - step, 0)


def _unit(r: Tensor) -> Tensor:
    """r with L2 norm 1 in each row; 0 stays 0."""
    return r / per_row(l2(r).clamp(min=1e-30), r)
