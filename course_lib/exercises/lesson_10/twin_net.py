"""10-3: one tower, one call, two embeddings. Oracle: the tower's own answer to both halves at once."""

import copy

import torch
from torch import Tensor, nn

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.oracle import Slip, equal, gradients, must_keep_input, randomise

CELL = '''\
class TwinNet(nn.Module):
    """One tower for both sides of a pair. All items go through it in ONE call, so that a batch norm inside
    measures one mean for both sides while training."""

    def __init__(self, tower: nn.Module):
        super().__init__()
        self.tower = tower

    def forward(self, a: Float[Tensor, "batch *item"], b: Float[Tensor, "batch *item"]):
        """The embeddings (u, v): row i of u belongs to a[i], row i of v to b[i]."""
        ### BEGIN SOLUTION
        u, v = self.tower(torch.cat([a, b])).chunk(2)
        return u, v
        ### END SOLUTION
'''
TEMPLATE = '''\
    both = torch.cat(...)               # 2 * batch items
    z = self.tower(both)
    return z[...], z[...]               # which rows belong to a?
'''
CASES = ((5, (4,)), (2, (4,)), (3, (2, 3, 2)))  # pairs, an item's shape
NORMAL = "One tower, but two calls: batch norm measures a's mean for a and b's for b while training. "


def check(answer) -> None:
    """Values, gradients and running statistics in both modes; the tower must stay the one handed over."""
    for pairs, item in CASES:
        for training in (False, True):
            a, b = torch.randn(pairs, *item), 0.5 * torch.randn(pairs, *item) + 1
            for side in (0, 1):
                one_case(answer, a_tower(a[0].numel()).train(training), a, b, side)


def a_tower(features: int) -> nn.Module:
    tower = nn.Sequential(nn.Flatten(), nn.Linear(features, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3))
    randomise(tower)
    return tower


def one_case(answer, tower: nn.Module, a: Tensor, b: Tensor, side: int) -> None:
    """Everything of one call, with the gradients of one of its two embeddings."""
    before, mode = copy.deepcopy(tower), tower.training
    net = answer(tower)
    if not isinstance(net, nn.Module):
        raise Wrong("The class must be an nn.Module: look at its first line.")
    same_parameters(net, tower)
    net.train(mode)
    leaves = [x.clone().requires_grad_() for x in (a, b)]
    given = [leaf * 1.0 for leaf in leaves]
    found = two_tensors(net(*given))
    for x, leaf in zip(given, leaves, strict=True):
        must_keep_input(x, leaf)
    if any(part.training != mode for part in (net, *tower.modules())):
        raise Wrong("After the call the tower is in another mode: leave train and eval as they were.")
    twin = copy.deepcopy(before)
    want = twin(torch.cat(leaves)).chunk(2)
    same_values(found, want, slips(before, a, b))
    statistics(tower, twin)
    name = ("first", "second")[side]
    cut_off = Wrong(f"The values are right, but through the {name} embedding a gradient is missing or wrong: "
                    "look for detach, no_grad or a copy. Both sides must train the one tower.")
    if not found[side].requires_grad:
        raise cut_off
    mine = gradients(found[side], [*leaves, *tower.parameters()])
    if not all(map(equal, mine, gradients(want[side], [*leaves, *twin.parameters()]))):
        raise cut_off


def same_parameters(net: nn.Module, tower: nn.Module) -> None:
    mine, theirs = ([id(p) for p in module.parameters()] for module in (net, tower))
    if not mine:
        raise Wrong("The net has no parameters: a tower in a list or behind a function is not seen by an "
                    "optimizer. Leave the line of __init__ as it was.")
    if len(mine) > len(theirs):
        raise Wrong("The net has more parameters than its tower: two towers, and they go their own ways.")
    if set(mine) != set(theirs):
        raise Wrong("The parameters are not those of the tower that was handed over: is this a copy of it?")


def two_tensors(value) -> list[Tensor]:
    """Two tensors, in whatever dress they come. Raises Wrong for anything else."""
    if value is None:
        raise Wrong("Nothing comes back: is a `return` missing?")
    try:
        u, v = value
    except (TypeError, ValueError):
        raise Wrong("Two embeddings must come back, (u, v).", repr(type(value))) from None
    if not (isinstance(u, Tensor) and isinstance(v, Tensor)):
        raise Wrong("Both embeddings must be tensors.", f"{type(u)}, {type(v)}")
    return [u, v]


def same_values(found: list[Tensor], want, slips) -> None:
    if all(map(equal, found, want)):
        return
    for message, slip in slips:
        if all(map(equal, found, slip())):
            raise Wrong(message)
    raise Wrong("The embeddings are others. How many rows does the tower get in its one call, and which of "
                "its answers belong to a[0] and to b[0]?", f"shapes {[tuple(x.shape) for x in found]}")


def slips(tower: nn.Module, a: Tensor, b: Tensor) -> tuple[Slip, ...]:
    """What typical slips would answer; each on a tower of its own, for batch norm remembers."""
    fresh = lambda: copy.deepcopy(tower)  # noqa: E731

    def both(first: Tensor, second: Tensor, net: nn.Module):
        return net(torch.cat([first, second]))

    def calls(first: Tensor, second: Tensor):
        net = fresh()
        return net(first), net(second)

    def one_in_eval():
        net = fresh()
        return net(a), net.eval()(b)

    return (
        ("u and v have changed places.", lambda: both(a, b, fresh()).chunk(2)[::-1]),
        (NORMAL + "That lets the net tell the sides apart.", lambda: calls(a, b)),
        (NORMAL + "And u and v have changed places.", lambda: calls(b, a)),
        ("Both embeddings come from a: where does b go in?", lambda: both(a, a, fresh()).chunk(2)),
        ("Both embeddings come from a: where does b go in? ", lambda: calls(a, a)),
        ("Both embeddings come from b: where does a go in?", lambda: both(b, b, fresh()).chunk(2)),
        ("The tower is switched to eval inside the call: leave its mode to those who train it.",
         lambda: both(a, b, fresh().eval()).chunk(2)),
        ("The tower is switched to eval for one side: both sides must meet the same net.", one_in_eval),
        ("The tower is switched to train inside the call: then an answer depends on its neighbours in the "
         "batch, at test time as well.", lambda: both(a, b, fresh().train()).chunk(2)),
        ("The rows are dealt out like cards, but they lie one block behind the other: first all of a.",
         lambda: (both(a, b, fresh())[::2], both(a, b, fresh())[1::2])),
    )


def statistics(tower: nn.Module, twin: nn.Module) -> None:
    for mine, theirs in zip(tower.buffers(), twin.buffers(), strict=True):
        if not equal(mine.double(), theirs.double()):
            raise Wrong("The embeddings are right, but batch norm's running statistics are not those of one "
                        "call on this tower: is it run twice, or in a copy?")


EXERCISE = Exercise(
    id="10-3", title="Two towers, one net", name="TwinNet", cell=CELL, check=check,
    question="Two separate towers with equal weights give the same embeddings today: why not after training?",
    why="Each would get the gradients of its own side alone, so they would drift apart: then the distance "
        "of an item to itself is no longer 0, and swapping the two sides changes the answer.",
    hints=Hints(
        nudge="How many items does the tower see in one call if neither side may be a call of its own?",
        method="Put the two batches one below the other along axis 0, call the tower once, and cut the "
               "answer into the rows of a and the rows of b.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("two calls", "return self.tower(a), self.tower(b)", "tell the sides apart"),
        Mutant("towers not shared", "import copy\nboth = torch.cat([a, b])\n"
               "return self.tower(both)[:len(a)], copy.deepcopy(self.tower).train(self.training)(both)"
               "[len(a):]", "through the second embedding"),
        Mutant("one branch detached", "u, v = self.tower(torch.cat([a, b])).chunk(2)\nreturn u.detach(), v",
               "through the first embedding"),
        Mutant("wrong order", "u, v = self.tower(torch.cat([a, b])).chunk(2)\nreturn v, u",
               "u and v have changed places."),
        Mutant("eval inside", "self.tower.eval()\nz = self.tower(torch.cat([a, b])).chunk(2)\n"
               "self.tower.train(self.training)\nreturn z", "switched to eval inside"),
        Mutant("mode left", "self.tower.train()\nz = self.tower(torch.cat([a, b])).chunk(2)\nreturn z",
               "is in another mode"),
        Mutant("one side twice", "return self.tower(torch.cat([a, a])).chunk(2)", "come from a: where"),
        Mutant("rows dealt out", "z = self.tower(torch.cat([a, b]))\nreturn z[::2], z[1::2]",
               "dealt out like cards"),
        Mutant("distance", "u, v = self.tower(torch.cat([a, b])).chunk(2)\nreturn (u - v).norm(dim=1)",
               "Two embeddings must come back"),
    ),
    difficulty=2, importance=3, minutes=5,
)  # fmt: skip
