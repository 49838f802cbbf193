"""12-5: the exact minimal perturbation of a linear classifier. Oracle: each plane in turn."""

from collections.abc import Iterator

import torch
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.oracle import Slip, compare

CELL = '''\
def minimal_perturbation(W: Float[Tensor, "classes pixels"], b: Float[Tensor, "classes"],
                         x: Float[Tensor, "pixels"]):
    """The shortest delta (in L2) that brings one image x to the edge of its class, where another class has
    the same logit. The classifier is linear, logits = W x + b. x + delta need not stay in [0, 1]."""
    logits = W @ x + b
    c = logits.argmax()                                    # what the classifier says
    others = [k for k in range(len(b)) if k != c]
    ### BEGIN SOLUTION
    w = W[others] - W[c]                                   # the normals of the planes, one a row
    gap = logits[c] - logits[others]                       # how far each class is behind
    nearest = (gap / w.norm(dim=1)).argmin()
    return gap[nearest] * w[nearest] / w[nearest].square().sum()
    ### END SOLUTION
'''
TEMPLATE = '''\
    w = W[others] - ...                # class k wins as soon as w_k . delta is larger than its gap
    gap = ...
    nearest = (...).argmin()           # by distance: a gap alone is none
    return ... * w[nearest] / ...
'''
CASES = ((6, 12), (3, 4), (2, 6), (10, 30), (6, 7), (3, 2), (7, 5))  # classes, pixels


def check(answer) -> None:
    """The change, for classifiers whose nearest class is the runner-up, and for others."""
    for classes, pixels in CASES:
        W, b, x = a_case(classes, pixels)
        given = [t.clone() for t in (W, b, x)]
        found = answer(*given)
        if not all(map(torch.equal, given, (W, b, x))):
            raise Wrong("The call changes W, b or x: look for an operation in place (`-=`, `*=`).")
        compare(found, minimum(W, b, x), slips(W, b, x), OTHERWISE)


def a_case(classes: int, pixels: int) -> tuple[Tensor, Tensor, Tensor]:
    """A random one; of six classes and more, one in which every slip shows."""
    while True:
        W = torch.randn(classes, pixels) * (0.3 + 2 * torch.rand(classes, 1))
        b, x = torch.randn(classes), torch.rand(pixels)
        if classes < 6 or is_tricky(W, b, x):
            return W, b, x


def is_tricky(W: Tensor, b: Tensor, x: Tensor) -> bool:
    """Is the nearest class another than what a slip takes for it? And is none of them first or last?"""
    w, gap, _ = planes(W, b, x)
    length = w.norm(dim=1)
    distance = gap / length
    nearest, *others = (int(k) for k in (distance.argmin(), distance.argmax(), gap.argmin(),
                                         (gap / length**2).argmin()))  # fmt: skip
    return nearest not in others and not {0, len(gap) - 1} & {nearest, *others}


def planes(W: Tensor, b: Tensor, x: Tensor) -> tuple[Tensor, Tensor, int]:
    """(normals, gaps, own class): one row for each other class."""
    logits = (W * x).sum(1) + b
    c = int(logits.argmax())
    others = torch.arange(len(b)) != c
    return W[others] - W[c], logits[c] - logits[others], c


def minimum(W: Tensor, b: Tensor, x: Tensor) -> Tensor:
    w, gap, _ = planes(W, b, x)
    return min((g / v.norm() * (v / v.norm()) for v, g in zip(w, gap, strict=True)), key=torch.norm)


def slips(W: Tensor, b: Tensor, x: Tensor) -> Iterator[Slip]:
    """What typical slips would answer."""
    w, gap, c = planes(W, b, x)
    length = w.norm(dim=1)
    every = (gap / length**2)[:, None] * w
    k = (gap / length).argmin()
    right, v = every[k], W[torch.arange(len(b)) != c]
    raw = (gap / v.norm(dim=1)).argmin()
    for message, answer in (
        ("It points the wrong way: along it the image's own class gains.", -right),
        ("The vector is divided by its length once too few: its length is now the gap, or a multiple. One "
         "division makes the normal a direction; the distance needs another.", right * length[k]),
        ("The vector is divided by its length once too often: the image does not reach the edge.",
         right / length[k]),
        ("Nothing is divided by the length of the normal.", right * length[k] ** 2),
        ("The class with the smallest gap in the logits need not be the nearest: its plane may be farther "
         "away. Compare distances.", every[gap.argmin()]),
        ("The nearest is chosen by the gap over the SQUARED length: that is no distance.",
         every[(gap / length**2).argmin()]),
        ("You take the farthest plane: the shortest change was asked for.", every[(gap / length).argmax()]),
        ("These are the changes towards all other classes: the shortest of them is the answer.", every),
        ("The nearest of the classes is forgotten: you always go to the first of the others.", every[0]),
        ("The nearest of the classes is forgotten: you always go to the last of the others.", every[-1]),
        ("The changes towards all classes are averaged: no class is reached.", every.mean(0)),
        ("The changes towards all classes are added up: each alone would be enough.", every.sum(0)),
        ("This is the distance, a number: the change itself is a vector in the pixels.", (gap / length)[k]),
        ("These are the distances to all planes: go on to the nearest.", gap / length),
        ("This is the changed image: the change alone was asked for.", x + right),
        ("The plane between two classes has the normal w_k - w_c: here w_k stands alone.",
         gap[raw] * v[raw] / v[raw].square().sum()),
        ("The plane between two classes has the normal w_k - w_c: in the choice or in the direction w_k "
         "stands alone.", every[raw]),
        ("The plane between two classes has the normal w_k - w_c: in the direction w_k stands alone.",
         gap[k] * v[k] / v[k].square().sum()),
        ("This is the shortest change for the L-inf norm: all pixels move alike. In L2 it is along w.",
         (every_linf := (gap / w.abs().sum(1))[:, None] * w.sign())[every_linf.abs().amax(1).argmin()]),
        ("It goes as far beyond the edge as the image was before it.", 2 * right),
        ("The direction alone comes back: how long is the way?", w[k] / length[k]),
        ("The logits are not x's: the bias is forgotten in the gap.",
         torch.stack([g / n * u for u, g, n in zip(w, (W[c] - v) @ x, length**2, strict=True)])[k]),
    ):
        yield message, lambda answer=answer: answer


OTHERWISE = ("This is another vector. Try W = [[0., 0.], [3., 4.]], b = [1., 0.], x = [0., 0.]: only one "
             "plane, at the distance 1/5, and delta must be [0.12, 0.16].")
PLANES = "w = W[others] - W[c]\ngap = logits[c] - logits[others]\nn = w.norm(dim=1)\nk = (gap / n).argmin()\n"
EXERCISE = Exercise(
    id="12-5", title="The nearest edge", name="minimal_perturbation", cell=CELL, check=check,
    question="For a deep net nobody knows this vector: what can the closed form be used for all the same?",
    why="It is the ground truth on which an attack can be tested: on a linear model each attack for minimal "
        "norms must find this length. And DeepFool takes it as its step, on the net's tangent.",
    hints=Hints(
        nudge="Two classes first: where do their logits agree? That set is a plane. In which direction is it "
              "nearest, and how far away?",
        method="Class k draws level where (w_k - w_c) . delta is as large as its gap. The shortest such "
               "delta is along the normal, and the gap over the normal's length is the distance. Choose the "
               "class with the smallest distance.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("wrong way", f"{PLANES}return -gap[k] * w[k] / n[k] ** 2", "points the wrong way"),
        Mutant("divided once too few", f"{PLANES}return gap[k] * w[k] / n[k]", "once too few"),
        Mutant("divided once too often", f"{PLANES}return gap[k] * w[k] / n[k] ** 3", "once too often"),
        Mutant("not divided", f"{PLANES}return gap[k] * w[k]", "Nothing is divided"),
        Mutant("runner-up", f"{PLANES}k = gap.argmin()\nreturn gap[k] * w[k] / n[k] ** 2",
               "smallest gap in the logits"),
        Mutant("all classes", f"{PLANES}return gap[:, None] * w / n[:, None] ** 2",
               "towards all other classes"),
        Mutant("first class", f"{PLANES}return gap[0] * w[0] / n[0] ** 2", "to the first of the others"),
        Mutant("own weights forgotten", "gap = logits[c] - logits[others]\nw = W[others]\nn = w.norm(dim=1)\n"
               "k = (gap / n).argmin()\nreturn gap[k] * w[k] / n[k] ** 2", "here w_k stands alone"),
        Mutant("by the squared length", f"{PLANES}k = (gap / n ** 2).argmin()\n"
               "return gap[k] * w[k] / n[k] ** 2", "the SQUARED length"),
        Mutant("distance", f"{PLANES}return gap[k] / n[k]", "This is the distance, a number"),
    ),
    difficulty=3, importance=3, minutes=6,
)  # fmt: skip
