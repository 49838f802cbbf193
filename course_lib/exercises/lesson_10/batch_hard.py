"""10-4: the batch-hard triplet loss. Oracle: loops over anchors, positives and negatives."""

from collections.abc import Iterator

import torch
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.oracle import Slip, compare, equal, gradients, must_keep_input

CELL = '''\
def batch_hard(z: Float[Tensor, "items features"], y: Tensor, margin: float):
    """The triplet loss with the hardest triplets of the batch. Each item is the anchor once: its positive is
    the farthest OTHER item of its class, its negative the nearest item of another class, and it pays
    max(0, margin + distance to the positive - distance to the negative). The mean over all anchors that have
    both; an anchor without a positive, or without a negative, is left out."""
    d = (z[:, None] - z).norm(dim=2)              # [items, items]: row i holds the distances from item i
    same = y[:, None] == y                        # same class, the item itself included
    ### BEGIN SOLUTION
    itself = torch.eye(len(z), dtype=torch.bool, device=z.device)
    positive = d.masked_fill(~same | itself, -torch.inf).amax(dim=1)
    negative = d.masked_fill(same, torch.inf).amin(dim=1)
    has_both = positive.isfinite() & negative.isfinite()
    return (margin + positive - negative)[has_both].clamp(min=0).mean()
    ### END SOLUTION
'''
TEMPLATE = '''\
    itself = torch.eye(len(z), dtype=torch.bool)
    positive = d.masked_fill(..., -torch.inf).amax(dim=1)     # what may not win is filled
    negative = d.masked_fill(..., torch.inf).amin(dim=1)
    has_both = positive.isfinite() & ...
    return (...)[has_both].clamp(min=0).mean()
'''
# Labels and margin. The margins are such that some anchors pay and some do not.
CASES = (((0, 0, 0, 1, 1, 1, 2, 2, 2), 1.5), ((7, 3, 7, 3, 7, 7), 0.3), ((4, 0, 0, 1, 1, 1, 9, 0), 1.5),
         ((0, 1, 1, 2), 2.0))  # fmt: skip


def hard(z: Tensor, y: Tensor, margin: float, *slip: str) -> Tensor:
    """The loss, one anchor after the other, with slips in it; without any it is the right answer."""
    d, paid = (z[:, None] - z).norm(dim=2), []
    power = 2 if "squared" in slip else 1
    for i in range(len(z)):
        positives = [d[i, j] ** power for j in range(len(z)) if y[j] == y[i] and (j != i or "itself" in slip)]
        negatives = [d[i, j] ** power for j in range(len(z)) if y[j] != y[i]]
        if "any positive" in slip:
            positives = positives + negatives
        if "any negative" in slip:
            negatives = negatives + [d[i, j] for j in range(len(z)) if y[j] == y[i] and j != i]
        if not (positives and negatives):
            paid += [z.sum() * 0] if "all anchors" in slip else []
            continue
        positives, negatives = torch.stack(positives), torch.stack(negatives)
        far, near = positives.max(), negatives.min()
        far = positives.min() if "easy positive" in slip else positives.mean() if "mean" in slip else far
        near = negatives.max() if "easy negative" in slip else negatives.mean() if "mean" in slip else near
        gap = near - far if "turned" in slip else far - near
        each = gap - margin if "sign" in slip else gap if "no margin" in slip else margin + gap
        paid.append(each if "no clamp" in slip else each.clamp(min=0))
    paid = torch.stack(paid)
    if "paying only" in slip:
        paid = paid[paid > 0]
    return paid.sum() if "sum" in slip else paid.max() if "worst" in slip else paid.mean()


SLIPS = {
    ("easy positive",): "Your positive is the nearest of its class: the hardest is the farthest.",
    ("easy positive", "itself"): "Your positive is the anchor itself, at distance 0: leave the diagonal out.",
    ("easy negative",): "Your negative is the farthest of the other classes: the hardest is the nearest.",
    ("easy positive", "easy negative"): "Both are the easiest: the hardest positive is far away, the hardest "
                                        "negative is near.",
    ("easy positive", "easy negative", "itself"): "Both are the easiest, and the positive is the anchor "
                                                  "itself.",
    ("mean",): "You average over positives and over negatives: only the hardest of each counts.",
    ("any negative",): "Your negative may be an item of the anchor's own class: leave those out.",
    ("any positive",): "Your positive may be an item of another class: leave those out.",
    ("itself",): "An anchor alone in its class is paired with itself, at distance 0: leave it out.",
    ("all anchors",): "Anchors without a positive are counted as zeros: the mean is over those that have "
                      "both.",
    ("sign",): "The margin has the wrong sign: an anchor pays until the negative is farther by the margin.",
    ("no margin",): "The margin acts nowhere.",
    ("turned",): "The sign is turned round: a far negative is good, a far positive is bad.",
    ("no clamp",): "Anchors that are far enough apart pay a negative amount: cut off at 0.",
    ("sum",): "The anchors are added up: take their mean.",
    ("worst",): "Only the worst anchor counts: take the mean over anchors.",
    ("paying only",): "The mean is over the anchors that pay: those that pay 0 count as well.",
    ("squared",): "The distances are squared here: take them as they are.",
    ("itself", "sum"): "The anchors are added up: take their mean. And one alone in its class counts too.",
}


def check(answer) -> None:
    """Value, gradient and inputs for classes of several sizes, single items among them."""
    for labels, margin in CASES:
        y = torch.tensor(labels)
        leaf = points(y).requires_grad_()
        z, given = leaf * 1.0, y.clone()
        found = answer(z, given, margin)
        must_keep_input(z, leaf)
        if not torch.equal(given, y):
            raise Wrong("The call changes the labels y that it was given.")
        want = hard(leaf, y, margin)
        compare(found, want, slips(leaf.detach(), y, margin), OTHERWISE)
        got = gradients(found, [leaf])[0]
        if not torch.isfinite(got).all():
            raise Wrong("The value is right, but its gradient is not finite: is there a root at 0, or "
                        "infinity times 0?")
        if not equal(got, gradients(want, [leaf])[0]):
            raise Wrong("The value is right, but the gradient at z is not: look for detach, no_grad or "
                        ".data.")


def points(y: Tensor) -> Tensor:
    """Classes that overlap."""
    return torch.randn(len(y), 3, dtype=torch.float64) + (y % 3)[:, None]


def slips(z: Tensor, y: Tensor, margin: float) -> Iterator[Slip]:
    """What typical slips would answer, where that is not 0, which says nothing."""
    for slip, message in SLIPS.items():
        value = hard(z, y, margin, *slip)
        if value != 0:
            yield message, lambda value=value: value


OTHERWISE = ("The loss is another. Take the points 0, 1, 3 on a line with y = 0, 0, 1 and margin 1: which "
             "are the hardest positive and negative of each, and which of the three is left out?")


EXERCISE = Exercise(
    id="10-4", title="The hardest in the batch", name="batch_hard", cell=CELL, check=check,
    question="Why does a net learn more from the hardest triplets of a batch than from random ones?",
    why="Most random triplets already keep the margin soon after the start: they pay 0 and have no gradient, "
        "while the hardest ones still do (and, on noisy labels, they are the mislabelled ones: a danger).",
    hints=Hints(
        nudge="In row i of d, which entries may be the positive, and which the negative? One entry may be "
              "neither.",
        method="Fill the entries that may not win with minus infinity before you take the largest, and with "
               "infinity before the smallest. Where every entry was filled, the infinity is still there: so "
               "you know which anchors to leave out.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("easiest positive", "itself = torch.eye(len(z), dtype=torch.bool)\n"
               "p = d.masked_fill(~same | itself, torch.inf).amin(1)\nn = d.masked_fill(same, torch.inf)"
               ".amin(1)\nok = p.isfinite() & n.isfinite()\nreturn (margin + p - n)[ok].clamp(min=0).mean()",
               "nearest of its class"),
        Mutant("compared with itself", "p = d.masked_fill(~same, torch.inf).amin(1)\n"
               "n = d.masked_fill(same, torch.inf).amin(1)\nreturn (margin + p - n).clamp(min=0).mean()",
               "Your positive is the anchor itself"),
        Mutant("easiest negative", "itself = torch.eye(len(z), dtype=torch.bool)\n"
               "p = d.masked_fill(~same | itself, -torch.inf).amax(1)\n"
               "n = d.masked_fill(same, -torch.inf).amax(1)\nok = p.isfinite() & n.isfinite()\n"
               "return (margin + p - n)[ok].clamp(min=0).mean()", "farthest of the other classes"),
        Mutant("mean instead of hardest", "itself = torch.eye(len(z), dtype=torch.bool)\n"
               "pos, neg = (same & ~itself).double(), (~same).double()\n"
               "p, n = (d * pos).sum(1) / pos.sum(1), (d * neg).sum(1) / neg.sum(1)\n"
               "ok = p.isfinite() & n.isfinite()\nreturn (margin + p - n)[ok].clamp(min=0).mean()",
               "You average over positives"),
        Mutant("margin sign", "itself = torch.eye(len(z), dtype=torch.bool)\n"
               "p = d.masked_fill(~same | itself, -torch.inf).amax(1)\n"
               "n = d.masked_fill(same, torch.inf).amin(1)\nok = p.isfinite() & n.isfinite()\n"
               "return (p - n - margin)[ok].clamp(min=0).mean()", "margin has the wrong sign"),
        Mutant("negatives include positives", "itself = torch.eye(len(z), dtype=torch.bool)\n"
               "p = d.masked_fill(~same | itself, -torch.inf).amax(1)\n"
               "n = d.masked_fill(itself, torch.inf).amin(1)\nok = p.isfinite() & (~same).any(1)\n"
               "return (margin + p - n)[ok].clamp(min=0).mean()", "may be an item of the anchor's own"),
        Mutant("alone with itself", "p = d.masked_fill(~same, -torch.inf).amax(1)\n"
               "n = d.masked_fill(same, torch.inf).amin(1)\nreturn (margin + p - n).clamp(min=0).mean()",
               "An anchor alone in its class is paired"),
        Mutant("left out as zeros", "itself = torch.eye(len(z), dtype=torch.bool)\n"
               "p = d.masked_fill(~same | itself, -torch.inf).amax(1)\n"
               "n = d.masked_fill(same, torch.inf).amin(1)\nreturn (margin + p - n).clamp(min=0).mean()",
               "counted as zeros"),
        Mutant("no clamp", "itself = torch.eye(len(z), dtype=torch.bool)\n"
               "p = d.masked_fill(~same | itself, -torch.inf).amax(1)\n"
               "n = d.masked_fill(same, torch.inf).amin(1)\nok = p.isfinite() & n.isfinite()\n"
               "return (margin + p - n)[ok].mean()", "pay a negative amount"),
    ),
    difficulty=3, importance=2, minutes=10,
)  # fmt: skip
