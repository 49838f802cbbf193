"""13-1: the missing line of differential evolution. Oracle: the formula, by hand for each child."""

from collections.abc import Iterator

import torch
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant
from course_lib.exercises.lesson_13.handed_over import must_keep
from course_lib.exercises.oracle import Slip, compare

CELL = '''\
def make_children(members: Float[Tensor, "members genes"], three: Tensor, factor: float = 0.5):
    """Differential evolution: a child for each place of the population. Row i of `three` says which three
    members, all different, are a, b and c of child i. The child stands where one gets from a by going
    `factor` times the way that leads from c to b. Genes lie in [0, 1]: what leads out is mirrored."""
    a, b, c = members[three].unbind(dim=1)            # [members, genes] each; row i is for child i
    ### BEGIN SOLUTION
    v = a + factor * (b - c)
    ### END SOLUTION
    return 1 - (1 - v.abs()).abs()                    # -0.1 becomes 0.1, and 1.2 becomes 0.8
'''
TEMPLATE = '''\
    v = a + ... * (...)          # what must be added to c to get to b?
'''
CASES = ((9, 6, 0.5), (9, 6, 0.8), (4, 1, 0.5), (3, 7, 1.0))  # members, genes, factor


def check(answer) -> None:
    """The children of several populations, and the population left alone."""
    for count, genes, factor in CASES:
        members = torch.rand(count, genes)
        three = torch.rand(count, count).argsort(dim=1)[:, :3]
        given = {"members": members.clone(), "three": three.clone()}
        found = answer(given["members"], given["three"], factor)
        must_keep(given, {"members": members, "three": three})
        compare(found, right(members, three, factor), slips(members, three, factor), OTHERWISE)


def right(members: Tensor, three: Tensor, factor: float) -> Tensor:
    return mirrored(torch.stack([members[a] + factor * (members[b] - members[c]) for a, b, c in three]))


def mirrored(v: Tensor) -> Tensor:
    v = v.abs()
    return torch.where(v > 1, 2 - v, v)


OTHERWISE = ("These are other children. Draw three points a, b, c on paper and the way from c to b; then "
             "begin it at a, and go half of it.")


def slips(members: Tensor, three: Tensor, f: float) -> Iterator[Slip]:
    """What typical slips would answer."""
    a, b, c = members[three].unbind(1)
    clamped = (a + f * (b - c)).clamp(0, 1)
    for message, v in (
        ("b and c are added: their DIFFERENCE is the way from one to the other.", a + f * (b + c)),
        ("factor acts nowhere: the child goes only a part of the way.", a + b - c),
        ("b and c have changed places: the way leads from c to b.", a + f * (c - b)),
        ("The child begins nowhere: it sets out from a.", f * (b - c)),
        ("factor shortens b alone: brackets, so that it shortens the whole way.", a + f * b - c),
        ("factor shortens a as well: only the way is shortened.", f * (a + b - c)),
        ("The child sets out from its own father, member i: a is another one.", members + f * (b - c)),
        ("The child goes towards its father, member i: the way leads from c to b.", a + f * (members - c)),
        ("The way leads to the father, member i: it leads from c to b.", a + f * (b - members)),
        ("a is used twice, and b not at all: three different members make a child.", a + f * (a - c)),
        ("a is used twice, and c not at all: three different members make a child.", a + f * (b - a)),
        ("b is used twice, and a not at all: three different members make a child.", b + f * (b - c)),
        ("c is used twice, and a not at all: three different members make a child.", c + f * (b - c)),
        ("The difference has lost its sign: a child may also go down.", a + f * (b - c).abs()),
        ("There is no difference in it: the child is a mixture of its parents.", (a + b + c) / 3),
        ("Every child is its own a: nothing new comes into the population.", a),
        ("Every child is its own father: nothing new comes into the population.", members),
        ("0.5 is written into your line: the function is given a factor.", a + 0.5 * (b - c)),
        ("What leads out is cut off: leave that to the last line, which mirrors it.", clamped),
        ("All children go the same way, the first one's: b and c have a row for each.",
         a + f * (b[:1] - c[:1])),
    ):
        yield message, lambda v=v: mirrored(v)


EXERCISE = Exercise(
    id="13-1", title="A child of three", name="make_children", cell=CELL, check=check,
    question="No step size is set anywhere: how far do children go at the start, and how far once all "
             "members stand close together?",
    why="As far as the members are apart: b - c is long at the start, when they stand everywhere, and gets "
        "short by itself as they gather, so the search turns from wide to fine without being told.",
    hints=Hints(
        nudge="One gene only: c is 0.2, b is 0.6. How far is it from c to b, and with which sign? And back?",
        method="Subtract to get the way, shorten all of it by the factor, and add what is left to the place "
               "where the child sets out.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("b + c", "v = a + factor * (b + c)", "b and c are added"),
        Mutant("factor forgotten", "v = a + (b - c)", "acts nowhere"),
        Mutant("wrong way", "v = a + factor * (c - b)", "b and c have changed places"),
        Mutant("brackets forgotten", "v = a + factor * b - c", "shortens b alone"),
        Mutant("factor on a too", "v = factor * (a + b - c)", "shortens a as well"),
        Mutant("a forgotten", "v = factor * (b - c)", "begins nowhere"),
        Mutant("from the father", "v = members + factor * (b - c)", "from its own father"),
        Mutant("a twice", "v = a + factor * (b - a)", "a is used twice, and c"),
        Mutant("towards a from c", "v = a + factor * (a - c)", "a is used twice, and b"),
        Mutant("b twice", "v = b + factor * (b - c)", "b is used twice"),
        Mutant("factor written down", "v = a + 0.5 * (b - c)", "0.5 is written"),
        Mutant("into the members", "members += 0.5 * (b - c)\nv = members", "writes into members"),
    ),
    difficulty=1, importance=3, minutes=4,
)  # fmt: skip
