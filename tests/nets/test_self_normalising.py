"""The nets with a switch: moments at the start, what stands where, and refusals."""

import pytest
import torch
from torch import nn

from course_lib.blocks.selu import SELU, AlphaDropout
from course_lib.measure.moments import layer_moments
from course_lib.nets import CifarNet
from course_lib.nets.self_normalising import CNN, MLP, Layers, drop_before_norm, start_weights


def kinds(net):
    return [type(m) for m in net.hidden]


def test_layers_stand_in_their_order():
    net = MLP(12, 2, 5, Layers("relu", norm=True, dropout="ordinary", p=0.3))
    assert kinds(net) == [nn.Linear, nn.BatchNorm1d, nn.ReLU, nn.Dropout] * 2
    assert kinds(CNN(3, 1, 4, Layers(dropout="alpha"))) == [nn.Conv2d, SELU, AlphaDropout] * 3
    assert net.hidden[3].p == 0.3 and net.hidden[0].bias is None
    assert net(torch.rand(4, 3, 2, 2)).shape == (4, 10)
    assert CNN(3, 2, 4)(torch.rand(4, 3, 9, 9)).shape == (4, 10)


@pytest.mark.parametrize("scale", [1.0, 2.0])
def test_moments_stay_at_the_fixed_point_also_with_alpha_dropout(scale):
    torch.manual_seed(0)
    net = MLP(256, 24, 256, Layers(dropout="alpha", p=0.1, scale=scale)).hidden
    found = layer_moments(net, scale * torch.randn(256, 256), (AlphaDropout,))
    assert len(found) == 24
    assert abs(found[-1][0]) < 0.1 * scale and found[-1][1] == pytest.approx(scale**2, rel=0.15)


def test_the_scaled_net_answers_the_same():
    answers = []
    for scale in (1.0, 0.5, 3.0):
        torch.manual_seed(0)
        answers.append(MLP(20, 4, 16, Layers(scale=scale)).double()(
            scale * torch.linspace(-1, 1, 60, dtype=torch.float64).view(3, 20)))
    assert torch.allclose(answers[0], answers[1]) and torch.allclose(answers[0], answers[2])


@pytest.mark.parametrize(("start", "variance"), [
    ("lecun", 1 / 400), ("he", 2 / 400), ("all weights", 1 / 120_000), ("torch selu", 9 / 16 / 400),
    ("torch default", 1 / 1200),
])  # fmt: skip
def test_starts_have_their_variance(start, variance):
    layer = start_weights(nn.Linear(400, 300), start)
    assert float(layer.weight.detach().var()) == pytest.approx(variance, rel=0.03)
    assert bool(layer.bias.any()) == (start == "torch default")


def test_wrong_words_are_refused():
    for wrong in ({"activation": "tanh"}, {"dropout": "x"}, {"start": "x"},
                  {"activation": "relu", "dropout": "alpha"}):
        with pytest.raises(ValueError, match=r"must be one of|belong to"):
            Layers(**wrong)
    with pytest.raises(ValueError, match="depth"):
        MLP(3, 0, 4)


def test_dropout_is_put_in_front_of_every_norm():
    net = CifarNet(8, width=4, in_channels=1)
    norms = sum(isinstance(m, nn.BatchNorm2d) for m in net.modules())
    assert drop_before_norm(net, 0.0) is net and not any(isinstance(m, nn.Dropout) for m in net.modules())
    drop_before_norm(net, 0.5)
    assert sum(isinstance(m, nn.Dropout) for m in net.modules()) == norms
    assert net(torch.rand(2, 1, 8, 8)).shape == (2, 10)
