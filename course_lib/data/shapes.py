"""Made scenes for dense prediction: grey blocks whose class is told by a coloured stripe far away."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

CLASSES = ("background", "orange", "blue")
COLOURS = {1: (0.90, 0.62, 0.0), 2: (0.0, 0.45, 0.70)}  # of the stripe, by class
GREY, STRIPE, BLOCKS = 0.6, 5, 6  # brightness of a block; rows of the stripe; blocks an image
SMALLEST, LARGEST = 3, 6  # sides of a block
FAR, NEAR = (7, 17), (1, 6)  # pixels from the stripe: beyond or within six undilated 3x3 layers


@dataclass(frozen=True, eq=False, repr=False)
class Scenes:
    """Images with one label for each pixel."""

    x: Float[Tensor, "n 3 side side"]  # pixels in [0, 1], float32
    y: Int[Tensor, "n side side"]  # class numbers, int64; names in `classes`
    classes: tuple[str, ...] = CLASSES

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        return f"Scenes({len(self):,} images of side {self.x.shape[-1]}, {len(self.classes)} classes)"


def scenes(
    n: int, *, side: int = 32, distance: tuple[int, int] = FAR, generator: torch.Generator,
    device: torch.device | str = "cpu",
) -> Scenes:
    """`n` scenes, the same for the same generator state.

    A stripe, orange or blue with equal chance, crosses the middle of the image, upright or level. Grey blocks
    lie on both sides of it. Each of their pixels is of the stripe's class; all other pixels, the stripe's
    too, are background. distance: the least and the most pixels from a block's pixel to the nearest pixel of
    the stripe, so the class cannot be told from closer by.
    Raises ValueError if such blocks do not fit into the side.
    """
    low, high = distance
    room = (side - STRIPE) // 2 - 1  # rows beside the stripe, where it lies worst
    if not 1 <= low <= min(high, room) - LARGEST + 1:
        raise ValueError(f"distance {distance} leaves no place for blocks of {LARGEST} pixels in an image of "
                         f"side {side}: choose a least distance from 1 to {min(high, room) - LARGEST + 1}")

    def draw(first: int, last: int) -> int:
        return int(torch.randint(first, last + 1, (), generator=generator))

    x = torch.rand(n, 3, side, side, generator=generator) * 0.1
    y = torch.zeros(n, side, side, dtype=torch.int64)
    for image, labels in zip(x, y, strict=True):
        top, label, upright = draw(room, side - STRIPE - room), draw(1, 2), draw(0, 1)
        if upright:
            image, labels = image.transpose(1, 2), labels.T
        for _ in range(BLOCKS):
            height, width = draw(SMALLEST, LARGEST), draw(SMALLEST, LARGEST)
            above = draw(0, 1)
            beside = top if above else side - STRIPE - top
            gap = draw(low, min(high, beside) - height + 1)
            row = top - gap - height + 1 if above else top + STRIPE - 1 + gap
            column = draw(0, side - width)
            image[:, row : row + height, column : column + width] = GREY
            labels[row : row + height, column : column + width] = label
        image[:, top : top + STRIPE] = torch.tensor(COLOURS[label])[:, None, None]
    return Scenes(x.to(device), y.to(device))
