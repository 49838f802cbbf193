"""Expectation over transformation: an image that fools in most views, not only as it lies in memory.

Athalye, Engstrom, Ilyas, Kwok: Synthesizing Robust Adversarial Examples (2017), arXiv 1707.07397, section 2:
max over x' of E_t[log p(y_t given t(x'))] - lambda E_t|t(x') - t(x)|, here inside a ball, with fresh views at
each step for the expectation. Where any wrong class will do, p is the probability of them all.
"""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from course_lib.attacks.ball import L2Ball, LinfBall, ball_around
from course_lib.attacks.best import Best
from course_lib.attacks.checks import check_numbers, check_size
from course_lib.attacks.contract import Images, Labels, Net, attacking, in_chunks
from course_lib.attacks.physical.camera import Camera, Draws, look
from course_lib.attacks.transforms import ROADSIDE, Views

Price = Callable[[Images, Views], Tensor]  # what an image costs, one number an image


def eot(
    model: nn.Module, x: Images, y: Labels, *, eps: float, steps: int = 40, transforms: Draws = ROADSIDE,
    views: int = 10, step_size: float | None = None, norm: str = "linf", penalty: float = 0.0,
    targeted: bool = False, keep_failures: bool = False,
    generator: torch.Generator | None = None, chunk: int | None = None, progress: bool = False,
) -> Images:
    """`pgd` up the mean `log_success` over views drawn anew at each step; with `Transforms()` it is `pgd`.

    Of all iterates the one with the greatest mean among those that fool in most of their views comes
    back; how good it is, `unseen_views` tells. views: how many a step. step_size: 2.5 eps / steps unless told
    otherwise. penalty: lambda of the paper, for the mean distance to the clean image as the camera sees it.
    targeted, keep_failures: as in `pgd`. chunk: the most pictures (images times views) at once.
    Costs steps * views gradients and views passes forward for each image.
    """
    check_numbers(eps=eps, steps=steps, norm=norm, generator=generator)
    check_size("penalty", penalty, zero=True)
    size = 2.5 * eps / steps if step_size is None else step_size
    check_size("step_size", size, zero=eps == 0)
    with attacking(model, x, y) as (net, x, y):
        camera = Camera.of(transforms, views, x, generator=generator, chunk=chunk)

        def attack(rows: slice, tick) -> Images:
            clean = x[rows]

            def distance(v: Images, seen: Views) -> Tensor:
                return penalty * (seen(v) - seen(clean)).flatten(2).norm(dim=2).mean(0)

            best = climb(net, clean, y[rows], ball_around(clean, eps, norm), camera, [size] * steps,
                         price=distance if penalty else None, targeted=targeted, tick=tick)
            return best.images if keep_failures else best.or_clean(clean)

        return in_chunks(attack, x, chunk=camera.images, steps=steps, progress=progress)


def climb(
    net: Net, start: Images, y: Labels, ball: LinfBall | L2Ball, camera: Camera, sizes: Sequence[float], *,
    price: Price | None, targeted: bool, tick: Callable[[], object],
) -> Best:
    """The best iterate of each image, in steps of these sizes from `start` up mean `log_success` less price.

    The last iterate is judged too, on views of its own. An iterate fools if it does so in most views.
    """
    v, best, stream = start, Best.of(start), camera.stream()
    everyone = torch.arange(len(v), device=v.device)
    for size in [*sizes, None]:
        seen = camera.shoot(v, stream)
        here = look(net, v, y, seen, camera.rows, targeted=targeted, gradient=size is not None)
        g, value = here.gradient, here.value
        if price:
            cost, slope = _priced(price, v, seen)
            value = value - cost
            g = None if g is None else g - slope
        best.offer(everyone, v, here.share > 0.5, value)
        if size is not None:
            v = ball.project(v + size * ball.steepest(g))
            tick()
    return best


def _priced(price: Price, v: Images, seen: Views) -> tuple[Tensor, Images]:
    """(price of each image, its gradient)."""
    v = v.detach().requires_grad_()
    cost = price(v, seen)
    return cost.detach(), torch.autograd.grad(cost.sum(), v)[0]
