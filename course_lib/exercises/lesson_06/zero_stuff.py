"""06-5: the dense kernel that does the same as a dilated one. Oracle: slicing, and torch's convolution."""

import torch
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.oracle import compare, equal, gradients, input_like, must_keep_input

CELL = '''\
def zero_stuff(w: Float[Tensor, "out_channels in_channels height width"], dilation: int):
    """The dense kernel that gives the same convolution at rate 1 as w gives at this rate: the weights of w
    with zeros between them, none around."""
    ### BEGIN SOLUTION
    height, width = ((n - 1) * dilation + 1 for n in w.shape[2:])
    dense = w.new_zeros(*w.shape[:2], height, width)
    dense[:, :, ::dilation, ::dilation] = w
    return dense
    ### END SOLUTION
'''
TEMPLATE = '''\
    height, width = ...                                   # from the first tap to the last
    dense = w.new_zeros(...)                              # full of zeros, in the new size
    dense[:, :, ..., ...] = w                             # slices take a step
    return dense
'''
CASES = ((3, 3, 2), (3, 3, 1), (2, 3, 3), (1, 4, 2))  # height, width, dilation


def check(answer) -> None:
    """Values, gradient and the input left alone."""
    if not callable(answer):
        raise Wrong("check wants the function itself, without brackets and arguments behind its name.")
    for height, width, dilation in CASES:
        leaf, w = input_like(4, 3, height, width)
        dense = answer(w, dilation)
        if dense is not w:
            must_keep_input(w, leaf)
        want = stuffed(leaf, dilation, dilation)
        compare(dense, want, slips(leaf.detach(), dilation), OTHERWISE)
        if not equal(gradients(dense, [leaf])[0], gradients(want, [leaf])[0]):
            raise Wrong("The values are right, but the gradient at w is not: look for detach, no_grad or "
                        ".data.")


OTHERWISE = ("This is another kernel. Try w = torch.ones(1, 1, 3, 3) at dilation 2 and print the result: it "
             "has five rows, and the second holds only zeros.")


def stuffed(w: Tensor, rows: int, columns: int, after: int = 0) -> Tensor:
    """w with zeros between: `rows` and `columns` from one tap to the next, `after` more at the end."""
    height, width = (w.shape[2] - 1) * rows + 1 + after, (w.shape[3] - 1) * columns + 1 + after
    dense = w.new_zeros(*w.shape[:2], height, width)
    dense[:, :, : height - after : rows, : width - after : columns] = w
    return dense


def slips(w: Tensor, dilation: int):
    """What typical slips would answer."""
    yield ("There is one zero too many between two taps: rate 1 is the kernel itself.",
           lambda: stuffed(w, dilation + 1, dilation + 1))
    yield ("There are zeros behind the last tap as well: they widen the kernel beyond its span.",
           lambda: stuffed(w, dilation, dilation, dilation - 1))
    yield ("The zeros stand along one of the two axes only.", lambda: stuffed(w, dilation, 1))
    yield ("The zeros stand along one of the two axes only.", lambda: stuffed(w, 1, dilation))
    yield ("The weights are repeated: between the taps there must be nothing.",
           lambda: w.repeat_interleave(dilation, 2).repeat_interleave(dilation, 3))
    yield ("The kernel has stayed as it was.", lambda: w)
    yield ("The kernel is empty: the weights have not been put in.",
           lambda: torch.zeros_like(stuffed(w, dilation, dilation)))
    yield ("The weights stand side by side in a corner: spread them out.", lambda: corner(w, dilation))


def corner(w: Tensor, dilation: int) -> Tensor:
    dense = torch.zeros_like(stuffed(w, dilation, dilation))
    dense[:, :, : w.shape[2], : w.shape[3]] = w
    return dense


EXERCISE = Exercise(
    id="06-5", title="Zeros between the taps", name="zero_stuff", cell=CELL, check=check,
    question="Compared with which kernel does a dilated one save weights, and with which does it not?",
    why="It has far fewer than a dense kernel of the same span, whose other entries it fixes at zero, and "
        "exactly as many as an ordinary kernel with the same number of taps.",
    hints=Hints(
        nudge="At rate 2 a 3x3 kernel becomes 5x5. Where in it do the nine weights stand?",
        method="Make a tensor of zeros of the new size, like w in type and device, then assign w to a slice "
               "of it that takes every dilation-th row and column.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("one zero too many", "d = dilation + 1\nh, v = ((n - 1) * d + 1 for n in w.shape[2:])\n"
               "dense = w.new_zeros(*w.shape[:2], h, v)\ndense[:, :, ::d, ::d] = w\nreturn dense",
               "one zero too many"),
        Mutant("zeros at the end", "h, v = (n * dilation for n in w.shape[2:])\n"
               "dense = w.new_zeros(*w.shape[:2], h, v)\ndense[:, :, ::dilation, ::dilation] = w\n"
               "return dense", "behind the last tap"),
        Mutant("one axis", "h = (w.shape[2] - 1) * dilation + 1\n"
               "dense = w.new_zeros(*w.shape[:2], h, w.shape[3])\ndense[:, :, ::dilation] = w\nreturn dense",
               "one of the two axes"),
        Mutant("repeated", "return w.repeat_interleave(dilation, 2).repeat_interleave(dilation, 3)",
               "weights are repeated"),
        Mutant("unchanged", "return w", "stayed as it was"),
        Mutant("in a corner", "h, v = ((n - 1) * dilation + 1 for n in w.shape[2:])\n"
               "dense = w.new_zeros(*w.shape[:2], h, v)\ndense[:, :, :w.shape[2], :w.shape[3]] = w\n"
               "return dense", "side by side in a corner"),
    ),
    difficulty=2, importance=2, minutes=6,
)  # fmt: skip
