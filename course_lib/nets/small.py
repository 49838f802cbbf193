"""A net small enough to attack a thousand times on a laptop, and to run inside a web page."""

from jaxtyping import Float
from torch import Tensor, nn


class SmallCNN(nn.Sequential):
    """Two 3x3 convolutions, each with relu and a 2x2 max-pool, and a linear layer.

    in_channels, side: of the images. width: channels of the first convolution, the second has twice as many.
    Pixels go in as they are, in [0, 1]. Raises ValueError for a side below 4 or other sizes below 1.
    """

    def __init__(self, in_channels: int = 1, side: int = 28, width: int = 8, classes: int = 10):
        for name, value, least in (("in_channels", in_channels, 1), ("side", side, 4), ("width", width, 1),
                                   ("classes", classes, 1)):
            if value < least:
                raise ValueError(f"{name} must be at least {least}, got {value}")
        super().__init__(
            nn.Conv2d(in_channels, width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Conv2d(width, 2 * width, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(2 * width * (side // 4) ** 2, classes),
        )

    def forward(self, x: Float[Tensor, "batch channels side side"]) -> Float[Tensor, "batch classes"]:
        return super().forward(x)
