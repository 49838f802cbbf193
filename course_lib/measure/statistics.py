"""Statistics over seeds: a mean with its interval, and the paired difference of two conditions."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import stdtrit


@dataclass(frozen=True)
class Estimate:
    """A mean over n seeds and its confidence interval [low, high]."""

    mean: float
    low: float
    high: float
    n: int

    def above(self, threshold: float) -> bool | None:
        """True if the whole interval lies above, False if below, None (undecided) if it touches."""
        if self.low > threshold:
            return True
        return False if self.high < threshold else None

    def below(self, threshold: float) -> bool | None:
        """True if the whole interval lies below, False if above, None (undecided) if it touches."""
        answer = self.above(threshold)
        return None if answer is None else not answer

    def __str__(self) -> str:
        if self.n < 2:
            return f"{self.mean:.3g} (one run)"
        return f"{self.mean:.3g} [{self.low:.3g}, {self.high:.3g}], {self.n} seeds"


def estimate(values: Sequence[float], confidence: float = 0.95) -> Estimate:
    """Mean and Student-t interval: mean ± t(n-1) s / sqrt(n). One value gives an unbounded interval.

    Raises ValueError if there is no value, one is not finite, or confidence is not inside (0, 1).
    """
    x = [float(v) for v in values]
    if not x or not all(map(math.isfinite, x)):
        raise ValueError(f"values must be at least one finite number, got {values!r}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must lie inside (0, 1), got {confidence!r}")
    n, mean = len(x), math.fsum(x) / len(x)
    if n == 1:
        return Estimate(mean, -math.inf, math.inf, 1)
    s = math.sqrt(math.fsum((v - mean) ** 2 for v in x) / (n - 1))
    half = float(stdtrit(n - 1, (1 + confidence) / 2)) * s / math.sqrt(n)
    return Estimate(mean, mean - half, mean + half, n)


def paired_difference(a: Sequence[float], b: Sequence[float], confidence: float = 0.95) -> Estimate:
    """The mean of a - b over seeds, a[k] and b[k] run with the same seed, with its t interval.

    Raises ValueError if a and b differ in length.
    """
    if len(a) != len(b):
        raise ValueError(f"a and b must pair up: got {len(a)} and {len(b)} values")
    return estimate([float(u) - float(v) for u, v in zip(a, b, strict=True)], confidence)
