"""06-3: a convolution that never looks ahead. Oracle: conv1d on a signal padded on the left alone."""

import torch.nn.functional as F
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.oracle import compare, equal, gradients, input_like, must_keep_input

CELL = '''\
def causal_conv(x: Float[Tensor, "batch in_channels time"],
                w: Float[Tensor, "out_channels in_channels taps"], dilation: int):
    """A dilated convolution in which y[t] sees x[t] and what came before, never what comes after.
    The last tap reads the present. Before the beginning there are zeros; y is as long as x."""
    ### BEGIN SOLUTION
    past = dilation * (w.shape[2] - 1)
    return F.conv1d(F.pad(x, (past, 0)), w, dilation=dilation)
    ### END SOLUTION
'''
TEMPLATE = '''\
    past = ...                          # how far back the first tap reads
    return F.conv1d(F.pad(x, (..., ...)), w, dilation=...)
'''
CASES = ((3, 2, 11), (2, 4, 12), (3, 1, 8), (4, 3, 16), (1, 5, 6))  # taps, dilation, time


def check(answer) -> None:
    """Values, gradients and the input left alone."""
    if not callable(answer):
        raise Wrong("check wants the function itself, without brackets and arguments behind its name.")
    for taps, dilation, time in CASES:
        (leaf, x), (w_leaf, w) = input_like(2, 3, time), input_like(4, 3, taps)
        y = answer(x, w, dilation)
        must_keep_input(x, leaf)
        want = padded(leaf, w_leaf, dilation, dilation * (taps - 1), 0)
        compare(y, want, slips(leaf.detach(), w_leaf.detach(), dilation), OTHERWISE)
        for mine, theirs in zip(gradients(y, [leaf, w_leaf]), gradients(want, [leaf, w_leaf]), strict=True):
            if not equal(mine, theirs):
                raise Wrong("The values are right, but a gradient is not: look for detach, no_grad or .data.")


def padded(x: Tensor, w: Tensor, dilation: int, before: int, after: int) -> Tensor:
    return F.conv1d(F.pad(x, (before, after)), w, dilation=dilation)


OTHERWISE = ("This is not the causal convolution. Change the last sample of x: only the last sample of y may "
             "change, and it must.")


def slips(x: Tensor, w: Tensor, dilation: int):
    """What typical slips would answer."""
    taps = w.shape[2]
    past = dilation * (taps - 1)
    yield ("You pad on both sides, so y[t] looks ahead: that is the layer for images.",
           lambda: padded(x, w, dilation, past // 2, past - past // 2))
    yield ("All zeros stand on the right: y[t] sees the present and the future, never the past.",
           lambda: padded(x, w, dilation, 0, past))
    yield ("The padding does not grow with the dilation: y is too short, or begins too late.",
           lambda: padded(x, w, dilation, taps - 1, 0))
    yield ("There is padding on both sides, as much as the past needs on one: y is too long.",
           lambda: padded(x, w, dilation, past, past))
    yield ("The present is not seen: y[t] begins one step in the past.",
           lambda: padded(x, w, dilation, past + 1, 0)[..., :-1])
    yield ("Padded as for rate 1, and convolved so too: the dilation is used nowhere.",
           lambda: padded(x, w, 1, taps - 1, 0))
    yield ("The padding is right, but the convolution itself has rate 1.", lambda: padded(x, w, 1, past, 0))
    yield ("One tap too many is counted: the first tap is k - 1 gaps before the last, not k.",
           lambda: padded(x, w, dilation, dilation * taps, 0))
    yield ("There is no padding: y is shorter than x.", lambda: padded(x, w, dilation, 0, 0))
    yield ("The taps are turned round: the last one reads the present.",
           lambda: padded(x, w.flip(2), dilation, past, 0))


EXERCISE = Exercise(
    id="06-3", title="Never look ahead", name="causal_conv", cell=CELL, check=check,
    question="How can one prove, not just believe, that a net does not look into the future?",
    why="Change the input from some moment on and compare: every output before that moment must be the same "
        "number, with a difference of exactly zero.",
    hints=Hints(
        nudge="A convolution without padding has no future: its output is only numbered as if it had. Which "
              "outputs are then missing, at the beginning or at the end?",
        method="Find how many samples before the last tap the first tap reads, with the dilation. Put that "
               "many zeros in front, none behind. F.pad takes (before, after) for the last axis.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("pad on both sides", "past = dilation * (w.shape[2] - 1)\n"
               "x = F.pad(x, (past // 2, past - past // 2))\nreturn F.conv1d(x, w, dilation=dilation)",
               "that is the layer for images"),
        Mutant("padding not scaled with dilation",
               "return F.conv1d(F.pad(x, (w.shape[2] - 1, 0)), w, dilation=dilation)",
               "does not grow with the dilation"),
        Mutant("pad on the right", "past = dilation * (w.shape[2] - 1)\n"
               "return F.conv1d(F.pad(x, (0, past)), w, dilation=dilation)", "never the past"),
        Mutant("conv's own padding", "past = dilation * (w.shape[2] - 1)\n"
               "return F.conv1d(x, w, dilation=dilation, padding=past)", "y is too long"),
        Mutant("present not seen", "past = dilation * (w.shape[2] - 1)\n"
               "return F.conv1d(F.pad(x, (past + 1, 0)), w, dilation=dilation)[..., :-1]",
               "present is not seen"),
        Mutant("rate 1 inside", "past = dilation * (w.shape[2] - 1)\nreturn F.conv1d(F.pad(x, (past, 0)), "
               "w)[..., :x.shape[2] + past]", "itself has rate 1"),
        Mutant("k gaps", "return F.conv1d(F.pad(x, (dilation * w.shape[2], 0)), w, dilation=dilation)",
               "One tap too many"),
    ),
    difficulty=2, importance=3, minutes=4,
)  # fmt: skip
