"""A defended classifier, and what somebody who knows how it works would attack instead.

Athalye, Carlini, Wagner: Obfuscated Gradients Give a False Sense of Security (2018), arXiv 1802.00420: where
a defence breaks the gradient, attack a differentiable stand-in (BPDA); where it draws at random, attack the
mean over draws (EOT).
"""

from collections.abc import Callable
from typing import Protocol

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

Images = Float[Tensor, "images ..."]
Labels = Int[Tensor, " images"]
Logits = Float[Tensor, "images classes"]
Transform = Callable[[Images], Images]


class Detector(Protocol):
    """Says how suspicious an image looks; one above the threshold is rejected."""

    threshold: float

    def score(self, x: Images) -> Float[Tensor, " images"]:
        """Larger is more suspicious. Gradients go through, else no attacker could learn from it."""


class Defence(nn.Module):
    """A classifier as it is deployed, with all that an adaptive attacker needs to know about it.

    model: pixels in [0, 1] -> logits, whatever protects it included.
    stand_in: a module with the same answers, or nearly, whose gradients are of use; the model itself if None.
    random: does the model answer anew at each call? Then its answers are judged over many draws.
    detector: rejects images instead of classifying them.
    Raises TypeError where model or stand_in is no module, or detector has no score and threshold.
    """

    def __init__(self, model: nn.Module, *, stand_in: nn.Module | None = None, random: bool = False,
                 detector: Detector | None = None, name: str = ""):
        super().__init__()
        for role, module in (("model", model), ("stand_in", stand_in)):
            if not isinstance(module, nn.Module) and not (role == "stand_in" and module is None):
                raise TypeError(f"{role} must be an nn.Module, got {type(module).__name__}")
        if detector is not None and not (hasattr(detector, "score") and hasattr(detector, "threshold")):
            raise TypeError("detector must have .score(x) and .threshold, got "
                            f"{type(detector).__name__}; fit it first")
        self.model, self.stand_in, self.detector = model, stand_in, detector
        self.random, self.name = random, name

    def forward(self, x: Images) -> Logits:
        return self.model(x)

    def climbed(self, x: Images) -> Logits:
        """What an adaptive attacker climbs: the stand-in's logits, or the model's own."""
        return self.model(x) if self.stand_in is None else self.stand_in(x)

    def rejects(self, x: Images) -> Bool[Tensor, " images"]:
        """Which images the detector keeps out; none without a detector."""
        if self.detector is None:
            return torch.zeros(len(x), dtype=torch.bool, device=x.device)
        return self.detector.score(x).detach() > self.detector.threshold


def straight_through(
    forward: Transform, x: Images, backward: Transform | None = None
) -> Images:
    """forward(x), exactly, with the gradient of backward(x): of x itself if None.

    Backward pass differentiable approximation (BPDA) of Athalye et al.
    Raises ValueError if the two differ in shape.
    """
    with torch.no_grad():
        hard = forward(x.detach())
    soft = x if backward is None else backward(x)
    if hard.shape != soft.shape:
        raise ValueError(f"forward and backward must answer one shape, got {tuple(hard.shape)} and "
                         f"{tuple(soft.shape)}; pass a backward that answers what forward does")
    return _Swap.apply(soft, hard)


class StraightThrough(nn.Module):
    """`straight_through` as a layer, to be put in the place of a front that lets no gradient through.

    front: the layer or function in question. backward: what lends its gradient; the identity if None.
    """

    def __init__(self, front: Transform, backward: Transform | None = None):
        super().__init__()
        self.front, self.backward_of = front, backward

    def forward(self, x: Images) -> Images:
        return straight_through(self.front, x, self.backward_of)


class _Swap(torch.autograd.Function):
    """The second argument's values, the first one's gradient."""

    @staticmethod
    def forward(ctx, soft: Tensor, hard: Tensor) -> Tensor:
        return hard.clone()

    @staticmethod
    def backward(ctx, gradient: Tensor) -> tuple[Tensor, None]:
        return gradient, None
