"""The broken defences look robust to an attack on themselves, and fall to one that looks through them."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.attacks import apgd, fgsm, pgd
from course_lib.data import load
from course_lib.defences.broken import Quantised, RandomResize, Saturated, shrink
from course_lib.train.image_study import stored_net


@pytest.fixture(scope="module")
def digits():
    net = stored_net()
    images = load("mnist", "test", size="small")
    rows = torch.randperm(len(images), generator=torch.Generator().manual_seed(0))[:60]
    return net, images.x[rows], images.y[rows]


def accuracy(model, x, y):
    with torch.no_grad():
        return float((model(x).argmax(1) == y).float().mean())


class StraightThrough(nn.Module):
    """BPDA by hand: forward as deployed, backward as if nothing had happened."""

    def __init__(self, defence):
        super().__init__()
        self.defence = defence

    def forward(self, x):
        return self.defence.net(x + (self.defence.prepare(x) - x).detach())


def test_quantised_has_no_gradient_looks_robust_and_falls_to_bpda(digits):
    net, x, y = digits
    defence = Quantised(net, levels=16)
    assert len(defence.prepare(x).unique()) == 16
    assert accuracy(defence, x, y) > 0.9
    for attack in (fgsm, pgd):
        assert accuracy(defence, attack(defence, x, y, eps=0.2), y) == accuracy(defence, x, y)
    x_adv = pgd(StraightThrough(defence), x, y, eps=0.2, steps=20)
    assert accuracy(defence, x_adv, y) < 0.2


def test_saturated_answers_as_its_net_looks_robust_and_falls_to_the_net_or_to_dlr(digits):
    net, x, y = digits
    defence = Saturated(net)
    assert torch.equal(defence(x).argmax(1), net(x).argmax(1))
    right = defence(x).argmax(1) == y
    v = x.clone().requires_grad_()
    loss = F.cross_entropy(defence(v), y, reduction="none")
    assert (loss[right] == 0).all()
    assert (torch.autograd.grad(loss.sum(), v)[0][right] == 0).all()
    for attack in (fgsm, pgd):
        assert accuracy(defence, attack(defence, x, y, eps=0.2), y) == accuracy(defence, x, y) > 0.9
    assert accuracy(defence, pgd(net, x, y, eps=0.2, steps=20), y) < 0.2
    assert accuracy(defence, apgd(defence, x, y, eps=0.2, steps=20, loss="dlr"), y) < 0.2


@pytest.mark.parametrize("size, top, left", [(12, 0, 0), (7, 5, 3), (10, 2, 0)])
def test_shrink_is_interpolate_and_pad(size, top, left):
    x = torch.rand(1, 2, 12, 12)
    places = torch.tensor([[top], [left]]) / (12 - size + 1) + 1e-3
    down, right = (shrink(12, torch.tensor([float(size)]), place) for place in places)
    small = F.interpolate(x, (size, size), mode="bilinear", align_corners=False)
    want = F.pad(small, (left, 12 - size - left, top, 12 - size - top))
    assert torch.allclose(down[:, None] @ x @ right[:, None].mT, want, atol=1e-6)


def test_random_resize_draws_for_each_image_anew():
    class Seen(nn.Module):
        def forward(self, x):
            return x.flatten(1)

    x = torch.ones(500, 1, 10, 12)
    torch.manual_seed(0)
    defence = RandomResize(Seen(), smallest=0.5).eval()
    first, second = defence(x).view_as(x), defence(x).view_as(x)
    assert not torch.equal(first, second)
    high = first.sum(2).amax((1, 2)).round()
    wide = first.sum(3).amax((1, 2)).round()
    assert high.unique().tolist() == [5, 6, 7, 8, 9, 10] and (wide.min(), wide.max()) == (6, 12)
    assert first[:, 0, 0].amax(1).unique().tolist() == [0, 1] == first[:, 0, -1].amax(1).unique().tolist()
    torch.manual_seed(0)
    assert torch.equal(defence(x).view_as(x), first)
    assert torch.equal(RandomResize(Seen(), smallest=1)(x).view_as(x), x)
    v = x[:3].clone().requires_grad_()
    assert torch.autograd.grad(defence(v).sum(), v)[0].abs().sum() > 0


def test_random_resize_falls_to_the_mean_over_draws(digits):
    net, x, y = digits
    defence = RandomResize(net, smallest=0.85)
    torch.manual_seed(0)

    def worth(v):
        return sum(accuracy(defence, v, y) for _ in range(5)) / 5

    once = worth(fgsm(net, x, y, eps=0.15, keep_failures=True))
    v = x.clone()
    for _ in range(10):
        v.requires_grad_()
        loss = sum(F.cross_entropy(defence(v), y) for _ in range(4))
        v = v.detach() + 0.03 * torch.autograd.grad(loss, v)[0].sign()
        v = v.clamp(x - 0.15, x + 0.15).clamp(0, 1)
    assert worth(v) < once - 0.2


def test_bad_input_names_the_argument():
    with pytest.raises(ValueError, match="levels must be 2"):
        Quantised(nn.Flatten(), levels=1)
    with pytest.raises(ValueError, match="factor must be"):
        Saturated(nn.Flatten(), factor=0)
    for smallest in (0, 1.5):
        with pytest.raises(ValueError, match="smallest must be"):
            RandomResize(nn.Flatten(), smallest=smallest)
    with pytest.raises(ValueError, match="x must be"):
        RandomResize(nn.Flatten())(torch.rand(3, 8))
