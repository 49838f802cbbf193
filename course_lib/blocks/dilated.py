"""Dilated convolutions: filter taps with gaps, and what is built from them.

y[i] = sum over taps m of w[m] x[i + d m], with dilation d: d = 1 is the ordinary convolution, rate d skips
d - 1 pixels between two taps.
Yu, Koltun: Multi-Scale Context Aggregation by Dilated Convolutions (2016), arXiv 1511.07122.
van den Oord et al.: WaveNet (2016), arXiv 1609.03499 (causal, gated, residual and skip).
"""

import itertools
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Images = Float[Tensor, "batch channels height width"]
Signal = Float[Tensor, "batch channels time"]


def span(kernel: int, dilation: int) -> int:
    """Pixels from the first tap to the last: k + (k - 1)(d - 1)."""
    return kernel + (kernel - 1) * (dilation - 1)


def same_padding(kernel: int, dilation: int) -> int:
    """Zeros on each side that keep the length at stride 1: d (k - 1) / 2.

    Raises ValueError for an even kernel, which has no middle.
    """
    if kernel % 2 == 0:
        raise ValueError(f"kernel must be odd to keep the length with equal padding, got {kernel}")
    return dilation * (kernel - 1) // 2


def dilated_conv(
    x: Float[Tensor, "batch in_channels *size"], weight: Float[Tensor, "out_channels in_channels *kernel"],
    dilation: int = 1, padding: int = 0,
) -> Float[Tensor, "batch out_channels *new_size"]:
    """The formula, tap by tap, for signals and images: what nn.Conv1d and nn.Conv2d(dilation=...) compute.

    Each tap is a shifted copy of x, weighted and added. Raises ValueError if the kernel's span does not fit.
    """
    kernel = weight.shape[2:]
    x = F.pad(x, [padding] * 2 * len(kernel))
    sizes = [n - span(k, dilation) + 1 for n, k in zip(x.shape[2:], kernel, strict=True)]
    if min(sizes) < 1:
        spans = " x ".join(str(span(k, dilation)) for k in kernel)
        raise ValueError(f"at dilation {dilation} the kernel spans {spans}, more than the padded input")
    y = 0
    for tap in itertools.product(*map(range, kernel)):
        window = tuple(slice(d * dilation, d * dilation + n) for d, n in zip(tap, sizes, strict=True))
        y = y + torch.einsum("oc,bc...->bo...", weight[(..., *tap)], x[(..., *window)])
    return y


def zero_stuffed(weight: Float[Tensor, "out_channels in_channels *kernel"], dilation: int) -> Tensor:
    """The dense kernel of equal span: d - 1 zeros between the taps."""
    kernel = weight.shape[2:]
    dense = weight.new_zeros(*weight.shape[:2], *(span(k, dilation) for k in kernel))
    dense[(..., *(slice(None, None, dilation) for _ in kernel))] = weight
    return dense


class ContextModule(nn.Module):
    """Yu and Koltun's basic context module (table 1): 3x3 layers of growing dilation, each with a relu, then
    one 1x1 layer without. Channels and image size stay.

    rates: of the 3x3 layers; the paper's are the default and see 67 x 67 pixels. identity: start as the
    identity (section 3), for x >= 0: each layer hands its input on. Without it the layers start at random.
    noise: standard deviation of what is added to the identity's weights, so that channels can part.
    """

    def __init__(
        self, channels: int, rates: Sequence[int] = (1, 1, 2, 4, 8, 16, 1), identity: bool = True,
        noise: float = 0.0,
    ):
        super().__init__()
        self.rates = tuple(rates)
        self.layers = nn.ModuleList(
            nn.Conv2d(channels, channels, 3, padding=same_padding(3, d), dilation=d) for d in self.rates
        )
        self.last = nn.Conv2d(channels, channels, 1)
        if identity:
            for layer in [*self.layers, self.last]:
                nn.init.dirac_(layer.weight)
                nn.init.zeros_(layer.bias)
                if noise:
                    layer.weight.data.add_(noise * torch.randn_like(layer.weight))

    def forward(self, x: Images) -> Images:
        for layer in self.layers:
            x = F.relu(layer(x))
        return self.last(x)


class CausalConv1d(nn.Conv1d):
    """y[t] = sum over m of w[m] x[t - d (k - 1 - m)]: only the present and the past. Length stays."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int, dilation: int = 1):
        super().__init__(in_channels, out_channels, kernel, dilation=dilation)
        self.past = dilation * (kernel - 1)

    def forward(self, x: Float[Tensor, "batch in_channels time"]) -> Float[Tensor, "batch out_channels time"]:
        return super().forward(F.pad(x, (self.past, 0)))


class GatedBlock(nn.Module):
    """WaveNet's layer (sections 2.3, 2.4): z = tanh(W_f * x) sigmoid(W_g * x); answers (x + V z, S z)."""

    def __init__(self, channels: int, skip_channels: int, kernel: int = 2, dilation: int = 1):
        super().__init__()
        self.filter = CausalConv1d(channels, channels, kernel, dilation)
        self.gate = CausalConv1d(channels, channels, kernel, dilation)
        self.residual = nn.Conv1d(channels, channels, 1)
        self.skip = nn.Conv1d(channels, skip_channels, 1)

    def forward(self, x: Signal) -> tuple[Signal, Float[Tensor, "batch skip_channels time"]]:
        z = torch.tanh(self.filter(x)) * torch.sigmoid(self.gate(x))
        return x + self.residual(z), self.skip(z)


class CausalStack(nn.Module):
    """Gated blocks of the given dilations; what their skip outputs add up to is turned into the answer.

    y[t] depends on x[t], x[t - 1], ... back to t - (k - 1) (1 + sum of rates), never on what comes after t.
    """

    def __init__(
        self, in_channels: int, out_channels: int, rates: Sequence[int], *,
        channels: int = 16, skip_channels: int = 16, kernel: int = 2,
    ):
        super().__init__()
        self.first = CausalConv1d(in_channels, channels, kernel)
        self.blocks = nn.ModuleList(GatedBlock(channels, skip_channels, kernel, d) for d in rates)
        self.head = nn.Sequential(
            nn.ReLU(), nn.Conv1d(skip_channels, skip_channels, 1),
            nn.ReLU(), nn.Conv1d(skip_channels, out_channels, 1),
        )

    def forward(self, x: Float[Tensor, "batch in_channels time"]) -> Float[Tensor, "batch out_channels time"]:
        x, total = self.first(x), 0
        for block in self.blocks:
            x, skip = block(x)
            total = total + skip
        return self.head(total)


class RandomTemporalDilation(nn.Module):
    """A convolution along time whose dilation is drawn anew for each batch while training, and averaged over
    the whole set when evaluating: y = mean over d of conv(x, W, dilation d). One weight for all dilations.

    spatial: axes behind time (0 for signals, 2 for clips: the kernel is k x 1 x 1). Length stays: the padding
    is d for k = 3. generator: for the draws; torch's own if None.
    """

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int = 3, dilations: Sequence[int] = (1, 2), *,
        spatial: int = 0, generator: torch.Generator | None = None,
    ):
        super().__init__()
        if not dilations or min(dilations) < 1:
            raise ValueError(f"dilations must be whole numbers from 1 on, got {dilations!r}")
        same_padding(kernel, 1)  # an odd kernel
        self.kernel, self.dilations, self.spatial = kernel, tuple(dilations), spatial
        self.generator = generator
        conv = (nn.Conv1d, nn.Conv2d, nn.Conv3d)[spatial]
        self.conv = conv(in_channels, out_channels, (kernel, *[1] * spatial))

    def at(self, x: Float[Tensor, "batch in_channels time *size"], dilation: int) -> Tensor:
        """The output for one dilation."""
        convolve = (F.conv1d, F.conv2d, F.conv3d)[self.spatial]
        padding = (same_padding(self.kernel, dilation), *[0] * self.spatial)
        return convolve(x, self.conv.weight, self.conv.bias, padding=padding,
                        dilation=(dilation, *[1] * self.spatial))

    def forward(self, x: Float[Tensor, "batch in_channels time *size"]):
        if self.training:
            drawn = int(torch.randint(len(self.dilations), (), generator=self.generator))
            return self.at(x, self.dilations[drawn])
        return torch.stack([self.at(x, d) for d in self.dilations]).mean(0)
