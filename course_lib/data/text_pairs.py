"""Pairs of texts with a label: their splits (by question, or by pair, which leaks) and two real sets."""

import csv
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Int
from scipy import sparse
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from course_lib.data.local import own_folder
from course_lib.data.words import tokens

SHARES = (0.7, 0.15, 0.15)
LARGE = 0.01  # a component of more than this share of the pairs is placed first
SHORTEST = 10  # characters: the source dropped Quora pairs with a shorter text
QUORA = ("quora_duplicate_questions.tsv", "train.csv", "quora_positive_pairs.csv")
MSR = {
    "train": ("msr_paraphrase_train.txt",),
    "test": ("msr_paraphrase_test.txt", "msr_paraphrase_test_first800.txt"),
}


@dataclass(frozen=True, eq=False, repr=False)
class TextPairs:
    """Pairs of texts: do both mean the same?"""

    left: tuple[str, ...]
    right: tuple[str, ...]
    y: Int[Tensor, "n"]  # 1 same meaning, 0 another
    name: str = "pairs"

    def __post_init__(self):
        if not len(self.left) == len(self.right) == len(self.y):
            raise ValueError("left, right and y must be of one length, "
                             f"got {len(self.left)}, {len(self.right)} and {len(self.y)}")

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        return f"TextPairs({self.name}: {len(self):,} pairs, {int(self.y.sum()):,} of them the same)"

    def take(self, places: Sequence[int] | slice | Tensor) -> "TextPairs":
        """The pairs at these places: numbers, a slice, or one True or False for each pair."""
        if not isinstance(places, slice):
            places = torch.as_tensor(places if len(places) else np.zeros(0, np.int64)).cpu()
        chosen = torch.arange(len(self))[places]
        left, right = (tuple(side[i] for i in chosen.tolist()) for side in (self.left, self.right))
        return replace(self, left=left, right=right, y=self.y[chosen.to(self.y.device)])

    @property
    def texts(self) -> tuple[str, ...]:
        """Every text once, in the order in which they first come: left and right of the first pair, ..."""
        return tuple(dict.fromkeys(text for pair in zip(self.left, self.right, strict=True) for text in pair))


def split_by_question(
    pairs: TextPairs, shares: Sequence[float] = SHARES, seed: int = 0
) -> tuple[TextPairs, ...]:
    """Parts such that no question is in two of them.

    Two pairs that share a question belong to one component, and so on along any chain; a component stays in
    one part. Texts that differ in case or punctuation only are one question. `shares` are met as well as
    the components allow: each, in random order but the very large ones first, goes to the part that lacks
    the most pairs. A part may stay empty where there are few components.
    Raises ValueError if the shares are not positive or do not add up to 1.
    """
    shares = _shares(shares)
    component = components(pairs)
    sizes = np.bincount(component) if len(pairs) else np.zeros(0, int)
    order = np.random.default_rng(seed).permutation(len(sizes))
    large = sizes[order] > LARGE * len(pairs)
    order = [*sorted(order[large], key=lambda c: -sizes[c]), *order[~large]]
    missing = shares * len(pairs)
    part_of = np.zeros(len(sizes), int)
    for c in order:
        part_of[c] = missing.argmax()
        missing[part_of[c]] -= sizes[c]
    part = part_of[component]
    return tuple(pairs.take(np.flatnonzero(part == k)) for k in range(len(shares)))


def split_by_pair(pairs: TextPairs, shares: Sequence[float] = SHARES, seed: int = 0) -> tuple[TextPairs, ...]:
    """Parts drawn pair by pair, as is often done. It leaks: a question can be on both sides.

    Raises ValueError if the shares are not positive or do not add up to 1.
    """
    ends = np.round(np.cumsum(_shares(shares)) * len(pairs)).astype(int)
    order = np.random.default_rng(seed).permutation(len(pairs))
    return tuple(pairs.take(np.sort(places)) for places in np.split(order, ends[:-1]))


def components(pairs: TextPairs) -> Int[np.ndarray, "n"]:
    """The number of each pair's component: equal for pairs that hang together by shared questions."""
    place = {}
    ends = [[place.setdefault(_question(text), len(place)) for text in side]
            for side in (pairs.left, pairs.right)]
    graph = sparse.coo_matrix((np.ones(len(pairs)), ends), (len(place), len(place)))
    return connected_components(graph, directed=False)[1][ends[0]] if len(pairs) else np.zeros(0, int)


def length_table(pairs: TextPairs) -> dict[str, float]:
    """How many pairs, negative and positive ones, the base rate (the share of negative pairs, which is the
    accuracy of always answering "another meaning"), and the length of the texts in characters.

    Raises ValueError if there is no pair.
    """
    if not len(pairs):
        raise ValueError("pairs must hold at least one pair")
    lengths = np.array([len(text) for text in (*pairs.left, *pairs.right)])
    positive = int(pairs.y.sum())
    return {
        "pairs": len(pairs), "negative": len(pairs) - positive, "positive": positive,
        "base rate": 1 - positive / len(pairs), "shortest": int(lengths.min()), "longest": int(lengths.max()),
        "mean": float(lengths.mean()), "std": float(lengths.std()),
    }


def quora(folder: str | os.PathLike | None = None) -> TextPairs:
    """The Quora question pairs, if you have them; pairs with a text under 10 characters are dropped.

    folder: holds Quora's quora_duplicate_questions.tsv or Kaggle's train.csv, with the columns question1,
    question2 and is_duplicate; None: $COURSE_DATA/quora-duplicates.
    Raises FileNotFoundError that says what to put where, ValueError for a file with other columns.
    """
    path = _find(folder, "quora-duplicates", QUORA)
    with path.open(encoding="utf-8-sig", newline="") as file:
        tab = "\t" in file.readline()
        file.seek(0)
        rows = csv.DictReader(file, delimiter="\t" if tab else ",")
        _check_columns(path, rows.fieldnames or (), ("question1", "question2", "is_duplicate"))
        found = [(r["question1"] or "", r["question2"] or "", r["is_duplicate"]) for r in rows]
    return _pairs([row for row in found if min(len(row[0]), len(row[1])) >= SHORTEST], "quora", path)


def msr(split: str = "train", folder: str | os.PathLike | None = None) -> TextPairs:
    """The Microsoft Research paraphrase pairs, labelled by people, if you have them.

    split: "train" or "test". folder: holds msr_paraphrase_train.txt and msr_paraphrase_test.txt (or its first
    800 pairs as msr_paraphrase_test_first800.txt); None: $COURSE_DATA/msrp.
    Raises ValueError for another split or a file with other columns, FileNotFoundError that says what to put
    where.
    """
    if split not in MSR:
        raise ValueError(f"split must be train or test; got {split!r}")
    path = _find(folder, "msrp", MSR[split])
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        _check_columns(path, rows.fieldnames or (), ("Quality", "#1 String", "#2 String"))
        found = [(row["#1 String"], row["#2 String"], row["Quality"]) for row in rows]
    return _pairs(found, f"msr {split}", path)


def _find(folder: str | os.PathLike | None, usual: str, names: Sequence[str]) -> Path:
    """The first of `names` in the folder; None: in $COURSE_DATA/usual."""
    own = own_folder()
    place = Path(folder).expanduser() if folder is not None else own / usual if own else None
    for name in names:
        if place and (place / name).is_file():
            return place / name
    where = place or f"a folder {usual} in a folder of yours, and set COURSE_DATA to the latter"
    raise FileNotFoundError(f"these pairs do not come with the course: put {' or '.join(names)} into {where}")


def _check_columns(path: Path, there: Sequence[str], wanted: Sequence[str]) -> None:
    missing = [name for name in wanted if name not in there]
    if missing:
        raise ValueError(f"{path} has no column {', '.join(missing)}: is it the file that its name says?")


def _pairs(rows: Sequence[tuple[str, str, str]], name: str, path: Path) -> TextPairs:
    wrong = next((row for row in rows if row[2] not in ("0", "1") or None in row), None)
    if wrong or not rows:
        raise ValueError(f"{path} is damaged: " + (f"the label of {wrong[0]!r} is {wrong[2]!r}, not 0 or 1"
                                                  if wrong else "it holds no pair"))
    left, right, labels = zip(*rows, strict=True)
    if len(set(labels)) == 1:
        print(f"{name}: all {len(rows):,} pairs of {path.name} have the label {labels[0]}. Pairs of the "
              "other label would have to be made at random, and such are trivially easy: never compare "
              "results on them with published ones.")
    return TextPairs(left, right, torch.tensor([int(label) for label in labels]), name)


def _question(text: str) -> str:
    return " ".join(tokens(text)) or text


def _shares(shares: Sequence[float]) -> np.ndarray:
    shares = np.asarray(shares, float)
    if shares.ndim != 1 or not (shares > 0).all() or abs(shares.sum() - 1) > 1e-6:
        raise ValueError(f"shares must be positive and add up to 1, got {shares.tolist()}")
    return shares
