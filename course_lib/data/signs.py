"""Made traffic signs: eight classes told apart by shape, colour and symbol. No photos."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

RED, BLUE, YELLOW = (0.75, 0.10, 0.12), (0.05, 0.25, 0.62), (0.95, 0.75, 0.10)
WHITE, BLACK = (0.92, 0.92, 0.92), (0.06, 0.06, 0.06)

# A shape answers the distance to its edge, below 0 inside. Points are in the sign's own frame: its middle is
# 0, its rim at a distance of about 1, x goes right and y down.
Shape = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, eq=False, repr=False)
class Signs:
    """Pictures of one sign each, and where on the picture the sign is."""

    x: Float[Tensor, "n 3 side side"]  # pixels in [0, 1], float32
    y: Int[Tensor, "n"]  # class numbers, int64; names in `classes`
    face: Float[Tensor, "n 1 side side"]  # 1 on pixels that lie wholly on the sign, else 0
    classes: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        return f"Signs({len(self):,} images of side {self.x.shape[-1]}, {len(self.classes)} classes)"


def signs(
    n: int, *, side: int = 32, generator: torch.Generator, device: torch.device | str = "cpu"
) -> Signs:
    """`n` signs, the classes in turn in a random order, the same for the same generator state.

    Size, place, a turn of up to 8 degrees, light and background differ from picture to picture. The whole
    sign is on its picture. Raises ValueError unless n is at least 1 and side at least 16.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"n must be a whole number of signs from 1 on, got {n!r}")
    if isinstance(side, bool) or not isinstance(side, int) or side < 16:
        raise ValueError(f"side must be a whole number of 16 pixels or more, got {side!r}; "
                         "in fewer the symbols cannot be seen")
    y = torch.arange(n)[torch.randperm(n, generator=generator)] % len(SIGNS)
    draws = torch.rand(n, 5, generator=generator)
    x = _backgrounds(n, side, generator)
    face = torch.zeros(n, 1, side, side)
    for k, label in enumerate(y.tolist()):
        size, right, down, turn, light = draws[k].tolist()
        radius = side * (0.30 + 0.12 * size)
        spare = side / 2 - radius
        middle = side / 2 + spare * (2 * right - 1), side / 2 + spare * (2 * down - 1)
        points = _frame(side, middle, radius, 8 * (2 * turn - 1))
        _, layers = SIGNS[label]
        face[k, 0] = (_cover(layers[0][0](*points), radius) == 1).float()
        for shape, colour in layers:
            cover = _cover(shape(*points), radius)
            lit = torch.tensor(colour)[:, None, None] * (0.65 + 0.4 * light)
            x[k] = x[k] * (1 - cover) + lit * cover
    x = (x + 0.02 * torch.randn(x.shape, generator=generator)).clamp(0, 1)
    return Signs(x.to(device), y.to(device), face.to(device), tuple(name for name, _ in SIGNS))


def bars(face: Float[Tensor, "n 1 side side"]) -> Float[Tensor, "n 1 side side"]:
    """Places for stickers on a sign: one bar above its middle and one below it, each an eighth of its height.

    1 where a sticker may be, else 0; nothing off the sign.
    """
    mask = torch.zeros_like(face)
    for k, one in enumerate(face[:, 0]):
        rows = one.any(1).nonzero().flatten().tolist()
        if not rows:
            continue
        top, height = rows[0], rows[-1] - rows[0] + 1
        thick = max(1, round(height / 8))
        for place in (0.28, 0.66):
            first = top + round(place * height)
            mask[k, 0, first : first + thick] = one[first : first + thick]
    return mask


def _backgrounds(n: int, side: int, generator: torch.Generator) -> Float[Tensor, "n 3 side side"]:
    """Smooth patches of dull colour."""
    coarse = 0.25 + 0.4 * torch.rand(n, 3, 4, 4, generator=generator)
    grey = coarse.mean(1, keepdim=True)
    return F.interpolate((coarse + grey) / 2, size=(side, side), mode="bilinear", align_corners=True)


def _frame(side: int, middle: tuple[float, float], radius: float, degrees: float) -> tuple[Tensor, Tensor]:
    """(x, y) of each pixel in the frame of a sign with this middle, radius and turn."""
    turn = torch.deg2rad(torch.tensor(degrees))
    at = torch.arange(side) + 0.5
    right, down = (at[None, :] - middle[0]) / radius, (at[:, None] - middle[1]) / radius
    return right * turn.cos() + down * turn.sin(), down * turn.cos() - right * turn.sin()


def _cover(distance: Tensor, radius: float) -> Tensor:
    """Which share of each pixel a shape covers: 1 inside, 0 outside, something between on its edge."""
    return (0.5 - distance * radius).clamp(0, 1)


def _disc(size: float, right: float = 0, down: float = 0) -> Shape:
    return lambda x, y: torch.hypot(x - right, y - down) - size


def _box(wide: float, high: float, right: float = 0, down: float = 0) -> Shape:
    return lambda x, y: torch.maximum((x - right).abs() - wide, (y - down).abs() - high)


def _polygon(corners: int, size: float, turn: float, down: float = 0) -> Shape:
    """Equal sides; `size` is from middle to corner. turn: where a side's middle lies, 0 is to the right."""
    angles = torch.deg2rad(turn + torch.arange(corners) * 360 / corners)
    inner = size * torch.cos(torch.tensor(torch.pi / corners))
    return lambda x, y: torch.stack([x * a.cos() + (y - down) * a.sin() for a in angles]).amax(0) - inner


# Name, then layers from the lowest to the highest. The first is the whole face.
SIGNS = (
    ("stop", [(_polygon(8, 1.0, 0), WHITE), (_polygon(8, 0.9, 0), RED),
              *[(_box(0.1, 0.28, right), WHITE) for right in (-0.42, -0.14, 0.14, 0.42)]]),
    ("no entry", [(_disc(0.95), RED), (_box(0.65, 0.18), WHITE)]),
    ("give way", [(_polygon(3, 1.0, -90), RED), (_polygon(3, 0.6, -90), WHITE)]),
    ("danger", [(_polygon(3, 1.0, 90), RED), (_polygon(3, 0.65, 90), WHITE), (_box(0.08, 0.25), BLACK)]),
    ("priority", [(_polygon(4, 1.0, 45), WHITE), (_polygon(4, 0.75, 45), YELLOW)]),
    ("ahead only", [(_disc(0.95), BLUE), (_box(0.12, 0.4, down=0.2), WHITE),
                    (_polygon(3, 0.45, 90, down=-0.3), WHITE)]),
    ("speed limit", [(_disc(0.95), RED), (_disc(0.72), WHITE), (_box(0.12, 0.38, -0.22), BLACK),
                     (_box(0.12, 0.38, 0.22), BLACK)]),
    ("parking", [(_box(0.7, 0.7), BLUE), (_box(0.1, 0.5, -0.2), WHITE), (_disc(0.3, 0.1, -0.2), WHITE),
                 (_disc(0.12, 0.1, -0.2), BLUE)]),
)
