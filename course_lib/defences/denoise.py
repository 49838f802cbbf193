"""A denoising autoencoder in front of a net: what it does not know from clean images, it takes away.

Vincent, Larochelle, Bengio, Manzagol: Extracting and Composing Robust Features with Denoising Autoencoders,
ICML 2008: minimise |d(e(x + n)) - x|^2, then classify d(e(x)). Small and convolutional here, Gaussian noise.

    denoiser = DenoisingAutoencoder()
    train_denoiser(denoiser, x, steps=300)
    purified = nn.Sequential(denoiser, net)  # differentiable: an attack may climb through it
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from course_lib.attacks.checks import check_count, check_size
from course_lib.train.fit import History, fit

Pixels = Float[Tensor, "images channels height width"]


class DenoisingAutoencoder(nn.Module):
    """Two convolutions down to a quarter of the side, two up again; pixels in [0, 1] in and out.

    Batch norm is there because without it many a run ends in one grey answer for all images.

    width: channels after the first convolution; the code in the middle has twice as many. Any side from 4 on.
    """

    def __init__(self, in_channels: int = 1, width: int = 16):
        check_count("in_channels", in_channels)
        check_count("width", width)
        super().__init__()
        self.encode = nn.Sequential(
            nn.Conv2d(in_channels, width, 3, stride=2, padding=1), nn.BatchNorm2d(width), nn.ReLU(),
            nn.Conv2d(width, 2 * width, 3, stride=2, padding=1), nn.BatchNorm2d(2 * width), nn.ReLU(),
        )
        self.decode = nn.Sequential(
            nn.ConvTranspose2d(2 * width, width, 4, stride=2, padding=1), nn.BatchNorm2d(width), nn.ReLU(),
            nn.ConvTranspose2d(width, in_channels, 4, stride=2, padding=1), nn.Sigmoid(),
        )

    def forward(self, x: Pixels) -> Pixels:
        height, width = x.shape[2:]
        # A side that 4 does not divide comes back a little larger.
        return self.decode(self.encode(x))[..., :height, :width]


def train_denoiser(
    denoiser: nn.Module, x: Pixels, *, noise: float = 0.3, steps: int = 300, batch_size: int = 64,
    lr: float = 0.01, seed: int = 0, **more,
) -> History:
    """Train it in place to give back clean images x from noisy ones: mean squared error, Adam.

    noise: standard deviation in each pixel; noisy pixels are cut to [0, 1]. more: further arguments of `fit`.
    Raises ValueError for bad arguments.
    """
    check_size("noise", noise)

    def add_noise(batch: Pixels, generator: torch.Generator) -> Pixels:
        e = torch.randn(batch.shape, generator=generator).to(batch)
        return (batch + noise * e).clamp(0, 1)

    return fit(denoiser, x, x, loss=F.mse_loss, augment=add_noise, steps=steps, batch_size=batch_size, lr=lr,
               optimizer="adam", seed=seed, **more)
