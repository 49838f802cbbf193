"""Same class or not, for classes that training never saw: pairs of images through a Siamese net."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_lib.blocks.pair_losses import batch_hard_triplet_loss, contrastive_loss, logistic_pair_loss
from course_lib.blocks.siamese import PairHead, Siamese, euclidean
from course_lib.blocks.towers import ConvTower, ResidualTower
from course_lib.data import load
from course_lib.data.images import Images
from course_lib.data.pairs import class_pairs, hold_out
from course_lib.measure.verification import auc
from course_lib.nets import CifarNet
from course_lib.train.fit import History, fit, logits_of
from course_lib.train.schedules import one_cycle

KINDS = ("contrastive", "triplet", "logistic")


@dataclass(frozen=True)
class PairStudy:
    """What is trained, and how: Adam at peak rate lr, one cycle.

    data: "mnist" or "cifar10"; size: as in `data.load`; side: pixels a side. unseen: the classes that stay
    out of training; a number for so many that each seed draws.
    pairs: to train on; tested: to measure on; half of them are of one class.
    net: "conv" (a `ConvTower` of this width), "mlp" (a `ResidualTower`) or "resnet" (a `CifarNet`), both of
    this depth too. norm: where the first two have batch norm. features: numbers of an embedding.
    """

    data: str = "mnist"
    size: str = "small"
    side: int = 14
    unseen: tuple[int, ...] | int = (7, 8, 9)
    pairs: int = 4000
    tested: int = 2000
    net: str = "conv"
    depth: int = 3
    width: int = 8
    features: int = 32
    norm: str | None = "before"
    margin: float = 5.0
    steps: int = 150
    batch_size: int = 32
    lr: float = 0.003
    seeds: int = 6

    def units(self, seeds: list[int], kinds: tuple[str, ...] = KINDS) -> Iterator[tuple[str, int]]:
        """(kind, seed) of every unit."""
        for seed in seeds[: self.seeds]:
            for kind in kinds:
                yield kind, seed

    def images(self, seed: int, device: torch.device | str = "cpu") -> tuple[Images, Images, Images]:
        """To train on, images of the seen classes; to ask about, other images of these, and images of the
        unseen classes. The last come from the train split, which has more of them: none was trained on."""
        train, test = (_read(self.data, part, self.size, self.side, device) for part in ("train", "test"))
        out = self.unseen
        if isinstance(out, int):
            order = torch.randperm(len(train.classes), generator=torch.Generator().manual_seed(seed))
            out = order[:out].tolist()
        seen, unseen = hold_out(train, out)
        return seen, hold_out(test, out)[0], unseen

    def test_pairs(self, images: Images, seed: int) -> tuple[Float[Tensor, "pairs 2 *item"], Tensor]:
        """The pairs that a seed is measured on, and whether they are of one class."""
        pairs = class_pairs(images.y, self.tested, seed=seed)
        return pairs.take(images.x), pairs.y

    def net_of(self, kind: str, channels: int) -> Siamese:
        """A new net. Raises ValueError for another kind or net."""
        if kind not in KINDS:
            raise ValueError(f"kind must be one of {', '.join(KINDS)}; got {kind!r}")
        if self.net == "conv":
            tower = ConvTower(channels, self.side, self.width, self.features, self.norm)
        elif self.net == "mlp":
            tower = ResidualTower(channels * self.side**2, self.width, self.depth, out_features=self.features,
                                  norm=self.norm)
        elif self.net == "resnet":
            tower = CifarNet(self.depth, width=self.width, in_channels=channels, classes=self.features)
        else:
            raise ValueError(f"net must be conv, mlp or resnet, got {self.net!r}")
        return Siamese(tower, PairHead(self.features) if kind == "logistic" else euclidean)


@lru_cache(maxsize=4)  # all units of a study ask for the same images
def _read(data: str, split: str, size: str, side: int, device: torch.device | str) -> Images:
    return load(data, split, size=size, device=device).resize(side)


@dataclass(frozen=True)
class PairUnit:
    """One trained net, and areas under the ROC curve, its own and (raw) that of the distance of pixels: on
    pairs of new images of the classes that it was trained on (seen), and on pairs of unseen classes."""

    kind: str
    seed: int
    history: History
    seen_auc: float
    raw_seen_auc: float
    auc: float
    raw_auc: float
    model: Siamese


def train_pairs(
    study: PairStudy, kind: str, seed: int, *,
    device: torch.device | str = "cpu", folder: Path | None = None,
) -> PairUnit:
    """Train one net of the study from its seed. folder: where its checkpoint lives, none without."""
    train, seen, unseen = study.images(seed, device)
    torch.manual_seed(seed)
    model = study.net_of(kind, train.x.shape[1]).to(device)
    file = Path(folder) / f"pairs-{study.data}-{study.norm}-{kind}-seed{seed}.safetensors" if folder else None
    options = {"steps": study.steps, "lr": study.lr, "optimizer": "adam", "schedule": one_cycle(study.steps),
               "seed": seed, "checkpoint": file}
    if kind == "triplet":  # as many images a step as the pairs have
        history = fit(model.left, train.x, train.y, batch_size=2 * study.batch_size,
                      loss=partial(batch_hard_triplet_loss, margin=study.margin), **options)
    else:
        pairs = class_pairs(train.y, study.pairs, seed=seed)
        loss = logistic_pair_loss if kind == "logistic" else partial(contrastive_loss, margin=study.margin)
        history = fit(model, pairs.take(train.x), pairs.y, batch_size=study.batch_size, loss=loss, **options)
    known_x, known_y = study.test_pairs(seen, seed)
    x, y = study.test_pairs(unseen, seed)
    known, pixels = auc(known_y, similarity(model, known_x)), auc(known_y, pixel_similarity(known_x))
    new, new_pixels = auc(y, similarity(model, x)), auc(y, pixel_similarity(x))
    return PairUnit(kind, seed, history, known, pixels, new, new_pixels, model)


def pixel_similarity(x: Float[Tensor, "pairs 2 *item"]) -> Float[Tensor, "pairs"]:
    """Minus the Euclidean distance of the items as they are: what there is without a net."""
    return -(x[:, 0] - x[:, 1]).flatten(1).norm(dim=1)


def similarity(model: nn.Module, x: Float[Tensor, "pairs 2 *item"]) -> Float[Tensor, "pairs"]:
    """The net's answer for each pair, turned so that higher means more similar."""
    answer = logits_of(model, x)
    return -answer if model.head is euclidean else answer
