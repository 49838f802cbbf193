"""Fooling images: no picture of anything, and yet the model is sure of its class.

Nguyen, Yosinski, Clune: Deep Neural Networks are Easily Fooled (2014), arXiv 1412.1897. They are near no real
image, so they are not adversarial perturbations: there is no x to stay close to, and no ball.

MAP-Elites: one champion for each class. Children of random champions compete for all classes at once, and the
one in which a class gets the highest probability so far becomes its champion. A picture that is on the way to
an 8 may so become a 3's.
"""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_lib.attacks.checks import check_count, check_numbers
from course_lib.attacks.contract import Images, Logits, attacking
from course_lib.attacks.encodings import Encoding, Patterns, Pixels
from course_lib.attacks.queries import Questions, log_odds, score, uniform

ENCODINGS = {"direct": Pixels, "cppn": Patterns}


@dataclass(frozen=True)
class Fooling:
    """What the evolution found.

    images: the champion of each class. confidence: the model's probability of that class.
    path: the confidence of each champion after every generation. queries: images asked about.
    """

    images: Float[Tensor, "classes channels height width"]
    confidence: Float[Tensor, " classes"]
    path: Float[Tensor, "generations classes"]
    queries: int


def fooling_images(
    model: nn.Module, shape: tuple[int, int, int], *, encoding: str | Encoding = "direct", steps: int = 300,
    children: int = 100, generator: torch.Generator | None = None, chunk: int | None = None,
    progress: bool = False,
) -> Fooling:
    """Evolve one image for each class of which the model is as sure as possible.

    shape: [channels, height, width] of the model's images. encoding: "direct", a gene for each pixel; "cppn",
    smooth patterns made by small nets; or an `Encoding` of your own. steps: generations after the first, of
    `children` images each. chunk: images asked about in one pass. The model is left as it was.
    Costs children (steps + 1) queries, whatever comes out.
    """
    check_numbers(steps=steps, generator=generator)
    check_count("children", children)
    if len(shape) != 3 or any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in shape):
        raise ValueError(f"shape must be (channels, height, width), three whole numbers, got {shape!r}")
    if isinstance(encoding, str):
        if encoding not in ENCODINGS:
            raise ValueError(f"encoding must be one of {', '.join(ENCODINGS)}; got {encoding!r}")
        encoding = ENCODINGS[encoding](tuple(shape))
    x = _blank(model, shape)
    y = x.new_zeros(1, dtype=torch.int64)
    with attacking(model, x, y, quick_layout=True) as (net, x, _), torch.no_grad():
        questions = Questions(net, chunk, x.device)
        genomes, champions, path = encoding.draw(children, x, generator), None, []
        for _ in tqdm(range(steps + 1), disable=not progress, leave=False):
            odds = odds_of_all(questions.made(
                children, lambda rows, genomes=genomes: encoding.paint(genomes[rows]).to(x.dtype)
            ))
            champions = (champions or Champions.none(genomes, odds)).after(genomes, odds)
            path.append(champions.odds.sigmoid())
            parents = (uniform((children,), x, generator) * odds.shape[1]).long()
            genomes = encoding.mutate(champions.genomes[parents], generator)
        images = encoding.paint(champions.genomes).to(x.dtype)
    return Fooling(images, path[-1], torch.stack(path), children * (steps + 1))


@dataclass(frozen=True)
class Champions:
    """The best genome so far for each class, and the log odds of that class for it."""

    genomes: Float[Tensor, "classes genes"]
    odds: Float[Tensor, " classes"]

    @classmethod
    def none(cls, genomes: Tensor, odds: Tensor) -> "Champions":
        """Before the first generation: anybody, at no odds at all."""
        classes = odds.shape[1]
        return cls(genomes[:1].expand(classes, -1), odds.new_full((classes,), -torch.inf))

    def after(self, genomes: Float[Tensor, "children genes"], odds: Float[Tensor, "children classes"]):
        """With the children that beat them. A child may become the champion of several classes."""
        best, who = odds.max(0)
        better = best > self.odds
        return Champions(torch.where(better[:, None], genomes[who], self.genomes),
                         torch.where(better, best, self.odds))


def odds_of_all(logits: Logits) -> Float[Tensor, "images classes"]:
    """The log odds of every class: in the order of its probability, but never rounded to that of 1."""
    classes = torch.arange(logits.shape[1], device=logits.device)
    return torch.stack([-score(log_odds(logits, k.expand(len(logits))), True) for k in classes], dim=1)


def _blank(model: nn.Module, shape: tuple[int, int, int]) -> Images:
    """A black image of the model's dtype, on its device."""
    weight = next((p for p in model.parameters() if p.is_floating_point()), torch.zeros(()))
    return torch.zeros(1, *shape, dtype=weight.dtype, device=weight.device)
