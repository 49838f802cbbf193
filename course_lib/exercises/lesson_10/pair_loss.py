"""10-1: the missing line of the contrastive loss. Oracle: the formula of Hadsell et al., y = 1 similar."""

import torch
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.oracle import compare, equal, gradients, must_keep_input

CELL = '''\
def pair_loss(d: Float[Tensor, "pairs"], y: Float[Tensor, "pairs"], margin: float):
    """The contrastive loss, a mean over pairs at the distances d. A similar pair (y = 1) pays its distance,
    squared. A dissimilar pair (y = 0) pays what it lacks to the margin, squared; beyond it nothing."""
    lack = margin - d                       # negative where a pair is farther apart than the margin
    ### BEGIN SOLUTION
    each = y * d ** 2 + (1 - y) * lack.clamp(min=0) ** 2
    ### END SOLUTION
    return each.mean()
'''
TEMPLATE = '''\
    each = y * ... + (1 - y) * ...
'''
CASES = ((12, 2.0), (12, 0.5), (7, 1.0), (1, 1.5))  # pairs, margin


def loss(similar: Tensor, dissimilar: Tensor, y: Tensor) -> Tensor:
    return torch.where(y == 1, similar, dissimilar).mean()


def right(d: Tensor, y: Tensor, margin: float) -> Tensor:
    return loss(d**2, (margin - d).clamp(min=0) ** 2, y)


def check(answer) -> None:
    """Value, gradient and the inputs left alone, for pairs inside and beyond the margin."""
    for pairs, margin in CASES:
        d = torch.rand(pairs) * 2 * margin + 0.05
        d[0] = margin / 3
        y = (torch.arange(pairs) % 3 == 1).to(d.dtype)
        one_case(answer, d.requires_grad_(), y, margin)
        one_case(answer, d, 1 - y, margin)


def one_case(answer, leaf: Tensor, y: Tensor, margin: float) -> None:
    d, labels = leaf * 1.0, y.clone()
    found = answer(d, labels, margin)
    must_keep_input(d, leaf)
    if not torch.equal(labels, y):
        raise Wrong("The call changes the labels y that it was given.")
    want = right(leaf, y, margin)
    compare(found, want, slips(leaf.detach(), y, margin), OTHERWISE)
    if not equal(gradients(found, [leaf])[0], gradients(want, [leaf])[0]):
        raise Wrong("The value is right, but the gradient at d is not: look for detach, no_grad or .data.")


OTHERWISE = ("This is another loss. Take one pair at a time, with margin 1: d = 0.2 with y = 1, d = 0.2 with "
             "y = 0, d = 3 with y = 0. What must each pay?")


def slips(d: Tensor, y: Tensor, margin: float):
    """What typical slips would answer."""
    lack = margin - d
    short, other = lack.clamp(min=0), 1 - y
    for message, similar, dissimilar, labels in (
        ("The labels are read the other way round: here 1 means similar, so y = 1 pulls together.",
         d**2, short**2, other),
        ("Dissimilar pairs beyond the margin still pay: squaring makes a negative lack positive.",
         d**2, lack**2, y),
        ("The clamp cuts off the wrong side: only pairs beyond the margin pay.",
         d**2, lack.clamp(max=0) ** 2, y),
        ("A square is missing: what a dissimilar pair lacks is squared as well.", d**2, short, y),
        ("A square is missing: a similar pair pays its squared distance.", d, short**2, y),
        ("Both squares are missing.", d, short, y),
        ("The margin stands in the term of the similar pairs too: those are pulled all the way to 0.",
         (d - margin).clamp(min=0) ** 2, short**2, y),
        ("The margin limits the wrong term: it is for the dissimilar pairs.",
         (d - margin).clamp(min=0) ** 2, d**2, y),
        ("The margin minus the SQUARED distance is another loss: first the lack, then the square.",
         d**2, (margin - d**2).clamp(min=0), y),
        ("Two squares are subtracted: that is not the square of the lack.",
         d**2, (margin**2 - d**2).clamp(min=0), y),
        ("Every pair pays both terms: the labels must choose one.", d**2 + short**2, d**2 + short**2, y),
        ("Similar pairs pay the second term as well: (1 - y) must switch it off.",
         d**2 + short**2, short**2, y),
        ("Dissimilar pairs pay the first term as well: y must switch it off.", d**2, d**2 + short**2, y),
        ("Dissimilar pairs pay nothing: then all points at one place would be perfect.", d**2, 0 * d, y),
        ("Similar pairs pay nothing: nothing pulls them together.", 0 * d, short**2, y),
        ("The second term is subtracted: being too close is then a reward.", d**2, -(short**2), y),
        ("The loss is halved. Some papers do so; here it is the plain mean.", d**2 / 2, short**2 / 2, y),
    ):
        yield message, lambda s=similar, t=dissimilar, labels=labels: loss(s, t, labels)
    yield ("Margin 1 is written into your line: the function is given another one.",
           lambda: right(d, y, 1.0))


EXERCISE = Exercise(
    id="10-1", title="The loss of a pair", name="pair_loss", cell=CELL, check=check,
    question="What would the best embedding be if dissimilar pairs paid nothing, and why is there a margin "
             "at all?",
    why="Every point at the same place: all distances would be 0 and so would the loss. The second term "
        "forbids that, and the margin says when it is enough, so that pairs far apart pull on nothing.",
    hints=Hints(
        nudge="Write down what a pair pays at d = 0, at half the margin, and at twice the margin: once for "
              "y = 1, once for y = 0.",
        method="Multiply each of the two costs by a factor that is 1 for its own kind of pair and 0 for the "
               "other, and add. A lack below zero is no lack: cut it off before it is squared.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("y = 1 for dissimilar", "each = (1 - y) * d ** 2 + y * lack.clamp(min=0) ** 2",
               "read the other way round"),
        Mutant("no clamp", "each = y * d ** 2 + (1 - y) * lack ** 2", "still pay: squaring"),
        Mutant("clamped on the wrong side", "each = y * d ** 2 + (1 - y) * lack.clamp(max=0) ** 2",
               "cuts off the wrong side"),
        Mutant("square missing", "each = y * d ** 2 + (1 - y) * lack.clamp(min=0)",
               "what a dissimilar pair lacks is squared"),
        Mutant("other square missing", "each = y * d + (1 - y) * lack.clamp(min=0) ** 2",
               "a similar pair pays its squared"),
        Mutant("margin on the wrong term", "each = y * (-lack).clamp(min=0) ** 2 + (1 - y) * d ** 2",
               "limits the wrong term"),
        Mutant("margin on both terms",
               "each = y * (-lack).clamp(min=0) ** 2 + (1 - y) * lack.clamp(min=0) ** 2",
               "in the term of the similar pairs too"),
        Mutant("margin minus the square", "each = y * d ** 2 + (1 - y) * (margin - d ** 2).clamp(min=0)",
               "minus the SQUARED distance"),
        Mutant("labels forgotten", "each = d ** 2 + lack.clamp(min=0) ** 2", "must choose one"),
        Mutant("similar pairs only", "each = y * d ** 2", "Dissimilar pairs pay nothing"),
    ),
    difficulty=1, importance=3, minutes=4,
)  # fmt: skip
