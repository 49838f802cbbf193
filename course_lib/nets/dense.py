"""Small nets that answer with one class for each pixel: at full resolution, or by pooling and upsampling."""

from collections.abc import Sequence

import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from course_lib.blocks.dilated import ContextModule

Images = Float[Tensor, "batch in_channels height width"]
Logits = Float[Tensor, "batch classes height width"]


class ContextNet(nn.Module):
    """A 1x1 layer to `width` channels, Yu and Koltun's context module, a 1x1 layer to the classes.

    No pixel is dropped: all maps have the image's size. Only the module's 3x3 layers look around, so the
    field is 1 + 2 times the sum of the rates. The module starts as the identity with some noise.
    """

    def __init__(
        self, rates: Sequence[int], *, width: int = 16, in_channels: int = 3, classes: int = 3,
        noise: float = 0.1,
    ):
        super().__init__()
        self.first = nn.Conv2d(in_channels, width, 1)
        self.context = ContextModule(width, rates, noise=noise)
        self.head = nn.Conv2d(width, classes, 1)

    def forward(self, x: Images) -> Logits:
        x = F.relu(self.first(2 * x - 1))  # pixels in [0, 1] become [-1, 1]
        return self.head(F.relu(self.context(x)))


class PooledNet(ContextNet):
    """The same layers and weights as a ContextNet of undilated layers, but on smaller maps: 2x2 max-pooling
    after each of the `pools` (numbers of 3x3 layers), and bilinear upsampling before the last 1x1 layer.

    Sides must be divisible by 2 for each pool. After a pool a 3x3 kernel spans twice as many pixels.
    """

    def __init__(self, layers: int = 6, pools: Sequence[int] = (2, 4), **options):
        super().__init__((1,) * layers, **options)
        self.pools = tuple(pools)

    def forward(self, x: Images) -> Logits:
        size = x.shape[2:]
        x = F.relu(self.first(2 * x - 1))
        for number, layer in enumerate(self.context.layers, 1):
            x = F.relu(layer(x))
            if number in self.pools:
                x = F.max_pool2d(x, 2)
        x = F.interpolate(F.relu(self.context.last(x)), size=size, mode="bilinear")
        return self.head(x)
