"""The plain and residual nets of depth 6n + 2 for small images (He et al. 2015, section 4.2)."""

import copy

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from course_lib.blocks import BasicBlock, PlainBlock, PreActBlock, conv3x3
from course_lib.blocks.residual import batch_norm

BLOCKS = {"plain": PlainBlock, "residual": BasicBlock, "preact": PreActBlock}


class Normalise(nn.Module):
    """(x - mean) / std per channel, so that a model takes pixels in [0, 1]."""

    def __init__(self, mean: tuple[float, ...], std: tuple[float, ...]):
        super().__init__()
        self.register_buffer("mean", torch.tensor(mean).view(1, -1, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(1, -1, 1, 1))

    def forward(self, x: Float[Tensor, "batch channels height width"]):
        return (x - self.mean) / self.std


class CifarNet(nn.Module):
    """One 3x3 layer, three stages of n blocks at width, 2 width, 4 width, average pool, linear layer.

    depth: weight layers, 6n + 2 (20, 32, 44, 56, 110 in the paper). kind: "plain", "residual"
    (post-activation) or "preact". width: channels of the first stage (16 in the paper). shortcut: "A", "B"
    or "C". norm=False leaves out batch norm; beta scales every residual branch. Any image size from 4x4.
    Raises ValueError for another depth or kind.
    """

    def __init__(
        self, depth: int, kind: str = "residual", *, width: int = 16, in_channels: int = 3, classes: int = 10,
        shortcut: str = "A", norm: bool = True, beta: float = 1.0,
    ):
        super().__init__()
        if kind not in BLOCKS:
            raise ValueError(f"kind must be one of {', '.join(BLOCKS)}; got {kind!r}")
        if depth < 8 or depth % 6 != 2:
            near = max(8, 6 * round((depth - 2) / 6) + 2)
            raise ValueError(f"depth must be 6n + 2 with n >= 1 (8, 14, 20, ...); got {depth}, try {near}")
        self.depth, self.kind = depth, kind
        options = {"norm": norm} if kind == "plain" else {"norm": norm, "shortcut": shortcut, "beta": beta}
        self.block_options = options

        self.conv1 = conv3x3(in_channels, width, bias=not norm)
        # Pre-activation blocks bring their own norm, so theirs stands behind the last block instead.
        self.bn1 = batch_norm(4 * width if kind == "preact" else width, norm)
        self.stages = nn.ModuleList()
        channels = width
        for stage in range(3):
            blocks = nn.Sequential()
            for k in range((depth - 2) // 6):
                stride = 2 if stage > 0 and k == 0 else 1
                blocks.append(BLOCKS[kind](channels, width * 2**stage, stride, **options))
                channels = width * 2**stage
            self.stages.append(blocks)
        self.linear = nn.Linear(channels, classes)
        self.apply(he_init)

    def features(
        self, x: Float[Tensor, "batch channels height width"]
    ) -> Float[Tensor, "batch features height width"]:
        """The maps behind the last stage."""
        x = self.conv1(x)
        if self.kind != "preact":
            x = F.relu(self.bn1(x))
        for stage in self.stages:
            x = stage(x)
        return F.relu(self.bn1(x)) if self.kind == "preact" else x

    def forward(self, x: Float[Tensor, "batch channels height width"]) -> Float[Tensor, "batch classes"]:
        return self.linear(self.features(x).mean(dim=(2, 3)))


def he_init(module: nn.Module) -> None:
    """Weights N(0, 2 / fan_in), biases 0 (He et al. 2015, arXiv 1502.01852, equation 10)."""
    if isinstance(module, (nn.Conv2d, nn.Linear)):
        nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
        if module.bias is not None:
            nn.init.zeros_(module.bias)


def grow(model: CifarNet, depth: int) -> CifarNet:
    """A deeper copy: new blocks at the end of each stage, the old weights untouched.

    In a residual net the new blocks start as the identity; in a plain net their weights are drawn at random.
    The given model is not changed. Raises ValueError if depth is no 6n + 2 or is smaller.
    """
    if depth % 6 != 2 or depth < model.depth:
        raise ValueError(f"depth must be 6n + 2 and at least {model.depth}, got {depth}")
    grown = copy.deepcopy(model)
    weight = model.linear.weight
    for stage in grown.stages:
        channels = stage[-1].conv2.out_channels
        for _ in range((depth - model.depth) // 6):
            block = BLOCKS[model.kind](channels, channels, **model.block_options)
            block.apply(he_init)
            if model.kind != "plain":
                block.start_as_identity()
            stage.append(block.to(weight.device, weight.dtype).train(model.training))
    grown.depth = depth
    return grown
