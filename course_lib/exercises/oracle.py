"""Comparing a learner's tensors with an oracle's, and finding the slip that explains a difference."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from course_lib.exercises.exercise import Wrong

Slip = tuple[str, Callable[[], Tensor]]  # the message, and what that slip would answer
TOLERANCE = {torch.float64: 1e-9, torch.float32: 1e-4, torch.float16: 2e-3}
# What an answer may stumble over that is right otherwise: how many images, what is done to x, the message.
UNUSUAL = (
    (3, lambda x: 100 * x,
     "It is right for small values and wrong for large values: does something cut them off?"),
    (1, lambda x: x,
     "It is right for three images and wrong for one image alone: a squeeze, or a batch size written down?"),
    (3, torch.abs,
     "It is right in general and wrong where no value of x is negative: does something depend on that?"),
)  # fmt: skip


def equal(got: Any, want: Tensor) -> bool:
    """Same shape, and the same values up to the precision of got's type."""
    if not isinstance(got, Tensor) or got.shape != want.shape or got.is_complex():
        return False
    tolerance = TOLERANCE.get(got.dtype, 1e-2)
    scale = max(1.0, float(want.detach().abs().max())) if want.numel() else 1.0
    difference = (got.detach().double() - want.detach().double()).abs()
    return bool((difference <= tolerance * scale).all())  # false for NaN


def compare(got: Any, want: Tensor, slips: Iterable[Slip], otherwise: str) -> None:
    """Raise Wrong if got is not want: the message of the first slip that answers the same, else "
      "`otherwise`."""
    if got is None:
        raise Wrong("Nothing comes back: is a `return` missing?")
    if isinstance(got, nn.Module):
        raise Wrong("What comes back is a layer, no tensor: a layer is made first and then called on a "
                    "tensor, as in nn.Tanh()(x).", type(got).__name__)
    if not isinstance(got, Tensor):
        raise Wrong("What comes back is no tensor: look at what `return` hands over.", repr(type(got)))
    if equal(got, want):
        return
    for message, slip in slips:
        try:
            same = equal(got, slip())
        except (RuntimeError, IndexError, ValueError):  # this slip is not possible with these shapes
            continue
        if same:
            raise Wrong(message)
    if got.shape != want.shape:
        raise Wrong("The output has another shape than it should: compare the sizes axis by axis.",
                    f"yours {tuple(got.shape)}, expected {tuple(want.shape)}")
    if not torch.isfinite(got).all():
        raise Wrong("The output holds NaN or infinity: look for a division by zero or memory never filled.")
    raise Wrong(otherwise)


def randomise(module: nn.Module) -> None:
    """Weights, biases and running statistics that hide no slip: none is 0 or 1. In place."""
    with torch.no_grad():
        for p in module.parameters():
            p.copy_(torch.randn(p.shape) * 0.4 + 0.1)
        for name, buffer in module.named_buffers():
            if name.endswith("running_mean"):
                buffer.copy_(torch.randn(buffer.shape) * 0.3)
            elif name.endswith("running_var"):
                buffer.copy_(torch.rand(buffer.shape) + 0.5)


def input_like(*shape: int, change: Callable[[Tensor], Tensor] = torch.clone) -> tuple[Tensor, Tensor]:
    """A random leaf that wants a gradient, and the tensor to hand over: its copy, so that damage shows.

    change: what is done to the standard normal numbers.
    """
    leaf = change(torch.randn(shape)).requires_grad_()
    return leaf, leaf * 1.0


def try_unusual(one_case: Callable[[int, Callable[[Tensor], Tensor]], None]) -> None:
    """Call one_case(batch, change) for each unusual input; raise Wrong with its message where it fails."""
    for batch, change, message in UNUSUAL:
        try:
            one_case(batch, change)
        except (Wrong, RuntimeError, ValueError, IndexError) as error:
            raise Wrong(message, getattr(error, "detail", "") or str(error)[:200]) from error


def must_keep_input(x: Tensor, leaf: Tensor) -> None:
    """Raise Wrong if the call has changed its input."""
    if not torch.equal(x.detach(), leaf.detach()):
        raise Wrong("The call changes its own input x: look for an operation in place (`+=`, `relu_`, "
                    "`inplace=True`) on x or on something that is x.")


def gradients(y: Tensor, inputs: Sequence[Tensor]) -> list[Tensor]:
    """d sum(y * fixed weights) / d inputs, zeros where y depends on none. Raises Wrong if y is cut off."""
    if not y.requires_grad:
        raise Wrong("The values are right, but no gradient can flow back: look for detach, no_grad, .data or "
                    "numpy.")
    weights = torch.linspace(-1.0, 2.0, y.numel()).sin().view(y.shape)
    found = torch.autograd.grad((y * weights).sum(), list(inputs), allow_unused=True)
    return [torch.zeros_like(x) if g is None else g for g, x in zip(found, inputs, strict=True)]
