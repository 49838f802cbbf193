"""Siamese nets: what is shared, what is not, distances at their awkward places, and heads that do not care
which item came first."""

import copy

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import load, save
from torch import nn

from course_lib.blocks import (
    BasicBlock,
    PairHead,
    ResidualTower,
    Siamese,
    cosine,
    euclidean,
    squared_euclidean,
)


def tower():
    """Three children, one without weights."""
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))


def storage(module):
    return {p.data_ptr() for p in module.parameters()}


def pairs(n=6, seed=0, dtype=torch.float32):
    return torch.randn(n, 2, 4, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def test_shared_towers_share_storage_and_train_through_both_sides():
    model = Siamese(tower())
    assert storage(model.left) == storage(model.right)
    assert len(list(model.parameters())) == 4
    a, b = pairs()[:, 0].requires_grad_(), pairs()[:, 1].requires_grad_()
    u, v = model.embed(a, b)
    assert torch.allclose(u, model.left(a)) and torch.allclose(v, model.left(b))
    left = torch.autograd.grad(u.sum(), model.left[0].weight, retain_graph=True)[0]
    right = torch.autograd.grad(v.sum(), model.left[0].weight, retain_graph=True)[0]
    both = torch.autograd.grad(u.sum() + v.sum(), model.left[0].weight)[0]
    assert left.any() and right.any() and torch.allclose(both, left + right, atol=1e-6)


def test_separate_towers_share_nothing_and_are_drawn_differently():
    model = Siamese(tower(), shared="none")
    assert not storage(model.left) & storage(model.right)
    for p, q in zip(model.left.parameters(), model.right.parameters(), strict=True):
        assert p.shape == q.shape and not (p == q).any()
    model(pairs()).sum().backward()
    assert all(p.grad is not None for p in model.parameters())


def test_the_second_draw_follows_the_towers_own_initialisation_and_torchs_generator():
    first = nn.Linear(50, 50)
    nn.init.normal_(first.weight, 3.0, 0.01)
    nn.init.zeros_(first.bias)
    first = nn.Sequential(first, nn.BatchNorm1d(50))
    torch.manual_seed(5)
    second = Siamese(first, shared="none").right
    assert not torch.equal(second[0].weight, first[0].weight) and not second[0].bias.any()
    assert second[0].weight.mean().item() == pytest.approx(3, abs=1e-3)
    assert second[0].weight.std().item() == pytest.approx(0.01, abs=1e-3)
    assert (second[1].weight == 1).all()
    torch.manual_seed(5)
    assert torch.equal(Siamese(first, shared="none").right[0].weight, second[0].weight)


@pytest.mark.parametrize("shared", [0, 1, 2, 3])
def test_the_last_children_are_shared(shared):
    torch.manual_seed(0)
    first = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4), nn.Linear(4, 4))
    before = copy.deepcopy(first.state_dict())
    model = Siamese(first, shared=shared)
    for k, (left, right) in enumerate(zip(model.left, model.right, strict=True)):
        assert (left is right) == (k >= 3 - shared)
        assert bool(storage(left) & storage(right)) == (k >= 3 - shared)
    assert all(torch.equal(value, before[name]) for name, value in first.state_dict().items())
    x = pairs()
    assert torch.allclose(model(x), euclidean(model.left(x[:, 0]), model.right(x[:, 1])))


def test_a_tower_with_a_forward_of_its_own_is_split_too():
    model = Siamese(ResidualTower(4, 5, 3, concat=True), shared=2)
    assert model.left[2] is model.right[2] and model.left[0] is not model.right[0]
    assert model.embed(pairs()[:, 0], pairs()[:, 1])[1].shape == (6, 15)


@pytest.mark.parametrize("shared", ["some", 4, -1, True, None, 1.0])
def test_a_wrong_number_of_shared_children_is_named(shared):
    with pytest.raises(ValueError, match=r'^shared must be "all", "none".* from 0 to 3'):
        Siamese(tower(), shared=shared)


def test_batch_norm_sees_both_sides_of_a_shared_tower_at_once():
    model = Siamese(nn.BatchNorm1d(4))
    x = pairs() + torch.tensor([0.0, 10.0])[None, :, None]
    u, v = model.embed(x[:, 0], x[:, 1])
    assert (v - u > 1.5).all(), "each side by itself would lose the difference"
    assert model.left.num_batches_tracked == 1
    u, v = Siamese(nn.BatchNorm1d(4), shared="none").embed(x[:, 0], x[:, 1])
    assert torch.allclose(u.mean(0), v.mean(0), atol=1e-5)


@pytest.mark.parametrize("head", [None, cosine, squared_euclidean, "learned"])
@pytest.mark.parametrize("shape", [(2, 4), (2, 1, 2, 2)])
def test_swapping_the_items_changes_nothing(head, shape):
    torch.manual_seed(1)
    net = nn.Sequential(nn.Flatten(), tower())
    model = Siamese(net, PairHead(3) if head == "learned" else head)
    x = torch.randn(7, *shape)
    assert model(x).shape == (7,) and model(x).std() > 0
    assert torch.allclose(model(x), model(x.flip(1)), atol=1e-6)


def test_a_learned_head_is_its_formula():
    head = PairHead(3)
    u, v = torch.randn(2, 5, 3)
    w, b = head.linear.weight[0], head.linear.bias
    assert torch.allclose(head(u, v), (u - v).abs() @ w[:3] + (u * v) @ w[3:] + b, atol=1e-6)


@pytest.mark.parametrize("shape", [(5, 4), (5, 3, 4), (5, 1, 4), (5,)])
def test_an_x_that_is_no_pair_is_named(shape):
    with pytest.raises(ValueError, match=r"^x must hold two items a row"):
        Siamese(tower())(torch.zeros(shape))


def test_numbers_stay_as_given_and_half_precision_is_widened():
    model = Siamese(tower().double())
    assert model(pairs(dtype=torch.float64)).dtype == torch.float64
    for shared in ("all", "none"):
        with torch.autocast("cpu", torch.bfloat16):
            u, v = Siamese(tower(), shared=shared).embed(pairs()[:, 0], pairs()[:, 1])
            assert u.dtype == v.dtype == torch.float32
    assert euclidean(u.half(), v.half()).dtype == cosine(u.half(), v.bfloat16()).dtype == torch.float32


@pytest.mark.parametrize("shared", ["all", "none", 1, 3])
def test_a_state_dict_holds_shared_weights_once_and_comes_back(shared):
    def new():
        net = nn.Sequential(*tower(), nn.BatchNorm1d(3))
        return nn.ModuleDict({"inner": Siamese(net, PairHead(3), shared=shared)})

    model, other = new(), new()
    model["inner"](pairs())
    stored = model.state_dict()
    assert len({t.data_ptr() for t in stored.values()}) == len(stored)
    other.load_state_dict(load(save(stored)))
    assert torch.equal(other.eval()["inner"](pairs()), model.eval()["inner"](pairs()))
    assert (other["inner"].left[-1] is other["inner"].right[-1]) == (shared != "none")
    with pytest.raises(RuntimeError, match="Missing key"):
        other.load_state_dict({name: t for name, t in stored.items() if "left" not in name})


def test_a_copy_of_the_model_still_shares_its_own_towers():
    model = copy.deepcopy(Siamese(tower(), shared=1))
    assert model.left[2] is model.right[2] and model.left[0] is not model.right[0]
    assert len(model.state_dict()) == 6


def test_residual_nets_serve_as_towers():
    net = nn.Sequential(BasicBlock(1, 2, norm=False), nn.Flatten())
    assert Siamese(net)(torch.rand(3, 2, 1, 6, 6)).shape == (3,)


vectors = st.lists(st.floats(-50, 50, width=32), min_size=6, max_size=6)


@given(vectors, vectors)
def test_distances_against_torch(a, b):
    u, v = torch.tensor(a, dtype=torch.float64).view(2, 3), torch.tensor(b, dtype=torch.float64).view(2, 3)
    assert torch.allclose(euclidean(u, v), (u - v).norm(dim=1), rtol=0, atol=1.001e-6)
    assert torch.allclose(squared_euclidean(u, v), (u - v).pow(2).sum(1))
    c = cosine(u, v)
    assert c.abs().max() <= 1
    long = (u.norm(dim=1) > 1e-6) & (v.norm(dim=1) > 1e-6)
    assert torch.allclose(c[long], F.cosine_similarity(u, v)[long])


@settings(max_examples=25)
@given(st.sampled_from([torch.float16, torch.bfloat16, torch.float32, torch.float64]),
       st.sampled_from([0.0, 1e-30, 1e-6, 1.0, 100.0]))
def test_the_gradient_at_equal_vectors_is_zero(dtype, size):
    u = torch.full((3, 5), size, dtype=dtype, requires_grad=True)
    euclidean(u, u.detach().clone()).sum().backward()
    assert (u.grad == 0).all()


def test_the_slope_is_one_where_the_vectors_differ():
    u = torch.tensor([[3.0, 4.0], [1e-3, 0.0]], requires_grad=True)
    euclidean(u, torch.zeros(2, 2)).sum().backward()
    assert torch.allclose(u.grad, torch.tensor([[0.6, 0.8], [1.0, 0.0]]), atol=1e-5)


def test_cosine_is_safe_at_zero_vectors_and_blind_to_length():
    u = torch.tensor([[0.0, 0.0], [3.0, 4.0], [1e-8, 0.0]], requires_grad=True)
    v = torch.tensor([[1.0, 2.0], [0.0, 0.0], [5.0, 0.0]], requires_grad=True)
    c = cosine(u, v)
    assert torch.allclose(c, torch.tensor([0.0, 0.0, 1.0]))
    c.sum().backward()
    assert u.grad.isfinite().all() and v.grad.isfinite().all()
    assert u.grad[0].abs().max() <= 1, "a zero vector must not blow the step up"
    assert torch.allclose(cosine(7 * u[1:2], v[:1]), cosine(u[1:2], v[:1] / 9))


def test_on_unit_vectors_squared_distance_is_two_minus_two_cosines():
    u, v = F.normalize(torch.randn(2, 9, 5, dtype=torch.float64), dim=-1)
    assert torch.allclose(squared_euclidean(u, v), 2 - 2 * cosine(u, v))
