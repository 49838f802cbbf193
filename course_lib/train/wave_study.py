"""Predict the next sample of a tone: a causal dilated stack against an undilated one of equal size."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import nn

from course_lib.blocks.dilated import CausalStack
from course_lib.data.waves import Tones, tones
from course_lib.train.fit import History, fit, logits_of
from course_lib.train.schedules import one_cycle


@dataclass(frozen=True)
class WaveStudy:
    """What is trained, and how: Adam at peak rate 0.01, one cycle.

    images: tones to train on; tested: tones to measure on. rates: of the dilated stack; the undilated one has
    as many gated blocks of rate 1. Each first layer looks back kernel - 1 samples as well.
    """

    period: int = 64
    levels: int = 4
    decay: bool = False
    images: int = 1000
    tested: int = 100
    channels: int = 16
    kernel: int = 4
    rates: tuple[int, ...] = (1, 4, 16)
    steps: int = 150
    batch_size: int = 16
    seeds: int = 3

    def units(self, seeds: list[int]) -> Iterator[tuple[str, int]]:
        """(kind, seed) of every unit."""
        for seed in seeds[: self.seeds]:
            for kind in ("dilated", "undilated"):
                yield kind, seed

    def layers(self, kind: str) -> list[tuple[int, int, int]]:
        """(kernel, stride, dilation) of every layer that looks back. Raises ValueError for another kind."""
        if kind not in ("dilated", "undilated"):
            raise ValueError(f"kind must be dilated or undilated, got {kind!r}")
        rates = self.rates if kind == "dilated" else (1,) * len(self.rates)
        return [(self.kernel, 1, rate) for rate in (1, *rates)]

    def net(self, kind: str) -> CausalStack:
        """A new stack."""
        rates = [rate for _, _, rate in self.layers(kind)[1:]]
        return CausalStack(1, self.levels, rates, kernel=self.kernel, channels=self.channels,
                           skip_channels=self.channels)

    def data(self, seed: int, device: torch.device | str = "cpu") -> tuple[Tones, Tones]:
        """(train, test) tones of this seed."""
        options = {"period": self.period, "levels": self.levels, "decay": self.decay, "device": device}
        options["generator"] = torch.Generator().manual_seed(seed)
        return tones(self.images, **options), tones(self.tested, **options)


@dataclass(frozen=True)
class WaveUnit:
    """One trained stack and its share of wrong next levels, after the first period, on unseen tones."""

    kind: str
    seed: int
    history: History
    error: float
    model: nn.Module


def train_wave(
    study: WaveStudy, kind: str, seed: int, *,
    device: torch.device | str = "cpu", folder: Path | None = None,
) -> WaveUnit:
    """Train one stack of the study from its seed. folder: where its checkpoint lives, none without."""
    train, test = study.data(seed, device)
    torch.manual_seed(seed)
    model = study.net(kind).to(device)
    file = Path(folder) / f"wave-{kind}-seed{seed}.safetensors" if folder else None
    history = fit(
        model, train.x, train.y, steps=study.steps, batch_size=study.batch_size, lr=0.01, optimizer="adam",
        schedule=one_cycle(study.steps), seed=seed, checkpoint=file,
    )
    wrong = logits_of(model, test.x, 50).argmax(1) != test.y
    return WaveUnit(kind, seed, history, float(wrong[:, study.period :].float().mean()), model)
