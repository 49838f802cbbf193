"""FAB: project onto the linearised decision boundary, and lean towards the clean image while doing so.

Croce, Hein: Minimally distorted adversarial examples with a fast adaptive boundary attack (2020),
arXiv 1907.02044, algorithm 1, in the targeted form that the authors use in AutoAttack: one boundary at a
time, between the label and another class. Symbols of the paper: alpha, eta, beta.
"""

from functools import partial

import torch
from torch import Tensor, nn

from course_lib.attacks.checks import check_count, check_numbers, check_size
from course_lib.attacks.contract import Images, Labels, Net, input_gradient
from course_lib.attacks.minimal.frame import minimal
from course_lib.attacks.minimal.goal import Best, Goal, l2, linf, working
from course_lib.attacks.minimal.planes import step_to_plane


def fab(
    model: nn.Module, x: Images, y: Labels, *, norm: str = "linf", eps: float | None = None, steps: int = 100,
    targets: int = 9, alpha: float = 0.1, eta: float = 1.05, beta: float = 0.9, refine: int = 3,
    leave_when_fooled: bool = False,
    generator: torch.Generator | None = None, chunk: int | None = None, progress: bool = False,
) -> Images:
    """The nearest image of another class, in norm "linf" or "l2": `steps` steps towards each of the targets.

    eps: an image that had to go farther is a failure; None for any distance. targets: how many classes
    are tried, the most likely ones of the clean image. alpha: the most that a step leans towards the clean
    image. eta: how far past the boundary, as a factor of the step. beta: what is left of the way from the
    clean image after a success. refine: as in `deepfool`. leave_when_fooled: an image leaves as soon as one
    is found inside eps; else its nearest one is looked for. Nothing is random, so generator is not used.
    Passes: the clean images forward, then two rows forward and one back for each image, target and step.
    """
    check_numbers(eps=eps, steps=steps, norm=norm, generator=generator)
    check_count("targets", targets)
    check_size("alpha", alpha, zero=True)
    check_size("eta", eta)
    check_size("beta", beta)
    for name, share in (("alpha", alpha), ("beta", beta)):
        if share > 1:
            raise ValueError(f"{name} must be a share of at most 1, got {share:g}")
    if leave_when_fooled and eps is None:
        raise ValueError("leave_when_fooled needs an eps, the size at which an image may leave")
    method = partial(
        _each_target, norm=norm, steps=steps, targets=targets, alpha=alpha, eta=eta, beta=beta,
        enough=eps * (1 - 1e-6) if leave_when_fooled else 0.0,
    )
    return minimal(
        method, model, x, y, size=linf if norm == "linf" else l2, eps=eps, refine=refine,
        steps=steps * targets, chunk=chunk, progress=progress,
    )


def _each_target(
    net: Net, x: Images, goal: Goal, logits: Tensor, best: Best, tick, *,
    targets: int, enough: float, **settings,
) -> None:
    others = logits.scatter(1, goal.labels[:, None], -torch.inf)
    others = others.topk(min(targets, logits.shape[1] - 1)).indices
    for target in others.T:
        rows = (best.size > enough).nonzero().squeeze(1)
        if len(rows):
            _towards(net, x[rows], rows, goal.of(rows), target[rows], best, tick, enough=enough, **settings)


def _towards(
    net: Net, x: Images, rows: Tensor, goal: Goal, target: Tensor, best: Best, tick, *,
    norm: str, steps: int, alpha: float, eta: float, beta: float, enough: float,
) -> None:
    """Algorithm 1 at the one boundary between label and target. rows: of the images in `best`."""
    size = linf if norm == "linf" else l2
    shape, clean = x.shape[1:], working(x).flatten(1)
    image = x
    for _ in range(steps):
        w, f = _boundary(net, image, goal.labels, target)
        now = working(image).flatten(1)
        # The plane is f + <w, z - now> = 0; the image and the clean one step to it in one call.
        gaps = torch.cat([-f, -f + (w * (now - clean)).sum(1)])
        step, clean_step = step_to_plane(torch.cat([now, clean]), torch.cat([w, w]), gaps, norm).chunk(2)
        length, clean_length = size(step), size(clean_step)
        lean = (length / (length + clean_length).clamp(min=1e-12)).clamp(max=alpha)[:, None]
        now = ((1 - lean) * (now + eta * step) + lean * (clean + eta * clean_step)).clamp(0, 1)
        image = now.view(-1, *shape).to(x.dtype)
        with torch.no_grad():
            margin = goal.clear_margin(net(image))
        best.offer(rows, image, margin)
        back = torch.where(margin[:, None] > 0, clean + beta * (now - clean), now)
        image = back.view(-1, *shape).to(x.dtype)
        tick()
        stay = (best.size[rows] > enough).nonzero().squeeze(1)
        if not len(stay):
            return
        if len(stay) < len(rows):
            goal = goal.of(stay)
            rows, clean, image, target = (t[stay] for t in (rows, clean, image, target))


def _boundary(net: Net, image: Images, label: Labels, target: Labels) -> tuple[Tensor, Tensor]:
    """(w, f): f_target - f_label, below 0 on the label's side, and its gradient in the pixels."""

    def lead(logits: Tensor) -> Tensor:
        f = logits.gather(1, torch.stack([target, label], 1))
        return f[:, 0] - f[:, 1]

    w, _, f = input_gradient(net, image, lead)
    return working(w).flatten(1), working(f)
