"""Integrated gradients: closed forms, completeness, and a model that is left as it was."""

import pytest
import torch
from torch import nn

from course_lib.attributions import integrated_gradients

SHAPE = (2, 6, 6)


def smooth_net(seed=0):
    """Batch norm and dropout included, all in train mode; smooth, so that the sum converges quickly."""
    torch.manual_seed(seed)
    norm = nn.BatchNorm2d(4)
    nn.init.normal_(norm.running_mean, std=0.3)
    return nn.Sequential(nn.Conv2d(2, 4, 3, padding=1), norm, nn.Tanh(), nn.Dropout(0.5), nn.Flatten(),
                         nn.Linear(144, 5)).double()


def images(n=7, seed=0):
    return torch.rand(n, *SHAPE, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def test_on_a_linear_model_it_is_weight_times_way_exactly():
    model = nn.Sequential(nn.Flatten(), nn.Linear(72, 5)).double()
    x, target = images(), torch.tensor([0, 1, 2, 3, 4, 0, 1])
    maps = integrated_gradients(model, x, target, baseline=0.25, steps=1)
    want = model[1].weight.detach()[target].view(-1, *SHAPE) * (x - 0.25)
    assert torch.allclose(maps, want.sum(1), atol=1e-12)
    assert maps.shape == (7, 6, 6)


@pytest.mark.parametrize("baseline", [None, 0.5, "image", "images"])
def test_complete_within_one_per_cent_on_a_smooth_net(baseline):
    model, x, target = smooth_net(), images(), torch.arange(7) % 5
    start = {"image": images(1, seed=1)[0], "images": images(seed=1)}.get(baseline, baseline)
    maps = integrated_gradients(model, x, target, baseline=start)
    begin = torch.zeros_like(x) + (0 if start is None else start)
    logits = model.eval()
    change = (logits(x) - logits(begin)).gather(1, target[:, None])[:, 0]
    assert torch.allclose(maps.sum((1, 2)), change, rtol=0.01, atol=1e-4)
    coarse = integrated_gradients(model, x, target, baseline=start, steps=2).sum((1, 2))
    assert (coarse - change).abs().max() > (maps.sum((1, 2)) - change).abs().max()


def test_a_quadratic_by_hand():
    class Squares(nn.Module):
        def forward(self, x):
            return torch.stack([x.square().sum(1), x[:, 0] * x[:, 1]], 1)

    x = torch.tensor([[1.0, 2.0], [3.0, -1.0]])
    assert torch.allclose(integrated_gradients(Squares(), x, 0), x.square())
    half = (x[:, 0] * x[:, 1] / 2)[:, None].expand(-1, 2)  # both share the product evenly
    assert torch.allclose(integrated_gradients(Squares(), x, 1), half)


def test_no_image_depends_on_another_and_nothing_of_the_model_changes():
    model, x, target = smooth_net(), images(), torch.arange(7) % 5
    before = {name: value.clone() for name, value in model.state_dict().items()}
    maps = integrated_gradients(model, x, target)
    assert torch.allclose(maps[2:3], integrated_gradients(model, x[2:3], target[2:3]), atol=1e-12)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
    assert all(module.training for module in model.modules())
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    assert not maps.requires_grad
    with torch.no_grad():
        assert torch.equal(integrated_gradients(model, x, target), maps)
    with torch.inference_mode():
        assert torch.equal(integrated_gradients(model, x.clone(), target), maps)


def test_differentiable_where_asked_for():
    model, x, target = smooth_net(), images(2), torch.tensor([1, 3])
    assert torch.autograd.gradcheck(
        lambda v: integrated_gradients(model, v, target, steps=3, create_graph=True).square().sum(0),
        x.requires_grad_(),
    )
    assert not integrated_gradients(model, x, target).requires_grad


class Detached(nn.Module):
    def forward(self, x):
        return x.detach().flatten(1)


@pytest.mark.parametrize("change, error, says", [
    ({"x": images()[0, 0, 0]}, ValueError, "x must be a batch"),
    ({"x": images().float()}, ValueError, "x must have the dtype"),
    ({"target": torch.arange(6)}, ValueError, "target must hold one label an image"),
    ({"target": torch.full((7,), 5)}, ValueError, "target must hold classes from 0 to 4, got 5"),
    ({"target": -1}, ValueError, "target must hold labels of 0"),
    ({"target": 1.5}, TypeError, "target must be a tensor"),
    ({"steps": 0}, ValueError, "steps must be"),
    ({"baseline": torch.zeros(3, 6, 6)}, ValueError, "baseline must be a number, one image"),
    ({"model": print}, TypeError, "model must be an nn.Module"),
    ({"model": Detached()}, ValueError, "no gradient through"),
    ({"model": nn.Identity()}, ValueError, "one row of logits"),
])
def test_bad_input_names_the_argument(change, error, says):
    good = {"model": smooth_net(), "x": images(), "target": torch.arange(7) % 5, "steps": 2}
    given = good | change
    with pytest.raises(error, match=says):
        integrated_gradients(given.pop("model"), given.pop("x"), given.pop("target"), **given)
