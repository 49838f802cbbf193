"""Made tones: a burst of noise that comes back after each period, as on a plucked string.

Karplus, Strong: Digital Synthesis of Plucked-String and Drum Timbres (1983).
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True, eq=False, repr=False)
class Tones:
    """Waveforms, and for each moment the level that comes next."""

    x: Float[Tensor, "n 1 time"]  # amplitude in [-1, 1], float32
    y: Int[Tensor, "n time"]  # number of the level at the next moment, from 0, int64
    levels: int

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        return f"Tones({len(self):,} of {self.x.shape[-1]} samples, {self.levels} levels)"


def tones(
    n: int, *, period: int = 64, periods: int = 3, levels: int = 4, decay: bool = False,
    generator: torch.Generator, device: torch.device | str = "cpu",
) -> Tones:
    """`n` tones, each with a burst of its own, the same for the same generator state.

    The first period is noise, so nothing short of a whole period back tells what comes next. decay: each
    later sample is the mean of the two a period before it, as on a string that fades; else it is a copy.
    levels: amplitudes the wave is rounded to. Raises ValueError for less than 2 levels, periods or samples.
    """
    if min(period, periods, levels) < 2:
        raise ValueError("period, periods and levels must be 2 or more, "
                         f"got {period}, {periods} and {levels}")
    burst = torch.randint(levels, (n, period), generator=generator) * 2 / (levels - 1) - 1
    blocks = [burst]
    for _ in range(periods - 1):
        last = blocks[-1]
        blocks.append((last + last.roll(1, 1)) / 2 if decay else last)
    level = ((torch.cat(blocks, 1) + 1) / 2 * (levels - 1)).round().long().to(device)
    x = level.float() * 2 / (levels - 1) - 1
    return Tones(x[:, None, :-1], level[:, 1:], levels)
