"""03-2: write the pre-activation block as a function. Oracle: the formula, layer by layer."""

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.oracle import (
    compare,
    equal,
    gradients,
    input_like,
    must_keep_input,
    randomise,
    try_unusual,
)

CELL = '''\
def pre_activation(x: Float[Tensor, "batch channels height width"], bn1, conv1, bn2, conv2):
    """The block of the 2016 paper, figure 1(b): norm and relu come before each convolution,
    x goes around all of it untouched, and nothing follows the addition. Same shape as x."""
    ### BEGIN SOLUTION
    z = conv1(F.relu(bn1(x)))
    z = conv2(F.relu(bn2(z)))
    return x + z
    ### END SOLUTION
'''
TEMPLATE = '''\
    z = ...             # three steps, the last is conv1
    z = ...             # three steps, the last is conv2
    return ...          # two terms, nothing around them
'''
Layers = tuple[nn.Module, nn.Module, nn.Module, nn.Module]


def check(answer) -> None:
    """Values, gradients and running statistics against the formula; then a branch of zeros."""
    for channels, inner in ((4, 4), (3, 5)):  # equal widths first, for there most slips have the right shape
        for training in (True, False):
            layers = make_layers(channels, inner, training)
            one_case(answer, layers, (3, channels, 6, 5))
    layers = make_layers(4, 4, training=True)
    with torch.no_grad():
        layers[0].weight.mul_(100)
        layers[2].weight.mul_(100)
    try_unusual(lambda batch, change: one_case(answer, layers, (batch, 4, 6, 5), change))
    layers = make_layers(4, 4, training=True)
    nn.init.zeros_(layers[3].weight)
    x = torch.randn(2, 4, 5, 5)
    if not torch.equal(answer(x.clone(), *layers), x):
        raise Wrong("With conv2 at zero the block must be exactly the identity, for negative x as well.")


def make_layers(channels: int, inner: int, training: bool) -> Layers:
    """bn1, conv1, bn2, conv2 with random weights."""
    conv1 = nn.Conv2d(channels, inner, 3, padding=1, bias=False)
    conv2 = nn.Conv2d(inner, channels, 3, padding=1, bias=False)
    layers = nn.BatchNorm2d(channels), conv1, nn.BatchNorm2d(inner), conv2
    for layer in layers:
        randomise(layer)
        layer.train(training)
    return layers


def formula(x: Tensor, bn1: nn.Module, conv1: nn.Module, bn2: nn.Module, conv2: nn.Module) -> Tensor:
    return x + conv2(F.relu(bn2(conv1(F.relu(bn1(x))))))


def one_case(answer, layers: Layers, shape: tuple[int, ...], change=torch.clone) -> None:
    twins, spare = copy.deepcopy(layers), copy.deepcopy(layers)
    leaf, x = input_like(*shape, change=change)
    y = answer(x, *layers)
    twin_leaf = leaf.detach().clone().requires_grad_()
    want = formula(twin_leaf, *twins)
    if y is not x:
        must_keep_input(x, leaf)
    compare(y, want, slips(leaf.detach(), *spare), OTHERWISE)
    found = gradients(y, [leaf, *(layer.weight for layer in layers)])
    wanted = gradients(want, [twin_leaf, *(layer.weight for layer in twins)])
    for name, got, expected in zip(("x", "bn1", "conv1", "bn2", "conv2"), found, wanted, strict=True):
        if not equal(got, expected):
            raise Wrong("The values are right, but a gradient is not: part of the way back is cut. Look for "
                        "detach, no_grad or .data.", f"gradient of {name}")
    for mine, theirs in zip(layers[::2], twins[::2], strict=True):
        if not equal(mine.running_mean, theirs.running_mean):
            raise Wrong("The values are right, but a batch norm has seen another number of batches than one: "
                        "is each layer called exactly once?")
    if [layer.training for layer in layers] != [twin.training for twin in twins]:
        raise Wrong("The values are right, but a layer is now in another mode: leave train and eval as they "
                    "were.")


OTHERWISE = ("The output is not that of figure 1(b). Write the six steps of the branch in a row and compare "
             "them with your lines: what acts first on x, what last?")


def slips(x: Tensor, bn1: nn.Module, conv1: nn.Module, bn2: nn.Module, conv2: nn.Module):
    """What typical slips would answer with the same layers."""

    def branch(x: Tensor) -> Tensor:
        return formula(x, bn1, conv1, bn2, conv2) - x

    def post(x: Tensor) -> Tensor:
        return bn2(conv2(F.relu(bn1(conv1(x)))))

    a = F.relu(bn1(x))
    return (
        ("This is the block of 2015: each norm stands behind its convolution. Here it goes first.",
         lambda: F.relu(x + post(x))),
        ("The norms stand behind the convolutions, as in 2015; pre-activation moves them in front.",
         lambda: x + post(x)),
        ("A relu acts on the sum: figure 1(b) has nothing behind the addition.",
         lambda: F.relu(formula(x, bn1, conv1, bn2, conv2))),
        ("The norms stand behind the convolutions, and a relu ends the branch: here a norm begins it.",
         lambda: x + F.relu(post(x))),
        ("Each group begins with its convolution: figure 1(b) ends each group with it.",
         lambda: x + bn2(F.relu(conv2(bn1(F.relu(conv1(x))))))),
        ("The first norm acts twice, and the second one never: each convolution has its own.",
         lambda: x + conv2(F.relu(bn1(conv1(a))))),
        ("relu comes before the norm: which of the two touches x first in figure 1(b)?",
         lambda: x + conv2(bn2(F.relu(conv1(bn1(F.relu(x))))))),
        ("What goes around is not x but its normed and rectified form: nothing may act on the identity.",
         lambda: a + branch(x)),
        ("What goes around has been rectified: nothing may act on the identity.",
         lambda: F.relu(x) + branch(x)),
        ("What goes around has been normed: nothing may act on the identity.", lambda: bn1(x) + branch(x)),
        ("The two convolutions have changed places: the arguments are bn1, conv1, bn2, conv2.",
         lambda: x + conv1(F.relu(bn2(conv2(F.relu(bn1(x))))))),
        ("The two norms have changed places: each has its own convolution.",
         lambda: x + conv2(F.relu(bn1(conv1(F.relu(bn2(x))))))),
        ("There is no relu in front of the second convolution: count them in the figure.",
         lambda: x + conv2(bn2(conv1(a)))),
        ("There is no relu in front of the first convolution: count them in the figure.",
         lambda: x + conv2(F.relu(bn2(conv1(bn1(x)))))),
        ("The second norm is left out.", lambda: x + conv2(F.relu(conv1(a)))),
        ("The first norm is left out.", lambda: x + conv2(F.relu(bn2(conv1(F.relu(x)))))),
        ("The way around is missing: this is the branch alone.", lambda: branch(x)),
        ("A relu acts on the branch before the sum: then the block could only add, never take away.",
         lambda: x + F.relu(branch(x))),
        ("The second convolution starts from x again: it should go on from the first one's output.",
         lambda: x + conv2(F.relu(bn2(x)))),
        ("x is added more than once: count its terms.", lambda: 2 * x + branch(x)),
        ("What goes around is no longer the input: has a line given x a new value?",
         lambda: 2 * branch(x)),
        ("What goes around is no longer the input: has a line given x a new value? ",
         lambda: conv1(a) + branch(x)),
    )


EXERCISE = Exercise(
    id="03-2", title="Norm and relu first", name="pre_activation", cell=CELL, check=check,
    question="Why does a branch of zeros make this block the exact identity, but not the block of 2015?",
    why="Nothing follows the addition here, so x + 0 is x, negative values included; the block of 2015 ends "
        "in a relu, which answers relu(x) and sets every negative value to zero.",
    hints=Hints(
        nudge="Name what touches x first on its way into the branch. It is not a convolution.",
        method="The branch is the same group of three steps done twice: norm, then relu, then convolution. "
               "Give its result a new name, so that x is still the input when you need it for the sum.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("the block of 2015", "z = bn2(conv2(F.relu(bn1(conv1(x)))))\nreturn F.relu(x + z)",
               "the block of 2015"),
        Mutant("relu after the "
               "addition", "z = conv2(F.relu(bn2(conv1(F.relu(bn1(x))))))\nreturn F.relu(x + z)",
               "A relu acts on the sum"),
        Mutant("relu before norm", "z = conv1(bn1(F.relu(x)))\nreturn x + conv2(bn2(F.relu(z)))",
               "relu comes before the norm"),
        Mutant("activated x goes around", "x = F.relu(bn1(x))\nreturn x + conv2(F.relu(bn2(conv1(x))))",
               "normed and rectified form"),
        Mutant("convolutions swapped", "z = conv2(F.relu(bn1(x)))\nreturn x + conv1(F.relu(bn2(z)))",
               "convolutions have changed places"),
        Mutant("second relu forgotten", "return x + conv2(bn2(conv1(F.relu(bn1(x)))))",
               "in front of the second convolution"),
        Mutant("no way around", "return conv2(F.relu(bn2(conv1(F.relu(bn1(x))))))", "the branch alone"),
        Mutant("one norm for both", "z = conv1(F.relu(bn1(x)))\nreturn x + conv2(F.relu(bn1(z)))",
               "The first norm acts twice"),
        Mutant("convolution first", "z = bn1(F.relu(conv1(x)))\nreturn x + bn2(F.relu(conv2(z)))",
               "begins with its convolution"),
        Mutant("cut off above", "z = conv1(F.relu6(bn1(x)))\nreturn x + conv2(F.relu6(bn2(z)))",
               "large values"),
        Mutant("left in training mode", "y = x + conv2(F.relu(bn2(conv1(F.relu(bn1(x))))))\n"
               "bn1.train(), bn2.train()\nreturn y", "in another mode"),
        Mutant("x changed in place", "z = conv2(F.relu(bn2(conv1(F.relu(bn1(x))))))\nx += z\nreturn x + 0",
               "changes its own input"),
    ),
    difficulty=2, importance=3, minutes=8,
)  # fmt: skip
