"""How an image is written down for evolution: as its pixels, or as a small net that paints it."""

from dataclasses import dataclass
from typing import Protocol

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_lib.attacks.ball import random_like
from course_lib.attacks.queries import uniform

Genomes = Float[Tensor, "images genes"]
Pictures = Float[Tensor, "images channels height width"]


class Encoding(Protocol):
    """Genomes are rows of numbers; only an encoding knows what they mean."""

    def draw(self, count: int, like: Tensor, generator: torch.Generator | None) -> Genomes:
        """Random genomes, on the device of `like`."""

    def mutate(self, genomes: Genomes, generator: torch.Generator | None) -> Genomes:
        """Children, one of each genome."""

    def paint(self, genomes: Genomes) -> Pictures:
        """The images, in [0, 1]."""


@dataclass(frozen=True)
class Pixels:
    """The direct encoding: a gene for each pixel. The first ones are noise.

    rate: the share of genes that change in a child, by Deb's polynomial mutation of strength eta, as in the
    paper; there the rate halves every 1,000 generations, here it stays.
    """

    shape: tuple[int, int, int]
    rate: float = 0.1
    eta: float = 15.0

    def draw(self, count, like, generator):
        return uniform((count, self.shape[0] * self.shape[1] * self.shape[2]), like, generator)

    def mutate(self, genomes, generator):
        chosen = uniform(genomes.shape, genomes, generator) < self.rate
        u = uniform(genomes.shape, genomes, generator)
        small = (2 * torch.minimum(u, 1 - u)) ** (1 / (self.eta + 1)) - 1  # in [-1, 0], mostly near 0
        return (genomes + chosen * torch.where(u < 0.5, small, -small)).clamp(0, 1)

    def paint(self, genomes):
        return genomes.view(-1, *self.shape)


# What a unit of a pattern net does; each unit has a gene in [0, 1) that chooses.
FUNCTIONS = (torch.sin, torch.sigmoid, lambda v: torch.exp(-v * v), lambda v: v)


@dataclass(frozen=True)
class Patterns:
    """A CPPN: a net from a pixel's column, row, distance from the centre and 1 to its colour.

    The units of its two hidden layers are sines, sigmoids, bells or lines, so that symmetric, repeated and
    smooth patterns come easily. The paper's nets also grow (NEAT); these keep their layers, and only weights
    and functions change. rate: the share of genes that change in a child.
    """

    shape: tuple[int, int, int]
    width: int = 8
    rate: float = 0.1

    @property
    def _sizes(self) -> list[int]:
        """How many genes are weights of layer 1, 2 and 3, and functions."""
        return [4 * self.width, self.width**2, self.width * self.shape[0], 2 * self.width]

    def draw(self, count, like, generator):
        *layers, units = self._sizes
        empty = uniform((count, sum(layers)), like, generator)
        return torch.cat([2 * random_like(empty, generator, normal=True),
                          uniform((count, units), like, generator)], dim=1)

    def mutate(self, genomes, generator):
        fresh = self.draw(len(genomes), genomes, generator)
        units = self._sizes[-1]
        moved = torch.cat([genomes[:, :-units] + fresh[:, :-units] / 4, fresh[:, -units:]], dim=1)
        return torch.where(uniform(genomes.shape, genomes, generator) < self.rate, moved, genomes)

    def paint(self, genomes):
        channels, height, width = self.shape
        first, second, last, units = genomes.split(self._sizes, dim=1)
        units = (units * len(FUNCTIONS)).long().view(-1, 2, self.width)
        h = _apply(units[:, 0], first.view(-1, self.width, 4) @ self._places(genomes))
        h = _apply(units[:, 1], second.view(-1, self.width, self.width) @ h)
        return torch.sigmoid(last.view(-1, channels, self.width) @ h).view(-1, channels, height, width)

    def _places(self, like: Tensor) -> Float[Tensor, "4 pixels"]:
        """Column and row of every pixel from -1 to 1, its distance from the centre, and 1."""
        rows, columns = (torch.linspace(-1, 1, side) for side in self.shape[1:])
        row, column = torch.meshgrid(rows, columns, indexing="ij")
        places = torch.stack([column, row, torch.hypot(row, column), torch.ones_like(row)])
        return places.view(4, -1).to(like)


def _apply(
    units: Int[Tensor, "images units"], v: Float[Tensor, "images units pixels"]
) -> Float[Tensor, "images units pixels"]:
    """Each unit's own function of its input."""
    v = v.clone()
    for k, function in enumerate(FUNCTIONS):
        v[units == k] = function(v[units == k])
    return v
