"""Blocks against torchvision's, against the identity, and against their own formulas."""

import pytest
import torch
from torch import nn
from torchvision.models import resnet

from course_lib.blocks import BasicBlock, Bottleneck, PlainBlock, PreActBlock, ZeroPadShortcut, make_shortcut


def random_norms(block):
    """Batch norms with scales, shifts and statistics unlike their start values."""
    for m in block.modules():
        if isinstance(m, nn.BatchNorm2d):
            nn.init.uniform_(m.weight, 0.5, 1.5)
            nn.init.normal_(m.bias)
            nn.init.normal_(m.running_mean)
            nn.init.uniform_(m.running_var, 0.5, 2)
    return block


def outcome(block, x, weight):
    """Value and all gradients for one input."""
    x = x.clone().requires_grad_()
    y = block(x)
    grads = torch.autograd.grad((y * weight).sum(), [x, *block.parameters()])
    return y, grads


def projection(in_channels, out_channels, stride):
    conv = nn.Conv2d(in_channels, out_channels, 1, stride, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(out_channels))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("into", "out", "stride"), [(6, 6, 1), (6, 12, 2), (4, 8, 1)])
def test_basic_block_is_torchvisions(into, out, stride, training):
    torch.manual_seed(into + out + stride)
    down = None if (stride, into) == (1, out) else projection(into, out, stride)
    theirs = random_norms(resnet.BasicBlock(into, out, stride, down)).double().train(training)
    ours = BasicBlock(into, out, stride).double().train(training)
    ours.load_state_dict({k.replace("downsample", "shortcut"): v for k, v in theirs.state_dict().items()})
    compare(ours, theirs, into)


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize(("into", "channels", "stride"), [(16, 4, 1), (8, 4, 2), (8, 4, 1)])
def test_bottleneck_is_torchvisions(into, channels, stride, training):
    torch.manual_seed(into + channels + stride)
    down = None if (stride, into) == (1, 4 * channels) else projection(into, 4 * channels, stride)
    theirs = random_norms(resnet.Bottleneck(into, channels, stride, down)).double().train(training)
    ours = Bottleneck(into, channels, stride).double().train(training)
    ours.load_state_dict({k.replace("downsample", "shortcut"): v for k, v in theirs.state_dict().items()})
    compare(ours, theirs, into)


def compare(ours, theirs, into):
    x = torch.randn(3, into, 8, 6, dtype=torch.float64)
    weight = torch.randn_like(theirs(x))
    y, grads = outcome(ours, x, weight)
    y_theirs, grads_theirs = outcome(theirs, x, weight)
    assert (y - y_theirs).abs().max() < 1e-10
    names = ["x", *(n.replace("shortcut", "downsample") for n, _ in ours.named_parameters())]
    order = ["x", *(n for n, _ in theirs.named_parameters())]
    assert sorted(names) == sorted(order)
    for name, g in zip(names, grads, strict=True):
        assert (g - grads_theirs[order.index(name)]).abs().max() < 1e-10, name


@pytest.mark.parametrize("norm", [True, False])
def test_zero_branch_is_the_identity(norm):
    x = torch.randn(4, 5, 7, 7)
    pre = PreActBlock(5, 5, norm=norm).start_as_identity()
    post = BasicBlock(5, 5, norm=norm).start_as_identity()
    assert torch.equal(pre(x), x)
    assert torch.equal(post(x), x.relu())
    assert x.min() < 0, "the two laws differ only where x is negative"


def test_blocks_differ_from_the_identity_before_that():
    x = torch.randn(4, 5, 7, 7).relu()
    for block in (PreActBlock(5, 5), BasicBlock(5, 5), PlainBlock(5, 5)):
        assert (block(x) - x).abs().max() > 0.1


def test_preact_block_follows_its_formula():
    torch.manual_seed(0)
    block = random_norms(PreActBlock(4, 6, 2, beta=0.3)).double().eval()
    x = torch.randn(2, 4, 8, 8, dtype=torch.float64)
    a = block.conv1(torch.relu(block.bn1(x)))
    expected = block.shortcut(x) + 0.3 * block.conv2(torch.relu(block.bn2(a)))
    assert torch.allclose(block(x), expected, atol=1e-12)


def test_beta_scales_the_branch_only():
    torch.manual_seed(0)
    block = BasicBlock(4, 4).double()
    x = torch.randn(2, 4, 6, 6, dtype=torch.float64)
    branch = block.branch(x)
    block.beta = 0.25
    assert torch.allclose(block(x), torch.relu(x + 0.25 * branch))


def test_the_gradient_contains_the_skip_term():
    torch.manual_seed(0)
    block = PreActBlock(3, 3).double().eval()
    x = torch.randn(1, 3, 4, 4, dtype=torch.float64).requires_grad_()
    g = torch.randn(1, 3, 4, 4, dtype=torch.float64)
    through_all = torch.autograd.grad(block(x), x, g)[0]
    through_branch = torch.autograd.grad(block.branch(x), x, g)[0]
    assert torch.allclose(through_all, g + through_branch, atol=1e-12)


def test_option_a_drops_pixels_and_pads_zeros():
    x = torch.randn(2, 3, 5, 7)
    y = ZeroPadShortcut(3, 8, 2)(x)
    assert y.shape == (2, 8, 3, 4)
    assert torch.equal(y[:, 2:5], x[:, :, ::2, ::2])
    assert y[:, :2].abs().sum() == 0 and y[:, 5:].abs().sum() == 0


@pytest.mark.parametrize(("option", "same", "weights"), [
    ("A", True, 0), ("B", True, 0), ("C", True, 16 + 8),
    ("A", False, 0), ("B", False, 32 + 16), ("C", False, 48),
])
def test_options_cost_what_the_paper_says(option, same, weights):
    shortcut = make_shortcut(4, 4 if same else 8, 1 if same else 2, option)
    assert sum(p.numel() for p in shortcut.parameters()) == weights
    assert isinstance(shortcut, nn.Identity) == (same and option != "C")


def test_bad_options_are_named():
    with pytest.raises(ValueError, match="'A', 'B' or 'C'"):
        make_shortcut(4, 8, 2, "D")
    with pytest.raises(ValueError, match="cannot drop channels"):
        BasicBlock(8, 4, shortcut="A")
