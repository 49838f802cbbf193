"""The model that all attack, its images, and what is counted at it."""

import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from course_lib import data
from course_lib.measure import is_right
from course_lib.nets import CifarNet, Normalise
from course_lib.train import fit

sys.path.insert(0, str(Path(__file__).parents[2]))
import published


@dataclass(frozen=True)
class Victim:
    """A model in eval mode and images that it gets right. eps: of the L-inf attacks on it."""

    name: str
    model: nn.Module
    x: Tensor
    y: Tensor
    eps: float

    @classmethod
    def of(cls, name: str, model: nn.Module, images: data.Images, eps: float) -> "Victim":
        """With those of the images that the model gets right."""
        right = is_right(model, images.x, images.y).to(images.x.device)
        return cls(name, model.eval(), images.x[right], images.y[right], eps)


def digits(device: str) -> Victim:
    """A CNN of 105,866 weights on the course's small MNIST, trained for some seconds."""
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(1568, 64), nn.ReLU(), nn.Linear(64, 10),
    ).to(device)
    train, test = (data.load("mnist", split, device=device) for split in ("train", "test"))
    fit(model, train.x, train.y, steps=400, optimizer="adam", lr=2e-3)
    return Victim.of("CNN of 105,866 weights on MNIST", model, test, eps=0.14)


def resnet20(device: str) -> Victim:
    """A CIFAR ResNet-20: with the published weights if $COURSE_DATA has them, else trained for a while."""
    if published.folder("cifar10-models"):
        model = published.cifar_resnet(20).to(device)
    else:
        torch.manual_seed(0)
        model = nn.Sequential(Normalise((0.49, 0.48, 0.45), (0.25, 0.24, 0.26)), CifarNet(20)).to(device)
        train = data.load("cifar10", "train", "best", device)
        fit(model, train.x, train.y, steps=2000, batch_size=128)
    test = data.load("cifar10", "test", "best", device)
    return Victim.of("ResNet-20 on CIFAR-10", model, test, eps=2 / 255)


class Counted(nn.Module):
    """A model that counts the rows that go forward and back through it."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model, self.forward_rows, self.back_rows = model, 0, 0

    def forward(self, x: Tensor) -> Tensor:
        logits = self.model(x)
        self.forward_rows += len(x)
        if logits.requires_grad:
            logits.register_hook(self._count_back)
        return logits

    def _count_back(self, gradient: Tensor) -> None:
        self.back_rows += len(gradient)
