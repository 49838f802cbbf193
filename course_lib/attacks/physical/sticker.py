"""A sticker on a thing: any change, but only under a mask, in colours that a printer has, seen by a camera.

Eykholt et al.: Robust Physical-World Attacks on Deep Learning Visual Classification (2017), arXiv 1707.08945,
equation 3: min over delta of lambda |M delta| + NPS(delta) + E_t[loss of y* at t(x + M delta)].
NPS is from Sharif et al.: Accessorize to a Crime (2016).
"""

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_lib.attacks.ball import LinfBall, linf_box
from course_lib.attacks.checks import check_numbers, check_size
from course_lib.attacks.contract import Images, Labels, attacking, in_chunks
from course_lib.attacks.physical.camera import Camera, Draws
from course_lib.attacks.physical.eot import climb
from course_lib.attacks.transforms import ROADSIDE, Views

Colours = Float[Tensor, "colours channels"]
LEVELS = (0.1, 0.5, 0.9)  # ink is never quite black, paper never quite white


def sticker(
    model: nn.Module, x: Images, y: Labels, *, mask: Float[Tensor, "..."], eps: float = 1.0, steps: int = 100,
    transforms: Draws = ROADSIDE, views: int = 10, step_size: float | None = None,
    print_weight: float = 0.1, colours: Colours | None = None, size_weight: float = 0.0,
    targeted: bool = False, keep_failures: bool = False,
    generator: torch.Generator | None = None, chunk: int | None = None, progress: bool = False,
) -> Images:
    """Images that fool in most views, with new pixels only where mask is 1.

    mask: 0 or 1, [height, width] for all images or one for each, [images, 1, height, width].
    eps: how far a pixel under the mask may go (1: anywhere). print_weight: of `unprintable`, the mean
    distance to a colour of the printer. colours: those it has, else every mixture of three levels.
    size_weight: lambda of the paper, for the L2 norm of the change. step_size: of the first step, 2.5 eps /
    steps unless told otherwise; later steps shrink evenly to nothing, so that colours settle.
    transforms, views, targeted, keep_failures, chunk and the cost in passes: as in `eot`.
    Raises ValueError if the mask does not fit x, or the number of channels needs `colours` of yours.
    """
    check_numbers(eps=eps, steps=steps, generator=generator)
    check_size("print_weight", print_weight, zero=True)
    check_size("size_weight", size_weight, zero=True)
    size = 2.5 * eps / steps if step_size is None else step_size
    check_size("step_size", size, zero=eps == 0)
    with attacking(model, x, y) as (net, x, y):
        under = _under(mask, x)
        ink = _ink(colours, x) if print_weight else None
        camera = Camera.of(transforms, views, x, generator=generator, chunk=chunk)

        def attack(rows: slice, tick) -> Images:
            clean, here = x[rows], under[rows]

            def price(v: Images, seen: Views) -> Tensor:
                cost = size_weight * (v - clean).flatten(1).norm(dim=1)
                return cost if ink is None else cost + print_weight * _unprintable(v, here, ink)

            low, high = linf_box(clean, eps)
            ball = LinfBall(torch.where(here, low, clean), torch.where(here, high, clean))
            sizes = [size * (1 - step / steps) for step in range(steps)]
            # An empty grey sticker: from the colours of the thing itself, climbs get stuck more often.
            start = ball.project(torch.full_like(clean, 0.5))
            best = climb(net, start, y[rows], ball, camera, sizes, price=price, targeted=targeted, tick=tick)
            return best.images if keep_failures else best.or_clean(clean)

        return in_chunks(attack, x, chunk=camera.images, steps=steps, progress=progress)


def unprintable(
    x: Images, mask: Float[Tensor, "..."], colours: Colours | None = None
) -> Float[Tensor, " images"]:
    """Mean distance of the pixels under the mask to the nearest colour of the printer: 0 if it has them all.

    The paper multiplies the distances to all colours, which is 0 in the same places but of no size that
    means anything. mask, colours: as in `sticker`; 0 for an image with nothing under the mask.
    """
    return _unprintable(x, _under(mask, x), _ink(colours, x))


def printable_colours(channels: int) -> Colours:
    """Every mixture of three levels of each channel: 27 colours, or 3 greys."""
    return torch.cartesian_prod(*[torch.tensor(LEVELS)] * channels).view(-1, channels)


def _unprintable(x: Images, under: Tensor, ink: Colours) -> Tensor:
    places = under[:, 0].to(x.dtype)
    ink = ink.view(len(ink), 1, ink.shape[1], *[1] * (x.dim() - 2))
    # Which colour is nearest needs no gradient, and one colour of all fits into memory at a time.
    with torch.no_grad():
        nearest = torch.stack([(x - one).square().sum(1) for one in ink]).argmin(0)
    wanted = ink.view(len(ink), -1)[nearest].movedim(-1, 1)
    distance = (x - wanted).norm(dim=1) * places
    return distance.flatten(1).sum(1) / places.flatten(1).sum(1).clamp(min=1)


def _under(mask: Tensor, x: Images) -> Tensor:
    """The mask as a bool for every number of x."""
    if not isinstance(mask, Tensor):
        raise TypeError(f"mask must be a tensor of 0 and 1, got {type(mask).__name__}")
    if not ((mask == 0) | (mask == 1)).all():
        raise ValueError("mask must hold only 0 and 1; use (mask > 0.5)")
    try:
        return (mask != 0).to(x.device).broadcast_to(x.shape)
    except RuntimeError:
        raise ValueError(f"mask must be [height, width] or [images, 1, height, width] of x, "
                         f"{tuple(x.shape)}, got {tuple(mask.shape)}") from None


def _ink(colours: Colours | None, x: Images) -> Colours:
    """The printer's colours, checked, like x."""
    channels = x.shape[1]
    if colours is None and channels not in (1, 3):
        raise ValueError(f"colours must be given for images of {channels} channels, one row a colour; "
                         "or leave them out of the game with print_weight=0")
    ink = printable_colours(channels) if colours is None else torch.as_tensor(colours)
    if ink.dim() != 2 or ink.shape[1] != channels or not len(ink):
        raise ValueError(f"colours must be [colours, {channels}], got shape {tuple(ink.shape)}")
    if not ((ink >= 0) & (ink <= 1)).all():
        raise ValueError("colours must lie in [0, 1]")
    return ink.to(x)
