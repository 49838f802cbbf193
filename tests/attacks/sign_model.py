"""A small net that reads made signs, trained once for all tests that ask for it."""

import functools

import torch
from torch import nn

from course_lib.attacks.transforms import Transforms
from course_lib.data.signs import signs
from course_lib.train.fit import fit

ROUGH = Transforms(rotation=30, scale=(0.8, 1.2), shift=0.1, perspective=0.2, brightness=0.3, noise=0.03,
                   outside="border")


@functools.cache
def sign_model():
    """The net, in eval mode. It has seen half-turned signs, as a careful maker would see to."""
    train = signs(600, generator=torch.Generator().manual_seed(0))
    torch.manual_seed(0)
    net = nn.Sequential(
        nn.Conv2d(3, 12, 3, 2, 1), nn.ReLU(), nn.Conv2d(12, 24, 3, 2, 1), nn.ReLU(),
        nn.Conv2d(24, 24, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(384, 8),
    )
    views = ROUGH.draw(3, train.x, torch.Generator().manual_seed(1))(train.x)
    x = torch.cat([train.x[None], views]).flatten(0, 1)
    fit(net, x, train.y.repeat(4), steps=250, lr=0.004, optimizer="adam")
    return net.eval()


@functools.cache
def unseen_signs(n=160):
    return signs(n, generator=torch.Generator().manual_seed(7))
