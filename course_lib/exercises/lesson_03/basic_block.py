"""03-1: the missing line of a post-activation block. Oracle: the library's block, same weights.

The tests of the library hold that block against torchvision's, whose import takes seconds of a first check.
"""

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.blocks.residual import BasicBlock
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
class MyBasicBlock(nn.Module):
    """Two 3x3 layers F(x) and a way around them; the paper's figure 2."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(out_channels))

    def forward(self, x: Float[Tensor, "batch in_channels height width"]):
        z = F.relu(self.bn1(self.conv1(x)))
        z = self.bn2(self.conv2(z))
        ### BEGIN SOLUTION
        return F.relu(z + self.shortcut(x))
        ### END SOLUTION
'''
TEMPLATE = '''\
def forward(self, x):
    z = ...             # given: F(x)
    around = ...        # x, taken past the branch
    return ...          # relu of what?
'''
PARTS = ("conv1", "bn1", "conv2", "bn2", "shortcut")
# in_channels, out_channels, stride, height, width; the identity first, for there most slips show plainly
CASES = ((4, 4, 1, 6, 5), (3, 6, 2, 7, 6), (4, 6, 1, 5, 5), (5, 5, 2, 8, 5))


def check(answer) -> None:
    """MyBasicBlock against the library's: values, input and weight gradients, running statistics."""
    for in_channels, out_channels, stride, height, width in CASES:
        for training in (True, False):
            block, oracle = pair(answer, in_channels, out_channels, stride, training)
            one_case(block, oracle, (3, in_channels, height, width))
    block, oracle = pair(answer, 4, 4, stride=1, training=True)
    try_unusual(lambda batch, change: one_case(block, oracle, (batch, 4, 6, 5), change))


def pair(answer, in_channels: int, out_channels: int, stride: int, training: bool):
    """The learner's block and the library's, with the same random weights, in the same mode."""
    block = answer(in_channels, out_channels, stride)
    if not isinstance(block, nn.Module):
        raise Wrong("The class must be an nn.Module: look at its first line.")
    randomise(block)
    oracle = same_weights(block, in_channels, out_channels, stride)
    return block.train(training), oracle.train(training)


def same_weights(block: nn.Module, in_channels: int, out_channels: int, stride: int) -> BasicBlock:
    """The library's block with the learner's weights. Raises Wrong if a part is not the given one."""
    missing = [name for name in PARTS if not hasattr(block, name)]
    if missing:
        raise Wrong(f"Keep the names of the given lines: the block has no {', '.join(missing)}.")
    oracle = BasicBlock(in_channels, out_channels, stride)
    for name in PARTS:
        mine, theirs = (list(getattr(owner, name).state_dict().values()) for owner in (block, oracle))
        if [a.shape for a in mine] != [b.shape for b in theirs]:
            raise Wrong(f"self.{name} is another layer than the one given: put its line back as it was.")
        with torch.no_grad():
            for a, b in zip(mine, theirs, strict=True):
                b.copy_(a)
    return oracle


def projects(block: BasicBlock) -> bool:
    return not isinstance(block.shortcut, nn.Identity)


def one_case(block: nn.Module, oracle: BasicBlock, shape: tuple[int, ...], change=torch.clone) -> None:
    spare, calls = copy.deepcopy(oracle), []
    hook = block.shortcut.register_forward_hook(lambda *_: calls.append(1))
    leaf, x = input_like(*shape, change=change)
    try:
        y = block(x)
    except RuntimeError as error:
        if projects(oracle) and not calls:
            raise Wrong(NOT_CALLED) from error
        raise
    finally:
        hook.remove()
    x_oracle = leaf.detach().clone().requires_grad_()
    want = oracle(x_oracle)
    if y is not x:
        must_keep_input(x, leaf)
    otherwise = NOT_CALLED if projects(oracle) and not calls else OTHERWISE
    compare(y, want, slips(spare, leaf.detach()), otherwise)
    same_gradients(block, oracle, (y, leaf), (want, x_oracle))
    for (name, mine), theirs in zip(ordered(block, "buffers"), ordered(oracle, "buffers"), strict=True):
        if not equal(mine, theirs[1]):
            raise Wrong("The values are right, but the running statistics of a batch norm are not: is each "
                        "layer called exactly once?", name)


def same_gradients(block: nn.Module, oracle: nn.Module, mine: tuple, theirs: tuple) -> None:
    names = [name for name, _ in ordered(block, "parameters")]
    params, oracle_params = ([p for _, p in ordered(m, "parameters")] for m in (block, oracle))
    found = gradients(mine[0], [mine[1], *params])
    wanted = gradients(theirs[0], [theirs[1], *oracle_params])
    for name, got, want in zip(["x", *names], found, wanted, strict=True):
        if not equal(got, want):
            raise Wrong("The values are right, but a gradient is not: part of the way back is cut or "
                        "doubled. Look for detach, no_grad, .data or .item().", f"gradient of {name}")


def ordered(module: nn.Module, kind: str) -> list[tuple[str, Tensor]]:
    """Named parameters or buffers of the five parts, in their order."""
    return [(f"{name}.{key}", value) for name in PARTS
            for key, value in getattr(getattr(module, name), f"named_{kind}")()]


NOT_CALLED = ("Where the stride or the channels change, what you add is not what self.shortcut makes of x: "
              "the block never uses its projection.")
OTHERWISE = ("The output is not that of the block. Follow one tensor through forward: which layers act on "
             "it, in which order, and what joins it before the last step?")


def slips(p: BasicBlock, x: Tensor):
    """What typical slips would answer, with the same weights."""
    s = p.shortcut

    def branch(x: Tensor) -> Tensor:
        return p.bn2(p.conv2(F.relu(p.bn1(p.conv1(x)))))

    return (
        ("This is what a plain block answers: nothing of x joins the branch.", lambda: F.relu(branch(x))),
        ("A relu acts on the branch before the sum, so the block can only add, never take away: which value "
         "does the last relu see in figure 2?", lambda: F.relu(branch(x)) + s(x)),
        ("The branch is rectified before the sum, and the sum again: how many relus follow the second layer?",
         lambda: F.relu(F.relu(branch(x)) + s(x))),
        ("A relu acts on each of the two terms, and none on their sum: which value does the last relu see in "
         "figure 2?", lambda: F.relu(branch(x)) + F.relu(s(x))),
        ("The output can be negative: what does figure 2 do behind the addition?", lambda: branch(x) + s(x)),
        ("What goes around is rectified on its way, so negative parts of x are lost: does anything act on "
         "the identity before the sum?", lambda: F.relu(branch(x) + F.relu(s(x)))),
        ("x is rectified before the block uses it: nothing should change it first.",
         lambda: F.relu(branch(F.relu(x)) + s(F.relu(x)))),
        ("What goes around is added more than once: count its terms.", lambda: F.relu(branch(x) + 2 * s(x))),
        ("What goes around is no longer the input: has a line given x a new value?",
         lambda: F.relu(branch(x) + s(branch(x)))),
        ("The second convolution gets x: it should go on from what the first layer made.",
         lambda: F.relu(p.bn2(p.conv2(x)) + s(x))),
        ("The second batch norm is left out: look at what acts on conv2's output.",
         lambda: F.relu(p.conv2(F.relu(p.bn1(p.conv1(x)))) + s(x))),
        ("The first batch norm is left out: look at what acts on conv1's output.",
         lambda: F.relu(p.bn2(p.conv2(F.relu(p.conv1(x)))) + s(x))),
        ("The first batch norm acts on both layers: each layer has its own.",
         lambda: F.relu(p.bn1(p.conv2(F.relu(p.bn1(p.conv1(x))))) + s(x))),
        ("No relu stands between the two layers, so together they are nearly one linear map.",
         lambda: F.relu(p.bn2(p.conv2(p.bn1(p.conv1(x)))) + s(x))),
        ("The identity is taken away instead of added.", lambda: F.relu(branch(x) - s(x))),
        ("The two are multiplied; the paper adds them.", lambda: F.relu(branch(x) * s(x))),
        ("Only the way around is left: the branch F(x) is missing from the sum.", lambda: F.relu(s(x))),
        ("The sum is halved: the paper adds, it does not average.", lambda: F.relu((branch(x) + s(x)) / 2)),
    )


MUTANTS = (
    Mutant("no skip", "return F.relu(z)", "nothing of x joins the branch"),
    Mutant("second conv fed with x",
           "z = self.bn2(self.conv2(x))\nreturn F.relu(z + self.shortcut(x))", "second convolution gets x"),
    Mutant("relu before the addition", "return F.relu(z) + self.shortcut(x)", "A relu acts on the branch"),
    Mutant("no final relu", "return z + self.shortcut(x)", "The output can be negative"),
    Mutant("skip is rectified", "return F.relu(z + F.relu(self.shortcut(x)))", "is rectified on its way"),
    Mutant("skip added twice",
           "z += self.shortcut(x)\nreturn F.relu(z + self.shortcut(x))", "more than once"),
    Mutant("x overwritten", "x = z\nreturn F.relu(z + self.shortcut(x))", "no longer the input"),
    Mutant("projection ignored", "return F.relu(z + x)", "never uses its projection"),
    Mutant("bn2 skipped",
           "z = self.conv2(F.relu(self.bn1(self.conv1(x))))\nreturn F.relu(z + self.shortcut(x))",
           "second batch norm is left out"),
    Mutant("input changed in place", "s = self.shortcut(x)\ns += z\nreturn F.relu(s)", "its own input"),
    Mutant("both terms rectified", "return F.relu(z) + F.relu(self.shortcut(x))", "on each of the two terms"),
    Mutant("cut off above", "return F.relu6(z + self.shortcut(x))", "wrong for large values"),
    Mutant("no axis of one", "return F.relu(z + self.shortcut(x)).squeeze()", "wrong for one image alone"),
    Mutant("asks x first", "return F.relu(z + self.shortcut(x)) if x.min() < 0 else z",
           "no value of x is negative"),
    Mutant("skip cut off from autograd", "return F.relu(z + self.shortcut(x).detach())", "cut or doubled"),
)

EXERCISE = Exercise(
    id="03-1", title="The missing line", name="MyBasicBlock", cell=CELL, check=check,
    question="Why does a branch of zeros make this block the identity for x >= 0, and what would a plain "
             "block need?",
    why="With the branch at zero the sum is x, and relu leaves x >= 0 alone; a plain block returns "
        "relu(F(x)), so both its convolutions would have to be copying filters, which random weights "
        "are not.",
    hints=Hints(
        nudge="z is the branch F(x), still without its last relu. Which other tensor has exactly z's shape?",
        method="Take x around the branch through self.shortcut, which fits its shape where needed. Add it to "
               "z, and let the relu act on the sum. Make new tensors: x itself must stay as it came.",
        template=TEMPLATE,
    ),
    mutants=MUTANTS, difficulty=1, importance=3, minutes=5,
)  # fmt: skip
