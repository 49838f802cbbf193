"""A few images with labels to choose from, and what a net says of them: for the explorers of attacks."""

from collections.abc import Iterable

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_lib.data import load
from course_lib.measure import is_right
from course_lib.measure.eval_mode import eval_mode
from course_lib.train import stored_net

Pixels = Float[Tensor, "images 1 height width"]
Labels = Int[Tensor, " images"]
MOST = 20  # options of a drop-down list


def check_samples(x: Pixels, y: Labels) -> None:
    """Raises TypeError or ValueError unless x holds a few grey images with one label each in y."""
    for name, value in (("x", x), ("y", y)):
        if not isinstance(value, Tensor):
            raise TypeError(f"{name} must be a tensor, got {type(value).__name__}")
    if x.dim() != 4 or x.shape[1] != 1 or not 1 <= len(x) <= MOST:
        raise ValueError(f"x must hold 1 to {MOST} grey images, [images, 1, height, width], "
                         f"got {tuple(x.shape)}; use x[:8]")
    if y.shape != x.shape[:1]:
        raise ValueError(f"y must hold one label an image, {len(x)} of them, got shape {tuple(y.shape)}")


def first_right(digits: Iterable[int], *nets: str) -> tuple[Pixels, Labels]:
    """x, y: of each digit the first test image that all of these stored nets get right."""
    test = load("mnist", "test")
    right = torch.stack([is_right(stored_net(name), test.x, test.y) for name in nets]).all(0)
    rows = [int((right & (test.y == digit)).nonzero()[0]) for digit in digits]
    return test.x[rows], test.y[rows]


def options(y: Labels) -> dict[str, int]:
    """The images by their labels, for a `Choice`: text -> row. The second image of a 7 is "7, no. 2"."""
    labels, texts = y.tolist(), {}
    for row, label in enumerate(labels):
        number = labels[: row + 1].count(label)
        texts[f"{label}, no. {number}" if number > 1 else str(label)] = row
    return texts


def probabilities(model: nn.Module, x: Pixels) -> np.ndarray:
    """What the model says of each image, in eval mode: array (images, classes). The model stays as it was."""
    with torch.no_grad(), eval_mode(model):
        return model(x).softmax(1).cpu().numpy()
