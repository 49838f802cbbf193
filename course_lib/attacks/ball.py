"""Staying inside the ball and inside [0, 1], exactly.

Everything is decided in float64, whatever the dtype of x, so that no rounding leads out of the ball.
"""

import torch
from jaxtyping import Float
from torch import Tensor

Images = Float[Tensor, "images ..."]


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
