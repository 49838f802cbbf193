"""What do our SELU and alpha dropout cost beside torch's own, and batch norm beside SELU? Ratios.

Run by `make bench` (or `python tests/bench/selu.py`). SELU wraps torch's and must cost at most 1.05 times as
much; our alpha dropout is written by hand, so that its formula can be read: its ratio is only told.
"""

import statistics
import sys
import time

import torch
from torch import nn

from course_lib.blocks.selu import SELU, AlphaDropout

MOST, ROUNDS = 1.05, 60
SHAPES = ((64, 256), (256, 256), (64, 32, 16, 16))


def step(layer: nn.Module, x: torch.Tensor, weights: torch.Tensor) -> float:
    """Seconds of one forward and backward."""
    began = time.perf_counter()
    layer(x).backward(weights)
    x.grad = None
    return time.perf_counter() - began


def ratio(ours: nn.Module, theirs: nn.Module, shape: tuple[int, ...]) -> float:
    """Median time of ours over theirs, taken in turn."""
    x, weights = torch.randn(shape, requires_grad=True), torch.randn(shape)
    times = [[], []]
    for _ in range(ROUNDS):
        for layer, spent in zip((ours, theirs), times, strict=True):
            spent.append(min(step(layer, x, weights) for _ in range(3)))
    return statistics.median(times[0]) / statistics.median(times[1])


def main() -> int:
    torch.set_num_threads(1)
    worst = 0.0
    for shape in SHAPES:
        selu = ratio(SELU(), nn.SELU(), shape)
        dropout = ratio(AlphaDropout(0.1), nn.AlphaDropout(0.1), shape)
        norm = (nn.BatchNorm1d if len(shape) == 2 else nn.BatchNorm2d)(shape[1])
        cost = ratio(nn.Sequential(norm, nn.ReLU()), SELU(), shape)
        worst = max(worst, selu)
        print(f"{shape!s:18} SELU {selu:5.2f}   alpha dropout {dropout:5.2f}   "
              f"BN + ReLU over SELU {cost:5.2f}")
    print(("met     " if worst <= MOST else "MISSED  ") + f"SELU: at most {MOST} times torch's own")
    return 0 if worst <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
