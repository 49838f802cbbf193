"""10-2: a distance that can be differentiated at zero. Oracle: the norm, and its gradient away from zero."""

import torch
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.oracle import Slip, compare, gradients, must_keep_input

CELL = '''\
def distance(u: Float[Tensor, "pairs features"], v: Float[Tensor, "pairs features"]):
    """The Euclidean distance of each pair, right to 0.0001. Its gradient is finite everywhere, also where
    u and v are equal, as they are for two copies of one picture, in float32 too."""
    ### BEGIN SOLUTION
    square = ((u - v) ** 2).sum(dim=1)
    return (square + 1e-12).sqrt()
    ### END SOLUTION
'''
TEMPLATE = '''\
    square = ((u - v) ** 2).sum(dim=...)      # one number for each pair
    return ...                                # what keeps the root away from zero?
'''
EXACT = 1.001e-4  # what the cell promises
CASES = ((5, 4, 1.0), (3, 3, 20.0), (4, 1, 0.5), (1, 6, 1.0))  # pairs, features, spread


def check(answer) -> None:
    """Values for usual and equal pairs; gradients for both, in float64 and in float32."""
    for pairs, features, spread in CASES:
        u, v = (spread * torch.randn(2, pairs, features)).requires_grad_().unbind()
        one_case(answer, u.detach(), v.detach())
    same = torch.randn(4, 3)
    other = same.clone()
    other[1:3] += torch.tensor([[0.5, -1.0, 2.0], [0.0, 0.3, 0.0]])
    one_case(answer, same, other)
    one_case(answer, same.float(), other.float())
    one_case(answer, torch.zeros(3, 4), torch.zeros(3, 4))


def one_case(answer, u: Tensor, v: Tensor) -> None:
    leaves = [u.clone().requires_grad_(), v.clone().requires_grad_()]
    mine = [leaf * 1.0 for leaf in leaves]
    found = answer(*mine)
    for x, leaf in zip(mine, leaves, strict=True):
        must_keep_input(x, leaf)
    values(found, u, v)
    for got, sign in zip(gradients(found, leaves), (1, -1), strict=True):
        slopes(got, u, v, sign)


def values(found, u: Tensor, v: Tensor) -> None:
    want = (u - v).norm(dim=1)
    near = isinstance(found, Tensor) and found.shape == want.shape and not found.is_complex()
    if near and bool(((found - want).abs() <= EXACT + 1e-6 * want).all()):
        return
    compare(found, want, slips(u, v), OTHERWISE)
    raise Wrong(OTHERWISE)


def slopes(got: Tensor, u: Tensor, v: Tensor, sign: int) -> None:
    """The gradient, when `gradients` has weighted the distances."""
    weights = torch.linspace(-1.0, 2.0, len(u), dtype=u.dtype).sin()[:, None]
    apart = (u - v).norm(dim=1, keepdim=True)
    if not torch.isfinite(got).all():
        if u.dtype == torch.float32:
            raise Wrong("In float64 the gradient is finite, in float32 it is not: there your epsilon is so "
                        "small that it is 0.")
        raise Wrong("The values are right, but where u and v are equal the gradient is not finite: the slope "
                    "of a root at 0 is infinite, and infinity times 0 is NaN.")
    want = sign * weights * (u - v) / apart.clamp(min=1e-9)
    if not bool(((got - want).abs() <= 1e-3).masked_fill(apart < 0.05, True).all()):
        raise Wrong("The values are right, but a gradient is not: look for detach, no_grad or .data on u or "
                    "on v.")


OTHERWISE = ("This is no Euclidean distance. Take u = [[3., 0.]] and v = [[0., 4.]]: the answer must be "
             "tensor([5.]).")


def slips(u: Tensor, v: Tensor) -> tuple[Slip, ...]:
    """What typical slips would answer."""
    gap = u - v
    square = gap**2
    each = square.sum(1)
    return (
        ("This is the squared distance: the root is missing.", lambda: each),
        ("This is the squared distance: the root is missing, and the epsilon acts nowhere.",
         lambda: each + 1e-12),
        *(("Your epsilon is so large that the values are wrong: equal pairs must be at distance 0, up to "
           "0.0001. What comes out of the root there?", lambda eps=eps: (each + eps).sqrt())
          for eps in (1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0)),
        *(("Your epsilon lifts every distance by the same amount, and it is so large that the values are "
           "wrong.", lambda eps=eps: each.sqrt() + eps) for eps in (1e-3, 1e-2, 0.1, 1.0)),
        ("One number comes back for all pairs: sum over the features alone, and keep the pairs.",
         lambda: each.sum().sqrt()),
        ("One number comes back for all pairs: no mean or sum over the pairs.", lambda: each.sqrt().mean()),
        ("One number comes back for all pairs: no mean or sum over the pairs.", lambda: each.sqrt().sum()),
        ("You sum over the pairs, axis 0: the features stand on axis 1.", lambda: square.sum(0).sqrt()),
        ("The features are averaged: a distance adds them up.", lambda: square.mean(1).sqrt()),
        ("The differences are added without a square: this is the city-block distance.",
         lambda: gap.abs().sum(1)),
        ("The differences are summed before they are squared: then they cancel.", lambda: gap.sum(1).abs()),
        ("The answer has one axis too many: one number for each pair, shape [pairs].",
         lambda: each.sqrt()[:, None]),
        ("You compare every u with every v: only row i with row i.", lambda: torch.cdist(u, v)),
        ("u and v are added: a distance looks at their difference.", lambda: (u + v).norm(dim=1)),
    )


EXERCISE = Exercise(
    id="10-2", title="A distance that can be differentiated", name="distance", cell=CELL, check=check,
    question="Why does one pair of equal pictures in a batch of a thousand turn every weight into NaN?",
    why="The root's slope at 0 is infinite and the slope of the square is 0; their product is NaN. The loss "
        "adds up all pairs, so each weight's gradient contains that NaN, and after one step so does each "
        "weight.",
    hints=Hints(
        nudge="Ask autograd: u = torch.zeros(1, 2, requires_grad=True), then the plain distance to zero, "
              "then backward, then u.grad. Which step of the formula has no slope there?",
        method="Add a number to what stands under the root, so that the root never meets 0. Its own root is "
               "what equal pairs answer: choose it small enough for the values, and large enough for "
               "float32 (1e-50 is 0 there).",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("no epsilon", "return ((u - v) ** 2).sum(dim=1).sqrt()", "infinity times 0 is NaN"),
        Mutant("lost in float32", "return (((u - v) ** 2).sum(dim=1) + 1e-60).sqrt()",
               "so small that it is 0"),
        Mutant("detached", "return (((u - v.detach()) ** 2).sum(dim=1) + 1e-12).sqrt()",
               "on u or on v"),
        Mutant("squared", "return ((u - v) ** 2).sum(dim=1)", "root is missing"),
        Mutant("large epsilon", "return (((u - v) ** 2).sum(dim=1) + 1e-3).sqrt()",
               "What comes out of the root there?"),
        Mutant("sum over the batch", "return (((u - v) ** 2).sum() + 1e-12).sqrt()",
               "sum over the features alone"),
        Mutant("wrong axis", "return (((u - v) ** 2).sum(dim=0) + 1e-12).sqrt()", "axis 0: the features"),
        Mutant("mean", "return (((u - v) ** 2).mean(dim=1) + 1e-12).sqrt()", "features are averaged"),
        Mutant("city block", "return (u - v).abs().sum(dim=1)", "city-block"),
        Mutant("axis kept", "return (((u - v) ** 2).sum(dim=1, keepdim=True) + 1e-12).sqrt()",
               "one axis too many"),
    ),
    difficulty=2, importance=3, minutes=4,
)  # fmt: skip
