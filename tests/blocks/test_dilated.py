"""Dilated layers against torch's, against zero-stuffed kernels, and against a changed future."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from course_lib.blocks.dilated import (
    CausalConv1d,
    CausalStack,
    ContextModule,
    GatedBlock,
    RandomTemporalDilation,
    dilated_conv,
    same_padding,
    span,
    zero_stuffed,
)

CONV = {1: F.conv1d, 2: F.conv2d}


@given(st.integers(1, 2), st.integers(1, 4), st.integers(1, 5), st.integers(0, 6), st.integers(0, 9))
def test_the_formula_is_torchs_convolution_values_and_gradients(axes, kernel, dilation, padding, seed):
    torch.manual_seed(seed)
    size = [max(1, span(kernel, dilation) - 2 * padding) + k for k in range(axes)]
    x = torch.randn(2, 3, *size, dtype=torch.float64, requires_grad=True)
    w = torch.randn(4, 3, *[kernel] * axes, dtype=torch.float64, requires_grad=True)
    ours, theirs = dilated_conv(x, w, dilation, padding), CONV[axes](x, w, dilation=dilation, padding=padding)
    assert torch.allclose(ours, theirs, atol=1e-12)
    weights = torch.randn_like(theirs)
    for a, b in zip(
        torch.autograd.grad((ours * weights).sum(), (x, w)),
        torch.autograd.grad((theirs * weights).sum(), (x, w)),
        strict=True,
    ):
        assert torch.allclose(a, b, atol=1e-11)


@pytest.mark.parametrize("axes", [1, 2])
@pytest.mark.parametrize("dilation", [1, 2, 5])
def test_zero_stuffed_kernel_is_the_same_convolution(axes, dilation):
    x = torch.randn(2, 3, *[20] * axes, dtype=torch.float64)
    w = torch.randn(4, 3, *[3] * axes, dtype=torch.float64)
    dense = zero_stuffed(w, dilation)
    assert dense.shape[2:] == (2 * dilation + 1,) * axes and dense.count_nonzero() == w.count_nonzero()
    assert torch.allclose(CONV[axes](x, dense), CONV[axes](x, w, dilation=dilation), atol=1e-12)


@pytest.mark.parametrize("dilation", [2, 3])
def test_a_dilated_convolution_is_an_ordinary_one_on_each_sub_grid(dilation):
    x, w = torch.randn(1, 2, 24, 24, dtype=torch.float64), torch.randn(3, 2, 3, 3, dtype=torch.float64)
    whole = F.conv2d(x, w, dilation=dilation)
    for i in range(dilation):
        for j in range(dilation):
            part = F.conv2d(x[:, :, i::dilation, j::dilation], w)
            assert torch.allclose(whole[:, :, i::dilation, j::dilation], part, atol=1e-12)


def test_a_kernel_that_does_not_fit_is_named():
    with pytest.raises(ValueError, match="dilation 4 the kernel spans 9, more"):
        dilated_conv(torch.zeros(1, 1, 8), torch.zeros(1, 1, 3), 4)
    with pytest.raises(ValueError, match="odd"):
        same_padding(4, 1)


def test_context_module_starts_as_the_identity_and_keeps_shape_and_weights():
    module = ContextModule(5, (1, 1, 2, 4, 8, 1))
    x = torch.rand(2, 5, 32, 32)
    assert torch.equal(module(x), x)
    assert torch.equal(module(-x), torch.zeros_like(x))
    assert sum(p.numel() for p in module.parameters()) == 6 * (9 * 25 + 5) + 25 + 5
    torch.manual_seed(0)
    assert not torch.allclose(ContextModule(5, identity=False)(x), x)


@pytest.mark.parametrize(
    "make",
    [
        lambda: CausalConv1d(2, 3, 3, 4),
        lambda: CausalStack(2, 3, (1, 2, 4, 8)),
        lambda: CausalStack(2, 3, (3, 1), kernel=3),
    ],
)
def test_the_future_changes_nothing_before_it_and_the_present_counts(make):
    torch.manual_seed(1)
    model, x = make().double(), torch.randn(2, 2, 40, dtype=torch.float64)
    before = model(x)
    assert before.shape == (2, 3, 40)
    for t in (0, 7, 39):
        changed = x.clone()
        changed[:, :, t:] += torch.randn_like(changed[:, :, t:])
        after = model(changed)
        assert torch.equal(after[:, :, :t], before[:, :, :t])
        assert not torch.allclose(after[:, :, t], before[:, :, t])


def test_a_causal_convolution_is_the_formula():
    conv = CausalConv1d(1, 1, 3, 2).double()
    x = torch.randn(1, 1, 9, dtype=torch.float64)
    padded = F.pad(x, (4, 0))
    want = sum(conv.weight[0, 0, m] * padded[0, 0, 2 * m : 2 * m + 9] for m in range(3)) + conv.bias
    assert torch.allclose(conv(x)[0, 0], want, atol=1e-12)


def test_a_gated_block_is_its_formula():
    block, x = GatedBlock(4, 6, dilation=2).double(), torch.randn(2, 4, 11, dtype=torch.float64)
    z = torch.tanh(block.filter(x)) * torch.sigmoid(block.gate(x))
    out, skip = block(x)
    assert torch.allclose(out, x + block.residual(z)) and torch.allclose(skip, block.skip(z))


# Random temporal dilation

SHAPES = {0: (2, 3, 7), 2: (2, 3, 7, 4, 5)}


@pytest.mark.parametrize("spatial", [0, 2])
def test_evaluation_is_the_mean_over_the_set_of_torchs_layers(spatial):
    layer, x = (
        RandomTemporalDilation(3, 4, dilations=(1, 2, 3), spatial=spatial).eval(),
        torch.randn(SHAPES[spatial]),
    )
    conv = (nn.Conv1d, None, nn.Conv3d)[spatial]
    outputs = []
    for d in (1, 2, 3):
        twin = conv(3, 4, (3, *[1] * spatial), padding=(d, *[0] * spatial), dilation=(d, *[1] * spatial))
        twin.load_state_dict(layer.conv.state_dict())
        outputs.append(twin(x))
    assert torch.allclose(layer(x), sum(outputs) / 3, atol=1e-6)
    assert layer(x).shape[2:] == x.shape[2:]


def test_training_draws_each_dilation_and_the_gradient_reaches_the_one_weight():
    layer, x = (
        RandomTemporalDilation(3, 4, generator=torch.Generator().manual_seed(0)).train(),
        torch.randn(2, 3, 9),
    )
    single = {d: layer.at(x, d) for d in (1, 2)}
    drawn = []
    for _ in range(40):
        y = layer(x)
        drawn.append(next(d for d, want in single.items() if torch.equal(y, want)))
        (grad,) = torch.autograd.grad(y.square().sum(), layer.conv.weight)
        assert all(grad[..., tap].any() for tap in range(3))
    assert 8 <= drawn.count(1) <= 32
    assert len(list(layer.parameters())) == 2


def test_draws_are_reproducible_under_a_generator_and_leave_the_global_one_alone():
    x = torch.arange(9.0).square().view(1, 1, 9)

    def draws(seed):
        layer = RandomTemporalDilation(1, 1, generator=torch.Generator().manual_seed(seed)).train()
        nn.init.ones_(layer.conv.weight)
        nn.init.zeros_(layer.conv.bias)
        state = torch.get_rng_state()
        drawn = [float(layer(x)[0, 0, 4].detach()) for _ in range(20)]
        assert torch.equal(state, torch.get_rng_state())
        return drawn

    assert draws(5) == draws(5) and draws(5) != draws(6)
    assert set(draws(5)) == {9.0 + 16 + 25, 4.0 + 16 + 36}


@pytest.mark.parametrize("frames", [1, 2, 3, 16])
def test_any_number_of_frames(frames):
    layer = RandomTemporalDilation(3, 4, dilations=(1, 2, 4), spatial=2)
    for mode in (True, False):
        assert layer.train(mode)(torch.randn(2, 3, frames, 2, 2)).shape == (2, 4, frames, 2, 2)


def test_a_set_without_dilations_is_refused():
    with pytest.raises(ValueError, match="dilations"):
        RandomTemporalDilation(1, 1, dilations=())
    with pytest.raises(ValueError, match="odd"):
        RandomTemporalDilation(1, 1, kernel=2)
