"""Two trained nets on digits, and digits that both get right."""

import pytest
import torch

from course_lib.measure import is_right
from course_lib.train import ImageStudy, stored_net, train_images


@pytest.fixture(scope="session")
def nets():
    """(a plain net, another one that images are made for, an adversarially trained one)."""
    return stored_net("plain"), train_images(ImageStudy(steps=150, lr=0.01), 77).model, stored_net("robust")


@pytest.fixture(scope="session")
def digits(nets):
    """(x, y) of 60 test digits that all three get right."""
    x, y = (part[:150] for part in ImageStudy().images("test"))
    right = torch.stack([is_right(net, x, y) for net in nets]).all(0)
    return x[right][:60], y[right][:60]
