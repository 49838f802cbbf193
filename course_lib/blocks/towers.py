"""Small nets that turn one item into one vector: a residual MLP, and a recurrent net with convolutions.

He et al. 2015 and 2016 (see `blocks.residual`) for the skips. Cho et al.: Learning Phrase Representations
using RNN Encoder-Decoder (2014), arXiv 1406.1078 (GRU). Kim: Convolutional Neural Networks for Sentence
Classification (2014), arXiv 1408.5882 (convolutions of several widths, max over time).
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from course_lib.blocks.siamese import unit_vectors

Vectors = Float[Tensor, "batch features"]


class ResidualLayer(nn.Module):
    """x + f(x), or f(x) without skip. f by norm, with dropout behind it:

    "before": relu(BN(W x)), "after": BN(relu(W x)), "pre": W relu(BN(x)), None: relu(W x).
    """

    def __init__(
        self, in_features: int, width: int, *, skip: bool = True, norm: str | None = "before",
        dropout: float = 0.0,
    ):
        super().__init__()
        linear, relu = nn.Linear(in_features, width), nn.ReLU()
        if norm == "before":
            parts = [linear, nn.BatchNorm1d(width), relu]
        elif norm == "after":
            parts = [linear, relu, nn.BatchNorm1d(width)]
        elif norm == "pre":
            parts = [nn.BatchNorm1d(in_features), relu, linear]
        elif norm is None:
            parts = [linear, relu]
        else:
            raise ValueError(f'norm must be "before", "after", "pre" or None; got {norm!r}')
        if dropout:
            parts.append(nn.Dropout(dropout))
        self.branch = nn.Sequential(*parts)
        self.skip = skip

    def forward(self, x: Float[Tensor, "batch in_features"]) -> Float[Tensor, "batch width"]:
        return x + self.branch(x) if self.skip else self.branch(x)

    def extra_repr(self) -> str:
        return f"skip={self.skip}"


class ResidualTower(nn.Sequential):
    """`depth` layers of `width` units; its children are the layers, and a last linear map if asked for.

    The first layer maps in_features to width and has no skip (with norm="pre" it is W x alone, as in
    pre-activation nets). skip, norm, dropout: of the layers, see `ResidualLayer`.
    concat: the embedding is the concatenation of all layers' outputs, not the last one's alone.
    out_features: a linear map from there to that many features; none if None.
    final_relu: a relu behind that. unit: the embedding divided by its length.
    Mind that norm "before" or None without out_features answers no negative number, skip or not, so no cosine
    of two embeddings is below 0. x of more than two dimensions is flattened. `features`: of the embedding.
    Raises ValueError for sizes below 1, another norm, or a dropout outside [0, 1).
    """

    def __init__(
        self, in_features: int, width: int = 64, depth: int = 3, *, out_features: int | None = None,
        skip: bool = True, norm: str | None = "before", dropout: float = 0.0, concat: bool = False,
        unit: bool = False, final_relu: bool = False,
    ):
        _check_sizes(in_features=in_features, width=width, depth=depth, out_features=out_features)
        if not 0 <= dropout < 1:
            raise ValueError(f"dropout must lie in [0, 1), got {dropout!r}")
        options = {"norm": norm, "dropout": dropout}
        first = ResidualLayer(in_features, width, skip=False, **options)
        super().__init__(
            nn.Linear(in_features, width) if norm == "pre" else first,
            *(ResidualLayer(width, width, skip=skip, **options) for _ in range(depth - 1)),
        )
        self.features = depth * width if concat else width
        if out_features is not None:
            self.append(nn.Linear(self.features, out_features))
            self.features = out_features
        self.depth, self.concat, self.unit, self.final_relu = depth, concat, unit, final_relu

    def forward(self, x: Float[Tensor, "batch *item"]) -> Vectors:
        z, outputs = x.flatten(1), []
        for layer in list(self)[: self.depth]:
            z = layer(z)
            outputs.append(z)
        if self.concat:
            z = torch.cat(outputs, 1)
        if len(self) > self.depth:
            z = self[-1](z)
        if self.final_relu:
            z = F.relu(z)
        return unit_vectors(z) if self.unit else z

    def extra_repr(self) -> str:
        return f"concat={self.concat}, unit={self.unit}, final_relu={self.final_relu}"


class ConvTower(nn.Sequential):
    """Two 3x3 convolutions with batch norm, relu and a 2x2 max-pool each, and a linear map: for small images.

    in_channels, side: of the images. width: channels of the first convolution, the second has twice as many.
    features: of the embedding. norm: "before" the relu or "after" it. Raises ValueError for a side below 4,
    other sizes below 1, or another norm.
    """

    def __init__(
        self, in_channels: int, side: int, width: int = 16, features: int = 32, norm: str = "before"
    ):
        _check_sizes(in_channels=in_channels, side=side // 4, width=width, features=features)
        if norm not in ("before", "after"):
            raise ValueError(f'norm must be "before" or "after", got {norm!r}')
        parts = []
        for channels, out in ((in_channels, width), (width, 2 * width)):
            layers = [nn.BatchNorm2d(out), nn.ReLU()]
            parts += [nn.Conv2d(channels, out, 3, padding=1), *(layers if norm == "before" else layers[::-1]),
                      nn.MaxPool2d(2)]
        super().__init__(*parts, nn.Flatten(), nn.Linear(2 * width * (side // 4) ** 2, features))
        self.features = features


class SequenceTower(nn.Module):
    """A bidirectional GRU, then convolutions along time, relu, and the greatest answer of each channel.

    in_features: of one word vector. hidden: units of the GRU in each direction. channels: of each
    convolution. kernels: words that each convolution sees. The embedding has len(kernels) * channels
    `features`.
    A text ends with its last row that is not all zero; rows behind it are padding and change nothing, however
    many. A text of no word counts as one zero row. A text shorter than a kernel gives that kernel one place,
    filled with zeros. Raises ValueError for sizes below 1 or an x that is not [batch, time, in_features].
    """

    def __init__(
        self, in_features: int, hidden: int = 32, channels: int = 32, kernels: Sequence[int] = (2, 3, 4)
    ):
        super().__init__()
        shortest = min(kernels, default=0)
        _check_sizes(in_features=in_features, hidden=hidden, channels=channels, kernels=shortest)
        self.gru = nn.GRU(in_features, hidden, batch_first=True, bidirectional=True)
        self.convs = nn.ModuleList(nn.Conv1d(2 * hidden, channels, k) for k in kernels)
        self.features = len(self.convs) * channels

    def forward(self, x: Float[Tensor, "batch time in_features"]) -> Vectors:
        if x.dim() != 3 or x.shape[2] != self.gru.input_size:
            raise ValueError(f"x must be [batch, time, {self.gru.input_size}], got {tuple(x.shape)}")
        x = F.pad(x, (0, 0, 0, 1))  # one row at least
        lengths = true_lengths(x).clamp(min=1)
        packed = pack_padded_sequence(x, lengths.cpu(), batch_first=True, enforce_sorted=False)
        h = pad_packed_sequence(self.gru(packed)[0], batch_first=True)[0].transpose(1, 2)
        return torch.cat([self._greatest(conv, h, lengths) for conv in self.convs], 1)

    @staticmethod
    def _greatest(
        conv: nn.Conv1d, h: Float[Tensor, "batch states time"], lengths: Int[Tensor, " batch"]
    ) -> Vectors:
        """max over the true places of relu(conv(h)); relu is never below 0, so 0 marks the other places."""
        (k,) = conv.kernel_size
        a = F.relu(conv(F.pad(h, (0, k - 1))))
        last = (lengths - k).clamp(min=0)  # a text shorter than the kernel has place 0
        true = torch.arange(a.shape[2], device=h.device) <= last[:, None]
        return (a * true[:, None]).amax(2)


def true_lengths(x: Float[Tensor, "batch time features"]) -> Int[Tensor, " batch"]:
    """Rows up to the last one that is not all zero; 0 if all are."""
    places = torch.arange(1, x.shape[1] + 1, device=x.device)
    return ((x != 0).any(2) * places).amax(1)


def _check_sizes(**sizes: int | None) -> None:
    for name, size in sizes.items():
        if size is not None and size < 1:
            raise ValueError(f"{name} must be 1 or more, got {size!r}")
