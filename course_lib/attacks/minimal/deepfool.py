"""DeepFool: step to the nearest face of the linearised region of the label, again until the answer changes.

Moosavi-Dezfooli, Fawzi, Frossard: DeepFool (2016), arXiv 1511.04599, algorithm 2.
"""

from functools import partial

import torch
from jaxtyping import Int
from torch import Tensor, nn

from course_lib.attacks.ball import per_row
from course_lib.attacks.checks import check_count, check_numbers, check_size
from course_lib.attacks.contract import Images, Labels, Net
from course_lib.attacks.minimal.frame import minimal
from course_lib.attacks.minimal.goal import Best, Goal, l2, rounding, working


def deepfool(
    model: nn.Module, x: Images, y: Labels, *, eps: float | None = None, steps: int = 50,
    overshoot: float = 0.02, candidates: int = 10, refine: int = 3,
    generator: torch.Generator | None = None, chunk: int | None = None, progress: bool = False,
) -> Images:
    """Nearly the smallest L2 step out of the label's region, for each image.

    eps: an image that had to go farther is a failure; None for any distance. overshoot: how far past the
    face, as a share of the whole way, an image is looked at; those that are fooled leave.
    candidates: how many classes are looked at, the most likely of the clean image.
    refine: how many passes forward look for a nearer image on the line back to the clean one, in the end.
    Nothing is random, so generator is not used.
    Passes: the clean images forward, two rows forward and candidates - 1 back for each step of an image, and
    `refine` rows forward for each image found.
    """
    check_numbers(eps=eps, steps=steps, norm="l2", generator=generator)
    check_size("overshoot", overshoot, zero=True)
    check_count("candidates", candidates)
    if candidates == 1:
        raise ValueError("candidates must be 2 or more, the label and another class, got 1")
    method = partial(_search, steps=steps, overshoot=overshoot, candidates=candidates)
    return minimal(
        method, model, x, y, size=l2, eps=eps, refine=refine, steps=steps, chunk=chunk, progress=progress
    )


def _search(
    net: Net, x: Images, goal: Goal, logits: Tensor, best: Best, tick, *,
    steps: int, overshoot: float, candidates: int,
) -> None:
    rows = torch.arange(len(x), device=x.device)
    classes = logits.scatter(1, goal.labels[:, None], torch.inf)  # the label comes first
    classes = classes.topk(min(candidates, logits.shape[1])).indices
    clean, image = working(x), x
    for _ in range(steps):
        step = _to_nearest_face(net, image, classes)
        image = (working(image) + step).clamp(0, 1).to(x.dtype)
        farther = (clean + (1 + overshoot) * (working(image) - clean)).clamp(0, 1).to(x.dtype)
        with torch.no_grad():
            margin = goal.clear_margin(net(farther))
        best.offer(rows, farther, margin)
        tick()
        stay = (margin <= 0).nonzero().squeeze(1)
        if not len(stay):
            return
        goal = goal.of(stay)
        rows, classes, clean, image = (t[stay] for t in (rows, classes, clean, image))


def _to_nearest_face(net: Net, image: Images, classes: Int[Tensor, "rows candidates"]) -> Tensor:
    """The step to the nearest of the planes f_k = f_label of the linearised model; column 0 is the label."""
    image = image.detach().requires_grad_()
    logits = net(image)
    chosen = logits.gather(1, classes)
    behind = chosen[:, 1:] - chosen[:, :1]  # f_k - f_label, below 0
    beyond = 2 * rounding(logits.detach())  # at the face itself the answer would be anybody's
    nearest = torch.full_like(beyond, torch.inf)
    step = torch.zeros_like(working(image.detach()))
    for k in range(behind.shape[1]):
        (w,) = torch.autograd.grad(behind[:, k].sum(), image, retain_graph=k + 1 < behind.shape[1])
        w, gap = working(w), beyond - working(behind[:, k].detach())
        steepness = l2(w)
        distance = torch.where(steepness > 0, gap / steepness, torch.inf)
        closer = distance < nearest
        nearest = torch.where(closer, distance, nearest)
        step = torch.where(per_row(closer, w), per_row(distance, w) * (w / per_row(steepness, w)), step)
    return step
