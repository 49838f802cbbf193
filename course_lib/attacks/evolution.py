"""Differential evolution, many populations side by side (Storn, Price 1997), as Su et al. use it.

A child is v = a + 0.5 (b - c), three different members of its population, and takes the place of its father
only if its score is lower. There is no crossover.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_lib.attacks.queries import uniform

Members = Float[Tensor, "populations members ..."]
Scores = Float[Tensor, "populations members"]


@dataclass(frozen=True)
class Populations:
    """The members of several populations and their scores; low is good."""

    members: Members
    scores: Scores

    def children(self, three: Int[Tensor, "populations members 3"], factor: float = 0.5) -> Members:
        """One child for each place, a + factor (b - c). three: who a, b and c are."""
        row = torch.arange(len(three), device=three.device)[:, None]
        a, b, c = (self.members[row, three[:, :, k]] for k in range(3))
        return a + factor * (b - c)

    def after(self, children: Members, scores: Scores) -> "Populations":
        """Children whose score is lower take their fathers' places."""
        better = scores < self.scores
        shaped = better.view(*better.shape, *[1] * (children.dim() - 2))
        return Populations(torch.where(shaped, children, self.members),
                           torch.where(better, scores, self.scores))

    def of(self, rows: Bool[Tensor, " populations"]) -> "Populations":
        """Some of the populations."""
        return Populations(self.members[rows], self.scores[rows])


def three_members(
    populations: int, members: int, like: Tensor, generator: torch.Generator | None
) -> Int[Tensor, "populations members 3"]:
    """Three different members for each place, uniformly; members is 3 or more."""
    u = uniform((populations, members, 3), like, generator)
    a, b, c = (u * torch.tensor([members, members - 1, members - 2], device=u.device)).long().unbind(2)
    # b counts those other than a, c those other than both.
    b = b + (b >= a)
    first, last = torch.minimum(a, b), torch.maximum(a, b)
    c = c + (c >= first)
    c = c + (c >= last)
    return torch.stack([a, b, c], dim=2)


def mirrored(v: Tensor) -> Tensor:
    """Numbers of [-1, 2] brought into [0, 1]: what leads out is mirrored at the border."""
    v = v.abs()
    return torch.minimum(v, 2 - v)
