"""12-6: random signs as large as an attack, after clipping. Oracle: the library's noise_of_size."""

from collections.abc import Iterator

import torch
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.lesson_12.small_nets import some_images
from course_lib.exercises.oracle import Slip, compare
from course_lib.measure.robustness_curves import noise_of_size

CELL = '''\
def fair_noise(x: Float[Tensor, "images channels height width"],
               signs: Float[Tensor, "images channels height width"], size: Float[Tensor, "images"]):
    """A control for an attack: noise of the same size. For each image the s is found with which
    noisy(s) is at the L2 distance size[i] from x[i], right to 0.0001. signs holds random +1 and -1. There is
    such an s between 0 and 1. A size may be 0, where an attack has failed."""

    def noisy(s):                               # s: one number an image
        return (x + s[:, None, None, None] * signs).clamp(0, 1)

    ### BEGIN SOLUTION
    low, high = torch.zeros_like(size), torch.ones_like(size)
    for _ in range(40):
        s = (low + high) / 2
        too_small = (noisy(s) - x).flatten(1).norm(dim=1) < size
        low, high = torch.where(too_small, s, low), torch.where(too_small, high, s)
    return noisy(high)
    ### END SOLUTION
'''
TEMPLATE = '''\
    low, high = ..., ...                       # s is between them, one of each for every image
    for _ in range(...):
        s = ...
        too_small = ...                        # measured on noisy(s)
        low, high = torch.where(too_small, ..., ...), torch.where(too_small, ..., ...)
    return noisy(...)
'''
CASES = ((4, (1, 5, 4)), (3, (3, 4, 4)), (1, (2, 3, 5)), (6, (1, 8, 8)))  # images, shape
CLOSE = 2e-4  # of a distance; the cell asks for half of it


def check(answer) -> None:
    """The images, for sizes from 0 to nearly the largest one that can be reached."""
    for count, shape in CASES:
        x, signs, size = a_case(count, shape)
        given = [t.clone() for t in (x, signs, size)]
        found = answer(*given)
        if not all(map(torch.equal, given, (x, signs, size))):
            raise Wrong("The call changes x, signs or size: look for an operation in place.")
        want = noise_of_size(x, signs, size)
        if not near(found, x, want, size):
            compare(found, want, slips(x, signs, size), otherwise(found, x, size))


def a_case(count: int, shape: tuple[int, ...]) -> tuple[Tensor, Tensor, Tensor]:
    """Images with many pixels at 0 and 1, signs, and sizes; the first image of several gets 0."""
    x, signs = some_images(count, shape), 2.0 * torch.randint(2, (count, *shape)) - 1
    most = ((x + signs).clamp(0, 1) - x).flatten(1).norm(dim=1)
    share = torch.linspace(0, 0.95, count) if count > 1 else torch.tensor([0.4])
    return x, signs, share * most


def near(found, x: Tensor, want: Tensor, size: Tensor) -> bool:
    """Are all distances as they should be, and the pixels those of one s an image?"""
    if not isinstance(found, Tensor) or found.shape != x.shape or found.is_complex():
        return False
    right = ((found - x).flatten(1).norm(dim=1) - size).abs() <= CLOSE
    return bool(right.all() and ((found - want).abs() <= 1e-3).all())


def otherwise(found, x: Tensor, size: Tensor) -> str:
    if isinstance(found, Tensor) and found.shape == x.shape:
        off = ((found - x).flatten(1).norm(dim=1) - size).abs().max()
        if off <= CLOSE:
            return "The distances are right, the images are not noisy(s): were they scaled after clipping?"
        if off <= 0.15:
            return "The distances are nearly right: too few halvings, or the last s is not the one used?"
    return "The images are at other distances than size: print both, and look at pixels of 0 and 1."


def slips(x: Tensor, signs: Tensor, size: Tensor) -> Iterator[Slip]:
    """What typical slips would answer."""
    def norm(v: Tensor) -> Tensor:
        return v.flatten(1).norm(dim=1).clamp(min=1e-12)

    def noisy(s: Tensor) -> Tensor:
        return (x + s.view(-1, 1, 1, 1) * signs).clamp(0, 1)

    def scaled(delta: Tensor) -> Tensor:
        return x + (size / norm(delta)).view(-1, 1, 1, 1) * delta

    root, ones = x[0].numel() ** 0.5, torch.ones_like(size)
    for message, v in (
        ("The noise is measured before clipping: at pixels of 0 and 1 half of it is cut off, so it ends up "
         "smaller than the attack that it is compared with.", noisy(size / root)),
        ("The noise has the right size, but pixels leave [0, 1]: the control must be pictures too.",
         x + (size / root).view(-1, 1, 1, 1) * signs),
        ("size is taken for s: that is how far each pixel moves, not how far the image does.", noisy(size)),
        ("The noise is clipped at s = 1 and shrunk afterwards: each pixel by its own size, so this is not "
         "noisy(s).", scaled(noisy(ones) - x)),
        ("The noise is clipped first and stretched afterwards: pixels leave [0, 1].",
         scaled(noisy(size / root) - x)),
        ("One stretch is not enough: the pixels that meet 0 or 1 on the way are cut again.",
         noisy(size / root * size / norm(noisy(size / root) - x))),
        ("The distance is measured without its root: that is the squared size.",
         noise_of_size(x, signs, size.sqrt())),
        ("The square of size is compared with a distance.", noise_of_size(x, signs, size**2)),
        ("The images come back as they were: does low or high never move, or move the wrong way?", x),
        ("Every image gets the largest noise: does low or high never move, or move the wrong way?",
         noisy(ones)),
        ("The wrong half is kept: where the noise is too small, s must grow.",
         torch.where((norm(noisy(ones / 2) - x) < size).view(-1, 1, 1, 1), x, noisy(ones))),
        ("This is the noise alone: the noisy images were asked for.", noise_of_size(x, signs, size) - x),
    ):
        yield message, lambda v=v: v
    for message, s in one_for_all(x, noisy, size):
        yield message, lambda s=s: noisy(s * ones)


def one_for_all(x: Tensor, noisy, size: Tensor) -> Iterator[tuple[str, Tensor]]:
    """The s that a bisection on the whole batch at once would end with."""
    for of in (lambda v, n: v.norm() < n.norm(), lambda v, n: v.flatten(1).norm(dim=1).mean() < n.mean()):
        low, high = torch.zeros(1), torch.ones(1)
        for _ in range(40):
            s = (low + high) / 2
            low, high = (s, high) if of(noisy(s.expand(len(x))) - x, size) else (low, s)
        yield "One s for the whole batch: each image has a size of its own.", high


LOOP = ("low, high = torch.zeros_like(size), torch.ones_like(size)\nfor _ in range(50):\n"
        "    s = (low + high) / 2\n    small = (noisy(s) - x).flatten(1).norm(dim=1) < size\n"
        "    low, high = torch.where(small, s, low), torch.where(small, high, s)\n")
EXERCISE = Exercise(
    id="12-6", title="A fair control", name="fair_noise", cell=CELL, check=check,
    question="What would the figure wrongly say if the noise were measured before it is clipped?",
    why="Most of a digit is black, where half of the signs are cut off: the noise would be smaller than the "
        "attack, and that it does no harm would say less about directions than it seems to.",
    hints=Hints(
        nudge="The larger s, the larger the distance, also after clipping. How do you find a word in a "
              "dictionary?",
        method="Keep a low and a high s for each image and try the middle. Where the noisy image is still "
               "too near, the middle becomes the new low, elsewhere the new high. Forty halvings are plenty.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("measured before clipping", "return noisy(size / x[0].numel() ** 0.5)",
               "measured before clipping"),
        Mutant("never clipped", "return x + (size / x[0].numel() ** 0.5)[:, None, None, None] * signs",
               "the control must be pictures"),
        Mutant("size as s", "return noisy(size)", "size is taken for s"),
        Mutant("stretched after clipping", "d = noisy(torch.ones_like(size)) - x\n"
               "return x + (size / d.flatten(1).norm(dim=1))[:, None, None, None] * d",
               "so this is not noisy(s)"),
        Mutant("stretched once", "s = size / x[0].numel() ** 0.5\nd = (noisy(s) - x).flatten(1).norm(dim=1)\n"
               "return noisy((s * size / d).nan_to_num())", "One stretch is not enough"),
        Mutant("one for the batch", LOOP.replace("(noisy(s) - x).flatten(1).norm(dim=1) < size",
               "((noisy(s) - x).norm() < size.norm()).expand(len(x))") + "return noisy(high)",
               "One s for the whole batch"),
        Mutant("squared", LOOP.replace(".norm(dim=1)", ".square().sum(dim=1)") + "return noisy(high)",
               "without its root"),
        Mutant("wrong half kept", LOOP.replace("s, low)", "low, s)").replace("high, s)", "s, high)")
               + "return noisy(high)", "The wrong half is kept"),
        Mutant("too few halvings", LOOP.replace("50", "6") + "return noisy(high)", "nearly right"),
        Mutant("noise alone", LOOP + "return noisy(high) - x", "This is the noise alone"),
    ),
    difficulty=2, importance=2, minutes=6,
)  # fmt: skip
