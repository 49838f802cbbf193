"""Duplicate questions: the rows of the source's tables, each a small change of one Siamese net."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_lib.blocks.pair_losses import contrastive_loss, cosine_loss, logistic_pair_loss
from course_lib.blocks.siamese import PairHead, Siamese, cosine, euclidean
from course_lib.blocks.towers import ResidualTower, SequenceTower
from course_lib.data.questions import questions
from course_lib.data.text import WordVectors, fit_tfidf, glove, mean_vectors, ppmi_svd, sequences
from course_lib.data.text_pairs import TextPairs, msr, quora, split_by_question
from course_lib.measure.verification import accuracy_at, auc, best_threshold
from course_lib.train.fit import History, fit
from course_lib.train.pair_study import similarity
from course_lib.train.schedules import constant, one_cycle

FEATURES = ("own", "glove", "glove + tfidf")
SOURCES = {"generated": questions, "msr": msr, "quora": quora}


@dataclass(frozen=True)
class Row:
    """One net of the tables. features: where word vectors come from, and whether TF-IDF weights their mean.

    encoder: "mean" (a `ResidualTower` on the mean vector) or "sequence" (BiGRU and convolutions). distance:
    "euclidean" or "cosine" with a contrastive loss of this margin, or "head", learned with a logistic loss.
    signed: a linear map ends the tower; without it no embedding has a negative number. swapped: trained with
    the labels turned over. The other arguments are the tower's.
    """

    features: str = "glove + tfidf"
    encoder: str = "mean"
    depth: int = 3
    skip: bool = True
    norm: str | None = "before"
    dropout: float = 0.0
    concat: bool = False
    distance: str = "euclidean"
    margin: float = 10.0
    signed: bool = False
    swapped: bool = False
    optimizer: str = "adam"

    @property
    def middle(self) -> float:
        """The similarity midway between what the loss asks of similar and of dissimilar pairs."""
        middles = {"euclidean": -self.margin / 2, "cosine": (1 + self.margin) / 2, "head": 0.0}
        return middles[self.distance]


# What the source prints beside each row; the plus signs are read as one change to "batch norm before relu".
ROWS = {
    "own vectors": (Row("own", concat=True), 0.69),
    "pretrained vectors": (Row("glove", concat=True), 0.72),
    "2 layers": (Row(depth=2, skip=False, optimizer="sgd"), 0.67),
    "3 layers, Adam": (Row(skip=False), 0.74),
    "residual, BN after relu": (Row(norm="after"), 0.77),
    "residual, BN before relu": (Row(), 0.78),
    "+ dropout": (Row(dropout=0.2), 0.75),
    "+ layer concat": (Row(concat=True), 0.79),  # also the third row of the source's table of features
    "unit norm + cosine": (Row(distance="cosine"), "Fail"),
    "learned head": (Row(distance="head"), 0.84),
    "BiGRU + convolution": (Row(encoder="sequence", distance="head"), 0.91),
}


@dataclass(frozen=True)
class TextStudy:
    """On which pairs, and how long: one cycle of Adam, or SGD with momentum at a constant rate.

    pairs: how many questions pairs are generated, or "msr" or "quora" for the real files. width: of a tower.
    """

    source: str = "generated"
    pairs: int = 3000
    order: float = 0.0
    width: int = 64
    steps: int = 300
    batch_size: int = 64
    lr: float = 0.003
    sgd_lr: float = 0.03
    length: int = 24
    seeds: int = 3
    vectors: str = "small"

    def units(self, seeds: list[int], names: Iterable[str] = tuple(ROWS)) -> Iterator[tuple[str, int]]:
        """(name of the row, seed) of every unit."""
        names = tuple(names)
        for seed in seeds[: self.seeds]:
            for name in names:
                yield name, seed

    def splits(self, seed: int) -> tuple[TextPairs, TextPairs, TextPairs]:
        """(train, validation, test), no question in two of them. MSR has a test set of its own."""
        if self.source == "msr":
            train, validation = split_by_question(msr("train"), (0.85, 0.15), seed)
            return train, validation, msr("test")
        pairs = quora() if self.source == "quora" else questions(self.pairs, order=self.order, seed=seed)
        return split_by_question(pairs, seed=seed)

    def net(self, row: Row, features: int) -> Siamese:
        """A new net. Raises ValueError for another encoder or distance."""
        if row.encoder == "sequence":
            tower = SequenceTower(features)
        elif row.encoder == "mean":
            tower = ResidualTower(features, self.width, row.depth, skip=row.skip, norm=row.norm,
                                  dropout=row.dropout, concat=row.concat, unit=row.distance == "cosine",
                                  out_features=self.width if row.signed else None)
        else:
            raise ValueError(f"encoder must be mean or sequence, got {row.encoder!r}")
        heads = {"euclidean": euclidean, "cosine": cosine, "head": None}
        if row.distance not in heads:
            raise ValueError(f"distance must be one of {', '.join(heads)}; got {row.distance!r}")
        return Siamese(tower, heads[row.distance] or PairHead(tower.features))


@dataclass(frozen=True)
class TextUnit:
    """One trained net: accuracy on test pairs at the threshold chosen on validation, and at the one that the
    loss suggests without a look at data (`Row.middle`); area under the ROC curve; the share of the majority.
    """

    name: str
    seed: int
    history: History
    accuracy: float
    middle_accuracy: float
    auc: float
    majority: float
    model: nn.Module


def features_of(
    parts: Sequence[TextPairs], row: Row, study: TextStudy, seed: int, fitted_on: Sequence[str] = (),
) -> list[Float[Tensor, "pairs 2 *item"]]:
    """Each part as a tensor for the net. Own vectors are learned from the first part alone, and TF-IDF is
    fitted on it too, unless other texts are named (as the source did: see `leaks`)."""
    vectors = own_vectors(parts[0], seed) if row.features == "own" else glove(study.vectors)
    if row.encoder == "sequence":
        def embed(texts):
            return sequences(texts, vectors, study.length)
    else:
        tfidf = fit_tfidf(fitted_on or parts[0].texts) if row.features.endswith("tfidf") else None

        def embed(texts):
            return mean_vectors(texts, vectors, tfidf)
    return [torch.stack([embed(part.left), embed(part.right)], 1) for part in parts]


def own_vectors(train: TextPairs, seed: int) -> WordVectors:
    """Word vectors learned from the training questions and nothing else."""
    return ppmi_svd(train.texts, seed=seed)


def train_row(
    study: TextStudy, row: Row, seed: int, *, name: str = "", parts: Sequence[TextPairs] | None = None,
    fitted_on: Sequence[str] = (), device: torch.device | str = "cpu", folder: Path | None = None,
) -> TextUnit:
    """Train one net of the study from its seed. parts: other (train, validation, test) than the study's own.

    fitted_on: see `features_of`. folder: where its checkpoint lives, under this name; none without.
    """
    parts = parts or study.splits(seed)
    xs = [x.to(device) for x in features_of(parts, row, study, seed, fitted_on)]
    ys = [part.y.to(device) for part in parts]
    torch.manual_seed(seed)
    model = study.net(row, xs[0].shape[-1]).to(device)
    loss = {"euclidean": partial(contrastive_loss, margin=row.margin),
            "cosine": partial(cosine_loss, margin=row.margin), "head": logistic_pair_loss}[row.distance]
    sgd = row.optimizer == "sgd"
    history = fit(
        model, xs[0], 1 - ys[0] if row.swapped else ys[0], steps=study.steps, batch_size=study.batch_size,
        seed=seed, loss=loss, optimizer=row.optimizer, lr=study.sgd_lr if sgd else study.lr,
        schedule=constant() if sgd else one_cycle(study.steps),
        checkpoint=Path(folder) / f"text-{study.source}-{name}-seed{seed}.safetensors" if folder else None,
    )
    chosen = best_threshold(ys[1], similarity(model, xs[1]))
    y, scores, share = ys[2], similarity(model, xs[2]), float(ys[2].float().mean())
    return TextUnit(name, seed, history, accuracy_at(y, scores, chosen), accuracy_at(y, scores, row.middle),
                    auc(y, scores), max(share, 1 - share), model)
