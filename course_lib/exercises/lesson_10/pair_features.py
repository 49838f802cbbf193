"""10-8: features of a pair that do not know which side is which. Oracle: |u - v| and u * v side by side."""

import torch
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.oracle import Slip, compare, equal, gradients, must_keep_input

CELL = '''\
def pair_features(u: Float[Tensor, "pairs features"], v: Float[Tensor, "pairs features"]):
    """What a learned head sees of a pair of embeddings: the size of the difference in each feature, then the
    product in each feature, side by side: [pairs, 2 * features]. Swapping u and v changes nothing."""
    ### BEGIN SOLUTION
    return torch.cat([(u - v).abs(), u * v], dim=1)
    ### END SOLUTION
'''
TEMPLATE = '''\
    return torch.cat([..., ...], dim=...)
'''
CASES = ((5, 4), (3, 3), (1, 6), (4, 1))  # pairs, features


def check(answer) -> None:
    """Values, gradients (also where u and v are equal), inputs left alone, and the swap."""
    for pairs, features in CASES:
        one_case(answer, torch.randn(pairs, features), torch.randn(pairs, features))
    same = torch.randn(4, 3)
    other = same.clone()
    other[2:] += 1.5
    one_case(answer, same, other)


def one_case(answer, u: Tensor, v: Tensor) -> None:
    leaves = [u.clone().requires_grad_(), v.clone().requires_grad_()]
    mine = [leaf * 1.0 for leaf in leaves]
    found = answer(*mine)
    for x, leaf in zip(mine, leaves, strict=True):
        must_keep_input(x, leaf)
    want = torch.cat([(leaves[0] - leaves[1]).abs(), leaves[0] * leaves[1]], dim=1)
    compare(found, want, slips(u, v), OTHERWISE)
    for got, theirs in zip(gradients(found, leaves), gradients(want, leaves), strict=True):
        if not torch.isfinite(got).all():
            raise Wrong("The values are right, but where u and v are equal the gradient is NaN: a root of a "
                        "square is no good way to drop a sign.")
        apart = u != v  # at a corner there are many slopes, and each is right
        if not equal(got * apart, theirs * apart):
            raise Wrong("The values are right, but a gradient is not: look for detach, no_grad or .data.")


def slips(u: Tensor, v: Tensor) -> tuple[Slip, ...]:
    """What typical slips would answer."""
    size, signed, product = (u - v).abs(), u - v, u * v
    beside = lambda *parts: lambda: torch.cat(parts, 1)  # noqa: E731
    return (
        ("The differences keep their sign: swap u and v, and the head sees something else.",
         beside(signed, product)),
        ("The differences keep their sign: swap u and v, and the head sees something else. ",
         beside(-signed, product)),
        ("u and v themselves stand side by side: then the head must learn twice what one side means, and "
         "may answer differently when they are swapped.", beside(u, v)),
        ("The products are missing.", lambda: size),
        ("The differences are missing.", lambda: product),
        ("The differences are squared: their size was asked for.", beside(signed**2, product)),
        ("The products stand first: keep the order of the text.", beside(product, size)),
        ("The products have lost their sign: whether u and v point the same way is what they tell.",
         beside(size, product.abs())),
        ("The second half holds sums: products were asked for.", beside(size, u + v)),
        ("The second half is the same as the first.", beside(size, size)),
        ("Both halves lie one below the other: side by side is axis 1.",
         lambda: torch.cat([size, product], 0)),
        ("The halves are stacked along a new axis: side by side in one row was asked for.",
         lambda: torch.stack([size, product], 1)),
        ("The halves are stacked along a new axis: side by side in one row was asked for. ",
         lambda: torch.stack([size, product])),
        ("The halves are stacked along a new axis: side by side in one row was asked for.  ",
         lambda: torch.stack([size, product], 2)),
        ("The two are dealt out in turn: first all differences, then all products.",
         lambda: torch.stack([size, product], 2).flatten(1)),
        ("You add differences and products: keep them apart, for the head weighs each alone.",
         lambda: size + product),
        ("The products are summed up to one number: each feature keeps its own.",
         beside(size, product.sum(1, keepdim=True))),
        ("The differences are summed up to one number: each feature keeps its own.",
         beside(size.sum(1, keepdim=True), product)),
        ("Differences and products are both there, and something else too.", beside(size, product, u, v)),
        ("u and v are still there: then swapping them changes the features.", beside(u, v, size, product)),
        ("u and v are still there: then swapping them changes the features. ", beside(u, v, size)),
    )


OTHERWISE = ("These are other features. Take u = [[1., -2.]] and v = [[3., 1.]]: the answer must be "
             "[[2., 3., 3., -2.]].")
EXERCISE = Exercise(
    id="10-8", title="A head that cannot tell left from right", name="pair_features", cell=CELL, check=check,
    question="What can a linear layer on these features learn that a fixed Euclidean distance cannot?",
    why="Which features matter: it gives each difference and each product a weight of its own, while the "
        "distance counts all of them alike.",
    hints=Hints(
        nudge="'A is like B' and 'B is like A' must get the same score. Which operations on two numbers do "
              "not care about the order?",
        method="Two halves, each as wide as an embedding, joined along the features. Make the first "
               "insensitive to the order by dropping the sign; the second already is.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("signed difference", "return torch.cat([u - v, u * v], 1)", "keep their sign"),
        Mutant("u and v", "return torch.cat([u, v], 1)", "must learn twice"),
        Mutant("product missing", "return (u - v).abs()", "products are missing"),
        Mutant("difference missing", "return u * v", "differences are missing"),
        Mutant("squared", "return torch.cat([(u - v) ** 2, u * v], 1)", "differences are squared"),
        Mutant("other order", "return torch.cat([u * v, (u - v).abs()], 1)", "products stand first"),
        Mutant("one below the other", "return torch.cat([(u - v).abs(), u * v])", "one below the other"),
        Mutant("sum", "return torch.cat([(u - v).abs(), u + v], 1)", "second half holds sums"),
        Mutant("NaN gradient", "return torch.cat([((u - v) ** 2).sqrt(), u * v], 1)", "gradient is NaN"),
        Mutant("dot product", "return torch.cat([(u - v).abs(), (u * v).sum(1, keepdim=True)], 1)",
               "products are summed up"),
    ),
    difficulty=2, importance=2, minutes=4,
)  # fmt: skip
