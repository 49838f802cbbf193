"""Staying inside the ball and inside [0, 1], exactly.

Everything is decided in float64, whatever the dtype of x, so that no rounding leads out of the ball.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

Images = Float[Tensor, "images ..."]


@dataclass(frozen=True)
class LinfBall:
    """All images in [0, 1] with no pixel farther than eps from that of the clean image."""

    low: Images
    high: Images

    def project(self, v: Images) -> Images:
        """The nearest point of the ball."""
        return v.clamp(self.low, self.high)

    def steepest(self, g: Images) -> Images:
        """The step of length 1 along which a function with gradient g rises most."""
        return g.sign()

    def rows(self, rows) -> "LinfBall":
        """The balls of these images only."""
        return LinfBall(self.low[rows], self.high[rows])


@dataclass(frozen=True)
class L2Ball:
    """All images in [0, 1] with a Euclidean distance to the clean image of at most eps."""

    x: Images
    eps: float

    def project(self, v: Images) -> Images:
        """The nearest point with that distance, then cut to [0, 1]."""
        return project_l2(v, self.x, self.eps)

    def steepest(self, g: Images) -> Images:
        """The step of length 1 along which a function with gradient g rises most; 0 where g is 0."""
        return unit(g)

    def rows(self, rows) -> "L2Ball":
        """The balls of these images only."""
        return L2Ball(self.x[rows], self.eps)


def ball_around(x: Images, eps: float, norm: str) -> LinfBall | L2Ball:
    """The ball of each image of x. norm: 'linf' or 'l2'."""
    return LinfBall(*linf_box(x, eps)) if norm == "linf" else L2Ball(x, eps)


def random_in_ball(x: Images, eps: float, norm: str, generator: torch.Generator | None) -> Images:
    """A random change of each image, uniform in its ball (before anything is cut to [0, 1])."""
    if norm == "linf":
        return eps * random_like(x, generator)
    direction = unit(random_like(x, generator, normal=True))
    flat = x.flatten(1)
    share = random_like(flat[:, :1], generator).abs() ** (1 / flat.shape[1])
    return eps * direction * per_row(share, x)


def unit(g: Images) -> Images:
    """g divided by the Euclidean norm of each image; 0 stays 0."""
    # Divided by the largest number first: squares of tiny gradients would be 0.
    g = g / per_row(g.flatten(1).abs().amax(1), g).clamp(min=torch.finfo(g.dtype).tiny)
    return g / per_row(g.flatten(1).norm(dim=1), g).clamp(min=0.5)


def add_inside(x: Images, delta: Images) -> Images:
    """x + delta in the dtype of x and in [0, 1], rounded towards x: no pixel moves by more than |delta|."""
    clean, delta = wide(x), wide(delta)
    v = (clean + delta).clamp(0, 1).to(x.dtype)
    too_far = (wide(v) - clean).abs() > delta.abs()
    v, too_far = v.to(x.device), too_far.to(x.device)
    return torch.where(too_far, torch.nextafter(v, x), v)


def linf_box(x: Images, eps: float) -> tuple[Images, Images]:
    """(lowest, highest) image that is in [0, 1] and within eps of x; v.clamp(lowest, highest) projects."""
    whole = torch.full_like(wide(x), eps)
    return add_inside(x, -whole), add_inside(x, whole)


def project_l2(v: Images, x: Images, eps: float) -> Images:
    """The nearest point to v with |v - x|_2 <= eps, then cut to [0, 1]; exact also after rounding."""
    delta = wide(v) - wide(x)
    norm = delta.flatten(1).norm(dim=1)
    # A hair less than eps, for the rounding of the sum inside the norm.
    scale = (eps * (1 - 1e-12) / norm.clamp(min=1e-300)).clamp(max=1)
    return add_inside(x, delta * per_row(scale, delta))


def per_row(values: Tensor, x: Images) -> Tensor:
    """One value an image, shaped to multiply or compare with x."""
    return values.view(-1, *[1] * (x.dim() - 1))


def wide(x: Tensor) -> Tensor:
    """x in float64; on the CPU where its device has none (mps)."""
    return (x.cpu() if x.device.type == "mps" else x).double()


def random_like(x: Images, generator: torch.Generator | None, normal: bool = False) -> Images:
    """Uniform numbers in [-1, 1], or standard normal ones; the generator's own device draws them."""
    place = x.device if generator is None else generator.device
    draw = torch.randn if normal else torch.rand
    dtype = x.dtype if x.dtype == torch.float64 else torch.float32
    numbers = draw(x.shape, generator=generator, device=place, dtype=dtype).to(x.device)
    return (numbers if normal else 2 * numbers - 1).to(x.dtype)
