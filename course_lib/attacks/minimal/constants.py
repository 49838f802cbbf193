"""The search for the constant c that weighs the loss against the distance: as small as still succeeds."""

from collections.abc import Callable

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.attacks.contract import Images, Logits, Net
from course_lib.attacks.minimal.goal import Best, Goal

Descent = Callable[[Net, Images, Goal, Tensor, Best, Callable[[], object]], None]


def missing(logits: Logits, goal: Goal, c: Tensor) -> Tensor:
    """c times the margin that is missing to the goal, 0 where it is reached: c f of both papers."""
    return c * F.relu(-goal.margin(logits))


def by_constants(
    net: Net, x: Images, goal: Goal, logits: Tensor, best: Best, tick: Callable[[], object], *,
    descent: Descent, c: float, searches: int,
) -> None:
    """Run descent(net, x, goal, c of each row, best, tick) for several c and keep each row's nearest image.

    After a success c falls, after a failure it grows: by 10, or to the geometric middle once a row has seen
    both.
    """
    rows = torch.arange(len(x), device=x.device)
    constant = torch.full_like(best.size, c)
    fails, works = torch.zeros_like(constant), torch.full_like(constant, torch.inf)
    for _ in range(searches):
        here = best.empty()
        descent(net, x, goal, constant, here, tick)
        best.offer(rows, here.image, here.margin)
        works = torch.where(here.found, torch.minimum(works, constant), works)
        fails = torch.where(here.found, fails, torch.maximum(fails, constant))
        middle = (fails * works).sqrt()
        constant = torch.where(works.isinf(), constant * 10, torch.where(fails == 0, constant / 10, middle))
