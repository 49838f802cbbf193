"""06-4: which pixels a stack of rates really sees. Oracle: the coverage counted by paths."""

import numpy as np
import torch

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.measure.receptive_field import coverage

CELL = '''\
def seen_pixels(kernel: int, rates: list[int]) -> set[int]:
    """The pixels that reach output 0 through layers of stride 1 with these rates, along one axis, counted
    from the middle: an odd kernel of 3 at rate 2 sees {-2, 0, 2}."""
    ### BEGIN SOLUTION
    seen = {0}
    for rate in rates:
        taps = [rate * (m - kernel // 2) for m in range(kernel)]
        seen = {pixel + tap for pixel in seen for tap in taps}
    return seen
    ### END SOLUTION
'''
TEMPLATE = '''\
    seen = {0}
    for ... in rates:
        taps = [... for m in range(kernel)]
        seen = {... for pixel in seen for tap in taps}
    return seen
'''
CASES = ((3, (2, 2, 2)), (3, (1, 2, 4)), (3, (1, 2, 3)), (3, (1, 2, 9)), (3, (2,)), (5, (1, 5)), (5, (3, 2)),
         (3, ()))


def oracle(kernel: int, rates) -> set[int]:
    paths = coverage(kernel, rates)
    return {int(place) - len(paths) // 2 for place in np.flatnonzero(paths)}


def taps(kernel: int, rate: int) -> set[int]:
    return {rate * (m - kernel // 2) for m in range(kernel)}


def sums(kernel: int, rates, steps=taps) -> set[int]:
    seen = {0}
    for rate in rates:
        seen = {pixel + step for pixel in seen for step in steps(kernel, rate)}
    return seen


SLIPS = (
    ("There are no holes in your answer, but some rates leave some: move the bright pixel with 2, 2, 2.",
     lambda k, rates: set(range(min(oracle(k, rates)), max(oracle(k, rates)) + 1))),
    ("Each layer is looked at alone: the second layer begins where the taps of the first ended.",
     lambda k, rates: {0}.union(*[taps(k, rate) for rate in rates])),
    ("Only the last layer is left: each has to start from the pixels found so far.",
     lambda k, rates: taps(k, rates[-1]) if rates else {0}),
    ("The pixels are counted from the first, not from the middle.",
     lambda k, rates: {p - min(oracle(k, rates)) for p in oracle(k, rates)}),
    ("The taps of one layer lie too far apart: rate 1 skips nothing.",
     lambda k, rates: sums(k, [rate + 1 for rate in rates])),
    ("The middle tap is missing: it reads the pixel straight below.",
     lambda k, rates: sums(k, rates, lambda k, rate: taps(k, rate) - {0})),
    ("The rates do not act: each layer looks at its direct neighbours.",
     lambda k, rates: sums(k, [1] * len(rates))),
    ("Only the outermost taps and the middle one are used: a kernel of 5 has more.",
     lambda k, rates: sums(k, rates, lambda k, rate: {-rate * (k // 2), 0, rate * (k // 2)})),
)


def check(answer) -> None:
    """The set for several kernels and rates; a difference is explained by a slip."""
    if not callable(answer):
        raise Wrong("check wants the function itself, without brackets and arguments behind its name.")
    found = [pixels(answer(kernel, list(rates))) for kernel, rates in CASES]
    if found == [oracle(*case) for case in CASES]:
        return
    for message, slip in SLIPS:
        if found == [slip(*case) for case in CASES]:
            raise Wrong(message)
    wrong = next(case for case, f in zip(CASES, found, strict=True) if f != oracle(*case))
    raise Wrong("Some pixels are not right. Do it by hand for kernel 3 and rates 1, 2: begin at the output "
                "and write down what each tap reads, layer after layer.", f"kernel and rates {wrong}")


def pixels(value) -> set[int]:
    """A set of whole numbers, from any collection. Raises Wrong for anything else."""
    if value is None:
        raise Wrong("Nothing comes back: is a `return` missing?")
    if isinstance(value, (torch.Tensor, np.ndarray)):
        value = value.tolist()
    try:
        return {int(place) for place in value}
    except (TypeError, ValueError):
        raise Wrong("What comes back is no collection of whole numbers.", repr(value)[:200]) from None


EXERCISE = Exercise(
    id="06-4", title="Where are the holes?", name="seen_pixels", cell=CELL, check=check,
    question="Why do the rates 2, 2, 2 leave every second pixel unseen, and 1, 2, 3 none?",
    why="Every pixel seen is a sum of one tap from each layer; sums of even numbers are even, while a layer "
        "of rate 1 shifts every pixel by one and so fills the gaps (rates with a common factor cannot).",
    hints=Hints(
        nudge="Through two layers one sees what the taps of the second read, starting from each tap of the "
              "first.",
        method="Keep a set that begins with the output's own place. For each layer build a new set: every "
               "old place plus every tap. The order of the layers does not matter.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("everything between", "reach = sum(kernel // 2 * rate for rate in rates)\n"
               "return set(range(-reach, reach + 1))", "no holes in your answer"),
        Mutant("layers alone", "seen = {0}\nfor rate in rates:\n"
               "    seen |= {rate * (m - kernel // 2) for m in range(kernel)}\nreturn seen",
               "looked at alone"),
        Mutant("last layer only", "seen = {0}\nfor rate in rates:\n"
               "    seen = {rate * (m - kernel // 2) for m in range(kernel)}\nreturn seen", "Only the last"),
        Mutant("from the first", "seen = {0}\nfor rate in rates:\n"
               "    seen = {p + rate * m for p in seen for m in range(kernel)}\nreturn seen",
               "not from the middle"),
        Mutant("gap of k", "seen = {0}\nfor rate in rates:\n    seen = {p + (rate + 1) * (m - kernel // 2) "
               "for p in seen for m in range(kernel)}\nreturn seen", "too far apart"),
        Mutant("rates forgotten", "seen = {0}\nfor _ in rates:\n    seen = {p + m - kernel // 2 for p in "
               "seen for m in range(kernel)}\nreturn seen", "rates do not act"),
    ),
    difficulty=2, importance=2, minutes=8,
)  # fmt: skip
