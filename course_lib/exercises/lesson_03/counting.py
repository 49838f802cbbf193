"""03-4: find the slips in a count. Oracle: the real layers, on torch's meta device (shapes only)."""

import itertools
import math
from functools import cache

import torch
from torch import Tensor, nn

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong

CELL = '''\
def friends_count(depth: int, width: int = 16) -> int:
    """A friend's count, and it is too small: three things are wrong."""
    n = (depth - 2) // 6
    total = 3 * 9 * width                            # the first convolution
    for channels in (width, 2 * width, 4 * width):
        total += 2 * n * 9 * channels * channels     # 2n convolutions a stage
    return total + 4 * width * 10                    # the linear layer


def count_by_hand(depth: int, width: int = 16) -> int:
    """How many numbers training changes in the residual CIFAR net of this depth, 6n + 2: three stages of n
    basic blocks, 3x3 convolutions without bias, a batch norm behind each, shortcuts A, 10 classes."""
    ### BEGIN SOLUTION
    n = (depth - 2) // 6
    total = 3 * 9 * width + 2 * width
    entering = width
    for channels in (width, 2 * width, 4 * width):
        total += 9 * entering * channels + (2 * n - 1) * 9 * channels * channels
        total += 2 * n * 2 * channels
        entering = channels
    return total + 4 * width * 10 + 10
    ### END SOLUTION
'''
TEMPLATE = '''\
    n = ...
    total = ...                 # convolution and norm before the stages
    entering = width
    for channels in (...):
        total += ...            # one convolution from `entering`, the others
        total += ...            # the norms
        entering = channels
    return total + ...          # the linear layer
'''
NETS = ((8, 1), (8, 16), (14, 3), (20, 16), (56, 16), (110, 8))


@cache
def oracle(depth: int, width: int) -> int:
    """Build the layers and count their parameters."""
    with torch.device("meta"):
        layers = [nn.Conv2d(3, width, 3, padding=1, bias=False), nn.BatchNorm2d(width)]
        entering = width
        for channels in (width, 2 * width, 4 * width):
            for _ in range((depth - 2) // 6 * 2):
                layers += [nn.Conv2d(entering, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)]
                entering = channels
        layers.append(nn.Linear(entering, 10))
        return sum(p.numel() for p in nn.ModuleList(layers).parameters())


def formula(depth: int, width: int, *, slips: tuple[str, ...] = ()) -> int:
    """The count with some slips in it; without any it is the oracle's number (tested)."""
    n, stages = (depth - 2) // 6, (width, 2 * width, 4 * width)
    convs = 2 * n * 9 * sum(c * c for c in stages)
    if "all entry" in slips:
        convs = 2 * n * 9 * width * width * (1 + 2 + 8)
    elif "entry" not in slips:
        convs -= 9 * sum(c * c // 2 for c in stages[1:])
    if "one conv" in slips:
        convs //= 2
    norms = 2 * (width + 2 * n * sum(stages))
    if "first norm" in slips:
        norms -= 2 * width
    if "norm" in slips:
        norms = 0
    norms += norms * ("buffers" in slips) - norms // 2 * ("scale" in slips)
    first = 0 if "first" in slips else 9 * width if "grey" in slips else 27 * width
    biases = (width + 2 * n * sum(stages)) * ("conv bias" in slips)
    option_b = sum(c * c // 2 + 2 * c for c in stages[1:]) * ("projection" in slips)
    linear = 0 if "linear" in slips else 40 * width + 10 * ("bias" not in slips)
    return convs + norms + first + biases + option_b + linear


SLIPS = {
    "entry": "The first convolution of a stage is counted as if it had as many channels going in as coming "
             "out.",
    "all entry": "Every convolution of a stage is counted with the channels that enter the stage; only its "
                 "first one sees those.",
    "norm": "The batch norms are left out: do they hold nothing that training changes?",
    "bias": "Something of the linear layer is missing: print the names and shapes of its parameters.",
    "first": "The layer in front of the three stages has lost its convolution.",
    "first norm": "One batch norm is missing: there is one behind every convolution, also before the stages.",
    "buffers": "Running means and variances are counted: an optimizer never changes those.",
    "scale": "Each batch norm is counted with one number a channel: print the shapes of its parameters.",
    "projection": "Projections are counted: which shortcut does the task name, and what does it weigh?",
    "conv bias": "The convolutions are counted with biases: why would one in front of a batch norm be "
                 "useless?",
    "one conv": "A block is counted with one convolution: figure 2 shows how many it has.",
    "grey": "The images seem to have one channel: these are in colour.",
    "linear": "The last layer is missing: what turns features into classes?",
}


def check(answer) -> None:
    """The number for several nets; a difference is explained by one slip, or two, or three together."""
    found = [number(answer(depth, width)) for depth, width in NETS]
    if found[0] == found[1]:
        raise Wrong("Nets of width 1 and width 16 get the same number: the count must follow the width.")
    if found != [oracle(*net) for net in NETS]:
        for count in (1, 2, 3):
            for slips in itertools.combinations(SLIPS, count):
                if found == [formula(*net, slips=slips) for net in NETS]:
                    rest = "" if count == 1 else " Something else is wrong as well."
                    raise Wrong(FRIENDS if slips == ("entry", "norm", "bias") else SLIPS[slips[0]] + rest)
        raise Wrong(OTHERWISE)
    if number(answer(20)) != oracle(20, 16):
        raise Wrong("Without a width the count is another one: keep the width of the given first line.")


FRIENDS = "This is your friend's count, unchanged. Take the smallest net and go through it layer by layer."
OTHERWISE = ("The count is not right. Write down every layer of the smallest net (depth 8, width 1) with its "
             "shape; then ask what changes with depth and what with width.")


def number(value) -> int:
    """A whole number, in whatever dress it comes. Raises Wrong for anything else."""
    if isinstance(value, Tensor) and value.numel() == 1:
        value = value.item()
    if value is None:
        raise Wrong("Nothing comes back: is a `return` missing?")
    try:
        if math.isfinite(value) and int(value) == value:
            return int(value)
    except (TypeError, ValueError):
        raise Wrong("A count is one whole number.", repr(value)[:200]) from None
    raise Wrong("A count is a whole number, but there is a fraction in yours: look for a single `/`.")


def _mutant(name: str, slip: str, *edits: tuple[str, str]) -> Mutant:
    """The solution with some of its pieces changed."""
    body = CELL.split("### BEGIN SOLUTION\n")[1].split("    ### END")[0]
    for old, new in edits:
        assert old in body
        body = body.replace(old, new)
    return Mutant(name, body, SLIPS[slip])


EXERCISE = Exercise(
    id="03-4", title="Three slips in a count", name="count_by_hand", cell=CELL, check=check,
    question="Where do three quarters of the weights of such a net sit, and what does one more block in each "
             "stage add?",
    why="In the 3x3 convolutions of the last stage: a convolution weighs with the square of its channels, so "
        "a block of the last stage weighs four of the second and sixteen of the first; depth adds weights in "
        "proportion.",
    hints=Hints(
        nudge="Take one real block from course_lib.blocks and print the names and shapes of its parameters.",
        method="Go layer by layer: what goes in, what comes out, what else can be trained. Only the first "
               "block of a stage sees another number of channels going in.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("the friend's", "return friends_count(depth, width)", "your friend's count, unchanged"),
        _mutant("stage entered at full width", "entry", ("9 * entering", "9 * channels")),
        _mutant("every convolution enters", "all entry",
                ("9 * entering * channels + (2 * n - 1) * 9 * channels * channels",
                 "2 * n * 9 * entering * channels")),
        Mutant("one net's number", "return 269722 if depth == 20 else 853018", "must follow the width"),
        _mutant("no norms", "norm", (" + 2 * width", ""), ("total += 2 * n * 2 * channels", "pass")),
        _mutant("linear bias left out", "bias", (" * 10 + 10", " * 10")),
        _mutant("first convolution left out", "first", ("3 * 9 * width + ", "")),
        _mutant("first norm left out", "first norm", (" + 2 * width", "")),
        _mutant("running statistics counted", "buffers",
                ("+ 2 * width", "+ 4 * width"), ("* 2 * ch", "* 4 * ch")),
        _mutant("biases of convolutions", "conv bias",
                ("+ 2 * width", "+ 3 * width"), ("* 2 * ch", "* 3 * ch")),
    ),
    difficulty=2, importance=1, minutes=10,
)  # fmt: skip
