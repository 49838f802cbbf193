"""06-2: the receptive field of a stack, strides included. Oracle: which pixels get a gradient."""

import itertools
import math

from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.measure.receptive_field import receptive_field

CELL = '''\
def stack_field(layers: list[tuple[int, int, int]]) -> int:
    """Pixels from the first to the last that one output sees, along one axis, through layers of
    (kernel, stride, dilation), first layer first. After a stride of 2 a step is two pixels of the input,
    for all layers that follow."""
    ### BEGIN SOLUTION
    field, step = 1, 1
    for kernel, stride, dilation in layers:
        field += (kernel - 1) * dilation * step
        step *= stride
    return field
    ### END SOLUTION
'''
TEMPLATE = '''\
    field, step = ..., ...
    for kernel, stride, ... in layers:
        field += ...
        step *= ...
    return field
'''
PLAIN = ([(3, 1, 1)], [(3, 1, 1)] * 5, [(3, 1, d) for d in (1, 2, 4, 8, 16)], [(3, 1, 2)] * 5,
         [(5, 1, 3), (2, 1, 4)], [(1, 1, 7)], [])
STRIDED = ([(3, 2, 1), (3, 1, 1)], [(3, 1, 1), (2, 2, 1), (3, 1, 2)], [(2, 2, 1), (3, 2, 3), (5, 1, 2)],
           [(7, 3, 1)])


def variant(layers, *slips: str) -> int:
    """The formula with some slips in it; without any it is the oracle's number (tested)."""
    field, step, rates = 0 if "start" in slips else 1, 1, 1
    for kernel, stride, dilation in layers:
        rates *= dilation
        if "own stride" in slips:
            step *= stride
        width = kernel if "kernel" in slips else kernel - 1
        rate = {"no dilation": 1, "gap": dilation + 1, "product": rates}
        by = next((value for slip, value in rate.items() if slip in slips), dilation)
        field += width * by * (1 if "no stride" in slips else step)
        if "last stride" in slips:
            step = stride
        elif "own stride" not in slips:
            step *= stride
    return field


SLIPS = {
    "start": "One pixel is missing: what does an output see through no layer at all?",
    "kernel": "Each layer adds too much: a kernel of 1 sees no farther than no layer.",
    "no dilation": "The dilation does not count in your sum: rates 1, 2, 4 should see more than 1, 1, 1.",
    "gap": "A layer of rate 1 already reaches too far: rate d puts d - 1 pixels between taps, not d.",
    "product": "The rates are multiplied from layer to layer: each layer's own rate counts, and the reaches "
               "add up.",
    "no stride": "Strides do not count in your sum: behind a stride of 2 a step is two pixels of the input.",
    "own stride": "A layer's own stride already widens its own kernel: it counts for those that follow.",
    "last stride": "Only the stride of one layer before is used: strides of all layers before multiply.",
}


def check(answer) -> None:
    """The number for stacks with and without strides; a difference is explained by one slip or two."""
    if not callable(answer):
        raise Wrong("check wants the function itself, without brackets and arguments behind its name.")
    stacks = [*PLAIN, *STRIDED]
    found = [number(answer(list(stack))) for stack in stacks]
    if found == [receptive_field(stack) for stack in stacks]:
        return
    for count in (1, 2):
        for slips in itertools.combinations(SLIPS, count):
            if found == [variant(stack, *slips) for stack in stacks]:
                raise Wrong(SLIPS[slips[0]] + ("" if count == 1 else " Something else is wrong as well."))
    wrong = next(stack for stack, f in zip(stacks, found, strict=True) if f != receptive_field(stack))
    raise Wrong(OTHERWISE, f"layers {wrong}")


OTHERWISE = ("The field is not right. Draw two layers of kernel 3 as in the explorer, mark the pixels that "
             "the top sees and count them from the first to the last.")


def number(value) -> int:
    """A whole number, in whatever dress it comes. Raises Wrong for anything else."""
    if value is None:
        raise Wrong("Nothing comes back: is a `return` missing?")
    value = value.item() if isinstance(value, Tensor) and value.numel() == 1 else value
    try:
        if math.isfinite(value) and int(value) == value:
            return int(value)
    except (TypeError, ValueError):
        pass
    raise Wrong("A field is one whole number of pixels.", repr(value)[:200])


def _mutant(name: str, slip: str, *edits: tuple[str, str]) -> Mutant:
    """The solution with some of its pieces changed."""
    body = CELL.split("### BEGIN SOLUTION\n")[1].split("    ### END")[0]
    for old, new in edits:
        assert old in body
        body = body.replace(old, new)
    return Mutant(name, body, SLIPS[slip])


EXERCISE = Exercise(
    id="06-2", title="The field of a stack", name="stack_field", cell=CELL, check=check,
    question="What must the rates do from layer to layer so that the field grows exponentially with depth?",
    why="Double (or grow by another factor): the field is one plus a sum of reaches, and a sum grows "
        "exponentially only if its terms do; with one rate for all layers it grows by the same amount each "
        "time.",
    hints=Hints(
        nudge="How far does one layer alone look beyond a single pixel, in steps of its own input?",
        method="Begin with one pixel. Add the reach of each layer, from first tap to last, measured in "
               "pixels of the image: keep a second number: how many pixels one step is at this layer.",
        template=TEMPLATE,
    ),
    mutants=(
        _mutant("starts at zero", "start", ("field, step = 1", "field, step = 0")),
        _mutant("kernel, not kernel - 1", "kernel", ("(kernel - 1)", "kernel")),
        _mutant("dilation left out", "no dilation", (" * dilation", "")),
        _mutant("gap of d", "gap", ("* dilation", "* (dilation + 1)")),
        _mutant("stride left out", "no stride", (" * step", "")),
        _mutant("own stride too", "own stride", ("        field", "        step *= stride\n        field"),
                ("* step\n        step *= stride", "* step")),
        _mutant("last stride only", "last stride", ("step *= stride", "step = stride")),
    ),
    difficulty=2, importance=3, minutes=5,
)  # fmt: skip
