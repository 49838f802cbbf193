"""What a defence says of itself, and gradients that go straight through."""

import pytest
import torch
from torch import nn

from course_lib.defences.defence import Defence, StraightThrough, straight_through


def rounded(x):
    return (3 * x).round() / 3


def test_straight_through_answers_exactly_and_lends_a_gradient():
    x = torch.rand(4, 1, 5, 5, dtype=torch.float64, requires_grad=True)
    weights = torch.rand_like(x)
    v = straight_through(rounded, x)
    assert torch.equal(v, rounded(x))
    assert torch.equal(torch.autograd.grad((weights * v).sum(), x)[0], weights)
    squared = straight_through(rounded, x, lambda x: x**2)
    assert torch.equal(squared, rounded(x))
    torch.testing.assert_close(torch.autograd.grad((weights * squared).sum(), x)[0], 2 * x * weights)


def test_the_hidden_part_is_never_differentiated():
    def refusing(x):
        assert not x.requires_grad and not torch.is_grad_enabled()
        return torch.from_numpy(x.numpy().round())

    x = torch.rand(2, 3, requires_grad=True)
    layer = nn.Sequential(StraightThrough(nn.Identity()), nn.Linear(3, 2))
    straight_through(refusing, x).sum().backward()
    assert torch.equal(x.grad, torch.ones_like(x))
    assert len(list(layer.parameters())) == 2


def test_shapes_that_differ_are_refused():
    with pytest.raises(ValueError, match=r"one shape, got \(2, 2\) and \(2, 3\)"):
        straight_through(lambda x: x[:, :2], torch.rand(2, 3))


class Reads:
    """A detector by the mean of the pixels."""

    threshold = 0.5

    def score(self, x):
        return x.flatten(1).mean(1)


def test_a_defence_answers_as_its_model_and_is_climbed_by_its_stand_in():
    model, stand_in = nn.Flatten(), nn.Sequential(nn.Flatten(), nn.Linear(4, 4))
    x = torch.rand(3, 1, 2, 2)
    plain = Defence(model)
    assert torch.equal(plain(x), model(x)) and torch.equal(plain.climbed(x), model(x))
    assert not plain.rejects(x).any()
    assert torch.equal(Defence(model, stand_in=stand_in).climbed(x), stand_in(x))
    watched = Defence(model, detector=Reads())
    assert watched.rejects(torch.tensor([0.4, 0.6]).view(2, 1, 1, 1)).tolist() == [False, True]


@pytest.mark.parametrize(("arguments", "words"), [
    ({"model": lambda x: x}, "model must be an nn.Module, got function"),
    ({"model": nn.Identity(), "stand_in": 3}, "stand_in must be an nn.Module, got int"),
    ({"model": nn.Identity(), "detector": object()}, "detector must have .score"),
])
def test_what_is_no_defence_is_refused(arguments, words):
    with pytest.raises(TypeError, match=words):
        Defence(**arguments)
