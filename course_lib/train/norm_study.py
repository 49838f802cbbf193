"""Self-normalising nets against batch norm, and against no norm: the study that lesson 08's source asks for.

A study is cut into units, one net and one seed each; every unit can have its own checkpoint, so a study that
was stopped goes on where it was.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import nn

from course_lib.data import Images, load
from course_lib.nets import Normalise
from course_lib.nets.self_normalising import CNN, MLP, Layers
from course_lib.train.fit import History, TrainingDiverged, evaluate, fit
from course_lib.train.schedules import one_cycle

KINDS = {
    "SELU": Layers("selu", start="lecun"),
    "ReLU + BN": Layers("relu", norm=True, start="he"),
    "ReLU": Layers("relu", start="he"),
}
# Peak rates of Adam at the quick scale: of 0.0003, 0.001, 0.003, 0.01, 0.03 (and more where the last of these
# was best) the one with the lowest training loss on seeds 7000 to 7002, which no claim uses.
RATES = {
    ("mlp", "mnist", 8): {"SELU": 0.003, "ReLU + BN": 0.01, "ReLU": 0.003},
    ("mlp", "mnist", 32): {"SELU": 0.001, "ReLU + BN": 0.06, "ReLU": 0.001},
    ("mlp", "cifar10", 8): {"SELU": 0.003, "ReLU + BN": 0.01, "ReLU": 0.003},
    ("mlp", "cifar10", 32): {"SELU": 0.0003, "ReLU + BN": 0.03, "ReLU": 0.003},
    ("cnn", "cifar10", 2): {"SELU": 0.01, "ReLU + BN": 0.01, "ReLU": 0.01},
}


@dataclass(frozen=True)
class NormStudy:
    """What is trained, and how.

    data: "mnist" or "cifar10"; size: "small" or "full"; images: how many, None for all; side: pixels a side.
    net: "mlp" (depths: hidden layers) or "cnn" (depths: convolutions in each of three stages).
    rates: learning rates to try for each kind and depth on a held-out fifth of the training images; empty to
    take the one that was found beforehand. All runs are one cycle of Adam, batch 64, without weight decay.
    """

    data: str
    side: int
    images: int | None
    net: str
    depths: tuple[int, ...]
    width: int
    steps: int
    seeds: int
    rates: tuple[float, ...] = ()
    size: str = "small"

    def load(self, split: str, device: torch.device) -> Images:
        """The study's images."""
        images = load(self.data, split, size=self.size, device=device)
        if self.images is not None and self.images < len(images):
            images = images.subset(self.images, seed=0)
        return images if images.x.shape[-1] == self.side else images.resize(self.side)

    def units(self, seeds: list[int]) -> Iterator[tuple[str, int, int]]:
        """(kind, depth, seed) of every unit; the first seed of all nets comes first."""
        for seed in seeds[: self.seeds]:
            for depth in self.depths:
                for kind in KINDS:
                    yield kind, depth, seed


@dataclass(frozen=True)
class Unit:
    """One trained net: its loss at every step, and its error rates in [0, 1] at the end."""

    kind: str
    depth: int
    seed: int
    rate: float
    history: History
    train_loss: float
    test_error: float
    model: nn.Module


def make_model(study: NormStudy, layers: Layers, depth: int, images: Images) -> nn.Sequential:
    """A fresh net that takes pixels in [0, 1] and gives them the mean 0 and the variance scale^2."""
    dims = (0, 2, 3)
    mean, std = images.x.mean(dims), images.x.std(dims) / layers.scale
    if study.net == "mlp":
        net = MLP(images.x[0].numel(), depth, study.width, layers)
    else:
        net = CNN(images.x.shape[1], depth, study.width, layers)
    normalise = Normalise(tuple(mean.tolist()), tuple(std.tolist()))
    return nn.Sequential(normalise, net).to(images.x.device)


def train_unit(
    study: NormStudy, kind: str, depth: int, seed: int, train: Images, test: Images, *,
    rate: float | None = None, folder: Path | None = None,
) -> Unit:
    """Train one net of the study from its seed. folder: where its checkpoint lives, none without.

    rate: the peak learning rate; by default the one found for this kind and depth, else 0.001.
    """
    rate = rate or RATES.get((study.net, study.data, depth), {}).get(kind, 0.001)
    torch.manual_seed(seed)
    model = make_model(study, KINDS[kind], depth, train)
    options = {"batch_size": min(64, len(train)), "lr": rate, "optimizer": "adam", "weight_decay": 0.0}
    if folder is not None:
        name = f"{study.data}-{study.net}-{kind.replace(' + ', '-')}-{depth}-{rate:g}-seed{seed}.safetensors"
        options["checkpoint"] = Path(folder) / name
    history = fit(model, train.x, train.y, steps=study.steps, seed=seed, schedule=one_cycle(study.steps),
                  **options)
    some = slice(2000)
    train_loss = evaluate(model, train.x[some], train.y[some])[0]
    return Unit(kind, depth, seed, rate, history, train_loss, evaluate(model, test.x, test.y)[1], model)


def best_rate(
    study: NormStudy, kind: str, depth: int, train: Images, *, folder: Path | None = None, seed: int = 7000
) -> float | None:
    """The study's rate with the lowest test loss on a fifth of `train` that is held out; None without rates.

    A rate whose run diverges is out. Raises TrainingDiverged if all of them do.
    """
    if not study.rates:
        return None
    held = len(train) // 5
    rest, seen = (replace(train, x=train.x[part], y=train.y[part], index=train.index[part])
                  for part in (slice(held), slice(held, None)))
    found = {}
    for rate in study.rates:
        try:
            unit = train_unit(study, kind, depth, seed, seen, rest, rate=rate,
                              folder=folder and Path(folder) / "rates")
        except TrainingDiverged:
            continue
        found[evaluate(unit.model, rest.x, rest.y)[0]] = rate
    if not found:
        raise TrainingDiverged(f"{kind}, depth {depth}: every rate of {study.rates} diverged")
    return found[min(found)]
