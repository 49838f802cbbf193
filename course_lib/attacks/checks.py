"""What may go into an attack. Each error is one line that names the argument and the cure."""

import math

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

Images = Float[Tensor, "images ..."]
Labels = Int[Tensor, " images"]


def check_model(model: nn.Module, x: Images) -> None:
    """Raises TypeError or ValueError unless model is a module of x's device and dtype."""
    if not isinstance(model, nn.Module):
        raise TypeError("model must be an nn.Module, so that it can be left as it was, got "
                        f"{type(model).__name__}; put normalisation inside it with nn.Sequential")
    if not isinstance(x, Tensor):
        raise TypeError(f"x must be a tensor, got {type(x).__name__}")
    weights = [p for p in model.parameters() if p.is_floating_point()]
    dtypes, places = {p.dtype for p in weights}, {p.device for p in weights}
    if weights and x.dtype not in dtypes:
        raise ValueError(f"x must have the dtype of the model, {weights[0].dtype}, got {x.dtype}; "
                         f"use x.to({weights[0].dtype})")
    if weights and x.device not in places:
        raise ValueError(f"x must be on the device of the model, {weights[0].device}, got {x.device}")


def check_images(x: Images) -> None:
    """Raises ValueError unless x holds rows of finite numbers in [0, 1]."""
    if not x.is_floating_point():
        raise ValueError(f"x must hold floating-point numbers in [0, 1], got {x.dtype}; use x.float() / 255")
    if x.dim() < 2:
        raise ValueError(f"x must be a batch, one row an image, got shape {tuple(x.shape)}; use x[None]")
    if not x.numel():
        return
    x = x.detach()
    if not x.isfinite().all():
        raise ValueError("x holds a number that is not finite")
    low, high = float(x.min()), float(x.max())
    if low < 0 or high > 1:
        raise ValueError(f"x must lie in [0, 1], got {low:g} to {high:g}; undo the normalisation of x and "
                         "put it inside the model")


def check_labels(y: Labels, x: Images) -> None:
    """Raises ValueError unless y holds one class number an image, on the device of x."""
    if not isinstance(y, Tensor):
        raise TypeError(f"y must be a tensor, got {type(y).__name__}")
    if y.is_floating_point() or y.is_complex() or y.dtype == torch.bool:
        raise ValueError(f"y must hold whole class numbers, got {y.dtype}")
    if y.shape != x.shape[:1]:
        raise ValueError(f"y must hold one label an image, {len(x)} of them, got shape {tuple(y.shape)}")
    if y.device != x.device:
        raise ValueError(f"y must be on the device of x, {x.device}, got {y.device}")
    if len(y) and int(y.min()) < 0:
        raise ValueError(f"y must hold labels of 0 and more, got {int(y.min())}")


def check_numbers(*, eps: float | None = None, steps: int | None = None, norm: str = "linf",
                  generator: torch.Generator | None = None) -> None:
    """Raises ValueError unless eps is a size for the norm and steps a count (None: not asked for)."""
    if norm not in ("linf", "l2"):
        raise ValueError(f"norm must be 'linf' or 'l2', got {norm!r}")
    if eps is not None:
        check_size("eps", eps, zero=True)
        if norm == "linf" and eps > 1:
            raise ValueError(f"eps must be at most 1, as pixels are in [0, 1], got {eps:g}; "
                             "for 8 of 255 use 8/255")
    if steps is not None:
        check_count("steps", steps)
    if generator is not None and not isinstance(generator, torch.Generator):
        raise TypeError(f"generator must be a torch.Generator or None, got {type(generator).__name__}")


def check_count(name: str, value: int) -> None:
    """Raises ValueError unless value is a whole number of 1 or more."""
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ValueError(f"{name} must be a whole number of 1 or more, got {value!r}")


def check_size(name: str, value: float, *, zero: bool = False) -> None:
    """Raises ValueError unless value is a finite number above 0, or also 0."""
    number = isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    if not number or value < 0 or (value == 0 and not zero):
        least = "of 0 or more" if zero else "above 0"
        raise ValueError(f"{name} must be a finite number {least}, got {value!r}")
