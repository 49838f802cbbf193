"""08-5: the slips in a friend's layer with the fixed point (0, s^2). Oracle: s times the layer of s = 1."""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.lesson_08.alpha_dropout import FLOOR, alpha_dropout
from course_lib.exercises.oracle import compare, equal, gradients, must_keep_input

CELL = '''\
def friends_layer(z, kept, p, s):
    """A friend's SELU with the fixed point (0, s^2), and its alpha dropout. Two things are wrong."""
    x = s * F.selu(z / s ** 2)                      # the variance is s^2
    floor = -1.7580993408473766                     # what SELU answers far to the left
    q = 1 - p
    a = (q + floor ** 2 * q * (1 - q)) ** -0.5
    return a * torch.where(kept, x, floor) - a * (1 - q) * floor


def scaled_layer(z: Float[Tensor, "*shape"], kept, p: float, s: float):
    """For z of mean 0 and variance s^2: s f(z / s), f being SELU; then dropout to ITS floor, where the
    boolean mask `kept` is False, and the affine map that keeps mean 0 and variance s^2."""
    ### BEGIN SOLUTION
    floor, q = -1.7580993408473766, 1 - p
    x = torch.where(kept, F.selu(z / s), floor)
    a = (q + floor ** 2 * q * (1 - q)) ** -0.5
    return s * (a * x - a * (1 - q) * floor)
    ### END SOLUTION
'''
TEMPLATE = '''\
    x = ...                             # which power of s undoes the spread of z?
    floor = ...                         # what this x approaches far to the left
    a = ...                             # does the RATIO of floor and spread change with s?
    return a * torch.where(kept, x, floor) - ...
'''


def scaled(z: Tensor, kept: Tensor, p: float, s: float) -> Tensor:
    return s * alpha_dropout(F.selu(z / s), kept.to(z.dtype), p)


def check(answer) -> None:
    """Values and gradients for several s, also s = 1."""
    if not callable(answer):
        raise Wrong("check wants the function itself, without brackets and arguments behind its name.")
    for s, p in ((2.0, 0.1), (0.5, 0.3), (1.0, 0.2), (3.0, 0.05)):
        leaf = (s * torch.randn(6, 40, dtype=torch.float64)).requires_grad_()
        kept = torch.rand(6, 40) >= p
        kept[0, :4] = torch.tensor([False, True, False, True])
        z, mask = leaf * 1.0, kept.clone()
        y = answer(z, mask, p, s)
        must_keep_input(z, leaf)
        if not torch.equal(mask, kept):
            raise Wrong("The call changes the mask that it was given.")
        want = scaled(leaf, kept, p, s)
        compare(y, want, slips(leaf.detach(), kept, p, s), OTHERWISE)
        if not equal(gradients(y, [leaf])[0], gradients(want, [leaf])[0]):
            raise Wrong("The values are right, but the gradient at z is not: look for detach, no_grad or "
                        ".data.")


def slips(z: Tensor, kept: Tensor, p: float, s: float):
    """What typical slips would answer."""
    q, unit = 1 - p, F.selu(z / s)

    def layer(x: Tensor, floor: float, a_floor: float, b_floor: float, var: float = 1.0):
        a = (q + a_floor**2 / var * q * p) ** -0.5
        return lambda: a * torch.where(kept, x, floor) - a * p * b_floor

    here = s * FLOOR
    return (
        ("This is your friend's layer, unchanged. Put s = 2 and a z far to the left into its first line.",
         layer(s * F.selu(z / s**2), FLOOR, FLOOR, FLOOR)),
        ("The inner division is still by the variance: a spread is measured by its root.",
         layer(s * F.selu(z / s**2), here, FLOOR, here)),
        ("The floor is still that of s = 1: far to the left this layer answers another value.",
         layer(s * unit, FLOOR, FLOOR, FLOOR)),
        ("The floor is scaled, but a is computed with it as if the variance were still 1.",
         layer(s * unit, here, here, here)),
        ("The shift behind the stretch is still that of s = 1.", layer(s * unit, here, FLOOR, FLOOR)),
        ("z is not divided: s only stretches the result, and the fixed point moves elsewhere.",
         layer(s * F.selu(z), here, FLOOR, here)),
        ("Inside, z is divided, but nothing multiplies the result by s again.",
         layer(unit, FLOOR, FLOOR, FLOOR)),
        ("The dropout is missing.", lambda: s * unit),
    )


OTHERWISE = ("The values are others. Take s = 2, no dropout (p = 0, all kept) and z = -1000, then compare "
             "with the "
             "floor; then one dropped unit.")
EXERCISE = Exercise(
    id="08-5", title="A friend's fixed point", name="scaled_layer", cell=CELL, check=check,
    question="Why does a stay the same for every s, while the floor and b do not?",
    why="a depends only on how many standard deviations the floor lies below the mean, and that ratio "
        "does not "
        "change when everything is stretched by s; floor and b are distances, so they stretch along.",
    hints=Hints(
        nudge="If every number of the layer with s = 1 is multiplied by s, which lines notice?",
        method="Test with numbers: what does s f(z / s) approach for z = -1000? Which power of s makes z "
               "/ ... have "
               "variance 1? Then derive a again for variance s^2.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("unchanged", "return friends_layer(z, kept, p, s)", "friend's layer, unchanged"),
        Mutant("first slip left", "floor, q = -1.7580993408473766, 1 - p\n"
               "a = (q + floor ** 2 * q * (1 - q)) ** -0.5\nx = s * F.selu(z / s ** 2)\n"
               "return a * torch.where(kept, x, s * floor) - a * (1 - q) * s * floor", "by the variance: "
                                                                                       "a spread"),
        Mutant("second slip left", "floor, q = -1.7580993408473766, 1 - p\n"
               "a = (q + floor ** 2 * q * (1 - q)) ** -0.5\nx = s * F.selu(z / s)\n"
               "return a * torch.where(kept, x, floor) - a * (1 - q) * floor", "still that of s = 1: far"),
        Mutant("a with the new floor", "floor, q = -1.7580993408473766 * s, 1 - p\n"
               "a = (q + floor ** 2 * q * (1 - q)) ** -0.5\nx = s * F.selu(z / s)\n"
               "return a * torch.where(kept, x, floor) - a * (1 - q) * floor", "as if the variance were "
                                                                               "still 1"),
        Mutant("not divided", "floor, q = -1.7580993408473766, 1 - p\n"
               "a = (q + floor ** 2 * q * (1 - q)) ** -0.5\nx = s * F.selu(z)\n"
               "return a * torch.where(kept, x, s * floor) - a * (1 - q) * s * floor", "z is not divided"),
        Mutant("no dropout", "return s * F.selu(z / s)", "dropout is missing"),
    ),
    difficulty=3, importance=1, minutes=8,
)  # fmt: skip
