"""Plain and residual blocks.

Symbols of the papers: x the block's input, F(x) its residual branch, y its output.
He, Zhang, Ren, Sun: Deep Residual Learning for Image Recognition (2015), arXiv 1512.03385, section 3.
He, Zhang, Ren, Sun: Identity Mappings in Deep Residual Networks (2016), arXiv 1603.05027 (pre-activation).
"""

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

Images = Float[Tensor, "batch in_channels height width"]
Features = Float[Tensor, "batch out_channels new_height new_width"]


def conv3x3(in_channels: int, out_channels: int, stride: int = 1, bias: bool = False) -> nn.Conv2d:
    """3x3 convolution, padding 1: keeps height and width at stride 1. No bias: the batch norm has one."""
    return nn.Conv2d(in_channels, out_channels, 3, stride, padding=1, bias=bias)


def batch_norm(channels: int, norm: bool) -> nn.Module:
    """Batch norm, or nothing where a lesson switches it off."""
    return nn.BatchNorm2d(channels) if norm else nn.Identity()


class ZeroPadShortcut(nn.Module):
    """Option A of section 3.3: every stride-th pixel, new channels filled with zeros. No weights."""

    def __init__(self, in_channels: int, out_channels: int, stride: int):
        super().__init__()
        if out_channels < in_channels:
            raise ValueError(f"option A cannot drop channels: {in_channels} in, {out_channels} out")
        self.stride = stride
        self.before = (out_channels - in_channels) // 2
        self.after = out_channels - in_channels - self.before

    def forward(self, x: Images) -> Features:
        x = x[:, :, :: self.stride, :: self.stride]
        return F.pad(x, (0, 0, 0, 0, self.before, self.after))


def make_shortcut(
    in_channels: int, out_channels: int, stride: int, option: str = "B", norm: bool = True
) -> nn.Module:
    """The path around a block (section 3.3): A zero padding, B projection where the shape changes,
    C projection always. Where the shape stays, A and B are the identity.

    Raises ValueError for another option.
    """
    if option not in ("A", "B", "C"):
        raise ValueError(f"shortcut must be 'A', 'B' or 'C', got {option!r}")
    same_shape = stride == 1 and in_channels == out_channels
    if same_shape and option != "C":
        return nn.Identity()
    if option == "A":
        return ZeroPadShortcut(in_channels, out_channels, stride)
    projection = nn.Conv2d(in_channels, out_channels, 1, stride, bias=not norm)
    return nn.Sequential(projection, nn.BatchNorm2d(out_channels)) if norm else projection


class PlainBlock(nn.Module):
    """Two 3x3 layers and no shortcut: y = relu(F(x))."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1, *, norm: bool = True):
        super().__init__()
        self.conv1 = conv3x3(in_channels, out_channels, stride, bias=not norm)
        self.bn1 = batch_norm(out_channels, norm)
        self.conv2 = conv3x3(out_channels, out_channels, bias=not norm)
        self.bn2 = batch_norm(out_channels, norm)

    def branch(self, x: Images) -> Features:
        """F(x) = bn2(conv2(relu(bn1(conv1(x)))))."""
        return self.bn2(self.conv2(F.relu(self.bn1(self.conv1(x)))))

    def forward(self, x: Images) -> Features:
        return F.relu(self.branch(x))


class BasicBlock(PlainBlock):
    """The block of ResNet-18/34 and of the CIFAR nets: y = relu(shortcut(x) + beta F(x)), figure 2.

    beta scales the branch (1 in the paper); norm=False leaves out the batch norms.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, *,
        shortcut: str = "B", norm: bool = True, beta: float = 1.0,
    ):
        super().__init__(in_channels, out_channels, stride, norm=norm)
        self.shortcut = make_shortcut(in_channels, out_channels, stride, shortcut, norm)
        self.beta = beta

    def forward(self, x: Images) -> Features:
        return F.relu(self.shortcut(x) + self.beta * self.branch(x))

    def start_as_identity(self) -> "BasicBlock":
        """Set the branch to zero: y = relu(shortcut(x)), which is x wherever x >= 0. Returns the block."""
        last = self.conv2 if isinstance(self.bn2, nn.Identity) else self.bn2
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        return self


class PreActBlock(nn.Module):
    """Norm and relu come before each convolution, nothing after the addition: y = shortcut(x) + beta F(x).

    F(x) = conv2(relu(bn2(conv1(relu(bn1(x)))))), figure 1(b) of the 2016 paper. With a zero branch the
    block is the exact identity, also for negative x.
    """

    def __init__(
        self, in_channels: int, out_channels: int, stride: int = 1, *,
        shortcut: str = "B", norm: bool = True, beta: float = 1.0,
    ):
        super().__init__()
        self.bn1 = batch_norm(in_channels, norm)
        self.conv1 = conv3x3(in_channels, out_channels, stride, bias=not norm)
        self.bn2 = batch_norm(out_channels, norm)
        self.conv2 = conv3x3(out_channels, out_channels, bias=not norm)
        self.shortcut = make_shortcut(in_channels, out_channels, stride, shortcut, norm)
        self.beta = beta

    def branch(self, x: Images) -> Features:
        """F(x), see the class."""
        return self.conv2(F.relu(self.bn2(self.conv1(F.relu(self.bn1(x))))))

    def forward(self, x: Images) -> Features:
        return self.shortcut(x) + self.beta * self.branch(x)

    def start_as_identity(self) -> "PreActBlock":
        """Set the branch to zero: y = shortcut(x). Returns the block."""
        nn.init.zeros_(self.conv2.weight)
        if self.conv2.bias is not None:
            nn.init.zeros_(self.conv2.bias)
        return self


class Bottleneck(nn.Module):
    """1x1 down, 3x3, 1x1 up by `expansion`: y = relu(shortcut(x) + beta F(x)), figure 5 right.

    `channels` are those of the 3x3 layer; the block answers expansion * channels. The stride sits on the
    3x3 layer, as in torchvision (the paper puts it on the first 1x1).
    """

    expansion = 4

    def __init__(
        self, in_channels: int, channels: int, stride: int = 1, *, shortcut: str = "B", beta: float = 1.0
    ):
        super().__init__()
        out_channels = channels * self.expansion
        self.conv1 = nn.Conv2d(in_channels, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = conv3x3(channels, channels, stride)
        self.bn2 = nn.BatchNorm2d(channels)
        self.conv3 = nn.Conv2d(channels, out_channels, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(out_channels)
        self.shortcut = make_shortcut(in_channels, out_channels, stride, shortcut)
        self.beta = beta

    def branch(self, x: Images) -> Features:
        """F(x) = bn3(conv3(relu(bn2(conv2(relu(bn1(conv1(x))))))))."""
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.relu(self.bn2(self.conv2(x)))
        return self.bn3(self.conv3(x))

    def forward(self, x: Images) -> Features:
        return F.relu(self.shortcut(x) + self.beta * self.branch(x))
