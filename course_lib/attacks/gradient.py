"""Attacks that climb the loss along the gradient in the pixels.

Goodfellow, Shlens, Szegedy: Explaining and Harnessing Adversarial Examples (2014), arXiv 1412.6572 (FGSM).
Kurakin, Goodfellow, Bengio: Adversarial Examples in the Physical World (2016), arXiv 1607.02533 (BIM).
Madry et al.: Towards Deep Learning Models Resistant to Adversarial Attacks (2017), arXiv 1706.06083 (PGD).
Dong et al.: Boosting Adversarial Attacks with Momentum (2017), arXiv 1710.06081 (MI-FGSM).

All of them share these arguments:
  targeted          False: y are the true labels, and their loss goes up.
                    True: y are the labels wanted, and their loss goes down.
  keep_failures     True: where the attack failed, its strongest try comes back instead of the clean image.
                    Adversarial training and transfer want that.
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.attacks.ball import L2Ball, LinfBall, ball_around, linf_box, per_row, random_in_ball
from course_lib.attacks.best import Best
from course_lib.attacks.checks import check_count, check_numbers, check_size
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


def fgsm(
    model: nn.Module, x: Images, y: Labels, *, eps: float, targeted: bool = False,
    keep_failures: bool = False, generator: torch.Generator | None = None, chunk: int | None = None,
    progress: bool = False,
) -> Images:
    """x + eps sign(gradient of the loss): one step, as far as the L-inf ball goes.

    Costs one gradient an image, and one pass forward to see who is fooled unless keep_failures.
    Nothing here is random; generator is there because every attack has one.
    """
    check_numbers(eps=eps, generator=generator)

    def attack(rows: slice, tick) -> Images:
        clean, label = x[rows], y[rows]
        g, _, _ = input_gradient(net, clean, lambda logits: climbing_loss(logits, label, targeted))
        v = (clean + eps * g.sign()).clamp(*linf_box(clean, eps))
        if keep_failures:
            return v
        with torch.no_grad():
            hit = fooled(net(v), label, targeted)
        return where_rows(hit, v, clean)

    with attacking(model, x, y, quick_layout=True) as (net, x, y):
        return in_chunks(attack, x, chunk=chunk, progress=progress)


def bim(
    model: nn.Module, x: Images, y: Labels, *, eps: float, steps: int = 10, step_size: float | None = None,
    **more,
) -> Images:
    """FGSM in small steps from the clean image: L-inf `pgd` with steps of eps / steps unless told otherwise.

    more: every further argument of `pgd`.
    """
    check_size("eps", eps, zero=True)
    check_count("steps", steps)
    return pgd(model, x, y, eps=eps, steps=steps, step_size=_or(step_size, eps / steps), **more)


def mi_fgsm(
    model: nn.Module, x: Images, y: Labels, *, eps: float, steps: int = 10, step_size: float | None = None,
    momentum: float = 1.0, **more,
) -> Images:
    """`bim` along the running sum of gradients, each divided by its mean size; it transfers better.

    more: every further argument of `pgd`.
    """
    return bim(model, x, y, eps=eps, steps=steps, step_size=step_size, momentum=momentum, **more)


def pgd(
    model: nn.Module, x: Images, y: Labels, *, eps: float, steps: int = 40, step_size: float | None = None,
    norm: str = "linf", restarts: int = 1, random_start: bool = False, momentum: float = 0.0,
    leave_when_fooled: bool = False, targeted: bool = False, keep_failures: bool = False,
    generator: torch.Generator | None = None, chunk: int | None = None, progress: bool = False,
) -> Images:
    """Steps along the steepest ascent of the loss, each followed by a projection into the ball.

    Of all iterates the one with the greatest loss among those that fool comes back. The first start is the
    clean image unless random_start, every further one a random point of the ball.
    step_size: 2.5 eps / steps unless told otherwise.
    leave_when_fooled: an image is done at its first iterate that fools; quicker, with the same success, but
    not with the greatest loss.
    Costs steps gradients and one pass forward for each image and start (fewer with leave_when_fooled).
    """
    check_numbers(eps=eps, steps=steps, norm=norm, generator=generator)
    check_count("restarts", restarts)
    check_size("momentum", momentum, zero=True)
    size = _or(step_size, 2.5 * eps / steps)
    check_size("step_size", size, zero=eps == 0)

    with attacking(model, x, y, quick_layout=True) as (net, x, y):
        best = Best.of(x)
        for restart in range(restarts):
            noisy = random_start or restart > 0
            noise = random_in_ball(x, eps, norm, generator) if noisy else None

            def climb(rows: slice, tick, noise=noise) -> Images:
                part, ball = best.rows(rows), ball_around(x[rows], eps, norm)
                start = x[rows] if noise is None else ball.project(x[rows] + noise[rows])
                return _climb(net, start, y[rows], ball, part, size, steps, momentum, leave_when_fooled,
                              targeted, tick)

            in_chunks(climb, x, chunk=chunk, steps=steps, progress=progress)
        return best.images if keep_failures else best.or_clean(x)


def _climb(
    net: Net, v: Images, y: Labels, ball: LinfBall | L2Ball, best: Best, size: float, steps: int,
    momentum: float, leave: bool, targeted: bool, tick,
) -> Images:
    """Climb from v; `best` sees every iterate, the last one too. Answers best.images."""
    here = best.not_fooled() if leave else slice(None)
    v, y, ball, m = v[here], y[here], ball.rows(here), torch.zeros_like(v[here])
    for _ in range(steps):
        if not len(v):
            return best.images
        g, logits, loss = input_gradient(net, v, lambda logits, y=y: climbing_loss(logits, y, targeted))
        hit = fooled(logits, y, targeted)
        best.offer(here, v, hit, loss)
        if leave and hit.any():
            here, v, y, g, m = (part[~hit] for part in (here, v, y, g, m))
            ball = ball.rows(~hit)
        if momentum:
            m = momentum * m + g / per_row(g.flatten(1).abs().mean(1), g).clamp(min=torch.finfo(g.dtype).tiny)
            g = m
        v = ball.project(v + size * ball.steepest(g))
        tick()
    if len(v):
        with torch.no_grad():
            logits = net(v)
        best.offer(here, v, fooled(logits, y, targeted), climbing_loss(logits, y, targeted))
    return best.images


def climbing_loss(logits: Logits, y: Labels, targeted: bool = False) -> Tensor:
    """What an attack makes large, one number an image: cross-entropy of y, or minus that where targeted."""
    loss = F.cross_entropy(wider(logits), y, reduction="none")
    return -loss if targeted else loss


def _or(value: float | None, usual: float) -> float:
    return usual if value is None else value
