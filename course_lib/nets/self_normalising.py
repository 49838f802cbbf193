"""Deep fully connected and convolutional nets whose normalisation is a switch: SELU, or batch norm, or none.

Klambauer, Unterthiner, Mayr, Hochreiter: Self-Normalizing Neural Networks (2017), arXiv 1706.02515.
"""

import math
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_lib.blocks.selu import SELU, AlphaDropout, lecun_normal_

ACTIVATIONS = ("selu", "elu", "relu")
DROPOUTS = ("none", "alpha", "ordinary")
STARTS = ("lecun", "he", "all weights", "torch selu", "torch default")


@dataclass(frozen=True)
class Layers:
    """What every hidden layer of a net is made of.

    activation: "selu", "elu" (alpha = 1) or "relu". norm: batch norm in front of it. dropout: "none", "alpha"
    or "ordinary", behind it, with rate p. start: the weights' start, see `start_weights`. scale: s of
    s f(x / s) for SELU. Raises ValueError for another word.
    """

    activation: str = "selu"
    norm: bool = False
    dropout: str = "none"
    p: float = 0.05
    start: str = "lecun"
    scale: float = 1.0

    def __post_init__(self):
        choices = {"activation": ACTIVATIONS, "dropout": DROPOUTS, "start": STARTS}
        for name, words in choices.items():
            if getattr(self, name) not in words:
                raise ValueError(f"{name} must be one of {', '.join(words)}; got {getattr(self, name)!r}")
        if self.activation != "selu" and (self.scale != 1 or self.dropout == "alpha"):
            raise ValueError("scale and alpha dropout belong to activation='selu'")

    def behind(self, features: int, norm: type[nn.Module]) -> list[nn.Module]:
        """The modules that follow a linear layer or a convolution with this many outputs."""
        activation = {"selu": SELU(scale=self.scale), "elu": SELU(1.0, 1.0), "relu": nn.ReLU()}
        modules = [norm(features)] if self.norm else []
        modules.append(activation[self.activation])
        if self.dropout == "alpha":
            floor = activation["selu"].floor
            modules.append(AlphaDropout(self.p, floor=floor, var=self.scale**2))
        elif self.dropout == "ordinary":
            modules.append(nn.Dropout(self.p))
        return modules


class MLP(nn.Module):
    """`depth` hidden layers of `width` units, then a linear layer. Takes images of any shape, flattened.

    inputs: numbers an image has. For SELU they should come with mean 0 and variance scale^2.
    """

    def __init__(
        self, inputs: int, depth: int, width: int, layers: Layers = Layers(), *, classes: int = 10
    ):
        super().__init__()
        if depth < 1:
            raise ValueError(f"depth must be at least 1, got {depth}")
        self.hidden = nn.Sequential()
        for k in range(depth):
            linear = nn.Linear(width if k else inputs, width, bias=not layers.norm)
            self.hidden.extend([linear, *layers.behind(width, nn.BatchNorm1d)])
        self.head = nn.Linear(width, classes)
        start_weights(self.hidden, layers.start)
        start_weights(self.head, "lecun")
        with torch.no_grad():
            self.head.weight /= layers.scale

    def forward(self, x: Float[Tensor, "batch *image"]) -> Float[Tensor, "batch classes"]:
        return self.head(self.hidden(x.flatten(1)))


class CNN(nn.Module):
    """Three stages of `convs` 3x3 convolutions at width, 2 width, 4 width, average pool, linear layer.

    The first convolution of stages two and three has stride 2: a pool would change the moments.
    """

    def __init__(
        self, in_channels: int, convs: int, width: int, layers: Layers = Layers(), *, classes: int = 10
    ):
        super().__init__()
        self.hidden = nn.Sequential()
        channels = in_channels
        for stage in range(3):
            for k in range(convs):
                out = width * 2**stage
                stride = 2 if stage and k == 0 else 1
                conv = nn.Conv2d(channels, out, 3, stride, padding=1, bias=not layers.norm)
                self.hidden.extend([conv, *layers.behind(out, nn.BatchNorm2d)])
                channels = out
        self.head = nn.Linear(channels, classes)
        start_weights(self.hidden, layers.start)
        start_weights(self.head, "lecun")
        with torch.no_grad():
            self.head.weight /= layers.scale

    def forward(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch classes"]:
        return self.head(self.hidden(x).mean(dim=(2, 3)))


def start_weights(
    model: nn.Module, start: str = "lecun", generator: torch.Generator | None = None
) -> nn.Module:
    """Fill the linear layers and convolutions of `model` in place, biases with 0. Answers the model.

    start: "lecun" N(0, 1 / fan_in) · "he" N(0, 2 / fan_in), for ReLU · "all weights" N(0, 1 / number of
    weights), the mistaken reading · "torch selu" `kaiming_normal_(nonlinearity="selu")`, whose gain is 3/4 ·
    "torch default" what `nn.Linear` starts with, biases too: uniform, variance 1 / (3 fan_in).
    """
    if start not in STARTS:
        raise ValueError(f"start must be one of {', '.join(STARTS)}; got {start!r}")
    for module in model.modules():
        if not isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            continue
        fan_in = module.weight[0].numel()
        if start == "torch default":
            for p in (module.weight, module.bias):
                if p is not None:
                    nn.init.uniform_(p, -1 / math.sqrt(fan_in), 1 / math.sqrt(fan_in), generator=generator)
            continue
        lecun_normal_(module.weight, generator)
        gain = {"lecun": 1.0, "he": math.sqrt(2), "torch selu": 3 / 4,
                "all weights": math.sqrt(fan_in / module.weight.numel())}[start]
        with torch.no_grad():
            module.weight *= gain
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    return model


def drop_before_norm(model: nn.Module, p: float) -> nn.Module:
    """Put ordinary dropout with rate p right in front of every batch norm of `model`, in place.

    Answers the model. p = 0 changes nothing.
    """
    if p == 0:
        return model
    for parent in list(model.modules()):
        for name, child in list(parent.named_children()):
            if isinstance(child, (nn.BatchNorm1d, nn.BatchNorm2d)):
                setattr(parent, name, nn.Sequential(nn.Dropout(p), child))
    return model
