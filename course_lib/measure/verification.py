"""How well a score tells same pairs (y = 1) from different ones (y = 0). A higher score means more similar;
hand over minus the distance. All numbers are exact for the data given, in float64.
"""

import math
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, Num
from torch import Tensor

Scores = Float[Tensor, " pairs"]
Labels = Int[Tensor, " pairs"]


class Roc(NamedTuple):
    """One point for each threshold, from the strictest on: pairs with score >= threshold count as same."""

    false_positive_rate: Float[Tensor, " points"]
    true_positive_rate: Float[Tensor, " points"]
    thresholds: Float[Tensor, " points"]


def roc(y: Labels, score: Scores) -> Roc:
    """(false positive rate, true positive rate, thresholds): first infinity, where nothing counts as same,
    then every score that occurs, in falling order. Raises ValueError unless both sorts of pairs are there.
    """
    same, score = _checked(y, score)
    positive, negative = _both_sorts(same, score)
    thresholds = torch.cat([score.new_tensor([math.inf]), score.unique().flip(0)])
    false, true = (
        (len(scores) - torch.searchsorted(scores, thresholds)).double() / len(scores)
        for scores in (negative, positive)
    )
    return Roc(false, true, thresholds)


def auc(y: Labels, score: Scores) -> float:
    """The area under `roc`: the chance that a same pair scores higher than a different one, ties half."""
    positive, negative = _both_sorts(*_checked(y, score))
    below = torch.searchsorted(negative, positive)
    up_to = torch.searchsorted(negative, positive, right=True)
    return float((below + up_to).double().mean() / 2 / len(negative))


def best_threshold(y: Labels, score: Scores) -> float:
    """The threshold with the most right answers "same if score >= threshold".

    It lies half-way between two scores that occur; or it is the lowest score (all are same), or infinity
    (none is). Of several equally good ones the lowest. Choose it on validation pairs, never on test pairs.
    """
    same, score = _checked(y, score)
    values = score.unique()
    low, high = values[:-1], values[1:]
    middle = low / 2 + high / 2
    middle = torch.where(middle > low, middle, high)  # two neighbours among floats have nothing between
    candidates = torch.cat([values[:1], middle, values.new_tensor([math.inf])])
    positive, negative = score[same].sort().values, score[~same].sort().values
    right = torch.searchsorted(negative, candidates) - torch.searchsorted(positive, candidates)
    return float(candidates[right.argmax()])  # the first of the best


def accuracy_at(y: Labels, score: Scores, threshold: float) -> float:
    """Share of pairs for which "same if score >= threshold" is right."""
    same, score = _checked(y, score)
    return float(((score >= threshold) == same).double().mean())


def log_loss(y: Labels, p: Scores) -> float:
    """Mean of -log of the probability given to what is true; p: probability of "same".

    p is kept 2^-52 away from 0 and 1, so that one sure and wrong answer costs 36, not infinity.
    """
    same, p = _checked(y, p, probability=True)
    tiny = torch.finfo(torch.float64).eps
    p = p.clamp(tiny, 1 - tiny)
    return float(-torch.where(same, p, 1 - p).log().mean())


def calibration(y: Labels, p: Scores, bins: int = 10) -> tuple[Tensor, Tensor, Int[Tensor, " found"]]:
    """(mean predicted, share true, count) of each bin that holds a pair, from low to high p.

    The bins are equally wide; an edge belongs to the bin below it, and 0 to the first.
    """
    same, p = _checked(y, p, probability=True)
    if bins < 1:
        raise ValueError(f"bins must be 1 or more, got {bins!r}")
    edges = torch.linspace(0, 1, bins + 1, dtype=torch.float64)[1:-1]
    place = torch.searchsorted(edges, p)
    count = place.bincount(minlength=bins)
    found = count > 0
    predicted, true = (place.bincount(weights, bins)[found] / count[found] for weights in (p, same.double()))
    return predicted, true, count[found]


def calibration_error(y: Labels, p: Scores, bins: int = 10) -> float:
    """Mean over all pairs of how far their bin's mean prediction is from its share of true ones."""
    predicted, true, count = calibration(y, p, bins)
    return float(((predicted - true).abs() * count).sum() / count.sum())


def recall_at_k(
    queries: Float[Tensor, "queries features"], query_labels: Int[Tensor, " queries"],
    gallery: Float[Tensor, "items features"], gallery_labels: Int[Tensor, " items"],
    k: int, *, same_set: bool = False,
) -> float:
    """Share of queries with an item of their class among the k nearest of the gallery, by Euclidean distance.

    same_set: queries and gallery are the same items in the same order, and no query finds itself.
    Raises ValueError if lengths do not match or k is not from 1 to the number of items to find.
    """
    q, g = (_on_cpu(t).double() for t in (queries, gallery))
    of_q, of_g = map(_on_cpu, (query_labels, gallery_labels))
    if len(q) != len(of_q) or len(g) != len(of_g) or not len(q):
        raise ValueError(f"each item needs one label: got {len(q)} queries with {len(of_q)} labels and "
                         f"{len(g)} items with {len(of_g)} labels")
    if same_set and len(q) != len(g):
        raise ValueError("same_set=True wants queries and gallery to be one set, "
                         f"got {len(q)} and {len(g)} items")
    most = len(g) - same_set
    if not isinstance(k, int) or not 1 <= k <= most:
        raise ValueError(f"k must be a whole number from 1 to {most}, got {k!r}")
    hits = 0
    for rows in torch.arange(len(q)).split(1000):
        d = torch.cdist(q[rows], g)
        if same_set:
            d[torch.arange(len(rows)), rows] = math.inf
        nearest = d.topk(k, largest=False).indices
        hits += int((of_g[nearest] == of_q[rows, None]).any(1).sum())
    return hits / len(q)


def _on_cpu(values) -> Tensor:
    """A tensor without its history; lists and arrays keep all their digits."""
    return values.detach().cpu() if isinstance(values, Tensor) else torch.from_numpy(np.asarray(values))


def _checked(
    y: Num[Tensor, " pairs"], score: Scores, probability: bool = False
) -> tuple[Bool[Tensor, " pairs"], Scores]:
    """(y as truth values, score in float64), on the CPU, or a ValueError that says what is wrong."""
    y, score = map(_on_cpu, (y, score))
    name = "p" if probability else "score"
    if y.dim() != 1 or y.shape != score.shape or not len(y):
        raise ValueError(f"y and {name} must hold one number a pair, and one pair at least; got shapes "
                         f"{tuple(y.shape)} and {tuple(score.shape)}")
    if not ((y == 0) | (y == 1)).all():
        raise ValueError("y must be 1 for same and 0 for different pairs")
    score = score.double()
    if not score.isfinite().all():
        raise ValueError(f"{name} holds a number that is not finite")
    if probability and not ((score >= 0) & (score <= 1)).all():
        raise ValueError(f"p must hold probabilities from 0 to 1, got {float(score.min()):g} to "
                         f"{float(score.max()):g}; did you forget the sigmoid?")
    return y == 1, score


def _both_sorts(same: Bool[Tensor, " pairs"], score: Scores) -> tuple[Scores, Scores]:
    """(scores of same pairs, scores of different pairs), each sorted."""
    if same.all() or not same.any():
        raise ValueError("y must hold both same (1) and different (0) pairs")
    return score[same].sort().values, score[~same].sort().values
