"""Attacks that change a few pixels, whatever their colours, and see only the model's answers.

Su, Vargas, Sakurai: One Pixel Attack for Fooling Deep Neural Networks (2017), arXiv 1710.08864.

A member of a population is a list of pixels, each a place and a colour. Every image has a population of its
own, and all of them are asked about together. An image is done, and asked about no more, at the first
generation with a member that fools.

The attacks share these arguments:
  pixels       how many may change.
  eps          how far each channel of those pixels may go; 1, the paper's, for any colour.
  steps        generations after the first.
  population   members of each image's population.
  targeted     False: y are the true labels, and their probability falls.
               True: y are the labels wanted, and their probability rises.
They cost a query for each image, and `population` a generation for each that is not fooled before. They raise
ValueError if x is not [images, channels, height, width].
"""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_lib.attacks.ball import linf_box, random_like
from course_lib.attacks.checks import check_count, check_numbers
from course_lib.attacks.contract import Images, Labels, Logits, attacking, fooled
from course_lib.attacks.evolution import Populations, mirrored, three_members
from course_lib.attacks.queries import Questions, clearly_fooled, log_odds, score, uniform

Members = Float[Tensor, "images members pixels genes"]  # genes: row and column in [0, 1], then the colour


def one_pixel(model: nn.Module, x: Images, y: Labels, *, pixels: int = 1, **more) -> Images:
    """`few_pixels` with one pixel."""
    return few_pixels(model, x, y, pixels=pixels, **more)


def few_pixels(
    model: nn.Module, x: Images, y: Labels, *, pixels: int = 3, eps: float = 1.0, steps: int = 100,
    population: int = 400, targeted: bool = False, generator: torch.Generator | None = None,
    chunk: int | None = None, progress: bool = False,
) -> Images:
    """Differential evolution: children of three members each replace a father whose score is worse.

    What leads out of the image is mirrored at its border, and colours are cut to [0, 1].
    """
    plan = Plan(pixels, eps, steps, population, targeted, evolve=True)
    return _search(model, x, y, plan, generator, chunk, progress)


def random_pixels(
    model: nn.Module, x: Images, y: Labels, *, pixels: int = 1, eps: float = 1.0, steps: int = 100,
    population: int = 400, targeted: bool = False, generator: torch.Generator | None = None,
    chunk: int | None = None, progress: bool = False,
) -> Images:
    """The control of `few_pixels` at equal queries: each generation is drawn anew, as the first one is."""
    plan = Plan(pixels, eps, steps, population, targeted, evolve=False)
    return _search(model, x, y, plan, generator, chunk, progress)


@dataclass(frozen=True)
class Plan:
    """The arguments of a search, checked."""

    pixels: int
    eps: float
    steps: int
    population: int
    targeted: bool
    evolve: bool

    def __post_init__(self):
        check_numbers(eps=self.eps, steps=self.steps)
        check_count("pixels", self.pixels)
        check_count("population", self.population)
        if self.evolve and self.population < 3:
            raise ValueError(f"population must be 3 or more, the parents of a child, got {self.population}")


def _search(
    model: nn.Module, x: Images, y: Labels, plan: Plan, generator: torch.Generator | None, chunk: int | None,
    progress: bool,
) -> Images:
    check_numbers(generator=generator)
    with attacking(model, x, y, quick_layout=True) as (net, x, y), torch.no_grad():
        check_pictures(x)
        out, questions, canvas = x.clone(), Questions(net, chunk, x.device), Canvas(x, *linf_box(x, plan.eps))
        here = (~fooled(questions.about(x), y, plan.targeted)).nonzero()[:, 0] if len(x) else y
        population = None
        for _ in tqdm(range(plan.steps + 1), disable=not progress, leave=False):
            if not len(here):
                break
            # Drawn for all images, so that nobody's numbers depend on who is done.
            if population is None or not plan.evolve:
                members = first_members(x, plan.population, plan.pixels, generator)[here]
            else:
                three = three_members(len(x), plan.population, x, generator)[here]
                members = settled(population.children(three))
            scores, hit = _asked(questions, canvas, here, y, members, plan.targeted)
            if population is None:
                population = Populations(members, scores)
            population = population.after(members, scores)
            done = hit.any(1)
            if done.any():
                best = scores.masked_fill(~hit, torch.inf).argmin(1)[done]
                out[here[done]] = canvas.paint(here[done], members[done, best])
                here, population = here[~done], population.of(~done)
        return out


def _asked(
    questions: Questions, canvas: "Canvas", here: Tensor, y: Labels, members: Members, targeted: bool
) -> tuple[Float[Tensor, "images members"], Bool[Tensor, "images members"]]:
    """(scores, who fools) of the members of the images number `here`."""
    flat = members.flatten(0, 1)
    image = here.repeat_interleave(members.shape[1])

    def painted(rows: slice) -> Images:
        return canvas.paint(image[rows], flat[rows])

    def judged(logits: Logits, rows: slice) -> Float[Tensor, "rows 2"]:
        label = y[image[rows]]
        scores = score(log_odds(logits, label), targeted)
        return torch.stack([scores, clearly_fooled(logits, label, targeted).to(scores.dtype)], dim=1)

    scores, hit = questions.made(len(flat), painted, judged).view(*members.shape[:2], 2).unbind(2)
    return scores, hit > 0


def first_members(x: Images, count: int, pixels: int, generator: torch.Generator | None) -> Members:
    """Places anywhere in the image, colours around grey with the paper's deviation of 127 in 255."""
    place = uniform((len(x), count, pixels, 2), x, generator)
    colour = random_like(place.new_empty(len(x), count, pixels, x.shape[1]), generator, normal=True)
    return torch.cat([place, (0.5 + 127 / 255 * colour).clamp(0, 1)], dim=3)


def settled(members: Members) -> Members:
    """Members whose places and colours are possible ones."""
    return torch.cat([mirrored(members[..., :2]), members[..., 2:].clamp(0, 1)], dim=3)


@dataclass(frozen=True)
class Canvas:
    """Clean images, and the least and greatest colour that each pixel may have."""

    x: Images
    low: Images
    high: Images

    def paint(self, rows: Int[Tensor, " some"], members: Float[Tensor, "some pixels genes"]) -> Images:
        """Images number `rows`, each with the pixels of one member; the last in a place stays."""
        v, some = self.x[rows], torch.arange(len(rows), device=rows.device)
        sides = torch.tensor(v.shape[2:], device=rows.device)
        places = (members[..., :2] * sides).long().minimum(sides - 1)
        for k in range(members.shape[1]):
            (i, j), colour = places[:, k].unbind(1), members[:, k, 2:].to(v.dtype)
            v[some, :, i, j] = colour.clamp(self.low[rows, :, i, j], self.high[rows, :, i, j])
        return v


def check_pictures(x: Images) -> None:
    """Raises ValueError unless x is [images, channels, height, width]."""
    if x.dim() != 4:
        raise ValueError(f"x must be [images, channels, height, width], got shape {tuple(x.shape)}; "
                         "use x.view(len(x), 1, height, width)")
