"""The first attack on deep networks: box-constrained L-BFGS on distance plus loss towards a wanted class.

Szegedy et al.: Intriguing properties of neural networks (2014), arXiv 1312.6199, section 4.1: the smallest of
c |r| + loss(x + r, l) with x + r in [0, 1]^m. Here |r| is squared and c stands with the loss, as Carlini and
Wagner write it: ||r||^2 + c loss. The square has a slope at r = 0, where |r| has none; 1 / c takes c's part.
"""

from functools import partial

import numpy as np
import torch
import torch.nn.functional as F
from scipy.optimize import minimize
from torch import Tensor, nn

from course_lib.attacks.checks import check_count, check_numbers, check_size
from course_lib.attacks.contract import Images, Labels, Net, input_gradient
from course_lib.attacks.minimal.constants import by_constants
from course_lib.attacks.minimal.frame import minimal
from course_lib.attacks.minimal.goal import Best, Goal, l2


def lbfgs(
    model: nn.Module, x: Images, y: Labels, *, targeted: bool = False, eps: float | None = None,
    steps: int = 50, c: float = 1.0, searches: int = 10, refine: int = 3,
    generator: torch.Generator | None = None, chunk: int | None = None, progress: bool = False,
) -> Images:
    """A near image that the model takes for class y if targeted, else for the clean image's second class.

    eps: an image that had to go farther in L2 is a failure; None for any distance. steps: the most that
    L-BFGS takes for a weight. c: the first weight of the loss; `searches` weights are tried, smaller ones
    after a success, larger ones after a failure. refine: as in `deepfool`. Nothing is random, so generator
    is not used.
    Each image has a search of its own (SciPy's L-BFGS-B), so this is slow: for twenty images, not a thousand.
    Passes: one forward of the clean images, then about one forward and one backward row a step and weight.
    """
    check_numbers(eps=eps, steps=steps, norm="l2", generator=generator)
    check_size("c", c)
    check_count("searches", searches)
    method = partial(_second_class, targeted=targeted, c=c, searches=searches, steps=steps)
    return minimal(
        method, model, x, y, size=l2, eps=eps, targeted=targeted, refine=refine, steps=searches, chunk=chunk,
        progress=progress,
    )


def _second_class(
    net: Net, x: Images, goal: Goal, logits: Tensor, best: Best, tick, *,
    targeted: bool, c: float, searches: int, steps: int,
) -> None:
    wanted = goal.labels if targeted else logits.scatter(1, goal.labels[:, None], -torch.inf).argmax(1)
    descent = partial(_descend, wanted=wanted, steps=steps)
    by_constants(net, x, goal, logits, best, tick, descent=descent, c=c, searches=searches)


def _descend(
    net: Net, x: Images, goal: Goal, c: Tensor, best: Best, tick, *, wanted: Labels, steps: int
) -> None:
    for row in range(len(x)):
        at = torch.tensor([row], device=x.device)
        clean = x[at].double().cpu().numpy().ravel()

        def loss_and_slope(pixels: np.ndarray, at=at, clean=clean) -> tuple[float, np.ndarray]:
            image = torch.as_tensor(pixels).to(x.device, x.dtype).view_as(x[at])
            slope, logits, loss = input_gradient(
                net, image, lambda logits: F.cross_entropy(logits, wanted[at], reduction="none")
            )
            best.offer(at, image, goal.of(at).clear_margin(logits))
            weight, r = float(c[at]), pixels - clean
            slope = slope.double().cpu().numpy().ravel()
            return float(r @ r) + weight * float(loss), 2 * r + weight * slope

        minimize(
            loss_and_slope, clean, jac=True, method="L-BFGS-B", bounds=[(0, 1)] * len(clean),
            options={"maxiter": steps, "maxls": 8},  # in half precision longer line searches meet rounding
        )
    tick()
