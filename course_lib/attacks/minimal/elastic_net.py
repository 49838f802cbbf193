"""The elastic-net attack: few changed pixels, because a pixel near its clean value is put back to it.

Chen, Sharma, Zhang, Yi, Hsieh: EAD (2018), arXiv 1709.04114, section 4.2 and algorithm 1.
Small c f(x') + beta ||r||_1 + ||r||^2 with r = x' - x, by FISTA: a gradient step on the smooth part, then
shrinkage, then momentum.
"""

from functools import partial

import torch
from torch import Tensor, nn

from course_lib.attacks.checks import check_count, check_numbers, check_size
from course_lib.attacks.contract import Images, Labels, Net, input_gradient
from course_lib.attacks.minimal.constants import by_constants, missing
from course_lib.attacks.minimal.frame import minimal
from course_lib.attacks.minimal.goal import Best, Goal, l1, squared, working


def elastic_net(
    model: nn.Module, x: Images, y: Labels, *, targeted: bool = False, rule: str = "EN",
    eps: float | None = None, steps: int = 1000, lr: float = 0.01, beta: float = 0.01, c: float = 1e-3,
    searches: int = 9, confidence: float = 0.0, refine: int = 3,
    generator: torch.Generator | None = None, chunk: int | None = None, progress: bool = False,
) -> Images:
    """An image of another class (of class y if targeted) that differs from the clean one in few pixels.

    rule: which of the images found is the nearest, "EN" by beta ||r||_1 + ||r||^2, "L1" by ||r||_1.
    eps: an image that had to go farther in L1 is a failure; None for any distance. beta: a pixel that moved
    by less is put back. c, searches, confidence: as in `carlini_wagner`; refine: as in `deepfool`.
    Nothing is random, so generator is not used.
    Passes: the clean images forward, then a row forward and a row back for each image, step and weight, and
    one more row forward wherever the new image would be the nearest so far.
    """
    if rule not in ("EN", "L1"):
        raise ValueError(f"rule must be 'EN' or 'L1', got {rule!r}")
    check_numbers(eps=eps, steps=steps, norm="l2", generator=generator)
    check_size("lr", lr)
    check_size("beta", beta, zero=True)
    check_size("c", c)
    check_count("searches", searches)
    check_size("confidence", confidence, zero=True)
    descent = partial(_descend, steps=steps, lr=lr, beta=beta)
    method = partial(by_constants, descent=descent, c=c, searches=searches)
    return minimal(
        method, model, x, y, size=l1 if rule == "L1" else partial(elastic, beta=beta), eps=eps, eps_size=l1,
        targeted=targeted, confidence=confidence, refine=refine, steps=steps * searches, chunk=chunk,
        progress=progress,
    )


def elastic(r: Tensor, beta: float) -> Tensor:
    """beta ||r||_1 + ||r||^2 of each row."""
    return beta * l1(r) + squared(r)


def shrink(z: Tensor, clean: Tensor, beta: float) -> Tensor:
    """Equation 5: z drawn towards the clean image by beta, onto it where it is nearer; in [0, 1]."""
    r = z - clean
    return torch.where(r.abs() > beta, (z - beta * r.sign()).clamp(0, 1), clean)


def _descend(
    net: Net, x: Images, goal: Goal, c: Tensor, best: Best, tick, *,
    steps: int, lr: float, beta: float,
) -> None:
    rows = torch.arange(len(x), device=x.device)
    clean = image = ahead = working(x)  # ahead: y of the algorithm, where the gradient is taken
    for step in range(steps):
        pull, _, _ = input_gradient(net, ahead.to(x.dtype), partial(missing, goal=goal, c=c))
        last, rate = image, lr * (1 - step / steps) ** 0.5
        image = shrink(ahead - rate * (2 * (ahead - clean) + working(pull)), clean, beta)
        ahead = image + step / (step + 3) * (image - last)  # may leave [0, 1] by a little; image never does
        _ask(net, best, rows, image.to(x.dtype), goal)
        tick()
        # A whole image that was put back will be put back by all later steps too, as they are smaller.
        moves = ((image != clean) | (ahead != clean)).flatten(1).any(1)
        if not moves.all():
            stay = moves.nonzero().squeeze(1)
            goal = goal.of(stay)
            rows, clean, c, image, ahead = (t[stay] for t in (rows, clean, c, image, ahead))
        if not len(rows):
            return


def _ask(net: Net, best: Best, rows: Tensor, image: Images, goal: Goal) -> None:
    """Ask the model, but only about images that would be the nearest so far."""
    near = best.nearer(rows, image).nonzero().squeeze(1)
    if len(near):
        with torch.no_grad():
            margin = goal.of(near).clear_margin(net(image[near]))
        best.offer(rows[near], image[near], margin)
