"""What a minimal attack is after: a clear change of the answer, and the nearest image that shows it."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_lib.attacks.ball import per_row
from course_lib.attacks.contract import Images, Logits

Rows = Float[Tensor, " rows"]
Size = Callable[[Float[Tensor, "rows pixels"]], Rows]

# Logits of one image differ by some rounding steps between batches of other sizes; an answer that has changed
# by less is no answer. Half precision rounds once at the end of each layer, so that fewer steps will do.
_STEPS = {torch.bfloat16: 4, torch.float16: 4}


@dataclass(frozen=True)
class Goal:
    """Away from `labels`, the true ones, or towards them if targeted; the new class leads by `confidence`."""

    labels: Int[Tensor, " rows"]
    targeted: bool = False
    confidence: float = 0.0

    def of(self, rows: Tensor) -> "Goal":
        """The goal of some rows."""
        return Goal(self.labels[rows], self.targeted, self.confidence)

    def margin(self, logits: Logits) -> Rows:
        """How far the logits are past the goal."""
        logits, at = working(logits), self.labels[:, None]
        own = logits.gather(1, at).squeeze(1)
        other = logits.scatter(1, at, -torch.inf).max(1).values
        return (own - other if self.targeted else other - own) - self.confidence

    def clear_margin(self, logits: Logits) -> Rows:
        """The margin less what rounding may change: above 0 where the goal is reached in any batch."""
        return self.margin(logits) - rounding(logits)


def rounding(logits: Logits) -> Rows:
    """The change of a margin that another batch size may cause."""
    steps = _STEPS.get(logits.dtype, 64)
    return steps * torch.finfo(logits.dtype).eps * working(logits).abs().amax(1)


class Best:
    """The nearest image found so far for each row; the clean one, at size infinity, before any is found.

    size: of differences, flattened to [rows, pixels] -> one number a row.
    """

    def __init__(self, clean: Images, size: Size):
        self.clean, self.size_of, self.image = clean, size, clean.clone()
        self.size = working(clean).new_full((len(clean),), torch.inf)
        self.margin = torch.zeros_like(self.size)  # of the image found

    def empty(self) -> "Best":
        """One for the same images, with nothing found."""
        return Best(self.clean, self.size_of)

    @property
    def found(self) -> Bool[Tensor, " rows"]:
        return self.size.isfinite()

    def nearer(self, rows: Tensor, image: Images) -> Bool[Tensor, " rows"]:
        """Whether images of these rows would be nearer than what was found."""
        return self._sizes(rows, image) < self.size[rows]

    def offer(self, rows: Tensor, image: Images, margin: Rows) -> None:
        """Take each image whose clear margin is above 0 and which is nearer than the row's best."""
        size = self._sizes(rows, image)
        better = (margin > 0) & (size < self.size[rows])
        self.margin[rows] = torch.where(better, margin, self.margin[rows])
        self.size[rows] = torch.where(better, size, self.size[rows])
        self.image[rows] = torch.where(per_row(better, image), image, self.image[rows])

    def _sizes(self, rows: Tensor, image: Images) -> Rows:
        return self.size_of((working(image) - working(self.clean[rows])).flatten(1))


def working(x: Tensor) -> Tensor:
    """x in the precision that the arithmetic of an attack needs: single, or double if x is."""
    return x.float() if x.dtype in _STEPS else x


def l1(r: Tensor) -> Rows:
    """||r||_1 of each row."""
    return r.flatten(1).abs().sum(1)


def l2(r: Tensor) -> Rows:
    """||r||_2 of each row."""
    return r.flatten(1).norm(dim=1)


def squared(r: Tensor) -> Rows:
    """||r||_2^2 of each row."""
    return r.flatten(1).square().sum(1)


def linf(r: Tensor) -> Rows:
    """||r||_inf of each row."""
    return r.flatten(1).abs().amax(1)


class Patience:
    """Says ten times in a run of `steps` which rows to go on with: those whose lowest loss still falls.

    steps: None for a run in which no row gives up.
    """

    def __init__(self, like: Rows, steps: int | None):
        self.every = max(1, steps // 10) if steps else None
        self.lowest = self.before = torch.full_like(like, torch.inf)

    def stay(self, loss: Rows, step: int) -> Int[Tensor, " rows"] | None:
        """The rows that stay after this step (from 1), None for all. A loss that falls by < 0.01 % rests."""
        self.lowest = torch.minimum(self.lowest, loss)
        if self.every is None or step % self.every:
            return None
        falls = self.lowest < 0.9999 * self.before
        self.before = self.lowest
        if bool(falls.all()):
            return None
        stay = falls.nonzero().squeeze(1)
        self.lowest = self.before = self.lowest[stay]
        return stay
