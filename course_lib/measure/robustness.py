"""What counts as a success of an attack, and accuracy under a budget.

Nothing is taken on trust: the images that an attack gave are measured and classified again here. Distances
are exact, in float64; all answers are on the CPU.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from course_lib.measure.eval_mode import eval_mode

Images = Float[Tensor, "images ..."]
Labels = Int[Tensor, " images"]
Flags = Bool[Tensor, " images"]


@dataclass(frozen=True)
class Success:
    """One row an image. `fooled` is true success: right before, wrong now, inside the ball and in [0, 1]."""

    right: Flags  # classified right before the attack
    allowed: Flags  # the new image lies in [0, 1] and inside the ball
    fooled: Flags
    distance: Float[Tensor, " images"]  # between clean and new image, in the norm asked for

    @property
    def rate(self) -> float:
        """Share of fooled images among those that were right before; nan if none was."""
        return int(self.fooled.sum()) / n if (n := int(self.right.sum())) else float("nan")

    @property
    def accuracy(self) -> float:
        """Share of all images that are right before and stay so: accuracy under this attack."""
        return int((self.right & ~self.fooled).sum()) / len(self.right)


def success(
    model: nn.Module, x: Images, y: Labels, x_adv: Images, *, eps: float | None = None, norm: str = "linf",
    target: Labels | None = None, slack: float = 1e-6,
) -> Success:
    """Did the images x_adv fool the model that got x right? eps: None asks for no ball, only for [0, 1].

    target: the class wanted of each image; then only that one counts as a success.
    slack: how far beyond eps still counts as inside: a plain x + eps in float32 may be rounded up.
    Raises ValueError if shapes differ or norm is not 'linf', 'l2', 'l1' or 'l0'.
    """
    distance = distances(x, x_adv, norm)
    in_range = ((x_adv >= 0) & (x_adv <= 1)).flatten(1).all(1).cpu()  # False for nan too
    allowed = in_range if eps is None else in_range & (distance <= eps + slack)
    right, answer = is_right(model, x, y), predictions(model, x_adv)
    wrong_now = (answer != y.cpu()) & (answer >= 0)
    if target is not None:
        wrong_now &= answer == target.cpu()
    return Success(right, allowed, right & allowed & wrong_now, distance)


def distances(x: Images, x_adv: Images, norm: str = "linf") -> Float[Tensor, " images"]:
    """Of each image, how far x_adv is from x: 'linf', 'l2', 'l1', or 'l0' (numbers changed).

    Raises ValueError for another norm, or if the shapes differ.
    """
    orders = {"linf": torch.inf, "l2": 2, "l1": 1, "l0": 0}
    if norm not in orders:
        raise ValueError(f"norm must be one of {', '.join(orders)}; got {norm!r}")
    if x_adv.shape != x.shape or x.dim() < 2:
        raise ValueError(f"x and x_adv must be batches of one shape, got {tuple(x.shape)} and "
                         f"{tuple(x_adv.shape)}")
    delta = (exact(x_adv) - exact(x)).flatten(1)
    return torch.linalg.vector_norm(delta, orders[norm], dim=1)


def robust_accuracy(
    model: nn.Module, x: Images, y: Labels, attacked: Iterable[Images], *, eps: float, norm: str = "linf"
) -> float:
    """Accuracy under a budget: share of images that are right, and that none of several attacks fools.

    attacked: for each attack its images.
    """
    robust = is_right(model, x, y)
    for x_adv in attacked:
        robust &= ~success(model, x, y, x_adv, eps=eps, norm=norm).fooled
    return float(robust.double().mean())


def predictions(model: nn.Module, x: Images, batch_size: int = 256) -> Labels:
    """The class of each image in eval mode; -1 if the answer is not finite. The model is left as it was."""
    if not len(x):
        raise ValueError("x must hold at least one image")
    with torch.no_grad(), eval_mode(model):
        logits = torch.cat([model(part.clone()).cpu() for part in x.split(batch_size)])
    return torch.where(logits.isfinite().all(1), logits.argmax(1), -1)


def is_right(model: nn.Module, x: Images, y: Labels) -> Flags:
    """Does the model get each image right?"""
    if y.shape != x.shape[:1]:
        raise ValueError(f"y must hold one label an image, {len(x)} of them, got shape {tuple(y.shape)}")
    return predictions(model, x) == y.cpu()


def exact(x: Tensor) -> Tensor:
    """x in float64, on the CPU, without its history."""
    return x.detach().cpu().double()
