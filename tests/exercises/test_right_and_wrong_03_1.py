"""03-1: right answers written differently pass, wrong ones that no mutant lists are refused."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.exercises import registry
from course_lib.exercises.check import judge

EXERCISE = registry()["03-1"]

RIGHT = {
    "named step": "y = z + self.shortcut(x)\ny = y.relu()\nreturn y",
    "torch.relu, other order": "return torch.relu(self.shortcut(x) + z)",
    "clamp": "return (self.shortcut(x) + z).clamp(min=0)",
    "module relu": "return nn.ReLU(inplace=True)(z + self.shortcut(x))",
    "in place on its own tensor": "z += self.shortcut(x)\nreturn F.relu_(z)",
    "identity by shape": "s = x if x.shape == z.shape else self.shortcut(x)\nreturn F.relu(z + s)",
    "maximum": "y = z + self.shortcut(x)\nreturn torch.maximum(y, torch.zeros_like(y))",
    "mask": "y = z + self.shortcut(x)\nreturn y * (y > 0)",
    "twice": "return F.relu(F.relu(z + self.shortcut(x)))",
}
WRONG = {
    "cut off far above": "return torch.clamp(z + self.shortcut(x), 0, 20)",
    "dropout": "return F.relu(F.dropout(z, 0.1, self.training) + self.shortcut(x))",
    "absolute": "return abs(z + self.shortcut(x))",
    "where the branch is positive": "return torch.where(z > 0, z + self.shortcut(x), torch.zeros_like(z))",
    "leaky": "return F.leaky_relu(z + self.shortcut(x))",
    "elu": "return F.elu(z + self.shortcut(x))",
    "max instead of sum": "return F.relu(torch.maximum(z, self.shortcut(x)))",
    "channels joined": "return F.relu(torch.cat([z, self.shortcut(x)], 1))",
    "mean of the skip": "return F.relu(z + self.shortcut(x).mean())",
    "small skip": "return F.relu(z + 0.999 * self.shortcut(x))",
    "no grad": "with torch.no_grad():\n    return F.relu(z + self.shortcut(x))",
    "skip from a second call": "self.bn1(self.conv1(x))\nreturn F.relu(z + self.shortcut(x))",
    "returns a pair": "return F.relu(z + self.shortcut(x)), z",
    "returns nothing": "F.relu(z + self.shortcut(x))",
    "zero": "return torch.zeros_like(z)",
    "last bn again": "return F.relu(self.bn2(z) + self.shortcut(x))",
    "through float32": "return F.relu(z + self.shortcut(x)).half()",
    "only in training": "return F.relu(z + self.shortcut(x)) if self.training else F.relu(z)",
    "first sample only": "return F.relu(z + self.shortcut(x)[:1])",
}


@pytest.mark.parametrize("name", RIGHT)
def test_right_in_another_way(name):
    verdict = judge(EXERCISE, EXERCISE.answer(EXERCISE.with_body(RIGHT[name])))
    assert (verdict.state, verdict.message) == ("right", "")


@pytest.mark.parametrize("name", WRONG)
def test_unlisted_wrong_answers_are_refused(name):
    verdict = judge(EXERCISE, EXERCISE.answer(EXERCISE.with_body(WRONG[name])))
    assert verdict.state == "not yet" and verdict.message


def test_a_block_with_more_modules_and_buffers_passes():
    class Other(EXERCISE.solution):
        def __init__(self, in_channels, out_channels, stride=1):
            super().__init__(in_channels, out_channels, stride)
            self.relu = nn.ReLU()
            self.register_buffer("calls", torch.zeros(1))

        def forward(self, x):
            layers = nn.Sequential(self.conv1, self.bn1, self.relu, self.conv2, self.bn2)
            return self.relu(layers(x) + self.shortcut(x))

    assert judge(EXERCISE, Other).state == "right"


@pytest.mark.parametrize(("old", "new"), [
    ("self.conv2 =", "self.second ="),
    ("out_channels, 3, stride, padding=1, bias=False", "out_channels, 3, stride, padding=1"),
    ("out_channels, 1, stride, bias=False)", "out_channels, 3, stride, padding=1, bias=False)"),
    ("self.bn2 = nn.BatchNorm2d(out_channels)", "self.bn2 = nn.Identity()"),
    ("F.relu(self.bn1", "torch.tanh(self.bn1"),
    ("3, padding=1, bias=False", "3, padding=1, padding_mode='reflect', bias=False"),
    ("super().__init__()", "pass"),
    ("def forward(self, x", "def forward(self, x, y"),
    ("def forward", "def backward"),
])  # fmt: skip
def test_changed_given_lines_are_refused(old, new):
    assert old in EXERCISE.cell
    verdict = judge(EXERCISE, EXERCISE.answer(EXERCISE.cell.replace(old, new)))
    assert verdict.state == "not yet" and verdict.message


def test_an_instance_or_another_thing_is_refused():
    for answer in (EXERCISE.solution(4, 4), nn.Linear, F.relu, 3, "block"):
        assert judge(EXERCISE, answer).state == "not yet"
