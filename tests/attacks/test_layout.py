"""Channels-last images for convolutions on a CPU: the same answers, also from models that call `.view`."""

import pytest
import torch
from torch import nn
from toy_models import Watched, images_for, small_net

from course_lib.attacks import pgd
from course_lib.attacks.layout import in_quick_layout, pixels_together


@pytest.mark.parametrize("channels", [1, 3])
def test_the_picture_stays_and_gradients_go_through(channels):
    x = torch.rand(4, channels, 5, 6, requires_grad=True)
    turned = pixels_together(x)
    assert torch.equal(turned, x) and turned.stride() == (30 * channels, 1, 6 * channels, channels)
    weight = torch.rand_like(x)
    assert torch.equal(torch.autograd.grad((weight * turned).sum(), x)[0], weight)


class Viewing(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.last = nn.Conv2d(1, 4, 3, padding=1), nn.Linear(144, 5)

    def forward(self, x):
        z = self.conv(x).relu()
        return self.last(z.view(len(z), -1))


def test_a_model_that_calls_view_is_asked_in_the_usual_order():
    model = Viewing()
    net, x = in_quick_layout(model), torch.rand(3, 1, 6, 6)
    with pytest.raises(RuntimeError, match="view"):
        model(pixels_together(x))
    assert torch.equal(net(x), model(x)) and torch.equal(net(x), model(x))
    y = model(x).argmax(1)
    assert (pgd(model, x, y, eps=0.5) != x).any()


def test_answers_agree_and_other_errors_come_through():
    model = small_net().eval()
    x, _ = images_for(model)
    assert torch.allclose(in_quick_layout(model)(x), model(x), atol=1e-12)
    flat = nn.Sequential(nn.Linear(36, 5)).double()
    assert torch.equal(in_quick_layout(flat)(x.flatten(1)), flat(x.flatten(1)))
    stopped = Watched(small_net().eval(), 1, RuntimeError("something else")).eval()
    with pytest.raises(RuntimeError, match="something else"):
        in_quick_layout(stopped)(x)
    assert len(stopped.rows) == 1
