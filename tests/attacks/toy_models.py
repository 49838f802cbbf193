"""Small models with random weights, all in train mode, and images that they get right."""

import torch
from torch import nn

CLASSES = 5
SHAPE = (1, 6, 6)


def linear(seed=0, dtype=torch.float64):
    torch.manual_seed(seed)
    return balanced(nn.Sequential(nn.Flatten(), nn.Linear(36, CLASSES))).to(dtype)


def small_net(seed=0, dtype=torch.float64):
    """Batch norm and dropout included; running statistics that a pass in train mode would change."""
    torch.manual_seed(seed)
    width, pool = 4 + 2 * (seed % 3), (nn.MaxPool2d, nn.AvgPool2d)[seed % 2]
    norm = nn.BatchNorm2d(width)
    nn.init.normal_(norm.running_mean, std=0.1)
    net = nn.Sequential(
        nn.Conv2d(1, width, 3, padding=1), norm, nn.ReLU(), pool(2), nn.Dropout(0.5), nn.Flatten(),
        nn.Linear(9 * width, CLASSES),
    )
    return balanced(net).to(dtype)


def balanced(net):
    """The bias of the last layer such that no class is far ahead of the others on random images."""
    with torch.no_grad():
        net[-1].bias -= net.eval()(torch.rand(200, *SHAPE)).mean(0)
    return net.train()


def images_for(model, n=12, seed=0):
    """(x, y): random images and the classes in which the model, in eval mode, puts them."""
    dtype = next(model.parameters()).dtype
    x = torch.rand(n, *SHAPE, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)
    x[:, :, 0, :3], x[:, :, 0, 3:] = 0, 1  # also pixels at both ends of the range
    return x, answers(model, x)


def answers(model, x):
    """Classes in eval mode; this file knows nothing of course_lib, so that it can judge it."""
    modes = {m: m.training for m in model.modules()}
    with torch.no_grad():
        y = model.eval()(x).argmax(1)
    for module, mode in modes.items():
        module.training = mode
    return y


class Unfoolable(nn.Module):
    """Its answer does not depend on the image, though gradients (all 0) go through."""

    def __init__(self, dtype=torch.float64):
        super().__init__()
        self.bias = nn.Parameter(torch.arange(CLASSES).to(dtype))

    def forward(self, x):
        return 0 * x.flatten(1).sum(1, keepdim=True) + self.bias


class Watched(nn.Module):
    """A model that counts what is asked of it, in a buffer too, and may stop at one pass."""

    def __init__(self, model, stop_at=None, stop=None):
        super().__init__()
        self.model, self.stop_at, self.stop = model, stop_at, stop
        self.register_buffer("passes", torch.zeros(1))
        self.register_buffer("first_seen", None)
        self.rows, self.back_rows, self.seen = [], [], []

    def forward(self, x):
        self.passes += 1
        self.first_seen = x.detach().mean() if self.first_seen is None else self.first_seen
        self.rows.append(len(x))
        self.seen.append(x.detach().clone())
        if self.stop_at == len(self.rows):
            raise self.stop
        assert not any(m.training for m in self.modules()), "a module was left in train mode"
        logits = self.model(x)
        if logits.requires_grad and x.requires_grad:
            logits.register_hook(lambda g: self.back_rows.append(len(g)))
        return logits
