"""Whether a limit on a ratio of times is kept: only a ratio that lies above it beyond doubt is too much."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Ratio:
    """The middle of several ratios, and the ends of its 95 % interval."""

    middle: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.middle:.2f} ({self.low:.2f} to {self.high:.2f})"


def ratio_of(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """The median of the rounds' ratios. Its interval is that of the sign test, which assumes nothing about
    the noise: from the k-th lowest to the k-th highest ratio. Below 6 rounds it is all that was seen.
    """
    ratios = sorted(a / b for a, b in zip(ours, theirs, strict=True))
    k = rank(len(ratios))
    return Ratio(statistics.median(ratios), ratios[k - 1], ratios[-k])


def rank(rounds: int) -> int:
    """The largest k, from 1, such that the median lies outside the k-th values with at most 5 % chance."""
    outside, k = 0.0, 0
    while k < rounds / 2:
        outside += 2 * math.comb(rounds, k) / 2**rounds
        if outside > 0.05:
            break
        k += 1
    return max(k, 1)
