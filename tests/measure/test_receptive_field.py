"""Receptive fields: formula against gradients, holes against sets, energy against closed forms."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from course_lib.blocks.dilated import CausalStack, ContextModule
from course_lib.measure.receptive_field import (
    Layer,
    coverage,
    effective_field,
    effective_side,
    footprint,
    largest_gap,
    receptive_field,
)

STACKS = st.lists(st.tuples(st.integers(1, 4), st.integers(1, 3), st.integers(1, 4)), min_size=1, max_size=4)


@settings(max_examples=200, deadline=None)
@given(STACKS)
def test_the_formula_is_the_gradient_footprint(stack):
    layers = [Layer(*layer) for layer in stack]
    field = receptive_field(layers)
    net = nn.Sequential()
    for k, s, d in layers:
        net.extend([nn.Conv1d(1, 1, k, s, dilation=d), nn.ReLU()])
    seen = footprint(net, (1, field), at=[0]).nonzero().flatten()
    assert int(seen[-1] - seen[0]) + 1 == field  # no padding: the first output sees from pixel 0 on


@pytest.mark.parametrize("rates, field", [((1, 2, 4, 8, 16), 63), ((2,) * 5, 21), ((1,) * 5, 11)])
def test_five_layers_of_the_syllabus(rates, field):
    assert receptive_field([(3, 1, d) for d in rates]) == field == len(coverage(3, rates))


def test_context_modules_see_what_the_paper_says():
    paper, small = ContextModule(1).rates, (1, 1, 2, 4, 8, 1)
    assert receptive_field([(3, 1, d) for d in paper] + [(1,)]) == 67
    assert receptive_field([(3, 1, d) for d in small] + [(1,)]) == 35
    seen = footprint(ContextModule(2, small), (2, 41, 41))
    assert int(seen.sum()) == 35 * 35 and not bool(seen[2, 20]) and bool(seen[3, 20])


def test_a_causal_stack_sees_the_past_alone():
    seen = footprint(CausalStack(1, 1, (1, 2, 4, 8)), (1, 40), at=[30]).nonzero().flatten().tolist()
    assert seen == list(range(30 - 1 - 15, 31))


@pytest.mark.parametrize(
    "rates, seen, field",
    [
        ((2, 2, 2), 7, 13),
        ((1, 2, 3), 13, 13),
        ((1, 2, 5), 17, 17),
        ((1, 2, 9), 21, 25),
    ],
)
def test_cells_seen_of_the_syllabus(rates, seen, field):
    paths = coverage(3, rates)
    assert (np.count_nonzero(paths), len(paths)) == (seen, field)
    assert (largest_gap(3, rates) == 0) == (seen == field)


@given(st.integers(2, 4), st.lists(st.integers(1, 5), min_size=1, max_size=4))
def test_coverage_counts_paths(kernel, rates):
    ends = [sum(taps) for taps in itertools.product(*[[d * m for m in range(kernel)] for d in rates])]
    assert coverage(kernel, rates).tolist() == [ends.count(i) for i in range(max(ends) + 1)]
    holes = [i not in ends for i in range(max(ends) + 1)]
    runs = [len(list(g)) for hole, g in itertools.groupby(holes) if hole]
    assert largest_gap(kernel, rates) == max(runs, default=0)


def test_coverage_is_the_footprint_holes_included():
    net = nn.Sequential(*[nn.Conv1d(1, 1, 3, dilation=2, padding=2) for _ in range(3)])
    assert footprint(net, (1, 31)).nonzero().flatten().tolist() == [9, 11, 13, 15, 17, 19, 21]


def test_the_footprint_leaves_the_model_alone_and_a_dead_relu_does_not_hide():
    net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.ReLU(), nn.Conv2d(3, 1, 3)).train()
    nn.init.constant_(net[0].bias, -100)
    before = {k: v.clone() for k, v in net.state_dict().items()}
    assert int(footprint(net, (2, 9, 9)).sum()) == 25
    assert net.training and all(torch.equal(v, before[k]) for k, v in net.state_dict().items())
    assert all(p.grad is None for p in net.parameters())


def test_effective_field_of_a_linear_stack_is_its_squared_kernel():
    net = nn.Sequential(
        nn.Conv1d(1, 1, 3, padding=1, bias=False), nn.Conv1d(1, 1, 3, padding=1, bias=False)
    ).double()
    for layer in net:
        layer.weight.data.copy_(torch.tensor([1.0, 2.0, 1.0]))
    energy = effective_field(net, torch.randn(4, 1, 11, dtype=torch.float64))
    want = torch.tensor([1.0, 4, 6, 4, 1]) ** 2
    assert torch.allclose(energy[3:8], (want / want.sum()).double()) and energy.sum() == pytest.approx(1)
    assert (
        effective_side(energy) == 3
        and effective_side(energy, 0.999) == 5
        and effective_side(energy, 0.2) == 1
    )


def test_a_silent_net_and_a_wrong_share_are_told():
    net = nn.Sequential(nn.Conv1d(1, 1, 3), nn.ReLU())
    nn.init.constant_(net[0].bias, -1e9)
    with pytest.raises(ValueError, match="silent"):
        effective_field(net, torch.randn(2, 1, 9))
    with pytest.raises(ValueError, match="share"):
        effective_side(torch.ones(3), 1.5)
    with pytest.raises(ValueError, match="1 or more"):
        receptive_field([(3, 0, 1)])
