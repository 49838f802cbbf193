"""Dense prediction where the class is far away: dilated, undilated and pooled nets of equal parameters.

A unit is one net with one seed and data of its own; each can have its checkpoint, as in the depth study.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from course_lib.data.shapes import CLASSES, FAR, NEAR, Scenes, scenes
from course_lib.measure.segmentation import iou_by_class
from course_lib.nets.dense import ContextNet, PooledNet
from course_lib.train.fit import History, fit, logits_of
from course_lib.train.schedules import one_cycle

KINDS = ("dilated", "undilated", "pooled")


@dataclass(frozen=True)
class ContextStudy:
    """What is trained, and how: Adam at peak rate 0.01, one cycle.

    images, tested: scenes to train on and to measure on. rates: of the dilated net; the others have as many
    3x3 layers of rate 1, the pooled one halves its maps after layers 2 and 4. far, near: least and most
    pixels from a block to the stripe. controls: for how many seeds the undilated net also learns with the
    stripe near.
    """

    side: int = 32
    images: int = 400
    tested: int = 100
    width: int = 16
    rates: tuple[int, ...] = (1, 1, 2, 4, 8, 1)
    steps: int = 300
    batch_size: int = 8
    seeds: int = 3
    controls: int = 1
    far: tuple[int, int] = FAR
    near: tuple[int, int] = NEAR

    def units(self, seeds: list[int]) -> Iterator[tuple[str, str, int]]:
        """(kind, place, seed) of every unit: each kind with the stripe far away, and the controls."""
        for number, seed in enumerate(seeds[: self.seeds]):
            for kind in KINDS:
                yield kind, "far", seed
            if number < self.controls:
                yield "undilated", "near", seed

    def net(self, kind: str) -> nn.Module:
        """A new net. Raises ValueError for an unknown kind."""
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}; got {kind!r}")
        if kind == "pooled":
            return PooledNet(len(self.rates), width=self.width)
        rates = self.rates if kind == "dilated" else (1,) * len(self.rates)
        return ContextNet(rates, width=self.width)

    def data(self, place: str, seed: int, device: torch.device | str = "cpu") -> tuple[Scenes, Scenes]:
        """(train, test) scenes of this seed."""
        options = {"side": self.side, "distance": {"far": self.far, "near": self.near}[place]}
        options |= {"generator": torch.Generator().manual_seed(seed), "device": device}
        return scenes(self.images, **options), scenes(self.tested, **options)


@dataclass(frozen=True)
class ContextUnit:
    """One trained net and its intersection over union on unseen scenes, class by class."""

    kind: str
    place: str
    seed: int
    history: History
    iou: list[float]
    model: nn.Module

    @property
    def mean_iou(self) -> float:
        return sum(self.iou) / len(self.iou)


def train_context(
    study: ContextStudy, kind: str, place: str, seed: int, *,
    device: torch.device | str = "cpu", folder: Path | None = None,
) -> ContextUnit:
    """Train one net of the study from its seed. folder: where its checkpoint lives, none without."""
    train, test = study.data(place, seed, device)
    torch.manual_seed(seed)
    model = study.net(kind).to(device)
    file = Path(folder) / f"context-{kind}-{place}-seed{seed}.safetensors" if folder else None
    history = fit(
        model, train.x, train.y, steps=study.steps, batch_size=study.batch_size, lr=0.01, optimizer="adam",
        schedule=one_cycle(study.steps), seed=seed, checkpoint=file,
    )
    predicted = logits_of(model, test.x, 50).argmax(1)
    return ContextUnit(kind, place, seed, history, iou_by_class(predicted, test.y, len(CLASSES)), model)
