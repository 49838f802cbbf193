"""Auto-PGD: gradient ascent with momentum that chooses its own step size.

Croce, Hein: Reliable Evaluation of Adversarial Robustness with an Ensemble of Diverse Parameter-free Attacks
(2020), arXiv 2003.01690. The step starts at 2 eps. At a few checkpoints each image looks back: where the loss
rose too rarely, or nothing got better at all, it halves its step and goes on from its best point.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_lib.attacks.ball import L2Ball, LinfBall, ball_around, per_row, random_in_ball
from course_lib.attacks.best import Best
from course_lib.attacks.checks import check_count, check_numbers
from course_lib.attacks.contract import (
    Images,
    Labels,
    Logits,
    Net,
    attacking,
    fooled,
    in_chunks,
    input_gradient,
    where_rows,
    wider,
)
from course_lib.attacks.dlr import dlr, dlr_targeted, sorted_logits
from course_lib.attacks.gradient import climbing_loss

Losses = Float[Tensor, " images"]
LossOf = Callable[[Logits, Labels, Labels], Losses]  # of (logits, true labels, targets)


def apgd(
    model: nn.Module, x: Images, y: Labels, *, eps: float, steps: int = 100, loss: str = "ce",
    norm: str = "linf", restarts: int = 1, random_start: bool = True, leave_when_fooled: bool = True,
    keep_failures: bool = False, generator: torch.Generator | None = None, chunk: int | None = None,
    progress: bool = False,
) -> Images:
    """Untargeted Auto-PGD on the cross-entropy ("ce") or the difference of logits ratio ("dlr").

    The other arguments, and the costs, are those of `gradient.pgd`.
    Raises ValueError for "dlr" if the model has fewer than 3 classes.
    """
    check_numbers(eps=eps, steps=steps, norm=norm, generator=generator)
    check_count("restarts", restarts)
    losses = {"ce": climbing_loss, "dlr": dlr}
    if loss not in losses:
        raise ValueError(f"loss must be 'ce' or 'dlr', got {loss!r}")

    def climbed(logits: Logits, y: Labels, target: Labels) -> Losses:
        return losses[loss](logits, y)

    with attacking(model, x, y, quick_layout=True) as (net, x, y):
        best = Best.of(x)
        for restart in range(restarts):
            noisy = random_start or restart > 0
            noise = random_in_ball(x, eps, norm, generator) if noisy else torch.zeros_like(x)

            def climb(rows: slice, tick, noise=noise) -> Images:
                ball = ball_around(x[rows], eps, norm)
                climber = Climber.at(ball.project(x[rows] + noise[rows]), y[rows], y[rows], 2 * eps)
                return ascend(net, climber, ball, climbed, best.rows(rows), steps, leave_when_fooled, tick)

            in_chunks(climb, x, chunk=chunk, steps=steps, progress=progress)
        return best.images if keep_failures else best.or_clean(x)


def apgd_targeted(
    model: nn.Module, x: Images, y: Labels, *, eps: float, steps: int = 100, targets: int = 9,
    norm: str = "linf", random_start: bool = True, leave_when_fooled: bool = True,
    keep_failures: bool = False, generator: torch.Generator | None = None, chunk: int | None = None,
    progress: bool = False,
) -> Images:
    """Auto-PGD on the targeted DLR loss, once for each of the `targets` likeliest wrong classes.

    y are the true labels: an image is fooled in whatever other class it lands. Costs `targets` runs of `apgd`
    and one pass forward. Models with fewer classes have fewer targets.
    Raises ValueError if the model has fewer than 4 classes.
    """
    check_numbers(eps=eps, steps=steps, norm=norm, generator=generator)
    check_count("targets", targets)
    with attacking(model, x, y, quick_layout=True) as (net, x, y):
        best = Best.of(x)
        order = _likeliest(net, x, y, best, chunk)
        for k in range(min(targets, order.shape[1])):
            noise = random_in_ball(x, eps, norm, generator) if random_start else torch.zeros_like(x)

            def climb(rows: slice, tick, noise=noise, k=k) -> Images:
                ball = ball_around(x[rows], eps, norm)
                start = ball.project(x[rows] + noise[rows])
                climber = Climber.at(start, y[rows], order[rows, k], 2 * eps)
                return ascend(net, climber, ball, dlr_targeted, best.rows(rows), steps, leave_when_fooled,
                              tick)

            in_chunks(climb, x, chunk=chunk, steps=steps, progress=progress)
        return best.images if keep_failures else best.or_clean(x)


def _likeliest(
    net: Net, x: Images, y: Labels, best: Best, chunk: int | None
) -> Int[Tensor, "images others"]:
    """For each image all other classes, likeliest first; `best` learns who is wrong already."""
    parts = []

    def look(rows: slice, tick) -> Images:
        with torch.no_grad():
            logits = net(x[rows])
        sorted_logits(logits, at_least=4)  # says so at once where the loss cannot be used
        part = best.rows(rows)
        part.offer(slice(None), x[rows], fooled(logits, y[rows]), part.loss)
        parts.append(logits.scatter(1, y[rows, None], -torch.inf).argsort(1, descending=True)[:, :-1])
        return x[rows]

    in_chunks(look, x, chunk=chunk)
    return torch.cat(parts) if parts else y[:, None][:, :0]


@dataclass(frozen=True)
class Climber:
    """What the images still in the batch remember. Every field has one row an image."""

    here: Int[Tensor, " images"]  # the image's number in the chunk
    y: Labels
    target: Labels
    v: Images
    before: Images  # the iterate before v
    size: Losses  # of the step
    top: Images  # the iterate with the greatest loss, the gradient there, and that loss
    top_g: Images
    top_loss: Losses
    last_loss: Losses  # at `before`
    rises: Int[Tensor, " images"]  # how often the loss rose since the last look back
    old_size: Losses  # size and top_loss at the last look back
    old_top: Losses

    @classmethod
    def at(cls, start: Images, y: Labels, target: Labels, size: float) -> "Climber":
        """All images of a chunk, before the first gradient."""
        here = torch.arange(len(start), device=start.device)
        number = torch.promote_types(start.dtype, torch.float32)
        sizes = torch.full_like(here, size, dtype=number)
        lowest = torch.full_like(sizes, -torch.inf)
        return cls(here, y, target, v=start, before=start, size=sizes, top=start,
                   top_g=torch.zeros_like(start), top_loss=lowest, last_loss=-lowest,
                   rises=torch.zeros_like(here), old_size=sizes, old_top=lowest)

    def rows(self, rows) -> "Climber":
        """Only these images."""
        return replace(self, **{f.name: getattr(self, f.name)[rows] for f in fields(self)})


def ascend(
    net: Net, c: Climber, ball: LinfBall | L2Ball, loss: LossOf, best: Best, steps: int, leave: bool, tick
) -> Images:
    """Climb from c.v for `steps` steps; `best` sees every iterate, the last one too. Answers best.images."""
    marks, last_mark = checkpoints(steps), 0
    if leave:
        todo = best.not_fooled()
        c, ball = c.rows(todo), ball.rows(todo)
    for step in range(steps):
        if not len(c.here):
            return best.images
        g, logits, f = input_gradient(net, c.v, lambda logits, c=c: loss(wider(logits), c.y, c.target))
        hit, f = fooled(logits, c.y), f.to(c.size.dtype)
        best.offer(c.here, c.v, hit, f)
        if leave and hit.any():
            c, ball, g, f = c.rows(~hit), ball.rows(~hit), g[~hit], f[~hit]
        c = _remember(c, g, f)
        if step in marks:
            c, g = _look_back(c, g, step - last_mark)
            last_mark = step
        c = _step(c, g, ball, first=step == 0)
        tick()
    if len(c.here):
        with torch.no_grad():
            logits = net(c.v)
            best.offer(c.here, c.v, fooled(logits, c.y), loss(wider(logits), c.y, c.target))
    return best.images


def _remember(c: Climber, g: Images, f: Losses) -> Climber:
    """c after the loss f and its gradient g were seen at c.v."""
    higher = f > c.top_loss
    return replace(
        c, rises=c.rises + (f > c.last_loss), last_loss=f, top_loss=torch.where(higher, f, c.top_loss),
        top=where_rows(higher, c.v, c.top), top_g=where_rows(higher, g, c.top_g),
    )


def _look_back(c: Climber, g: Images, interval: int) -> tuple[Climber, Images]:
    """Halve the step of those who rose in under 3/4 of the steps, or found nothing better with this one."""
    stuck = (c.rises < 0.75 * interval) | ((c.size == c.old_size) & (c.top_loss <= c.old_top))
    size = torch.where(stuck, c.size / 2, c.size)
    c = replace(c, v=where_rows(stuck, c.top, c.v), old_size=c.size, size=size, old_top=c.top_loss,
                rises=torch.zeros_like(c.rises))
    return c, where_rows(stuck, c.top_g, g)


def _step(c: Climber, g: Images, ball: LinfBall | L2Ball, first: bool) -> Climber:
    """One step with momentum: 3/4 of the way to the projected step, and 1/4 of the last move."""
    v = ball.project(c.v + per_row(c.size, g).to(g.dtype) * ball.steepest(g))
    if not first:
        v = ball.project(c.v + 0.75 * (v - c.v) + 0.25 * (c.v - c.before))
    return replace(c, v=v, before=c.v)


def checkpoints(steps: int) -> list[int]:
    """The steps at which images look back: 0.22 of all, then ever closer, down to 0.06 of all apart."""
    shares = [0.0, 0.22]
    while shares[-1] < 1:
        shares.append(shares[-1] + max(shares[-1] - shares[-2] - 0.03, 0.06))
    # Without the hair, 0.57 * 100 would be rounded up to 58.
    return sorted({k for share in shares if 0 < (k := math.ceil(share * steps - 1e-9)) < steps})
