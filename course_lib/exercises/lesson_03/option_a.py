"""03-3: carry the idea over to a shortcut without weights. Oracle: slicing, and zeros at either end."""

import torch
import torch.nn.functional as F
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.oracle import compare, equal, gradients, input_like, must_keep_input, try_unusual

CELL = '''\
def shortcut_a(x: Float[Tensor, "batch in_channels height width"], out_channels: int, stride: int):
    """Option A of the paper's section 3.3, without weights: every stride-th pixel of x from the first on,
    and channels of zeros beside those of x (where they stand is up to you).
    Shape (batch, out_channels, ceil(height / stride), ceil(width / stride)); out_channels >= in_channels."""
    ### BEGIN SOLUTION
    x = x[:, :, ::stride, ::stride]
    new = out_channels - x.shape[1]
    return F.pad(x, (0, 0, 0, 0, new // 2, new - new // 2))
    ### END SOLUTION
'''
TEMPLATE = '''\
    x = x[:, :, ..., ...]       # fewer pixels
    new = ...                   # how many channels are missing
    return F.pad(x, (0, 0, 0, 0, ..., ...))
'''
# in_channels, out_channels, stride, height, width; even sizes first
CASES = ((4, 8, 2, 8, 6), (3, 6, 1, 5, 4), (4, 4, 2, 6, 6), (2, 5, 3, 9, 6), (3, 8, 2, 7, 5), (4, 4, 1, 5, 5))


def check(answer) -> None:
    """Values for some placement of the zeros, the gradient, and the input left alone."""
    for in_channels, out_channels, stride, height, width in CASES:
        one_case(answer, (3, in_channels, height, width), out_channels, stride)
    try_unusual(lambda batch, change: one_case(answer, (batch, 2, 6, 4), 5, 2, change))


def one_case(answer, shape: tuple[int, ...], out_channels: int, stride: int, change=torch.clone) -> None:
    leaf, x = input_like(*shape, change=change)
    divides = shape[2] % stride == shape[3] % stride == 0
    try:
        y = answer(x, out_channels, stride)
    except RuntimeError as error:
        if not divides:
            raise Wrong(ODD_SIZES) from error
        raise
    if y is not x:
        must_keep_input(x, leaf)
    spare = out_channels - shape[1]
    starts = [spare // 2, *(k for k in range(spare + 1) if k != spare // 2)]
    placed = [placement(leaf, out_channels, stride, before) for before in starts]
    want = next((p for p in placed if equal(y, p)), None)
    if want is None:
        if not divides and isinstance(y, Tensor) and y.shape != placed[0].shape:
            raise Wrong(ODD_SIZES, f"yours {tuple(y.shape)}, expected {tuple(placed[0].shape)}")
        compare(y, placed[0], slips(leaf.detach(), out_channels, stride), OTHERWISE)
    if not equal(gradients(y, [leaf])[0], gradients(want, [leaf])[0]):
        raise Wrong("The values are right, but the gradient at x is not: look for detach, no_grad or .data.")


def placement(x: Tensor, out_channels: int, stride: int, before: int) -> Tensor:
    """Option A with `before` channels of zeros in front."""
    x = x[:, :, ::stride, ::stride]
    return F.pad(x, (0, 0, 0, 0, before, out_channels - x.shape[1] - before))


ODD_SIZES = ("Where the stride does not divide the image, the result is another one: the last row and column "
             "belong to it if a step of the stride lands on them.")
OTHERWISE = ("This is not x at every stride-th pixel beside channels of zeros. Try a small x with numbers "
             "you can follow, such as torch.arange(16.), and print the result.")


def slips(x: Tensor, out_channels: int, stride: int):
    """What typical slips would answer, with the zeros in any usual place."""
    in_channels, spare = x.shape[1], out_channels - x.shape[1]
    kept = x[:, :, ::stride, ::stride]
    height, width = kept.shape[2:]
    changed = (  # a message, and the maps that go in the place of x's pixels
        ("Pixels are averaged: option A takes single pixels and leaves out the rest.",
         lambda: F.avg_pool2d(x, stride, ceil_mode=True)),
        ("The largest pixels are taken: option A takes those that the stride lands on.",
         lambda: F.max_pool2d(x, stride, ceil_mode=True)),
        ("The stride acts on one of the two axes only.", lambda: x[:, :, ::stride]),
        ("The stride acts on one of the two axes only.", lambda: x[:, :, :, ::stride]),
        ("The stride is left out: height and width stay as they were.", lambda: x),
        ("The pixels are taken from the corner, side by side: a stride steps over the ones between.",
         lambda: x[:, :, :height, :width]),
        ("The steps begin behind the first pixel: a convolution of this stride is centred on the first one.",
         lambda: x[:, :, stride - 1 :: stride, stride - 1 :: stride]),
        ("The stride has also been applied to the samples.", lambda: x[::stride, :, ::stride, ::stride]),
        ("The stride acts on the first two axes, samples and channels: which two are height and width?",
         lambda: x[::stride, ::stride]),
        ("The steps are always 2: this is what the argument stride is for.", lambda: x[:, :, ::2, ::2]),
        ("The sign has changed.", lambda: -kept),
    )
    for message, pixels in changed:
        for before in sorted({0, spare // 2, spare}):
            yield message, lambda pixels=pixels, before=before: placement(pixels(), out_channels, 1, before)
    zeros = kept.new_zeros(kept.shape[0], spare, height, width)
    if not spare:
        yield ("The channels are doubled even where out_channels asks for none: how many are missing?",
               lambda: torch.cat([kept, torch.zeros_like(kept)], 1))
    wide = kept.repeat(1, out_channels // in_channels + 1, 1, 1)[:, :out_channels]
    yield ("The new channels repeat those of x: they should hold nothing.", lambda: wide)
    yield ("The new channels repeat those of x: they should hold nothing.",
           lambda: kept.repeat_interleave(out_channels // in_channels, 1))
    yield ("The new channels hold ones: they should hold nothing.", lambda: torch.cat([kept, zeros + 1], 1))
    yield ("The new channels are missing: the result must have out_channels of them.", lambda: kept)
    half = spare // 2
    yield ("Channels are missing where an odd number of them has to be added: two equal halves are not "
           "enough.",
           lambda: F.pad(kept, (0, 0, 0, 0, half, half)))
    yield ("Too many channels: out_channels counts all of them, not only the new ones.",
           lambda: torch.cat([kept, kept.new_zeros(kept.shape[0], out_channels, height, width)], 1))
    axis = "The zeros were added along another axis: F.pad counts its pairs from the last axis backwards."
    for pairs in ((0, 0, 0, 0, 0, 0), (0, 0), ()):
        for before in sorted({0, spare // 2, spare}):
            padding = (*pairs, before, spare - before)
            yield axis, lambda padding=padding: F.pad(kept, padding)


EXERCISE = Exercise(
    id="03-3", title="A shortcut without weights", name="shortcut_a", cell=CELL, check=check,
    question="What does this shortcut put into the new channels, and why is that enough?",
    why="Zeros: the new channels are made by the branch alone, so the shortcut carries every old channel on "
        "at the pixels it keeps, costs no weights, and leaves to F(x) only what is new.",
    hints=Hints(
        nudge="Two separate jobs: fewer pixels, more channels. Which of them needs only an index?",
        method="Slices take a step as third number, one slice for each axis. For the channels, either F.pad, "
               "whose pairs count from the last axis backwards, or torch.cat with x.new_zeros(...) along one "
               "axis.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("average pooling", "x = F.avg_pool2d(x, stride, ceil_mode=True)\n"
               "return F.pad(x, (0, 0, 0, 0, 0, out_channels - x.shape[1]))", "Pixels are averaged"),
        Mutant("channels repeated", "x = x[:, :, ::stride, ::stride]\n"
               "return x.repeat(1, out_channels // x.shape[1] + 1, 1, 1)[:, :out_channels]", "repeat those "
                                                                                             "of x"),
        Mutant("batch padded", "x = x[:, :, ::stride, ::stride]\n"
               "return F.pad(x, (0, 0, 0, 0, 0, 0, 0, out_channels - x.shape[1]))", "along another axis"),
        Mutant("stride left out", "return F.pad(x, (0, 0, 0, 0, 0, out_channels - x.shape[1]))",
               "The stride is left out"),
        Mutant("stride on one axis", "x = x[:, :, ::stride]\n"
               "return F.pad(x, (0, 0, 0, 0, 0, out_channels - x.shape[1]))", "one of the two axes only"),
        Mutant("out_channels too many", "x = x[:, :, ::stride, ::stride]\n"
               "return F.pad(x, (0, 0, 0, 0, 0, out_channels))", "Too many channels"),
        Mutant("stride on the wrong axes", "x = x[::stride, ::stride]\n"
               "return F.pad(x, (0, 0, 0, 0, 0, out_channels - x.shape[1]))", "on the first two axes"),
        Mutant("steps of 2", "x = x[:, :, ::2, ::2]\n"
               "return F.pad(x, (0, 0, 0, 0, 0, out_channels - x.shape[1]))", "The steps are always 2"),
        Mutant("always doubled", "x = x[:, :, ::stride, ::stride]\n"
               "y = torch.cat([x, torch.zeros_like(x)], 1)\n"
               "return y if out_channels % 2 == 0 else y[:, :out_channels]", "even where out_channels asks"),
        Mutant("a fixed batch", "x = x[:, :, ::stride, ::stride]\n"
               "y = torch.zeros(3, out_channels, *x.shape[2:])\ny[:, :x.shape[1]] = x\nreturn y",
               "wrong for one image alone"),
        Mutant("cut off from autograd", "y = x.new_zeros(x.shape[0], out_channels, -(-x.shape[2] // stride), "
               "-(-x.shape[3] // stride))\ny[:, :x.shape[1]] = x.data[:, :, ::stride, ::stride]\nreturn y",
               "no gradient can flow back"),
        Mutant("wrong on odd "
               "sizes", "x = x[:, :, :x.shape[2] // stride * stride:stride, :x.shape[3] // stride * "
               "stride:stride]\nreturn F.pad(x, (0, 0, 0, 0, 0, out_channels - x.shape[1]))",
               "does not divide the image"),
    ),
    difficulty=2, importance=2, minutes=8,
)  # fmt: skip
