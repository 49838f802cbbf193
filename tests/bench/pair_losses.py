"""What our pair losses cost beside pytorch-metric-learning's, forward and backward. Ratios.

Run by `make bench` (or `python tests/bench/pair_losses.py`); exits with 1 where a ratio is above 1. Both get
the same embeddings and labels on one thread, in turn, and must agree in value before they are timed.
"""

import statistics
import sys
import time
from collections.abc import Callable

import torch
from pytorch_metric_learning import distances, losses, miners, reducers

from course_lib.blocks import batch_hard_triplet_loss, euclidean, hinge_pair_loss, triplet_loss

MOST, ROUNDS = 1.0, 40
SHAPES = ((64, 32), (256, 64), (512, 128))
Loss = Callable[[], torch.Tensor]


def rivals(z: torch.Tensor, y: torch.Tensor) -> dict[str, tuple[Loss, Loss]]:
    """name -> (ours, theirs), all of them with Euclidean distances of the embeddings as they are."""
    plain = distances.LpDistance(normalize_embeddings=False)
    n = len(z)
    half = torch.arange(n // 2)
    same = y[half] == y[half + n // 2]
    sorts = (half[same], half[same] + n // 2, half[~same], half[~same] + n // 2)
    pairs = losses.ContrastiveLoss(distance=plain, reducer=reducers.SumReducer())
    a, p, q = (torch.randint(n, (n,)) for _ in range(3))
    triplets = losses.TripletMarginLoss(1.0, distance=plain, reducer=reducers.MeanReducer())
    hard = miners.BatchHardMiner(distance=plain)
    every = (y[:, None] == y).flatten()  # with each item and itself, whose loss is 0
    return {
        "hinge, pairs given": (
            lambda: hinge_pair_loss(euclidean(*z.view(2, n // 2, -1)), same),
            lambda: pairs(z, indices_tuple=sorts) / len(half),
        ),
        "hinge, all pairs": (
            lambda: hinge_pair_loss(torch.cdist(z, z).flatten(), every),
            lambda: pairs(z, y) / n**2,
        ),
        "triplets given": (
            lambda: triplet_loss(z[a], z[p], z[q]),
            lambda: triplets(z, indices_tuple=(a, p, q)),
        ),
        "batch-hard triplets": (lambda: batch_hard_triplet_loss(z, y), lambda: triplets(z, y, hard(z, y))),
    }


def step(loss: Loss, z: torch.Tensor) -> float:
    """Seconds of one forward and backward."""
    began = time.perf_counter()
    loss().backward()
    z.grad = None
    return time.perf_counter() - began


def ratio(ours: Loss, theirs: Loss, z: torch.Tensor) -> float:
    """Median time of ours over theirs, taken in turn."""
    times = [[], []]
    for _ in range(ROUNDS):
        for loss, spent in zip((ours, theirs), times, strict=True):
            spent.append(min(step(loss, z) for _ in range(2)))
    return statistics.median(times[0]) / statistics.median(times[1])


def main() -> int:
    torch.set_num_threads(1)
    torch.manual_seed(0)
    worst = 0.0
    for n, features in SHAPES:
        z = (0.2 * torch.randn(n, features)).requires_grad_()
        for name, (ours, theirs) in rivals(z, torch.randint(8, (n,))).items():
            torch.testing.assert_close(ours(), theirs(), rtol=1e-3, atol=1e-3)
            found = ratio(ours, theirs, z)
            worst = max(worst, found)
            print(f"{n:4} x {features:<4} {name:20} {found:5.2f} times pytorch-metric-learning's")
    print(("met     " if worst <= MOST else "MISSED  ") + f"pair losses: at most {MOST} times")
    return 0 if worst <= MOST else 1


if __name__ == "__main__":
    sys.exit(main())
