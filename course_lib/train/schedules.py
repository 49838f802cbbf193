"""Learning-rate schedules: pure functions step -> factor in [0, 1] that multiplies the peak rate.

Pure, so a resumed run needs no scheduler state.
"""

import math
from collections.abc import Callable, Sequence

Schedule = Callable[[int], float]


def constant() -> Schedule:
    """The same rate always."""
    return lambda step: 1.0


def step_decay(milestones: Sequence[int], factor: float = 0.1, warmup: int = 0) -> Schedule:
    """Times `factor` at each milestone (the paper: 32,000 and 48,000 of 64,000); `factor` before `warmup`."""

    def schedule(step: int) -> float:
        return factor if step < warmup else factor ** sum(step >= m for m in milestones)

    return schedule


def one_cycle(steps: int, rise: float = 0.3) -> Schedule:
    """Linear rise over the first part of the run, then a cosine to zero.

    After Smith and Topin: Super-Convergence (2017), arXiv 1708.07120.
    """
    top = max(1, round(rise * steps))

    def schedule(step: int) -> float:
        if step < top:
            return (step + 1) / top
        return 0.5 * (1 + math.cos(math.pi * (step - top) / max(1, steps - top)))

    return schedule
