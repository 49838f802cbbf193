"""06-1: the missing line of a dilated convolution: which pixel a tap reads. Oracle: torch's conv1d."""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.oracle import compare, equal, gradients, input_like, must_keep_input

CELL = '''\
def dilated_signal(x: Float[Tensor, "time"], w: Float[Tensor, "taps"], dilation: int):
    """Slide the taps w over x, with dilation - 1 pixels between two taps: y[i] is their weighted sum when
    tap 0 lies on pixel i. No padding, so y is shorter than x."""
    reach = dilation * (len(w) - 1)          # pixels from the first tap to the last
    y = x.new_zeros(len(x) - reach)
    for i in range(len(y)):
        for m in range(len(w)):
            ### BEGIN SOLUTION
            position = i + dilation * m
            ### END SOLUTION
            y[i] += w[m] * x[position]
    return y
'''
CASES = ((3, 3, 12), (3, 2, 12), (3, 1, 7), (2, 3, 9), (4, 2, 13), (1, 4, 5))  # taps, dilation, pixels


def check(answer) -> None:
    """Values, gradients and the input left alone, for several sizes."""
    if not callable(answer):
        raise Wrong("check wants the function itself, without brackets and arguments behind its name.")
    for taps, dilation, pixels in CASES:
        (leaf, x), (w_leaf, w) = input_like(pixels), input_like(taps)
        try:
            y = answer(x, w, dilation)
        except IndexError as error:
            raise Wrong(PAST_THE_END) from error
        must_keep_input(x, leaf)
        want = torch_says(leaf, w_leaf, dilation)
        compare(y, want, slips(leaf.detach(), w_leaf.detach(), dilation), OTHERWISE)
        for mine, theirs in zip(gradients(y, [leaf, w_leaf]), gradients(want, [leaf, w_leaf]), strict=True):
            if not equal(mine, theirs):
                raise Wrong("The values are right, but a gradient is not: look for detach, no_grad or .data.")


PAST_THE_END = ("A tap reads past the end of x: your taps lie too far apart, or begin too late. Rate 1 skips "
                "no pixel and rate 2 skips one: how far is it then from one tap to the next?")
OTHERWISE = ("The taps read other pixels than they should. Take w = [1, 10, 100], dilation 2 and "
             "x = torch.arange(7.) and compute y[0] by hand.")


def torch_says(x: Tensor, w: Tensor, dilation: int) -> Tensor:
    return F.conv1d(x[None, None], w[None, None], dilation=dilation)[0, 0]


def read(x: Tensor, w: Tensor, dilation: int, position) -> Tensor:
    """The given lines with another position(i, m)."""
    n, k = len(x) - dilation * (len(w) - 1), len(w)
    return torch.stack([sum(w[m] * x[position(i, m)] for m in range(k)) for i in range(n)])


def slips(x: Tensor, w: Tensor, dilation: int):
    """What typical slips would answer."""
    last = len(w) - 1
    for message, position in (
        ("The taps lie side by side: the dilation does not act on their distance.", lambda i, m: i + m),
        ("The taps lie one pixel too close: rate 1 is the ordinary convolution.",
         lambda i, m: i + (dilation - 1) * m),
        ("The taps stand in reverse order: in deep learning tap 0 reads the first pixel.",
         lambda i, m: i + dilation * (last - m)),
        ("The whole window is moved by the dilation, but its taps still lie side by side.",
         lambda i, m: i + dilation + m - 1),
        ("The window is moved by the dilation; the distance of the taps is not.",
         lambda i, m: i + dilation + m),
        ("All taps read the same pixel: m must count.", lambda i, m: i),
        ("The taps go backwards from i: a negative index wraps around to the end of x.",
         lambda i, m: i - dilation * m),
    ):
        yield message, lambda position=position: read(x, w, dilation, position)


EXERCISE = Exercise(
    id="06-1", title="Which pixel does a tap read?", name="dilated_signal", cell=CELL, check=check,
    question="Why has a layer of rate 4 exactly as many weights as one of rate 1?",
    why="The rate only says which pixels the taps read; there are as many taps as before, each with its one "
        "weight, and the pixels between them have none.",
    hints=Hints(
        nudge="Write down the pixels that three taps read at i = 0: for rate 1, for rate 2, for rate 4.",
        method="The distance from one tap to the next is the number that you wrote down for tap 1. Tap m is "
               "m such distances from the first.",
        template="            position = ... + ... * ...\n",
    ),
    mutants=(
        Mutant("gap of k instead of k - 1", "position = i + (dilation + 1) * m", "past the end of x"),
        Mutant("dilation forgotten", "position = i + m", "does not act on their distance"),
        Mutant("one too close", "position = i + (dilation - 1) * m", "one pixel too close"),
        Mutant("reversed", "position = i + dilation * (len(w) - 1 - m)", "in reverse order"),
        Mutant("backwards", "position = i - dilation * m", "wraps around"),
        Mutant("one pixel", "position = i", "m must count"),
    ),
    difficulty=1, importance=3, minutes=4,
)  # fmt: skip
