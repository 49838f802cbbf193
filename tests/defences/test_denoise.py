"""The denoising autoencoder takes noise away, and an attack may climb through it."""

import pytest
import torch
from torch import nn

from course_lib.attacks import pgd
from course_lib.defences.denoise import DenoisingAutoencoder, train_denoiser


def bars(n, seed=0, side=12):
    """White bars, one row or column of an image each, two pixels wide."""
    g = torch.Generator().manual_seed(seed)
    x = torch.zeros(n, 1, side, side)
    for k, (place, turn) in enumerate(zip(torch.randint(side - 1, (n,), generator=g),
                                          torch.rand(n, generator=g) > 0.5, strict=True)):
        x[k, 0, place:place + 2] = 1
        if turn:
            x[k] = x[k].mT.clone()
    return x


@pytest.fixture(scope="module")
def trained():
    torch.manual_seed(0)
    denoiser = DenoisingAutoencoder(width=6)
    return denoiser, train_denoiser(denoiser, bars(200), noise=0.4, steps=100, batch_size=32)


def test_new_noisy_images_come_out_nearer_to_the_clean_ones(trained):
    denoiser, history = trained
    x = bars(100, seed=1)
    noisy = (x + 0.4 * torch.randn(x.shape, generator=torch.Generator().manual_seed(2))).clamp(0, 1)
    with torch.no_grad():
        back = denoiser(noisy)
    assert (back - x).square().mean() < 0.4 * (noisy - x).square().mean()
    assert history.last() < history.loss[0] / 4


def test_an_attack_climbs_through_it(trained):
    torch.manual_seed(1)
    net = nn.Sequential(nn.Flatten(), nn.Linear(144, 3))
    purified, x = nn.Sequential(trained[0], net), bars(20, seed=3)
    with torch.no_grad():
        y = purified(x).argmax(1)
    assert (purified(pgd(purified, x, y, eps=0.5, steps=10)).argmax(1) != y).float().mean() > 0.5


@pytest.mark.parametrize("side", [(4, 4), (7, 10), (28, 29)])
def test_any_side_comes_back_as_it_was_in_the_range_of_pixels(side):
    x = torch.rand(2, 3, *side)
    back = DenoisingAutoencoder(in_channels=3, width=2)(x)
    assert back.shape == x.shape
    assert back.min() >= 0 and back.max() <= 1


def test_the_same_seed_gives_the_same_weights():
    weights = []
    for _ in range(2):
        torch.manual_seed(0)
        denoiser = DenoisingAutoencoder(width=2)
        train_denoiser(denoiser, bars(40), steps=3, batch_size=8, seed=5)
        weights.append(torch.cat([p.flatten() for p in denoiser.parameters()]))
    assert torch.equal(*weights)


def test_bad_input_names_the_argument():
    with pytest.raises(ValueError, match="width must be"):
        DenoisingAutoencoder(width=0)
    with pytest.raises(ValueError, match="noise must be"):
        train_denoiser(DenoisingAutoencoder(width=2), bars(8), noise=0.0)
