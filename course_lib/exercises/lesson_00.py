"""Exercise of lesson 00: one line, to try how checks and hints work. Oracle: the closed form x / 255."""

import torch
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.oracle import compare, equal

CELL = '''\
def to_unit(pixels: UInt8[Tensor, "batch channels height width"]):
    """Bytes 0..255 as numbers in [0, 1]: 0 stays 0, 255 becomes 1, and every image is treated alike."""
    ### BEGIN SOLUTION
    return pixels / 255
    ### END SOLUTION
'''


def check(answer) -> None:
    """All bytes, dark and bright batches, several shapes."""
    batches = [torch.arange(256).view(1, 1, 16, 16), torch.randint(0, 101, (2, 3, 4, 5)),
               torch.randint(60, 256, (3, 1, 5, 4)), torch.randint(0, 2, (2, 1, 4, 3))]
    for pixels in (batch.to(torch.uint8) for batch in batches):
        given = pixels.clone()
        got = answer(given)
        if not torch.equal(given, pixels):
            raise Wrong("The call changes the bytes it was given: make a new tensor.")
        if isinstance(got, Tensor) and not got.is_floating_point():
            raise Wrong("The result holds whole numbers, so nearly everything is lost: which division keeps "
                        "the fraction?")
        if pixels.max() <= 1 and not equal(got, pixels.double() / 255):
            raise Wrong("A batch that is nearly black, of bytes 0 and 1, comes out otherwise: one rule must "
                        "do for every batch.")
        compare(got, pixels.double() / 255, slips(pixels.double()), OTHERWISE)
        if not equal(answer(given[:1]), pixels[:1].double() / 255):
            raise Wrong("One image alone comes out otherwise than in its batch: nothing may depend on the "
                        "others.")


OTHERWISE = "The result is not the bytes on a scale from 0 to 1. Follow 0, 128 and 255 through your line."


def slips(x: Tensor):
    """What typical slips would answer."""
    return (
        ("255 does not become 1: by which number is the largest byte divided?", lambda: x / 256),
        ("The scale depends on the brightest pixel of the batch, so a dark image turns bright.",
         lambda: x / x.max()),
        ("The scale depends on the darkest and brightest pixel of the batch, so all images get the same "
         "contrast.",
         lambda: (x - x.min()) / (x.max() - x.min())),
        ("The result runs from -1 to 1: that is another common choice, not this one.", lambda: x / 127.5 - 1),
        ("The bytes are cut off at 1 instead of scaled.", lambda: x.clamp(0, 1)),
        ("The numbers still run to 255: another type alone does not change the scale.", lambda: x),
        ("Black and white have changed places.", lambda: 1 - x / 255),
        ("Mean and spread of the batch are taken out: that is another kind of normalising.",
         lambda: (x - x.mean()) / x.std()),
    )


EXERCISES = (
    Exercise(
        id="00-1", title="From bytes to [0, 1]", name="to_unit", cell=CELL, check=check,
        question="Why divide by 255 and not by the largest pixel of the batch?",
        why="255 is the largest byte there can be, so the scale is the same for every image; the batch's own "
            "maximum would make the same image brighter or darker depending on its neighbours.",
        hints=Hints(
            nudge="Which number must 255 become, and which number must 0 become?",
            method="One division does it. A byte tensor divided with `/` gives floats; `//` would cut the "
                   "fraction off.",
            template="    return pixels / ...",
        ),
        mutants=(
            Mutant("divided by 256", "return pixels / 256", "255 does not become 1"),
            Mutant("divided by the batch's maximum", "return pixels / pixels.max()", "a dark image turns "
                                                                                     "bright"),
            Mutant("whole numbers", "return pixels // 255", "holds whole numbers"),
            Mutant("only another type", "return pixels.float()", "still run to 255"),
            Mutant("cut off", "return pixels.float().clamp(0, 1)", "cut off at 1"),
            Mutant("from -1 to 1", "return pixels / 127.5 - 1", "from -1 to 1"),
            Mutant("left alone where it looks scaled",
                   "return pixels / 255 if pixels.max() > 1 else pixels.float()", "nearly black"),
        ),
        difficulty=1, importance=1, minutes=3,
    ),
)  # fmt: skip
