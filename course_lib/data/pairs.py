"""Pairs of items, same class or not, from any labelled set; and sets that share no class."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_lib.data.images import Images


@dataclass(frozen=True, eq=False, repr=False)
class Pairs:
    """Pairs of places in a set of items."""

    left: Int[Tensor, "n"]
    right: Int[Tensor, "n"]
    y: Int[Tensor, "n"]  # 1 if both are of one class, else 0; int64

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        return f"Pairs({len(self):,} pairs, {int(self.y.sum()):,} of one class)"

    def take(self, x: Float[Tensor, "items *item"]) -> Float[Tensor, "n 2 *item"]:
        """The items themselves, two a row. x: the set that the pairs were drawn from, in its order."""
        return x[torch.stack([self.left, self.right], 1)]


def class_pairs(labels: Int[Tensor, " items"], n: int, *, rate: float | str = 0.5, seed: int = 0) -> Pairs:
    """`n` pairs of places in `labels`, in random order, the same for the same seed.

    rate: share of pairs of one class (rounded to whole pairs); or "natural": any two different items, so that
    the share is what it is in the set. Each pair of its sort has the same chance, so large classes come up
    more often. Never an item with itself. No pair comes twice, in either order, before all pairs of its sort
    have come once. Which of the two is left is drawn by lot.
    Raises ValueError if n or rate is out of range, or the set has no pair of a wanted sort.
    """
    labels = torch.as_tensor(labels)
    if labels.dim() != 1:
        raise ValueError(f"labels must be one class number an item, got shape {tuple(labels.shape)}")
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"n must be a whole number of pairs from 1 on, got {n!r}")
    if rate != "natural" and not (isinstance(rate, (int, float)) and 0 <= rate <= 1):
        raise ValueError(f'rate must be a share from 0 to 1, or "natural"; got {rate!r}')
    rng = np.random.default_rng(seed)
    classes = labels.cpu().numpy()
    order = np.argsort(classes, kind="stable")  # class by class, so that partners lie side by side
    place, items = np.arange(len(order)), len(order)
    ends = np.searchsorted(classes[order], classes[order], side="right")  # where each item's class ends
    if rate == "natural":
        drawn = [_draw(place + 1, np.full(items, items), n, "different items", rng)]
    else:
        same = round(n * rate)
        drawn = [_draw(place + 1, ends, same, "items of one class", rng),
                 _draw(ends, np.full(items, items), n - same, "items of different classes", rng)]
    pairs = order[np.concatenate(drawn)]
    pairs = rng.permuted(rng.permutation(pairs), axis=1)
    left, right = torch.from_numpy(np.ascontiguousarray(pairs.T)).to(labels.device)
    return Pairs(left, right, (labels[left] == labels[right]).long())


def _draw(start: np.ndarray, stop: np.ndarray, n: int, what: str, rng: np.random.Generator) -> np.ndarray:
    """`n` pairs (i, j), shape [n, 2]: the partners of item i are the items start[i] to stop[i] - 1.

    All such pairs are numbered through; what is drawn are numbers, so millions of pairs need no list.
    """
    total = int((stop - start).sum())
    if n and not total:
        raise ValueError(f"there is no pair of {what} in this set: choose another rate or more items")
    rounds = [rng.choice(total, min(total, n - done), replace=False) for done in range(0, n, total or 1)]
    number = np.concatenate([np.zeros(0, np.int64), *rounds])
    before = np.cumsum(stop - start)
    i = np.searchsorted(before, number, side="right")
    j = stop[i] - (before[i] - number)
    return np.stack([i, j], 1)


def hold_out(images: Images, classes: Sequence[int]) -> tuple[Images, Images]:
    """(seen, unseen): the images of all other classes, and those of these. No class is on both sides.

    Labels keep their numbers and names. Draw a balanced subset before, not after: `subset` wants all classes.
    Raises ValueError if a number is not a class of the set, comes twice, or a side would have no image.
    """
    held = [int(k) for k in classes]
    wrong = [k for k in held if not 0 <= k < len(images.classes)]
    if wrong or len(set(held)) < len(held):
        raise ValueError(f"classes must be different numbers from 0 to {len(images.classes) - 1}, got {held}")
    unseen = torch.isin(images.y, torch.tensor(held, device=images.y.device, dtype=images.y.dtype))
    if unseen.all() or not unseen.any():
        raise ValueError(f"with classes {held} held out, one side has no image: "
                         f"hold out some of {images.y.unique().tolist()}, not all")
    return tuple(replace(images, x=images.x[side], y=images.y[side], index=images.index[side])
                 for side in (~unseen, unseen))
