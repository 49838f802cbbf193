"""Towers: each switch against its formula, and a sequence tower that padding cannot reach."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from course_lib.blocks import PairHead, ResidualTower, SequenceTower, Siamese
from course_lib.blocks.towers import true_lengths

NORMS = ("before", "after", "pre", None)


def norm(x):
    """Batch norm as it starts: mean 0, variance 1 over the batch."""
    return (x - x.mean(0)) / (x.var(0, unbiased=False) + 1e-5).sqrt()


def branch(x, linear, place):
    """The layer as the source writes it: relu(BN(Wx)), BN(relu(Wx)), W relu(BN(x)), relu(Wx)."""
    return {
        "before": lambda: F.relu(norm(linear(x))),
        "after": lambda: norm(F.relu(linear(x))),
        "pre": lambda: linear(F.relu(norm(x))),
        None: lambda: F.relu(linear(x)),
    }[place]()


def linears(net):
    return [m for m in net.modules() if isinstance(m, nn.Linear)]


@pytest.mark.parametrize("place", NORMS)
@pytest.mark.parametrize("skip", [True, False])
@pytest.mark.parametrize("concat", [True, False])
def test_every_switch_is_its_formula(place, skip, concat):
    torch.manual_seed(0)
    net = ResidualTower(5, 6, 3, norm=place, skip=skip, concat=concat).double()
    x = torch.randn(9, 5, dtype=torch.float64)
    first, second, third = linears(net)
    z1 = first(x) if place == "pre" else branch(x, first, place)
    z2 = branch(z1, second, place) + (z1 if skip else 0)
    z3 = branch(z2, third, place) + (z2 if skip else 0)
    want = torch.cat([z1, z2, z3], 1) if concat else z3
    assert torch.allclose(net(x), want) and net(x).shape == (9, net.features)


@pytest.mark.parametrize("depth", [1, 2, 3, 5])
@pytest.mark.parametrize("concat", [True, False])
@pytest.mark.parametrize("out_features", [None, 4])
def test_depth_counts_the_layers_and_features_the_embedding(depth, concat, out_features):
    net = ResidualTower(7, 6, depth, concat=concat, out_features=out_features)
    assert len(linears(net)) == depth + bool(out_features) == len(list(net.children()))
    assert net.features == (out_features or (depth * 6 if concat else 6))
    assert net(torch.randn(3, 7)).shape == (3, net.features)


def test_out_features_map_what_came_before():
    net = ResidualTower(5, 6, 2, concat=True, out_features=3, norm=None)
    plain = ResidualTower(5, 6, 2, concat=True, norm=None)
    plain.load_state_dict({name: t for name, t in net.state_dict().items() if not name.startswith("2.")})
    x = torch.randn(4, 5)
    assert torch.allclose(net(x), net[2](plain(x)))


def test_unit_and_final_relu():
    torch.manual_seed(0)
    x = torch.randn(50, 5)
    options = {"out_features": 8}
    plain = ResidualTower(5, **options)
    other = ResidualTower(5, unit=True, final_relu=True, **options)
    other.load_state_dict(plain.state_dict())
    z = plain(x)
    assert (z < 0).any()
    assert torch.allclose(other(x), F.normalize(F.relu(z), dim=1), atol=1e-6)
    assert torch.allclose(ResidualTower(5, unit=True)(x).norm(dim=1), torch.ones(50))


@pytest.mark.parametrize("place", ["before", None])
def test_an_embedding_of_relus_has_no_negative_cosine(place):
    """The docstring's warning: what the cosine experiment must know."""
    net = ResidualTower(5, norm=place)
    assert net(torch.randn(40, 5)).min() >= 0


def test_dropout_drops_branches_in_training_only():
    torch.manual_seed(0)
    net, x = ResidualTower(5, 64, 2, dropout=0.5, norm=None), torch.randn(20, 5)
    dropped = (net[0](x) == 0).double().mean()
    assert dropped > (net.eval()[0](x) == 0).double().mean() + 0.15
    assert torch.equal(net(x), net(x)) and not torch.equal(net.train()(x), net(x))
    assert any(isinstance(m, nn.Dropout) for m in net.modules())
    assert not any(isinstance(m, nn.Dropout) for m in ResidualTower(5).modules())


def test_images_are_flattened():
    net = ResidualTower(12).eval()
    x = torch.rand(4, 3, 2, 2)
    assert torch.equal(net(x), net(x.flatten(1)))


@pytest.mark.parametrize(("bad", "message"), [
    ({"norm": "behind"}, "^norm must be"), ({"norm": "none"}, "^norm must be"),
    ({"depth": 0}, "^depth must be"), ({"width": 0}, "^width must be"),
    ({"out_features": 0}, "^out_features must be"),
    ({"dropout": 1.0}, "^dropout must lie"), ({"dropout": -0.1}, "^dropout must lie"),
])
def test_bad_settings_are_named(bad, message):
    with pytest.raises(ValueError, match=message):
        ResidualTower(5, **bad)


@pytest.mark.parametrize("place", NORMS)
def test_it_learns_as_a_siamese_tower(place):
    torch.manual_seed(0)
    model = Siamese(ResidualTower(4, 16, 3, norm=place, out_features=8), PairHead(8))
    x, steps = torch.randn(64, 2, 4), torch.optim.Adam(model.parameters(), 0.01)
    x[:32, 1] = x[:32, 0] + 0.1 * x[:32, 1]
    y = (torch.arange(64) < 32).float()
    for _ in range(60):
        loss = F.binary_cross_entropy_with_logits(model(x), y)
        steps.zero_grad()
        loss.backward()
        steps.step()
    assert loss < 0.4


# Sequences


def texts(lengths, time, features=3, seed=0, dtype=torch.float64):
    """Random rows, zero behind each text's length."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.zeros(len(lengths), time, features, dtype=dtype)
    for row, n in zip(x, lengths, strict=True):
        row[:n] = torch.randn(n, features, generator=generator, dtype=dtype)
    return x


def sequence_tower(**options):
    torch.manual_seed(3)
    return SequenceTower(3, 4, 5, **options).double()


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 7), min_size=1, max_size=5), st.integers(0, 9))
def test_padding_changes_nothing(lengths, more):
    net, x = sequence_tower(), texts(lengths, 7)
    alone = torch.cat([net(row[None, :n]) for row, n in zip(x, lengths, strict=True)])
    assert torch.allclose(net(x), alone, atol=1e-12)
    assert torch.allclose(net(F.pad(x, (0, 0, 0, more))), alone, atol=1e-12)


def test_against_the_layers_by_hand():
    """One text at a time: GRU over its rows, every full window of each convolution, relu, max."""
    net, x = sequence_tower(kernels=(1, 3)), texts([6, 3], 6)
    for row, n, z in zip(x, (6, 3), net(x), strict=True):
        h = net.gru(row[None, :n])[0][0]
        want = []
        for conv in net.convs:
            k = conv.kernel_size[0]
            places = [(conv.weight * h[t : t + k].T).sum((1, 2)) + conv.bias for t in range(n - k + 1)]
            want.append(F.relu(torch.stack(places)).amax(0))
        assert torch.allclose(z, torch.cat(want))


def test_both_directions_and_the_order_count():
    net, x = sequence_tower(), texts([5], 5)
    assert not torch.allclose(net(x), net(x.flip(1)))
    changed = x.clone()
    changed[0, -1] += 1
    first, other = net.gru(x)[0][:, 0], net.gru(changed)[0][:, 0]
    assert not torch.allclose(first, other), "the last word reaches the first"


def test_empty_and_short_texts_have_an_embedding_and_a_gradient():
    net, x = sequence_tower(kernels=(4,)), texts([0, 1, 2], 3).requires_grad_()
    z = net(x)
    assert z.shape == (3, 5) and z.isfinite().all()
    assert torch.allclose(z[:1], net(torch.zeros(1, 1, 3, dtype=torch.float64)))
    assert torch.allclose(z[:1], net(torch.zeros(1, 0, 3, dtype=torch.float64)))
    assert not torch.allclose(z[1], z[2])
    z.sum().backward()
    assert x.grad.isfinite().all() and not x.grad[2, 2].any(), "padding gets no gradient"


def test_a_zero_row_inside_a_text_is_a_word():
    net, x = sequence_tower(), texts([5], 5)
    x[0, 2] = 0
    assert not torch.allclose(net(x), net(x[:, [0, 1, 3, 4]]))
    assert true_lengths(F.pad(x, (0, 0, 0, 3))).tolist() == [5]
    assert true_lengths(texts([0, 4], 4)).tolist() == [0, 4]


def test_features_and_bad_settings():
    assert SequenceTower(3, kernels=(2, 5), channels=7).features == 14
    assert Siamese(sequence_tower())(texts([3, 4], 4)[None]).shape == (1,)
    for bad in ({"kernels": ()}, {"kernels": (0, 2)}, {"hidden": 0}, {"channels": 0}):
        with pytest.raises(ValueError, match="must be 1 or more"):
            SequenceTower(3, **bad)
    for shape in ((4, 3), (2, 4, 5), (2, 2, 4, 3)):
        with pytest.raises(ValueError, match=r"^x must be \[batch, time, 3\]"):
            sequence_tower()(torch.zeros(shape))
