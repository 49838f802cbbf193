"""08-1: the missing line of SELU, its negative branch. Oracle: torch's elu and selu."""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.oracle import compare, equal, gradients, must_keep_input

CELL = '''\
def my_selu(z: Float[Tensor, "*shape"], alpha: float = 1.6732632423543772, lam: float = 1.0507009873554805):
    """SELU: lambda z right of 0; left of it a bent branch that falls towards -lambda alpha."""
    right = lam * z
    left_z = z.clamp(max=0)     # so that e^z cannot overflow where the branch is not used
    ### BEGIN SOLUTION
    left = lam * alpha * torch.expm1(left_z)
    ### END SOLUTION
    return torch.where(z > 0, right, left)
'''
TEMPLATE = '''\
    left = ...          # two constants times (e to the left_z, minus 1)
'''
CONSTANTS = ((1.6732632423543772, 1.0507009873554805), (0.7, 1.3), (2.4, 0.9))


def check(answer) -> None:
    """Values for several constants, the gradient, and large inputs."""
    if not callable(answer):
        raise Wrong("check wants the function itself, without brackets and arguments behind its name.")
    for alpha, lam in CONSTANTS:
        leaf = (torch.randn(5, 7, dtype=torch.float64) * 2).requires_grad_()
        z = leaf * 1.0
        y = answer(z, alpha, lam)
        must_keep_input(z, leaf)
        want = lam * F.elu(leaf, alpha)
        compare(y, want, slips(leaf.detach(), alpha, lam), OTHERWISE)
        if not equal(gradients(y, [leaf])[0], gradients(want, [leaf])[0]):
            raise Wrong("The values are right, but the gradient at z is not: look for detach, no_grad or "
                        ".data.")
    leaf = torch.tensor([-1000.0, -30.0, -0.1, 50.0, 1000.0], dtype=torch.float64).requires_grad_()
    y = answer(leaf * 1.0)
    if not equal(y, F.selu(leaf)):
        raise Wrong("Far from zero, or without constants handed over, the values are others: has a given "
                    "line "
                    "changed?")
    if not equal(gradients(y, [leaf])[0], gradients(F.selu(leaf), [leaf])[0]):
        raise Wrong("Right values, but for a large positive z the gradient is NaN: e^z overflows in the "
                    "branch "
                    "that is not used, and infinity times 0 is no number. Which given name prevents that?")


def slips(z: Tensor, alpha: float, lam: float):
    """What typical slips would answer."""
    def selu_with(left):
        return lambda: torch.where(z > 0, lam * z, left())

    return (
        ("Lambda is missing on the left: it stretches the whole curve, both sides.",
         selu_with(lambda: alpha * z.expm1())),
        ("Alpha is missing: without it the curve is an ELU with alpha = 1.",
         selu_with(lambda: lam * z.expm1())),
        ("Neither constant stands on the left.", selu_with(lambda: z.expm1())),
        ("The curve jumps at 0: something must be taken away so that the branch ends at 0 there.",
         selu_with(lambda: lam * alpha * z.exp())),
        ("The one is taken away outside the brackets: alpha must multiply the whole difference.",
         selu_with(lambda: lam * (alpha * z.exp() - 1))),
        ("The one is taken away outside the brackets: alpha must multiply the whole difference. ",
         selu_with(lambda: lam * alpha * z.exp() - 1)),
        ("The left branch goes up instead of down: look at the sign.",
         selu_with(lambda: -lam * alpha * z.expm1())),
        ("The exponent has the wrong sign: far to the left this branch grows without a bound.",
         selu_with(lambda: lam * alpha * (-z).expm1())),
        ("The left branch is straight: that is a leaky ReLU. SELU bends to a floor.",
         selu_with(lambda: lam * alpha * z)),
        ("The left branch is zero: that is a ReLU. Without negative values the mean cannot be 0.",
         selu_with(lambda: torch.zeros_like(z))),
    )


OTHERWISE = ("The left side is not the bent branch. Try z = 0 (it must give 0) and z = -20 (the floor, "
             "minus the "
             "product of both constants) by hand.")
EXERCISE = Exercise(
    id="08-1", title="The negative branch", name="my_selu", cell=CELL, check=check,
    question="Why does SELU need values below zero and a slope above 1 on the right?",
    why="Negative outputs let the mean come out as 0, and a slope above 1 lets a cloud that has become too "
        "narrow grow again, while the flat floor on the left lets a wide one shrink.",
    hints=Hints(
        nudge="The branch must pass through 0 at z = 0 and flatten at minus lambda times alpha.",
        method="Start from e to the z, which goes from 0 to 1. Shift it so that it ends in 0, then "
               "stretch it "
               "by both constants. torch has one function for the shifted exponential.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("no lambda", "left = alpha * torch.expm1(left_z)", "Lambda is missing on the left"),
        Mutant("no alpha", "left = lam * torch.expm1(left_z)", "Alpha is missing"),
        Mutant("jump at zero", "left = lam * alpha * torch.exp(left_z)", "jumps at 0"),
        Mutant("one outside", "left = lam * (alpha * torch.exp(left_z) - 1)", "outside the brackets"),
        Mutant("overflow", "left = lam * alpha * torch.expm1(z)", "the gradient is NaN"),
        Mutant("leaky", "left = lam * alpha * left_z", "leaky ReLU"),
    ),
    difficulty=1, importance=3, minutes=4,
)  # fmt: skip
