"""14-5: the area under the accuracy curve. Oracle: the curve, cut into very many thin strips."""

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.lesson_14.handed_over import one_number

CELL = '''\
def auac(budgets: Float[Tensor, "budgets"], accuracies: Float[Tensor, "budgets"]) -> float:
    """The area under the accuracy curve: accuracies[i] was measured under attacks of size budgets[i]. Between
    two neighbouring budgets the curve is a straight line. Its area, divided by the largest budget, is one
    number in [0, 1]. The smallest budget is 0, the clean images. Budgets come in any order, and not evenly
    spaced; all that is given stays as it is."""
    ### BEGIN SOLUTION
    eps, order = budgets.sort()
    acc = accuracies[order]
    strips = (eps[1:] - eps[:-1]) * (acc[1:] + acc[:-1]) / 2
    return (strips.sum() / eps[-1]).item()
    ### END SOLUTION
'''
TEMPLATE = '''\
    eps, order = ...                           # in rising order, and where each one was
    acc = ...                                  # each accuracy goes with its budget
    strips = (eps[1:] - ...) * ...             # width times mean height, one a strip
    return (... / ...).item()
'''
CASES = ((0.0, 0.3, 0.05, 0.1), (0.0, 0.5), (0.7, 0.02, 0.0, 0.2, 0.05, 0.4), (0.0, 0.01, 0.08, 0.1, 0.25),
         (2.0, 0.5, 0.0))  # fmt: skip
Rule = Callable[[Tensor, Tensor], float]


def check(answer) -> None:
    """The number for several curves, sorted and not; a difference is explained by a slip."""
    cases = [a_curve(budgets) for budgets in CASES]
    found = [one_case(answer, *case) for case in cases]
    if agree(found, [area(*case) for case in cases]):
        return
    for message, slip in SLIPS:
        if agree(found, [slip(*case) for case in cases]):
            raise Wrong(message)
    rising = [k for k, (eps, _) in enumerate(cases) if bool((eps.diff() > 0).all())]
    if agree([found[k] for k in rising], [area(*cases[k]) for k in rising]):
        raise Wrong("It is right for budgets in rising order, and wrong for others: sort them first, and let "
                    "each accuracy go with its budget.")
    raise Wrong(OTHERWISE, "yours " + ", ".join(f"{number:.4f}" for number in found))


def a_curve(budgets: tuple[float, ...]) -> tuple[Tensor, Tensor]:
    """Accuracies that fall with the budget, but for one that rises, as in a real measurement of many."""
    eps = torch.tensor(budgets)
    heights = (0.1 + 0.85 * torch.rand(len(eps))).sort(descending=True).values
    if len(eps) > 3:
        heights[1:3] = heights[1:3].flip(0)
    return eps, heights[eps.argsort().argsort()]


def one_case(answer, eps: Tensor, acc: Tensor) -> float:
    given = eps.clone(), acc.clone()
    value = one_number(answer(*given))
    if not all(map(torch.equal, given, (eps, acc))):
        raise Wrong("The call changes budgets or accuracies: sort a copy.")
    return value


def area(eps: Tensor, acc: Tensor) -> float:
    """The mean height of the curve over its budgets, strip by strip."""
    curve = sorted(zip(eps.tolist(), acc.tolist(), strict=True))
    total = 0.0
    for (a, high), (b, low) in pairwise(curve):
        total += (b - a) * (high + low) / 2
    return total / curve[-1][0]


def agree(found: list[float], want: list[float]) -> bool:
    return all(abs(a - b) < 1e-5 for a, b in zip(found, want, strict=True))


def ordered(rule: Rule) -> Rule:
    """The rule for budgets in rising order."""
    def of(eps: Tensor, acc: Tensor) -> float:
        order = eps.argsort()
        return float(rule(eps[order], acc[order]))

    return of


def widths(eps: Tensor) -> Tensor:
    return eps[1:] - eps[:-1]


def means(acc: Tensor) -> Tensor:
    return (acc[1:] + acc[:-1]) / 2


SLIPS: tuple[tuple[str, Rule], ...] = (
    ("This is the plain mean of the accuracies: a strip counts as much as it is wide.",
     lambda e, a: float(a.mean())),
    ("The area is not divided by the largest budget: curves up to another one could not be compared.",
     ordered(lambda e, a: torch.trapezoid(a, e))),
    ("Each strip is a rectangle as high as its LEFT end: the curve is a line between the two ends.",
     ordered(lambda e, a: (widths(e) * a[:-1]).sum() / e[-1])),
    ("Each strip is a rectangle as high as its RIGHT end: the curve is a line between the two ends.",
     ordered(lambda e, a: (widths(e) * a[1:]).sum() / e[-1])),
    ("The budgets are sorted, the accuracies stay: each must go with its budget.",
     lambda e, a: float(torch.trapezoid(a, e.sort().values) / e.max())),
    ("Budgets and accuracies are sorted apart from each other: each must go with its budget.",
     lambda e, a: float(torch.trapezoid(a.sort().values, e.sort().values) / e.max())),
    ("The accuracies are sorted by themselves, as if they could only fall: each must go with its budget.",
     lambda e, a: float(torch.trapezoid(a.sort(descending=True).values, e.sort().values) / e.max())),
    ("Nothing is sorted: the strips of unsorted budgets have negative widths.",
     lambda e, a: float(torch.trapezoid(a, e) / e.max())),
    ("Nothing is sorted, so some widths are negative; and the last budget need not be the largest.",
     lambda e, a: float(torch.trapezoid(a, e) / e[-1]) if e[-1] else 0.0),
    ("Nothing is sorted: the absolute widths of unsorted budgets overlap.",
     lambda e, a: float((widths(e).abs() * means(a)).sum() / e.max())),
    ("The budget 0 is left out: the curve begins with the clean images.",
     ordered(lambda e, a: torch.trapezoid(a[1:], e[1:]) / e[-1])),
    ("The budget 0 is left out, and the area is divided by the rest.",
     ordered(lambda e, a: torch.trapezoid(a[1:], e[1:]) / (e[-1] - e[1]) if len(e) > 2 else a[-1])),
    ("The strips are taken as equally wide: their widths are those of the budgets.",
     ordered(lambda e, a: means(a).mean())),
    ("Half of a sum is missing: the mean height of a strip is half of left and right together.",
     ordered(lambda e, a: 2 * torch.trapezoid(a, e) / e[-1])),
    ("This is the area above the curve.", ordered(lambda e, a: 1 - torch.trapezoid(a, e) / e[-1])),
    ("This is a percentage: a number in [0, 1] was asked for.",
     ordered(lambda e, a: 100 * torch.trapezoid(a, e) / e[-1])),
    ("The area is divided by the number of budgets.", ordered(lambda e, a: torch.trapezoid(a, e) / len(e))),
    ("The area is divided by the sum of the budgets.", ordered(lambda e, a: torch.trapezoid(a, e) / e.sum())),
    ("The accuracies are weighted by their budgets: a strip counts as much as it is wide.",
     lambda e, a: float((a * e).sum() / e.sum())),
    ("The area is divided by the clean accuracy as well.",
     ordered(lambda e, a: torch.trapezoid(a, e) / e[-1] / a[0])),
)


OTHERWISE = ("This is another number. Take budgets [0, 0.4] and accuracies [1, 0]: a triangle, half as large "
             "as its box. A third budget in the middle of that line must not change the answer.")
SORTED = "e, order = budgets.sort()\na = accuracies[order]\n"
EXERCISE = Exercise(
    id="14-5", title="One number for a curve", name="auac", cell=CELL, check=check,
    question="Two nets have the same area: why may they differ for everybody who must choose one?",
    why="The area adds all budgets up: one net may stand small attacks and fall to larger ones, the other "
        "read clean images worse and fall more slowly; what counts depends on the attacks to be feared.",
    hints=Hints(
        nudge="Draw four points of a curve and cut what is below into strips. How wide is each, how high in "
              "the middle?",
        method="Put the points into the order of their budgets. Each strip between neighbours has the width "
               "of their difference and the mean of two accuracies as its height. Add up, then divide by the "
               "largest budget.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("plain mean", "return accuracies.mean()", "This is the plain mean"),
        Mutant("not divided", f"{SORTED}return torch.trapezoid(a, e)", "is not divided by the largest"),
        Mutant("left rectangles", f"{SORTED}return ((e[1:] - e[:-1]) * a[:-1]).sum() / e[-1]",
               "as high as its LEFT end"),
        Mutant("right rectangles", f"{SORTED}return ((e[1:] - e[:-1]) * a[1:]).sum() / e[-1]",
               "as high as its RIGHT end"),
        Mutant("sorted apart", "return torch.trapezoid(accuracies.sort().values, budgets.sort().values) / "
               "budgets.max()", "sorted apart from each other"),
        Mutant("accuracies not sorted along", "return torch.trapezoid(accuracies, budgets.sort().values) / "
               "budgets.max()", "the accuracies stay"),
        Mutant("not sorted", "return torch.trapezoid(accuracies, budgets) / budgets.max()",
               "have negative widths"),
        Mutant("eps 0 missing", f"{SORTED}return torch.trapezoid(a[1:], e[1:]) / e[-1]",
               "the curve begins with the clean images"),
        Mutant("equally wide", f"{SORTED}return ((a[1:] + a[:-1]) / 2).mean()", "taken as equally wide"),
        Mutant("in place", "budgets, order = torch.sort(budgets, out=(budgets, torch.arange(len(budgets))))\n"
               "return torch.trapezoid(accuracies[order], budgets) / budgets[-1]", "sort a copy"),
    ),
    difficulty=2, importance=2, minutes=6,
)  # fmt: skip
