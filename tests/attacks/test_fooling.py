"""Fooling images: champions that only improve, exact queries, and both encodings by hand."""

import pytest
import torch
from toy_models import CLASSES, SHAPE, Watched, linear, small_net

from course_lib.attacks.encodings import Patterns, Pixels
from course_lib.attacks.fooling import Champions, fooling_images, odds_of_all


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("encoding", ["direct", "cppn"])
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_the_champions_are_images_of_that_confidence(encoding, dtype):
    model = small_net(1, dtype)
    found = fooling_images(model, SHAPE, encoding=encoding, steps=20, children=15, generator=seeded())
    assert found.images.shape == (CLASSES, *SHAPE) and found.images.dtype == dtype
    assert found.images.min() >= 0 and found.images.max() <= 1
    with torch.no_grad():
        p = model.eval()(found.images).float().softmax(1).diagonal()
    assert torch.allclose(found.confidence.float(), p, atol=0.02 if dtype == torch.bfloat16 else 1e-5)


@pytest.mark.parametrize("encoding", ["direct", "cppn"])
def test_confidence_only_rises_and_beats_luck_at_equal_queries(encoding):
    model = small_net(1)
    found = fooling_images(model, SHAPE, encoding=encoding, steps=60, children=20, generator=seeded())
    assert found.path.shape == (61, CLASSES)
    assert (found.path.diff(dim=0) >= 0).all() and torch.equal(found.path[-1], found.confidence)
    with torch.no_grad():
        luck = model.eval()(torch.rand(found.queries, *SHAPE, generator=seeded(), dtype=torch.float64))
    assert (found.confidence > luck.softmax(1).amax(0)).all()
    assert (found.path[0] < found.path[-1]).all()


def test_direct_pixels_find_the_corner_of_a_linear_model():
    model = linear()
    found = fooling_images(model, SHAPE, steps=1500, children=20, generator=seeded())
    weight = model[1].weight.detach()
    for k in range(CLASSES):
        other = (weight @ found.images[k].flatten() + model[1].bias).detach()
        other[k] = -torch.inf
        slope = weight[k] - (other.softmax(0) @ weight)
        strong = slope.abs() > slope.abs().median()
        assert ((found.images[k].flatten() > 0.5) == (slope > 0))[strong].double().mean() > 0.9


def test_queries_are_counted_exactly_and_bounded_by_chunk():
    model = Watched(small_net())
    found = fooling_images(model, SHAPE, steps=4, children=11, chunk=4, generator=seeded())
    assert sum(model.rows) == found.queries == 11 * 5 and max(model.rows) == 4


def test_the_model_is_left_as_it_was_and_a_generator_decides_everything():
    model = small_net()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    state = torch.get_rng_state()
    first, second = (fooling_images(model, SHAPE, steps=5, children=8, generator=seeded()) for _ in range(2))
    assert torch.equal(first.images, second.images) and torch.equal(torch.get_rng_state(), state)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(m.training for m in model.modules())
    other = fooling_images(model, SHAPE, steps=5, children=8, generator=seeded(1))
    assert not torch.equal(first.images, other.images)


def test_a_child_becomes_the_champion_wherever_it_is_best():
    genomes = torch.tensor([[1.0], [2], [3]])
    first = Champions.none(genomes, torch.zeros(3, 3)).after(
        genomes, torch.tensor([[0.0, -torch.inf, 5], [1, -torch.inf, 4], [-1, -torch.inf, 3]]))
    assert first.genomes[:, 0].tolist() == [2, 1, 1] and first.odds.tolist() == [1, -torch.inf, 5]
    then = first.after(genomes + 10, torch.tensor([[0.5, 1, 6], [0, 0, 0], [0, 0, 7]]))
    assert then.genomes[:, 0].tolist() == [2, 11, 13] and then.odds.tolist() == [1, 1, 7]


def test_odds_are_those_of_the_softmax_and_worst_where_they_are_not_finite():
    logits = torch.randn(6, 4, dtype=torch.float64)
    assert torch.allclose(odds_of_all(logits), logits.softmax(1).logit())
    assert odds_of_all(torch.tensor([[torch.nan, 1.0]])).tolist() == [[-torch.inf] * 2]


def test_direct_genes_are_pixels_of_which_a_tenth_moves_a_little():
    pixels = Pixels((2, 30, 40))
    genomes = pixels.draw(20, torch.zeros(1), seeded())
    assert genomes.min() >= 0 and genomes.max() <= 1 and abs(genomes.mean() - 0.5) < 0.01
    assert torch.equal(pixels.paint(genomes)[3].flatten(), genomes[3])
    children = pixels.mutate(genomes, seeded(1))
    moved = children != genomes
    assert 0.095 < moved.double().mean() < 0.105
    step = (children - genomes)[moved]
    assert abs(step.mean()) < 0.002 and 0.02 < step.abs().median() < 0.06
    assert children.min() >= 0 and children.max() <= 1


def test_a_pattern_by_hand():
    patterns = Patterns((1, 3, 5), width=1)
    # weights: column 2, row 0, distance 0, constant 1 | 3 | 1; functions: a line, then a sine
    genome = torch.tensor([[2.0, 0, 0, 1, 3, 1, 0.99, 0.0]])
    row = torch.sigmoid(torch.sin(3 * (2 * torch.linspace(-1, 1, 5) + 1)))
    assert torch.allclose(patterns.paint(genome), row.expand(1, 1, 3, 5), atol=1e-6)
    for gene, function in ((0.0, torch.sin), (0.25, torch.sigmoid), (0.5, lambda v: torch.exp(-v * v))):
        genome[0, 6:] = torch.tensor([gene, 0.99])
        row = torch.sigmoid(3 * function(2 * torch.linspace(-1, 1, 5) + 1))
        assert torch.allclose(patterns.paint(genome), row.expand(1, 1, 3, 5), atol=1e-6)


def test_patterns_that_know_only_the_distance_are_symmetric():
    patterns = Patterns((3, 7, 7))
    genomes = patterns.draw(4, torch.zeros(1), seeded())
    genomes[:, : 4 * 8].view(4, 8, 4)[:, :, :2] = 0
    painted = patterns.paint(genomes)
    assert painted.shape == (4, 3, 7, 7) and painted.std() > 0.05
    for same in (painted.flip(2), painted.flip(3), painted.transpose(2, 3)):
        assert torch.allclose(painted, same, atol=1e-5)


def test_a_tenth_of_a_patterns_genes_moves():
    patterns = Patterns((1, 8, 8), width=20)
    genomes = patterns.draw(50, torch.zeros(1), seeded())
    moved = patterns.mutate(genomes, seeded(1)) != genomes
    assert 0.09 < moved.double().mean() < 0.11 and moved[:, -40:].any() and moved[:, :80].any()


def test_an_encoding_of_your_own():
    class Grey(Pixels):
        def paint(self, genomes):
            return genomes.mean(1).view(-1, 1, 1, 1).expand(-1, *self.shape)

    found = fooling_images(linear(), SHAPE, encoding=Grey(SHAPE), steps=2, children=5, generator=seeded())
    assert (found.images.flatten(1).std(1) < 1e-6).all()


@pytest.mark.parametrize("more, message", [
    ({"shape": (6, 6)}, "shape must"), ({"shape": (1, 0, 6)}, "shape must"),
    ({"encoding": "neat"}, "encoding must"), ({"steps": 0}, "steps must"),
    ({"children": 0}, "children must"),
    ({"chunk": 0}, "chunk must"), ({"generator": 3}, "generator must"),
])
def test_wrong_arguments_are_named(more, message):
    with pytest.raises((ValueError, TypeError), match=message):
        fooling_images(linear(), **{"shape": SHAPE, **more})
