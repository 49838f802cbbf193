"""How a camera may see a flat thing: turned, nearer, moved, tilted, in other light, with noise.

Every picture is a differentiable function of the thing, so an attack can climb through it.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor

from course_lib.attacks.ball import random_like
from course_lib.attacks.checks import check_count, check_size

Images = Float[Tensor, "images ..."]
# 3x3, float64: where the points of a thing go in its picture, one matrix a view. The middle is 0, x goes
# right and y down; 1 is half of the longer side.
Matrices = Float[Tensor, "views 3 3"]


@dataclass(frozen=True, eq=False)
class Views:
    """Some fixed views, to be called on any images: each image comes out once for every view."""

    matrix: Matrices
    light: Float[Tensor, " views"]  # what every pixel is multiplied by
    noise: Float[Tensor, "views ..."] | None = None  # what is added at last, the same for all images
    outside: str = "zeros"

    def __len__(self) -> int:
        return len(self.light)

    def __getitem__(self, which: slice) -> "Views":
        noise = None if self.noise is None else self.noise[which]
        return Views(self.matrix[which], self.light[which], noise, self.outside)

    def __call__(self, x: Images) -> Float[Tensor, "views images ..."]:
        """Pictures of x in [0, 1], in the dtype of x.

        Raises ValueError if x must be turned or moved and is not [images, channels, height, width].
        """
        seen = warp(x, self.matrix, self.outside)
        seen = seen * _one_a_view(self.light.to(seen), seen)
        if self.noise is not None:
            seen = seen + self.noise.to(seen)[:, None]
        # Not clamp: its gradient is 0 on 0 and 1 themselves, and white and black pixels would never move.
        return seen.where(seen >= 0, torch.zeros_like(seen)).where(seen <= 1, torch.ones_like(seen))


@dataclass(frozen=True)
class Transforms:
    """How far views may differ, each thing drawn evenly from its range. As it stands: not at all.

    rotation: degrees, to either side. scale: the least and the greatest factor. shift: share of the longer
    side, in each direction. perspective: how much nearer an edge may come, as a share of the distance; one
    draw for left-right, one for up-down. brightness: light is multiplied by 1 - brightness to
    1 + brightness. noise: standard deviation in each pixel. outside: what is seen beside the image, "zeros"
    (black) or "border" (its edge goes on).
    Raises ValueError for a range that makes no sense.
    """

    rotation: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    shift: float = 0.0
    perspective: float = 0.0
    brightness: float = 0.0
    noise: float = 0.0
    outside: str = "zeros"

    def __post_init__(self):
        greatest = {"rotation": 180, "shift": 1, "perspective": 0.45, "brightness": 1, "noise": 1}
        for name, highest in greatest.items():
            value = getattr(self, name)
            check_size(name, value, zero=True)
            if value > highest:
                raise ValueError(f"{name} must be at most {highest}, got {value:g}")
        if not isinstance(self.scale, (tuple, list)) or len(self.scale) != 2:
            raise ValueError(f"scale must be two factors, as in (0.8, 1.2), got {self.scale!r}")
        for factor in self.scale:
            check_size("scale", factor)
        if self.scale[0] > self.scale[1]:
            raise ValueError(f"scale must be (least, greatest), got {self.scale}")
        if self.outside not in ("zeros", "border"):
            raise ValueError(f"outside must be 'zeros' or 'border', got {self.outside!r}")

    def draw(self, count: int, like: Images, generator: torch.Generator | None = None) -> Views:
        """`count` views of images of this size. A range that is wider leaves all other draws as they are."""
        check_count("count", count)
        place = "cpu" if generator is None else generator.device
        u = 2 * torch.rand(count, 7, generator=generator, device=place, dtype=torch.float64).cpu() - 1
        low, high = self.scale
        matrix = (
            tilts(self.perspective * u[:, 0], self.perspective * u[:, 1])
            @ shifts(2 * self.shift * u[:, 2], 2 * self.shift * u[:, 3])
            @ scales((low + high) / 2 + (high - low) / 2 * u[:, 4])
            @ rotations(self.rotation * u[:, 5])
        )
        noise = None
        if self.noise:
            blank = torch.empty(count, *like.shape[1:], device=like.device)
            noise = self.noise * random_like(blank, generator, normal=True)
        return Views(matrix, 1 + self.brightness * u[:, 6], noise, self.outside)


@dataclass(frozen=True, eq=False)
class Always:
    """The same views at every draw: what an attack sees that does not believe in chance."""

    views: Views

    def draw(self, count: int, like: Images, generator: torch.Generator | None = None) -> Views:
        """`count` of the views, over and over again; nothing is drawn."""
        turns = torch.arange(count) % len(self.views)
        return self.views[turns]


# What a sign may go through on a roadside.
ROADSIDE = Transforms(rotation=15, scale=(0.85, 1.15), shift=0.06, perspective=0.1, brightness=0.25,
                      noise=0.02, outside="border")


def rotations(degrees: Float[Tensor, " views"]) -> Matrices:
    """Turns about the middle, anticlockwise as seen."""
    angle = torch.deg2rad(degrees.double())
    m = _still(len(angle))
    m[:, 0, 0] = m[:, 1, 1] = angle.cos()
    m[:, 0, 1], m[:, 1, 0] = angle.sin(), -angle.sin()
    return m


def scales(factor: Float[Tensor, " views"]) -> Matrices:
    """Larger by this factor, about the middle."""
    m = _still(len(factor))
    m[:, 0, 0] = m[:, 1, 1] = factor.double()
    return m


def shifts(right: Float[Tensor, " views"], down: Float[Tensor, " views"]) -> Matrices:
    """Moves, in halves of the longer side."""
    m = _still(len(right))
    m[:, 0, 2], m[:, 1, 2] = right.double(), down.double()
    return m


def tilts(right: Float[Tensor, " views"], down: Float[Tensor, " views"]) -> Matrices:
    """The right (the lower) edge goes away: a point's distance grows from 1 by this share of its place."""
    m = _still(len(right))
    m[:, 2, 0], m[:, 2, 1] = right.double(), down.double()
    return m


def warp(x: Images, matrix: Matrices, outside: str = "zeros") -> Float[Tensor, "views images ..."]:
    """Pictures of x under each matrix, bilinear between pixels. The still matrix changes nothing, exactly.

    One sampling for the whole matrix: pictures that go through many transforms do not blur.
    Raises ValueError if x is not [images, channels, height, width] and something moves.
    """
    count = len(matrix)
    if torch.equal(matrix, _still(count)):
        return x[None].expand(count, *x.shape)
    if x.dim() != 4:
        raise ValueError(f"x must hold images [images, channels, height, width] to be moved, "
                         f"got shape {tuple(x.shape)}; use transforms with brightness and noise only")
    # Half precision is too coarse for places between pixels.
    exact = x.dtype if x.dtype in (torch.float32, torch.float64) else torch.float32
    many = x.to(exact)[None].expand(count, *x.shape).flatten(0, 1)
    grid = _places(matrix, *x.shape[2:]).to(exact).to(x.device).repeat_interleave(len(x), 0)
    seen = F.grid_sample(many, grid, "bilinear", outside, align_corners=False)
    return seen.view(count, *x.shape).to(x.dtype)


def _places(matrix: Matrices, height: int, width: int) -> Float[Tensor, "views height width 2"]:
    """For each pixel of each picture: where on the thing it looks, from -1 to 1 from edge to edge."""
    half = max(height, width) / 2
    right = (torch.arange(width).double() + 0.5 - width / 2) / half
    down = (torch.arange(height).double() + 0.5 - height / 2) / half
    picture = torch.stack([*torch.meshgrid(right, down, indexing="xy"), torch.ones(height, width).double()])
    thing = torch.linalg.inv(matrix) @ picture.flatten(1)
    place = thing[:, :2] / thing[:, 2:] * (2 * half / torch.tensor([[width], [height]]).double())
    return place.transpose(1, 2).unflatten(1, (height, width))


def _still(count: int) -> Matrices:
    return torch.eye(3, dtype=torch.float64).repeat(count, 1, 1)


def _one_a_view(values: Float[Tensor, " views"], seen: Tensor) -> Tensor:
    return values.view(-1, *[1] * (seen.dim() - 1))
