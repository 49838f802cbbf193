"""Many nets of one kind, trained from seeds of their own: the members of an ensemble.

A random subset of the images for each member: Breiman: Pasting Small Votes for Classification in Large
Databases and On-Line (1999); with replacement it is his bagging (Bagging Predictors, 1996).
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_lib.runtime import seeded
from course_lib.train.fit import History, check_run, fit
from course_lib.train.schedules import Schedule, one_cycle
from course_lib.train.stack import Loss, fit_stack, why_not_stacked

SMALL = 30_000  # weights of a dense net up to which stacking pays on a CPU


@dataclass(frozen=True)
class Member:
    """One trained net. seed: what it was made from. rows: of x, those that it learned from."""

    seed: int
    model: nn.Module
    history: History
    rows: Int[Tensor, " rows"]


def fit_many(
    make: Callable[[], nn.Module],
    x: Float[Tensor, "images channels *size"],
    y: Int[Tensor, "images *places"],
    *,
    count: int,
    steps: int,
    lr: float,
    batch_size: int = 64,
    optimizer: str = "adam",
    rows: str = "uniform",
    fraction: float = 1.0,
    replace: bool = False,
    loss: Loss = F.cross_entropy,
    schedule: Schedule | None = None,
    momentum: float = 0.9,
    weight_decay: float = 1e-4,
    seed: int = 0,
    how: str | None = None,
    at_once: int | None = None,
    folder: Path | None = None,
    checkpoint_every: float = 120.0,
    progress: bool = False,
) -> list[Member]:
    """Train `count` nets on (x, y), on the device where they are. Member k is the same whatever `count` is.

    make: () -> a new net; torch is seeded before it with `member_seed(seed, k)`. It may be called again.
    rows: "uniform": every member learns from all images, and differs by its first weights and by the order of
    its batches, which is its own. "bootstrap": member k also learns from images of its own, `fraction` of
    them, drawn once, without replacement; a statistician's bootstrap asks for replace=True.
    loss, schedule, optimizer, momentum, weight_decay: as in `fit`.
    how: "loop": `fit`, one member after the other. "stacked": all members in the same steps; the weights are
    the loop's up to rounding. None: see `stacking_pays`; nets that cannot be stacked take the loop.
    at_once: members in one stack; all of them if None, fewer where memory is short.
    folder: where checkpoints live: one a member in the loop, one a stack. A broken run goes on from them
    and ends with the same weights as an unbroken one.
    torch's own random state is left as it was.
    Raises ValueError for bad arguments, or for "stacked" with nets that cannot be (dropout, batch norm);
    TrainingDiverged if a loss is no longer finite.
    """
    _check(count, rows, fraction, replace, seed, how, at_once)
    seeds, images = [member_seed(seed, k) for k in range(count)], round(fraction * len(x))
    first = _born(make, x.device, seeds[0])
    check_run(first, x, y, steps, batch_size, optimizer)
    if images < batch_size:
        raise ValueError(f"fraction {fraction:g} of {len(x)} images leaves {images}, less than batch_size "
                         f"{batch_size}; take a larger fraction or smaller batches")
    options = {"loss": loss, "steps": steps, "batch_size": batch_size, "lr": lr, "optimizer": optimizer,
               "schedule": schedule or one_cycle(steps), "momentum": momentum, "weight_decay": weight_decay,
               "checkpoint_every": checkpoint_every, "progress": progress}
    name = rows + (f"-{fraction:g}" if rows == "bootstrap" else "") + ("-replace" if replace else "")
    everywhere = rows == "uniform"
    chosen = ([torch.arange(len(x))] * count if everywhere
              else [_subset(len(x), images, replace, seed, k) for k in range(count)])
    path = Path(folder) / f"{name}-seed{seed}" if folder else None
    work = _Work(make, x, y, seeds, chosen, everywhere, path, options)
    if how == "loop" or (how is None and not stacking_pays(first, x.device)):
        return work.loop(range(count))
    size, members = at_once or count, []
    for start in range(0, count, size):
        members += work.stacked(range(start, min(start + size, count)), must=how == "stacked")
    return members


def stacking_pays(net: nn.Module, device: torch.device) -> bool:
    """Is a stack of such nets expected to train faster than a loop over them?

    A GPU waits for the launch of each small kernel, and a stack launches one for all members: True there
    (not measured on this version). On a CPU, by measurement: time of the stack over time of the loop, one
    thread, Adam, batch 64, 28x28 images.

        members                        8      16     50
        SmallCNN, width 4              1.08   1.08   1.32    grouped convolutions are slow
        SmallCNN, width 8              1.16   1.30   2.29
        dense,   7 thousand weights    0.45          0.24    the loop's time is Python's
        dense,  26 thousand weights    0.55   0.45   0.33
        dense, 118 thousand weights    0.76          1.15    stacked matrices no longer fit the cache
        dense, 670 thousand weights    1.51          3.39

    So on a CPU: nets that learn in nn.Linear layers only, of at most 30 000 weights.
    """
    if device.type != "cpu":
        return device.type == "cuda"
    learning = [m for m in net.modules() if list(m.parameters(recurse=False))]
    weights = sum(p.numel() for p in net.parameters())
    return weights <= SMALL and all(isinstance(m, nn.Linear) for m in learning)


def member_seed(seed: int, k: int) -> int:
    """What member k is seeded with: its weights, the order of its batches, its dropout."""
    return int(np.random.SeedSequence((seed, k)).generate_state(2)[0])


def _subset(images: int, count: int, replace: bool, seed: int, k: int) -> Int[Tensor, " count"]:
    # Not the member's own seed: else the draw of its images and of its weights would be the same numbers.
    g = torch.Generator().manual_seed(int(np.random.SeedSequence((seed, k)).generate_state(2)[1]))
    if replace:
        return torch.randint(images, (count,), generator=g)
    return torch.randperm(images, generator=g)[:count]


def _born(make: Callable[[], nn.Module], device: torch.device, seed: int) -> nn.Module:
    with seeded(device, seed):
        return make().to(device)


@dataclass(frozen=True)
class _Work:
    """What is to be trained. options: of `fit` and of `fit_stack`, the same for all members."""

    make: Callable[[], nn.Module]
    x: Tensor
    y: Tensor
    seeds: list[int]
    rows: list[Tensor]
    everywhere: bool  # do all members learn from all rows?
    path: Path | None  # what the names of checkpoints begin with
    options: dict

    def file(self, end: str) -> Path | None:
        return self.path and self.path.with_name(f"{self.path.name}-{end}.safetensors")

    def loop(self, part: range) -> list[Member]:
        members = []  # each has an order of its own, so there is no batch to share: this is `fit`, n times
        for k in tqdm(part, desc="members", disable=not self.options["progress"], leave=False):
            rows = slice(None) if self.everywhere else self.rows[k].to(self.x.device)
            with seeded(self.x.device, self.seeds[k]):
                model = self.make().to(self.x.device)
                history = fit(model, self.x[rows], self.y[rows], seed=self.seeds[k],
                              checkpoint=self.file(f"member{k:03}"), **self.options)
            members.append(Member(self.seeds[k], model, history, self.rows[k]))
        return members

    def stacked(self, part: range, must: bool) -> list[Member]:
        nets = [_born(self.make, self.x.device, self.seeds[k]) for k in part]
        if why := why_not_stacked(nets, self.x, self.y, self.options["loss"]):
            if must:
                raise ValueError(f"how='stacked' does not go with these nets: {why}; use how='loop'")
            return self.loop(part)
        seeds, rows = ([of[k] for k in part] for of in (self.seeds, self.rows))
        with seeded(self.x.device, seeds[0]):
            histories = fit_stack(nets, self.x, self.y, rows=None if self.everywhere else torch.stack(rows),
                                  seeds=seeds, checkpoint=self.file(f"members{part[0]:03}-{part[-1]:03}"),
                                  **self.options)
        return [Member(*each) for each in zip(seeds, nets, histories, rows, strict=True)]


def _check(count, rows, fraction, replace, seed, how, at_once) -> None:
    at_once = count if at_once is None else at_once
    for name, value, least in (("count", count, 1), ("seed", seed, 0), ("at_once", at_once, 1)):
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}")
    if rows not in ("uniform", "bootstrap"):
        raise ValueError(f"rows must be 'uniform' or 'bootstrap', got {rows!r}")
    if not 0 < fraction <= 1:
        raise ValueError(f"fraction must be above 0 and at most 1, got {fraction!r}")
    if rows == "uniform" and (fraction != 1 or replace):
        raise ValueError("fraction and replace are for rows='bootstrap'; 'uniform' members see all images")
    if how not in (None, "loop", "stacked"):
        raise ValueError(f"how must be 'loop', 'stacked' or None, got {how!r}")
