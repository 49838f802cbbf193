"""Weights that others trained and published, from $COURSE_DATA. For tests only: they never enter the course.

cifar10-models: ResNets for CIFAR-10 by Yerlan Idelbayev (akamaster/pytorch_resnet_cifar10), BSD-2-Clause.
mnist-models: LeNet5 for MNIST, trained as usual and on attacked images, of advertorch, LGPL-3.0.
"""

import os
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from course_lib.nets import CifarNet, Normalise

CIFAR_FILES = {20: "12fca82f", 32: "d509ac18", 44: "014dd654", 56: "4bfd9763"}
LENET_FILES = {"clean": "mnist_lenet5_clntrained.pt", "adversarial": "mnist_lenet5_advtrained.pt"}


def folder(name: str) -> Path | None:
    """$COURSE_DATA/name, None if it is not there."""
    found = Path(os.environ.get("COURSE_DATA", "no COURSE_DATA"), name)
    return found if found.is_dir() else None


def cifar_resnet(depth: int) -> nn.Module:
    """The published ResNet of this depth for pixels in [0, 1], in eval mode."""
    state = _read("cifar10-models", f"resnet{depth}-{CIFAR_FILES[depth]}.th")["state_dict"]
    net = CifarNet(depth, shortcut="A")
    net.load_state_dict({_in_our_words(name): value for name, value in state.items()})
    return nn.Sequential(Normalise((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)), net).eval()


def cifar_images() -> tuple[Tensor, Tensor]:
    """The even-numbered ones of CIFAR-10's test images 0 to 1999 ($COURSE_DATA has only those), labels."""
    place = folder("cifar10")
    Image.MAX_IMAGE_PIXELS = None
    pixels = np.asarray(Image.open(place / "test_even.png")).reshape(-1, 32, 32, 3)
    labels = np.load(place / "test_even_labels.npz")
    rows = labels["original_index"] < 2000
    x = torch.tensor(pixels[rows]).permute(0, 3, 1, 2).float() / 255
    return x, torch.tensor(labels["labels"][rows]).long()


def lenet5(trained: str) -> nn.Module:
    """The published LeNet5, trained on "clean" or on "adversarial" images, in eval mode."""
    state = _read("mnist-models", LENET_FILES[trained])
    names = {"conv1": "0", "conv2": "3", "linear1": "7", "linear2": "9"}
    net = nn.Sequential(
        nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(3136, 200), nn.ReLU(), nn.Linear(200, 10),
    )
    net.load_state_dict({f"{names[layer]}.{kind}": value for layer, kind, value in _split(state)})
    return net.eval()


def _read(name: str, file: str) -> dict:
    return torch.load(folder(name) / file, map_location="cpu", weights_only=True)


def _split(state: dict[str, Tensor]) -> list[tuple[str, str, Tensor]]:
    return [(*name.split("."), value) for name, value in state.items()]


def _in_our_words(name: str) -> str:
    """Their layer1..3 are our stages; their last layer is called linear as ours."""
    name = name.removeprefix("module.")
    for stage in (1, 2, 3):
        name = name.replace(f"layer{stage}.", f"stages.{stage - 1}.")
    return name
