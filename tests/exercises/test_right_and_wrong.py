"""00-1, 03-2 to 03-5: right answers written differently pass, wrong ones that no mutant lists are refused."""

import pytest
import torch
from answers import right_and_wrong
from torch import nn

from course_lib.blocks import PreActBlock
from course_lib.blocks.residual import ZeroPadShortcut
from course_lib.exercises import registry
from course_lib.exercises.check import judge
from course_lib.exercises.lesson_03 import counting
from course_lib.measure import count_parameters
from course_lib.nets import CifarNet

RIGHT = {
    "00-1": {
        "float first": "return pixels.float() / 255",
        "times": "return pixels * (1 / 255)",
        "double": "return pixels.double().div(255)",
        "torchvision": "from torchvision.transforms.v2.functional import to_dtype\n"
                       "return to_dtype(pixels, torch.float32, scale=True)",
        "in place on a copy": "x = pixels.to(torch.float32)\nx /= 255\nreturn x",
        "half precision": "return pixels.half() / 255",
        "largest of the type": "return pixels / torch.iinfo(pixels.dtype).max",
    },
    "03-2": {
        "one line": "return x + conv2(F.relu(bn2(conv1(F.relu(bn1(x))))))",
        "sequential": "relu = nn.ReLU()\nreturn nn.Sequential(bn1, relu, conv1, bn2, relu, conv2)(x) + x",
        "inplace relus": "z = conv2(F.relu_(bn2(conv1(F.relu_(bn1(x))))))\nz += x\nreturn z",
        "loop": "z = x\nfor bn, conv in ((bn1, conv1), (bn2, conv2)):\n    z = conv(bn(z).clamp(min=0))\n"
                "return z + x",
    },
    "03-3": {
        "zeros behind, cat": "x = x[:, :, ::stride, ::stride]\nn, c, h, w = x.shape\n"
                             "return torch.cat([x, x.new_zeros(n, out_channels - c, h, w)], 1)",
        "zeros in front": "x = x[..., ::stride, ::stride]\n"
                          "return F.pad(x, (0, 0, 0, 0, out_channels - x.shape[1], 0))",
        "plain zeros, filled": "n, c, h, w = x.shape\n"
                               "y = torch.zeros(n, out_channels, -(-h // stride), -(-w // stride))\n"
                               "y[:, :c] = x[:, :, ::stride, ::stride]\nreturn y",
        "pool of one pixel": "x = F.max_pool2d(x, 1, stride)\n"
                             "return F.pad(x, (0, 0, 0, 0, 0, out_channels - x.shape[1]))",
        "fixed 1x1 convolution": "w = torch.eye(out_channels, x.shape[1])[..., None, None]\n"
                                 "return F.conv2d(x, w, stride=stride)",
        "strides by hand": "rows = torch.arange(0, x.shape[2], stride)\n"
                           "cols = torch.arange(0, x.shape[3], stride)\n"
                           "x = x[:, :, rows][:, :, :, cols]\n"
                           "return F.pad(x, (0,) * 5 + (out_channels - x.shape[1],))",
    },
    "03-4": {
        "closed form": "n = depth // 6\n"
                       "return 27*width + 9*width**2*(42*n - 10) + 2*width*(1 + 14*n) + 40*width + 10",
        "as a tensor": "n = (depth - 2) // 6\n"
                       "return torch.tensor(69*width + 10 + 9*width**2*(42*n - 10) + 28*width*n)",
        "as a float": "n = (depth - 2) / 6\nreturn 69*width + 10 + 9*width**2*(42*n - 10) + 28*width*n",
        "the real net": "from course_lib.nets import CifarNet\n"
                        "return sum(p.numel() for p in CifarNet(depth, width=width).parameters())",
    },
    "03-5": {
        "loop": "for p in block.bn2.parameters():\n    p.data.zero_()",
        "no_grad": "with torch.no_grad():\n    block.bn2.weight.fill_(0.0)\n    block.bn2.bias.mul_(0)",
        "copy": "block.bn2.weight.data = torch.zeros_like(block.bn2.weight)\nblock.bn2.bias.data[:] = 0\n"
                "return block",
        "state dict": "zeros = {k: v * 0 if k.startswith('bn2') and v.is_floating_point() else v\n"
                      "         for k, v in block.state_dict().items()}\nblock.load_state_dict(zeros)",
    },
}  # fmt: skip
WRONG = {
    "00-1": {
        "not scaled enough": "return pixels / 254", "rounded": "return (pixels / 255).round(decimals=1)",
        "flat": "return (pixels / 255).flatten()", "numpy": "return (pixels / 255).numpy()",
        "square": "return (pixels / 255) ** 2", "sample by sample": "return pixels / pixels.amax((1, 2, "
                                                                    "3), keepdim=True)",
        "in place": "pixels //= 2\nreturn pixels / 127", "wraps around": "return (pixels + 1) / 256",
        "constant": "return torch.full(pixels.shape, 0.5)", "list": "return [p / 255 for p in pixels]",
        "rounded, in half precision": "return torch.round(pixels / 255, decimals=2).half()",
        "darkest pixel to zero": "return (pixels - pixels.min()) / 255",
        "axes of one lost": "return (pixels / 255).squeeze()",
        "first image": "return pixels[:1] / 255", "bool": "return pixels > 127",
    },
    "03-2": {
        "relu at the very end of the branch": "return x + F.relu(conv2(F.relu(bn2(conv1(F.relu(bn1(x)))))))",
        "one layer only": "return x + conv1(F.relu(bn1(x)))",
        "minus": "return x - conv2(F.relu(bn2(conv1(F.relu(bn1(x))))))",
        "third norm": "return bn1(x + conv2(F.relu(bn2(conv1(F.relu(bn1(x)))))))",
        "leaky": "return x + conv2(F.leaky_relu(bn2(conv1(F.leaky_relu(bn1(x))))))",
        "detached skip": "return x.detach() + conv2(F.relu(bn2(conv1(F.relu(bn1(x))))))",
        "no grad": "with torch.no_grad():\n    return x + conv2(F.relu(bn2(conv1(F.relu(bn1(x))))))",
        "called twice": "bn1(x)\nreturn x + conv2(F.relu(bn2(conv1(F.relu(bn1(x))))))",
        "returns x": "return x", "noise": "return x + 1e-4 * torch.randn_like(x)",
        "axes of one lost": "return (x + conv2(F.relu(bn2(conv1(F.relu(bn1(x))))))).squeeze()",
        "clamped": "return x + conv2(F.relu(bn2(conv1(F.relu(bn1(x)))))).clamp(-50, 50)",
        "dropout": "return x + F.dropout(conv2(F.relu(bn2(conv1(F.relu(bn1(x)))))), training=bn1.training)",
        "eval forced": "bn1.eval()\nbn2.eval()\nreturn x + conv2(F.relu(bn2(conv1(F.relu(bn1(x))))))",
        "new layers": "conv1 = nn.Conv2d(*conv1.weight.shape[1::-1], 3, padding=1, bias=False)\n"
                      "return x + conv2(F.relu(bn2(conv1(F.relu(bn1(x))))))",
    },
    "03-3": {
        "axes of one lost": "x = x[:, :, ::stride, ::stride]\n"
                            "return F.pad(x, (0, 0, 0, 0, 0, out_channels - x.shape[1])).squeeze()",
        "clamped": "x = x[:, :, ::stride, ::stride].clamp(-4, 4)\n"
                   "return F.pad(x, (0, 0, 0, 0, 0, out_channels - x.shape[1]))",
        "nothing at stride 1": "x = x[:, :, ::stride, ::stride]\n"
                               "if stride == 1:\n    return x\n"
                               "return F.pad(x, (0, 0, 0, 0, 0, out_channels - x.shape[1]))",
        "nearly zeros": "x = x[:, :, ::stride, ::stride]\n"
                        "return F.pad(x, (0, 0, 0, 0, 0, out_channels - x.shape[1]), value=1e-3)",
        "learned": "return nn.Conv2d(x.shape[1], out_channels, 1, stride)(x)",
        "nearest resize": "x = F.interpolate(x, scale_factor=1 / stride)\n"
                          "return F.pad(x, (0, 0, 0, 0, 0, out_channels - x.shape[1]))",
        "only stride 2": "x = x[:, :, ::2, ::2]\nreturn F.pad(x, (0, 0, 0, 0, 0, out_channels - x.shape[1]))",
        "doubles channels": "x = x[:, :, ::stride, ::stride]\nreturn torch.cat([x, torch.zeros_like(x)], 1)",
        "equal halves": "x = x[:, :, ::stride, ::stride]\nh = (out_channels - x.shape[1]) // 2\n"
                        "return F.pad(x, (0, 0, 0, 0, h, h))",
        "channels reversed": "x = x[:, :, ::stride, ::stride].flip(1)\n"
                             "return F.pad(x, (0, 0, 0, 0, 0, out_channels - x.shape[1]))",
        "transposed": "x = x[:, :, ::stride, ::stride].transpose(2, 3)\n"
                      "return F.pad(x, (0, 0, 0, 0, 0, out_channels - x.shape[1]))",
        "max pooled": "x = F.max_pool2d(x, stride, ceil_mode=True)\n"
                      "return F.pad(x, (0, 0, 0, 0, 0, out_channels - x.shape[1]))",
        "uninitialised": "y = x.new_empty(x.shape[0], out_channels, *x[0, 0, ::stride, ::stride].shape)\n"
                         "return y.fill_(float('nan'))",
        "relu": "x = F.relu(x[:, :, ::stride, ::stride])\n"
                "return F.pad(x, (0, 0, 0, 0, 0, out_channels - x.shape[1]))",
        "interleaved": "x = x[:, :, ::stride, ::stride]\n"
                       "y = x.new_zeros(x.shape[0], out_channels, *x.shape[2:])\n"
                       "y[:, -x.shape[1]:] = x.flip(1)\nreturn y",
        "in place": "x *= 1.5\n"
                    "return F.pad(x[:, :, ::stride, ::stride], (0, 0, 0, 0, 0, out_channels - x.shape[1]))",
    },
    "03-4": {
        "from the paper's table": "return {20: 270000, 56: 850000}.get(depth, 0)",
        "projections": "from course_lib.nets import CifarNet\n"
                       "return sum(p.numel() for p in CifarNet(depth, 'residual', width=width, shortcut='B')"
                       ".parameters())",
        "rounded": "n = (depth - 2) // 6\n"
                   "return round(69*width + 10 + 9*width**2*(42*n - 10) + 28*width*n, -1)",
        "100 classes": "n = (depth - 2) // 6\nreturn 69*width + 100 + 9*width**2*(42*n - 10) + 28*width*n",
        "blocks for stages": "n = depth // 3\nreturn 69*width + 10 + 9*width**2*(42*n - 10) + 28*width*n",
        "half": "from course_lib.nets import CifarNet\n"
                "return sum(p.numel() for p in CifarNet(depth, width=width).parameters()) / 2",
        "width ignored": "from course_lib.nets import CifarNet\n"
                         "return sum(p.numel() for p in CifarNet(depth).parameters())",
        "a half more": "return friends_count(depth, width) + 0.5", "text": "return "
                                                                           "str(friends_count(depth, width))",
        "layers": "return depth", "true": "return True", "list": "return [1]", "nan": "return float('nan')",
        "infinite": "return float('inf')", "nothing": "friends_count(depth, width)",
        "only right at 16": "return {8: 78042}.get(depth, 269722) if width == 16 else 1",
    },
    "03-5": {
        "nothing": "pass", "all of it": "for p in block.parameters():\n    nn.init.zeros_(p)",
        "nearly": "for p in block.bn2.parameters():\n    p.data *= 1e-3",
        "forward replaced": "block.forward = lambda x: F.relu(block.shortcut(x))",
        "branch taken out": "block.bn2 = nn.Identity()", "eval": "block.eval()",
        "right and eval": "block.eval()\nfor p in block.bn2.parameters():\n    nn.init.zeros_(p)",
        "new norm": "block.bn2 = nn.BatchNorm2d(block.bn2.num_features)\nnn.init.zeros_(block.bn2.weight)",
        "layer frozen": "block.bn2.eval()\nfor p in block.bn2.parameters():\n    nn.init.zeros_(p)",
        "both norms": "for bn in (block.bn1, block.bn2):\n    for p in bn.parameters():\n"
                      "        nn.init.zeros_(p)",
        "hook": "block.bn2.register_forward_hook(lambda m, i, o: o * 0)",
        "right and a hook": "for p in block.bn2.parameters():\n    nn.init.zeros_(p)\n"
                            "block.bn2.register_forward_hook(lambda m, i, o: o.detach())",
        "right and another norm reset": "for p in block.bn2.parameters():\n    nn.init.zeros_(p)\n"
                                        "block.bn1.reset_running_stats()",
        "right and another padding": "for p in block.bn2.parameters():\n    nn.init.zeros_(p)\n"
                                     "block.conv2.padding_mode = 'circular'",
        "right and a gradient's hook": "for p in block.bn2.parameters():\n    nn.init.zeros_(p)\n"
                                       "block.bn2.weight.register_hook(lambda g: g * 0)",
        "grad off": "nn.init.zeros_(block.bn2.weight)\nnn.init.zeros_(block.bn2.bias)\n"
                    "block.requires_grad_(False)",
    },
}  # fmt: skip


test_right_in_another_way, test_unlisted_wrong_answers_are_refused = right_and_wrong(RIGHT, WRONG)


@pytest.mark.parametrize("exercise_id", list(registry()))
def test_things_that_are_no_answer_are_refused(exercise_id):
    for answer in (3, "text", [], torch.zeros(2), nn.Linear(2, 2), lambda: 1, print, int, object()):
        assert judge(registry()[exercise_id], answer).state == "not yet"


def test_the_librarys_own_block_and_shortcut_pass():
    def pre_activation(x, bn1, conv1, bn2, conv2):
        block = PreActBlock(x.shape[1], x.shape[1])
        block.bn1, block.conv1, block.bn2, block.conv2 = bn1, conv1, bn2, conv2
        return block(x)

    def shortcut_a(x, out_channels, stride):
        return ZeroPadShortcut(x.shape[1], out_channels, stride)(x)

    assert judge(registry()["03-2"], pre_activation).state == "right"
    assert judge(registry()["03-3"], shortcut_a).state == "right"


def test_the_count_is_that_of_the_real_net():
    for depth, width in ((8, 2), (20, 16), (32, 5)):
        real = count_parameters(CifarNet(depth, "residual", width=width, shortcut="A"))
        assert counting.oracle(depth, width) == counting.formula(depth, width) == real


def test_two_slips_in_one_count_are_both_noticed():
    def two(depth, width=16):
        return counting.formula(depth, width, slips=("entry", "grey"))

    message = judge(registry()["03-4"], two).message
    assert "channels going in" in message and "Something else" in message
