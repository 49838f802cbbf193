"""Where and how big: device, seeds, threads and the scale of a run. Imports nothing of the house.

torch is imported where it is needed: commands such as `course update` ask only for `home`, and need not wait.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    import torch

# Quick runs use one thread. OpenMP reads this once, when torch loads, so it is set before any import of it:
# two threads beside one busy process run three times slower than one.
os.environ.setdefault("OMP_NUM_THREADS", os.environ.get("COURSE_THREADS", "1"))

SCALES = ("smoke", "quick", "class", "full")
T = TypeVar("T")


def home() -> Path:
    """The folder of the course: the one that holds notebooks/, data/ and course_lib/.

    Raises FileNotFoundError if the package was installed without them.
    """
    folder = Path(__file__).resolve().parent.parent
    if not (folder / "notebooks").is_dir() or not (folder / "data" / "manifest.toml").is_file():
        raise FileNotFoundError(
            f"the course's notebooks/ and data/ are not beside the package ({folder}). "
            "Get the whole course folder and install it in place: pip install -e ."
        )
    return folder


def device(prefer: str | None = None) -> torch.device:
    """The best device here: cuda, then mps, then cpu. `prefer`, or $COURSE_DEVICE, overrides.

    Raises ValueError if the wished device is not there.
    """
    import torch

    wish = prefer or os.environ.get("COURSE_DEVICE") or ""
    there = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if not wish:
        return torch.device(next(name for name, ok in there.items() if ok))
    kind = wish.split(":")[0]
    if not there.get(kind, False):
        ready = ", ".join(name for name, ok in there.items() if ok)
        raise ValueError(f"device {wish!r} is not available here; choose one of: {ready}")
    return torch.device(wish)


def seed_everything(seed: int) -> torch.Generator:
    """Seed python, numpy and torch (all devices); returns a fresh CPU generator with the same seed."""
    import numpy as np
    import torch

    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be a whole number from 0 to 2**32 - 1, got {seed!r}")
    random.seed(seed)
    np.random.seed(seed)
    torch.manual_seed(seed)
    return torch.Generator().manual_seed(seed)


@contextmanager
def seeded(device: torch.device | str, seed: int) -> Iterator[None]:
    """Inside, torch's global draws follow from the seed; afterwards they go on as before."""
    import torch

    device = torch.device(device)
    with torch.random.fork_rng([device] if device.type == "cuda" else []):
        torch.manual_seed(seed)
        yield


def threads_for(scale: str) -> int:
    """CPU threads of a run: $COURSE_THREADS, else one for smoke and quick, else all cores."""
    wish = os.environ.get("COURSE_THREADS")
    if wish is None:
        return 1 if scale in ("smoke", "quick") else max(1, os.cpu_count() or 1)
    if not (wish.isascii() and wish.isdigit() and 1 <= int(wish) <= 1024):
        raise ValueError(f"COURSE_THREADS must be a whole number from 1 to 1024, got {wish!r}")
    return int(wish)


@dataclass(frozen=True)
class Run:
    """How big this run of a lesson is. Made by `start` in a lesson's first cell."""

    scale: str
    seed: int
    device: torch.device
    threads: int

    def pick(self, *, smoke: T, quick: T, class_: T, full: T) -> T:
        """The value for this run's scale."""
        return dict(zip(SCALES, (smoke, quick, class_, full), strict=True))[self.scale]

    def seeds(self, count: int) -> list[int]:
        """`count` different seeds; other base seeds give other ones."""
        return [self.seed * 1000 + k for k in range(count)]

    @property
    def folder(self) -> Path:
        """Where long runs keep checkpoints: $COURSE_OUT, which `course run` sets, else in runs/."""
        return Path(os.environ.get("COURSE_OUT") or home() / "runs" / f"{self.scale}-{self.seed}")

    @property
    def judged(self) -> bool:
        """Are claims judged at this scale? At smoke they are only computed."""
        return self.scale != "smoke"


_current: Run | None = None


def start(scale: str = "quick", seed: int = 0) -> Run:
    """Begin a lesson: check the parameters, set threads and seeds, choose the device.

    Raises ValueError naming the parameter if scale or seed is not valid.
    """
    import torch

    global _current
    if scale not in SCALES:
        raise ValueError(f"scale must be one of {', '.join(SCALES)}; got {scale!r}")
    run = Run(scale, seed, device(), threads_for(scale))
    seed_everything(seed)
    torch.set_num_threads(run.threads)
    _current = run
    return run


def current() -> Run:
    """The run that the last `start` began; a quick one if none did."""
    import torch

    return _current or Run("quick", 0, device(), torch.get_num_threads())
