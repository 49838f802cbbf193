"""03-5: silence a block's branch without killing it. Oracle: relu(shortcut(x)) and a live gradient."""

import copy

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.oracle import equal, gradients, randomise

CELL = '''\
def zero_branch(block: nn.Module) -> None:
    """Change a block like MyBasicBlock, new or trained, in place, so that it answers relu(shortcut(x)) in
    training and in eval mode. Only its last batch norm changes, and training can wake the branch again."""
    ### BEGIN SOLUTION
    nn.init.zeros_(block.bn2.weight)
    nn.init.zeros_(block.bn2.bias)
    ### END SOLUTION
'''
TEMPLATE = '''\
    nn.init...(block...)
    nn.init...(block...)
'''


class Block(nn.Module):
    """y = relu(shortcut(x) + bn2(conv2(relu(bn1(conv1(x)))))), as in exercise 03-1."""

    def __init__(self, in_channels: int, out_channels: int, stride: int):
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(out_channels)
        self.conv2 = nn.Conv2d(out_channels, out_channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(out_channels)
        self.shortcut = nn.Identity()
        if stride != 1 or in_channels != out_channels:
            projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
            self.shortcut = nn.Sequential(projection, nn.BatchNorm2d(out_channels))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.shortcut(x) + self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x))))))


def check(answer) -> None:
    """New and trained blocks, with and without projection, in both modes."""
    for in_channels, out_channels, stride in ((4, 4, 1), (3, 6, 2)):
        for trained in (True, False):
            for training in (True, False):
                block = Block(in_channels, out_channels, stride)
                if trained:
                    randomise(block)
                one_case(answer, block.train(training))


def one_case(answer, block: Block) -> None:
    before, params = copy.deepcopy(block), dict(block.named_parameters())
    answer(block)
    after = dict(block.named_parameters())
    if any(after.get(name) is not p for name, p in params.items()):
        raise Wrong("A parameter has been replaced by a new object, or taken out. An optimizer holds the old "
                    "ones and would train those: change the values inside.")
    if "forward" in vars(block):
        raise Wrong("The block's forward has been replaced: then no training can wake the branch. Values of "
                    "its layers must do it.")
    if not all(p.requires_grad for p in params.values()):
        raise Wrong("A parameter has lost requires_grad: it would stay at zero for ever.")
    if any(a.training != b.training for a, b in zip(block.modules(), before.modules(), strict=True)):
        raise Wrong("The block, or a part of it, is now in another mode: leave train and eval as they were.")
    changed = {name for name, p in before.named_parameters() if not torch.equal(p, params[name])}
    for part, message in OTHER_PARTS.items():
        if any(name.startswith(part) for name in changed):
            raise Wrong(message)
    if not changed:
        raise Wrong("The block has not changed: work on the one that was handed over, not on a copy.")
    buffers = dict(block.named_buffers())
    if any(not torch.equal(b, buffers[name]) for name, b in before.named_buffers() if name[:3] != "bn2"):
        raise Wrong("Running statistics have changed: has the block been run, or a norm been reset?")
    if repr(block) != repr(before):
        raise Wrong("A layer has other settings than before, such as its stride or momentum: only values of "
                    "the last batch norm may change.")
    if params["bn2.weight"].any():
        raise Wrong("The last batch norm still scales the branch: it computes weight * normed + bias, and "
                    "the first of the two is not silent.")
    if params["bn2.bias"].any():
        raise Wrong("With a new block this would do. A trained one still adds a constant: which second "
                    "number does a batch norm hold for each channel?")
    x = torch.randn(4, block.conv1.in_channels, 6, 6)
    twin = copy.deepcopy(before)
    if not equal(y := block(x), F.relu(twin.shortcut(x))):
        raise Wrong("The block does not answer relu(shortcut(x)): has something besides the weights changed?")
    if not gradients(y, [block.bn2.weight])[0].any():
        raise Wrong("The branch is silent and stays so: no gradient reaches the last batch norm any more.")


OTHER_PARTS = {
    "conv1": "conv1 has changed. A zero there also silences the branch, but then no weight of it gets a "
             "gradient.",
    "bn1": "bn1 has changed: that is the first batch norm, in the middle of the branch.",
    "conv2": "conv2 has changed: once a trained batch norm follows, a zero there does not silence the "
             "branch.",
    "shortcut": "The shortcut has changed: that is the way x must pass.",
}

EXERCISE = Exercise(
    id="03-5", title="Silent, not dead", name="zero_branch", cell=CELL, check=check,
    question="Why does a branch that starts at zero still learn?",
    why="The scale of its last norm is zero, but the scale's own gradient is not: it is the incoming "
        "gradient times the normed features. After one step the scale has left zero, and gradients reach the "
        "layers before it.",
    hints=Hints(
        nudge="A batch norm ends in weight * normed + bias. When is that zero whatever comes in?",
        method="Find the layer whose output is added to the shortcut. Set the values of its two parameters, "
               "in place: the functions of torch.nn.init do so without disturbing autograd.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("conv1 zeroed", "nn.init.zeros_(block.conv1.weight)", "conv1 has changed"),
        Mutant("conv2 zeroed", "nn.init.zeros_(block.conv2.weight)", "conv2 has changed"),
        Mutant("first norm zeroed", "nn.init.zeros_(block.bn1.weight)\nnn.init.zeros_(block.bn1.bias)",
               "bn1 has changed"),
        Mutant("weight only", "nn.init.zeros_(block.bn2.weight)", "still adds a constant"),
        Mutant("bias only", "nn.init.zeros_(block.bn2.bias)", "still scales the branch"),
        Mutant("on a copy", "import copy\nblock = copy.deepcopy(block)\nnn.init.zeros_(block.bn2.weight)\n"
               "nn.init.zeros_(block.bn2.bias)\nreturn block", "has not changed"),
        Mutant("parameter replaced", "block.bn2.weight = nn.Parameter(torch.zeros_like(block.bn2.weight))\n"
               "nn.init.zeros_(block.bn2.bias)", "replaced by a new object"),
        Mutant("frozen", "for p in block.bn2.parameters():\n    nn.init.zeros_(p).requires_grad_(False)",
               "lost requires_grad"),
        Mutant("forward replaced", "block.forward = lambda x: F.relu(block.shortcut(x))",
               "forward has been replaced"),
        Mutant("tried out", "block(torch.randn(2, block.conv1.in_channels, 8, 8))\n"
               "for p in block.bn2.parameters():\n    nn.init.zeros_(p)", "Running statistics have changed"),
        Mutant("another setting", "block.bn1.momentum = 0.0\n"
               "for p in block.bn2.parameters():\n    nn.init.zeros_(p)", "other settings than before"),
        Mutant("everything zeroed", "for p in block.shortcut.parameters():\n    nn.init.zeros_(p)\n"
               "for p in block.bn2.parameters():\n    nn.init.zeros_(p)", "The shortcut has changed"),
    ),
    difficulty=2, importance=2, minutes=6,
)  # fmt: skip
