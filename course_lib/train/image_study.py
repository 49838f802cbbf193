"""Image classifiers to be attacked: one net and one seed is a unit, with a checkpoint of its own.

Digits are classified by a `SmallCNN`, CIFAR-10 by a residual net, made traffic signs by a wider `SmallCNN`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from safetensors.torch import load_file
from torch import Tensor, nn

from course_lib.data import load
from course_lib.data.signs import signs
from course_lib.nets import CifarNet, Normalise, SmallCNN
from course_lib.runtime import home
from course_lib.train.fit import History, evaluate, fit
from course_lib.train.schedules import one_cycle

Pixels = Float[Tensor, "images channels height width"]
Attack = Callable[[nn.Module, Pixels, Tensor], Pixels]
Loss = Callable[[Tensor, Tensor], Tensor]
SIGNS = {"train": (0, 1600), "test": (1, 400)}  # of each split: what its generator starts with, and how many


@dataclass(frozen=True)
class ImageStudy:
    """What is trained, and how: Adam at peak rate lr, one cycle.

    data: "mnist", "fashion-mnist", "cifar10" or "signs"; size: as in `data.load`. depth: of a residual net;
    0 for a `SmallCNN`. width: channels of the first convolution.
    """

    data: str = "mnist"
    size: str = "small"
    depth: int = 0
    width: int = 8
    steps: int = 400
    batch_size: int = 64
    lr: float = 0.004
    seeds: int = 3

    def images(self, split: str, device: torch.device | str = "cpu") -> tuple[Pixels, Int[Tensor, " images"]]:
        """x, y of a split, the same for every seed; test images in a fixed random order, so that the first
        ones are a sample of all (the file of digits begins with ones and fours)."""
        return _read(self.data, split, self.size, device)

    def net(self) -> nn.Module:
        """A new net; it takes pixels in [0, 1]."""
        x, y = self.images("train")
        channels, side, classes = x.shape[1], x.shape[-1], int(y.max()) + 1
        if not self.depth:
            return SmallCNN(channels, side, self.width, classes)
        net = CifarNet(self.depth, width=self.width, in_channels=channels, classes=classes)
        return nn.Sequential(Normalise((0.5,) * channels, (0.25,) * channels), net)


@lru_cache(maxsize=6)  # all units of a study ask for the same images
def _read(data: str, split: str, size: str, device: torch.device | str) -> tuple[Pixels, Tensor]:
    if data == "signs":
        start, count = SIGNS[split]
        made = signs(count, generator=torch.Generator().manual_seed(start), device=device)
        return made.x, made.y
    images = load(data, split, size=size, device=device)
    if split == "train":
        return images.x, images.y
    order = torch.randperm(len(images), generator=torch.Generator().manual_seed(0)).to(images.y.device)
    return images.x[order], images.y[order]


@dataclass(frozen=True)
class ImageUnit:
    """One trained net, and its accuracy on the test images."""

    seed: int
    model: nn.Module
    history: History
    accuracy: float


def train_images(
    study: ImageStudy, seed: int, *, attack: Attack | None = None, loss: Loss = F.cross_entropy,
    name: str = "plain", device: torch.device | str = "cpu", folder: Path | None = None,
) -> ImageUnit:
    """Train one net of the study from its seed.

    attack, loss: as in `fit`, for adversarial training and other defences. name: of this way of training,
    in the checkpoint's name.
    folder: where the checkpoint lives, none without.
    """
    x, y = study.images("train", device)
    torch.manual_seed(seed)
    model = study.net().to(device)
    file = Path(folder) / f"images-{study.data}-{name}-seed{seed}.safetensors" if folder else None
    history = fit(model, x, y, loss=loss, attack=attack, seed=seed, checkpoint=file, steps=study.steps,
                  batch_size=study.batch_size, lr=study.lr, optimizer="adam", schedule=one_cycle(study.steps))
    return ImageUnit(seed, model, history, 1 - evaluate(model, *study.images("test", device))[1])


def stored_net(name: str = "plain") -> SmallCNN:
    """A trained net that comes with the course, for widgets and first looks; in eval mode, nothing to learn.

    name: "plain" or "robust" (adversarially trained), both on digits. See data/build_nets.py.
    Raises ValueError for another name.
    """
    weights = load_file(home() / "data" / "nets.safetensors")
    names = sorted({key.split(".")[0] for key in weights})
    if name not in names:
        raise ValueError(f"name must be one of {', '.join(names)}; got {name!r}")
    model = SmallCNN()
    own = (key for key in weights if key.startswith(f"{name}."))
    model.load_state_dict({key.removeprefix(f"{name}."): weights[key] for key in own})
    return model.eval().requires_grad_(False)
