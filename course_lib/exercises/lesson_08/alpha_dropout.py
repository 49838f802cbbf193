"""08-3: alpha dropout with its affine map. Oracle: the formula, and the moments it promises."""

import torch
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.oracle import compare, equal, gradients, must_keep_input

FLOOR, ALPHA = -1.7580993408473766, 1.6732632423543772
CELL = '''\
def my_alpha_dropout(x: Float[Tensor, "*shape"], kept: Float[Tensor, "*shape"], p: float, training: bool):
    """Alpha dropout for activations of mean 0 and variance 1. kept: 1 for a unit that stays, 0 for one that
    is dropped, which happens with probability p. A dropped unit gets the value `floor`; then a * x + b
    brings mean and variance back. When not training, x comes back as it is."""
    floor = -1.6732632423543772 * 1.0507009873554805        # -alpha lambda
    ### BEGIN SOLUTION
    if not training:
        return x
    q = 1 - p
    a = (q + floor ** 2 * q * (1 - q)) ** -0.5
    b = -a * (1 - q) * floor
    return a * (x * kept + floor * (1 - kept)) + b
    ### END SOLUTION
'''
TEMPLATE = '''\
    if ...:
        return ...
    q = ...                         # the probability to stay
    a = ...                         # 1 / standard deviation of what the dropping leaves
    b = ...                         # minus a times its mean
    return a * (...) + b            # kept units as they are, the others at the floor
'''


def alpha_dropout(x: Tensor, kept: Tensor, p: float, floor: float = FLOOR) -> Tensor:
    """The right answer in training; `floor` for the slips."""
    q = 1 - p
    a = (q + floor**2 * q * (1 - q)) ** -0.5
    return a * (x * kept + floor * (1 - kept)) - a * (1 - q) * floor


def check(answer) -> None:
    """Values and gradient for given masks, with different rates; and nothing at all at test time."""
    if not callable(answer):
        raise Wrong("check wants the function itself, without brackets and arguments behind its name.")
    for p in (0.1, 0.3, 0.05):  # never 0.5, where p and q are the same
        leaf = torch.randn(6, 40, dtype=torch.float64).requires_grad_()
        kept = (torch.rand(6, 40) >= p).double()
        kept[0, :4] = torch.tensor([0.0, 1.0, 0.0, 1.0])
        x, mask = leaf * 1.0, kept.clone()
        y = answer(x, mask, p, True)
        if y is not x:
            must_keep_input(x, leaf)
        if not torch.equal(mask, kept):
            raise Wrong("The call changes the mask that it was given.")
        compare(y, alpha_dropout(leaf, kept, p), slips(leaf.detach(), kept, p), OTHERWISE)
        if not equal(gradients(y, [leaf])[0], gradients(alpha_dropout(leaf, kept, p), [leaf])[0]):
            raise Wrong("The values are right, but the gradient at x is not: look for detach, no_grad or "
                        ".data.")
        test_time(answer, leaf, kept, p)


def test_time(answer, leaf: Tensor, kept: Tensor, p: float) -> None:
    y = answer(leaf * 1.0, kept, p, False)
    if isinstance(y, Tensor) and equal(y, alpha_dropout(leaf, kept, p)):
        raise Wrong("Dropout is left on at test time: the argument `training` makes no difference.")
    compare(y, leaf, (), "When not training, x must come back as it is.")


def slips(x: Tensor, kept: Tensor, p: float):
    """What typical slips would answer."""
    q = 1 - p
    dropped = x * kept + FLOOR * (1 - kept)
    a, b = (q + FLOOR**2 * q * p) ** -0.5, -((q + FLOOR**2 * q * p) ** -0.5) * p * FLOOR
    misplaced = q * (1 + p * FLOOR**2) ** -0.5
    root = (q + FLOOR**2 * q * p) ** 0.5
    return (
        ("The affine map is missing: with units at the floor the mean falls and the variance is off.",
         lambda: dropped),
        ("Dropped units go to -alpha: the floor of SELU is -alpha times lambda.",
         lambda: alpha_dropout(x, kept, p, -ALPHA)),
        ("Dropped units go to -alpha: the floor of SELU is -alpha times lambda. ",
         lambda: a * (x * kept - ALPHA * (1 - kept)) + b),
        ("The power is misplaced: it belongs to the whole product (1 - p)(1 + p floor^2), not to the second "
         "bracket alone.", lambda: misplaced * dropped - misplaced * p * FLOOR),
        ("The sign of the power is lost: a divides by a standard deviation.",
         lambda: root * dropped - root * p * FLOOR),
        ("a divides by the variance: take its square root first.",
         lambda: a**2 * dropped - a**2 * p * FLOOR),
        ("b has the wrong sign: it must lift the mean back to 0.", lambda: a * dropped - b),
        ("b is missing: the variance is right, the mean is not.", lambda: a * dropped),
        ("b is not multiplied by a: the shift acts behind the stretch.", lambda: a * dropped - p * FLOOR),
        ("p and q have changed places: the mean that dropping leaves is (dropped share) times floor.",
         lambda: a * dropped - a * q * FLOOR),
        ("Dropped units are set to 0 although the constants are those for the floor.",
         lambda: a * x * kept + b),
        ("This is ordinary dropout: zeros, and a division by q. Its variance is 1/q.", lambda: x * kept / q),
        ("The mask is read the wrong way round: 1 means that a unit stays.",
         lambda: a * (x * (1 - kept) + FLOOR * kept) + b),
        ("The floor is added to every unit, dropped or not.", lambda: a * (x * kept + FLOOR) + b),
        ("While training, x comes back as it is: the test is the wrong way round.", lambda: x),
        ("The affine map leaves out the kept units: it acts on all of them.",
         lambda: torch.where(kept > 0, x, a * FLOOR + b)),
    )


OTHERWISE = ("This is not alpha dropout. Work out by hand, for x of mean 0 and variance 1, which mean and "
             "which "
             "variance the mixture of kept units and floors has: a and b must undo both.")
EXERCISE = Exercise(
    id="08-3", title="Alpha dropout", name="my_alpha_dropout", cell=CELL, check=check,
    question="Why drop to the floor and not to 0, and why must a and b follow?",
    why="The floor is what SELU answers to a very negative input, so a dropped unit looks like one that "
        "is off; "
        "but a share of units down there lowers the mean and changes the variance, which a and b set right.",
    hints=Hints(
        nudge="What are the mean and the variance of a unit that is x with probability q, and the floor "
              "otherwise?",
        method="Mean: (1 - q) floor. Second moment: q + (1 - q) floor^2; subtract the squared mean for the "
               "variance. a is one over its root, b moves the mean to 0 after the stretch. At test time "
               "nothing "
               "happens.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("no affine map", "if not training:\n    return x\nreturn x * kept + floor * (1 - kept)",
               "affine map is missing"),
        Mutant("-alpha", "if not training:\n    return x\nfloor = -1.6732632423543772\nq = 1 - p\n"
               "a = (q + floor ** 2 * q * (1 - q)) ** -0.5\n"
               "return a * (x * kept + floor * (1 - kept)) - a * (1 - q) * floor", "go to -alpha"),
        Mutant("power misplaced", "if not training:\n    return x\na = (1 - p) * (1 + p * floor ** 2) ** "
                                  "-0.5\n"
               "return a * (x * kept + floor * (1 - kept)) - a * p * floor", "power is misplaced"),
        Mutant("on at test time", "q = 1 - p\na = (q + floor ** 2 * q * (1 - q)) ** -0.5\n"
               "return a * (x * kept + floor * (1 - kept)) - a * (1 - q) * floor", "left on at test time"),
        Mutant("ordinary", "if not training:\n    return x\nreturn x * kept / (1 - p)", "ordinary dropout"),
        Mutant("b forgotten", "if not training:\n    return x\nq = 1 - p\n"
               "a = (q + floor ** 2 * q * (1 - q)) ** -0.5\nreturn a * (x * kept + floor * (1 - kept))",
               "b is missing"),
        Mutant("divides by the variance", "if not training:\n    return x\nq = 1 - p\n"
               "a = 1 / (q + floor ** 2 * q * (1 - q))\n"
               "return a * (x * kept + floor * (1 - kept)) - a * (1 - q) * floor", "divides by the variance"),
        Mutant("training ignored the other way", "return x", "wrong way round"),
    ),
    difficulty=2, importance=3, minutes=7,
)  # fmt: skip
