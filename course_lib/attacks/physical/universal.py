"""One perturbation for all images.

Moosavi-Dezfooli, Fawzi, Fawzi, Frossard: Universal Adversarial Perturbations (2016), arXiv 1610.08401.
Found as in Shafahi et al.: Universal Adversarial Training (2018), arXiv 1811.11304: steps up the summed loss
of all images, where each image's loss counts only up to a cap.
"""

from functools import partial

import torch
from jaxtyping import Float
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_lib.attacks.ball import add_inside, unit, wide
from course_lib.attacks.checks import check_count, check_numbers, check_size
from course_lib.attacks.contract import (
    Images,
    Labels,
    Net,
    attacking,
    fooled,
    in_chunks,
    input_gradient,
    where_rows,
)
from course_lib.attacks.gradient import climbing_loss


def universal(
    model: nn.Module, x: Images, y: Labels, *, eps: float, steps: int = 40, step_size: float | None = None,
    norm: str = "linf", cap: float = 4.0, targeted: bool = False, keep_failures: bool = False,
    generator: torch.Generator | None = None, chunk: int | None = None, progress: bool = False,
) -> Images:
    """x + the `universal_perturbation` of these images, cut to [0, 1].

    The clean image where it does not fool, unless keep_failures. All arguments: as there.
    Costs one pass forward for each image more, unless keep_failures.
    """
    delta = universal_perturbation(model, x, y, eps=eps, steps=steps, step_size=step_size, norm=norm, cap=cap,
                                   targeted=targeted, generator=generator, chunk=chunk, progress=progress)
    with attacking(model, x, y) as (net, x, y):
        v = add_inside(x, delta.expand_as(x))
        if keep_failures:
            return v

        def judged(rows: slice, tick) -> Images:
            with torch.no_grad():
                return where_rows(fooled(net(v[rows]), y[rows], targeted), v[rows], x[rows])

        return in_chunks(judged, x, chunk=chunk)


def universal_perturbation(
    model: nn.Module, x: Images, y: Labels, *, eps: float, steps: int = 40, step_size: float | None = None,
    norm: str = "linf", cap: float = 4.0, targeted: bool = False,
    generator: torch.Generator | None = None, chunk: int | None = None, progress: bool = False,
) -> Float[Tensor, "..."]:
    """One change, of the shape of one image and inside the eps ball, that fools many images of x.

    Of all iterates the one that fools the most images comes back (of those, the one with the greatest loss).
    It also fools images that it has never seen; measure it on such. cap: how much one image's loss may count;
    with exp(-cap) left for the true class it has given in. step_size: 2.5 eps / steps unless told otherwise.
    targeted: y are the labels wanted. Nothing is random; generator is there as every attack has one.
    Costs steps gradients and one pass forward for each image.
    """
    check_numbers(eps=eps, steps=steps, norm=norm, generator=generator)
    check_size("cap", cap)
    if chunk is not None:
        check_count("chunk", chunk)
    size = 2.5 * eps / steps if step_size is None else step_size
    check_size("step_size", size, zero=eps == 0)
    with attacking(model, x, y) as (net, x, y):
        delta = best = torch.zeros_like(wide(x[:1]).sum(0))
        most = (0, -torch.inf)
        for step in tqdm(range(steps + 1), disable=not progress, leave=False):
            last = step == steps
            g, *worth = _all_images(net, x, y, delta, cap, targeted, chunk, gradient=not last)
            if tuple(worth) > most:
                most, best = tuple(worth), delta
            if not last:
                up = g.sign() if norm == "linf" else unit(g[None])[0]
                delta = _inside(delta + size * up, eps, norm, x.dtype)
    return best.to(x.device, x.dtype)


def _all_images(
    net: Net, x: Images, y: Labels, delta: Tensor, cap: float, targeted: bool, chunk: int | None,
    gradient: bool,
) -> tuple[Tensor, int, float]:
    """(gradient summed over the images, how many are fooled, summed loss).

    The cut to [0, 1] is left out of the gradient, or a pixel that is white in all images could not come back.
    """
    def capped(logits: Tensor, y: Labels) -> Tensor:
        return climbing_loss(logits, y, targeted).clamp(max=cap)

    g, hits, total = torch.zeros_like(delta), 0, 0.0
    size = chunk or (256 if x.device.type == "cpu" else 1024)
    for first in range(0, len(x), size):
        clean, label = x[first : first + size], y[first : first + size]
        v = add_inside(clean, delta.expand_as(clean))
        if gradient:
            slope, logits, loss = input_gradient(net, v, partial(capped, y=label))
            g = g + wide(slope).sum(0)
        else:
            with torch.no_grad():
                logits = net(v)
                loss = capped(logits, label)
        hits += int(fooled(logits, label, targeted).sum())
        total += float(wide(loss).sum())
    return g, hits, total


def _inside(delta: Tensor, eps: float, norm: str, dtype: torch.dtype) -> Tensor:
    """delta cut to the eps ball, still in float64 but of numbers that dtype has, rounded towards 0."""
    # A hair less than eps, for the rounding of the sum inside the norm.
    inside = delta.clamp(-eps, eps) if norm == "linf" else (
        delta * (eps * (1 - 1e-12) / delta.norm().clamp(min=1e-300)).clamp(max=1))
    rounded = inside.to(dtype)
    too_far = wide(rounded).abs() > inside.abs()
    return wide(torch.where(too_far, torch.nextafter(rounded, torch.zeros_like(rounded)), rounded))
