"""Random search with squares, which sees only the model's answers.

Andriushchenko, Croce, Flammarion, Hein: Square Attack (2019), arXiv 1912.00049, in its L-inf form.

Every pixel always lies at an end of its ball. A step moves all pixels of one random square to the same end,
channel by channel, and is kept if the margin falls. The squares get smaller as the search goes on.
"""

from dataclasses import dataclass, fields, replace

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_lib.attacks.ball import linf_box
from course_lib.attacks.checks import check_numbers, check_size
from course_lib.attacks.contract import Images, Labels, attacking, fooled, where_rows
from course_lib.attacks.pixels import check_pictures
from course_lib.attacks.queries import Questions, clearly_fooled, lead, log_odds, score, uniform

# The steps, of 10,000, at which the squares lose half of their area.
HALVED = (10, 50, 200, 500, 1000, 2000, 4000, 6000, 8000)


def square(
    model: nn.Module, x: Images, y: Labels, *, eps: float, steps: int = 5000, share: float = 0.8,
    targeted: bool = False, generator: torch.Generator | None = None, chunk: int | None = None,
    progress: bool = False,
) -> Images:
    """Random squares at the ends of the L-inf ball, each kept where it helps.

    steps: squares after the start, which is vertical stripes; their sizes depend on it. share: of the image
    that the first squares cover. targeted: y are the labels wanted, and their cross-entropy falls. chunk:
    images asked about in one pass. An image is done, and asked about no more, once an iterate fools.
    Costs a query for each image, and 1 + steps for each that is not fooled before.
    Raises ValueError if x is not [images, channels, height, width], or share not above 0 and at most 1.
    """
    check_numbers(eps=eps, steps=steps, generator=generator)
    check_size("share", share)
    if share > 1:
        raise ValueError(f"share must be at most 1, the whole image, got {share:g}")
    with attacking(model, x, y, quick_layout=True) as (net, x, y), torch.no_grad():
        check_pictures(x)
        out, questions, worth = x.clone(), Questions(net, chunk, x.device), log_odds if targeted else lead
        search = Search.of_all(x, y, eps)
        if len(x):
            search = search.of(~fooled(questions.about(x), y, targeted))
        for step in tqdm(range(steps + 1), disable=not progress, leave=False):
            if not len(search.here):
                break
            # Drawn for all images, so that nobody's numbers depend on who is done.
            if step == 0:
                v = search.striped(uniform((len(x), x.shape[1], x.shape[3]), x, generator)[search.here])
            else:
                draws = uniform((len(x), 2 + x.shape[1]), x, generator)[search.here]
                v = search.with_squares(draws, side_of(step, steps, share, x))
            logits = questions.about(v)
            hit = clearly_fooled(logits, search.y, targeted)
            search = search.after(v, score(worth(logits, search.y), targeted))
            if hit.any():
                out[search.here[hit]] = v[hit]
                search = search.of(~hit)
        return out


def side_of(step: int, steps: int, share: float, x: Images) -> int:
    """The side of the square of step number `step`, from 1: a pixel at least, the image at most."""
    height, width = x.shape[2:]
    halved = sum(10_000 * step // steps > start for start in HALVED)
    return max(1, min(round((share * height * width / 2**halved) ** 0.5), height, width))


@dataclass(frozen=True)
class Search:
    """The images still asked about. Every field has one row an image."""

    here: Int[Tensor, " images"]  # the image's number
    y: Labels
    v: Images  # the best iterate
    low: Images  # the ends of the ball
    high: Images
    least: Float[Tensor, " images"]  # the score of v

    @classmethod
    def of_all(cls, x: Images, y: Labels, eps: float) -> "Search":
        """Before the first question."""
        here = torch.arange(len(x), device=x.device)
        dtype = torch.promote_types(x.dtype, torch.float32)
        return cls(here, y, x, *linf_box(x, eps), torch.full_like(y, torch.inf, dtype=dtype))

    def of(self, rows: Bool[Tensor, " images"]) -> "Search":
        """Some of the images."""
        return Search(*(getattr(self, field.name)[rows] for field in fields(self)))

    def striped(self, draws: Float[Tensor, "images channels width"]) -> Images:
        """Every column of every channel at a random end."""
        return torch.where(draws[:, :, None] < 0.5, self.low, self.high)

    def with_squares(self, draws: Float[Tensor, "images numbers"], side: int) -> Images:
        """The best iterates, each with one square more: its row, its column, and an end for each channel."""
        height, width = self.v.shape[2:]
        corners = torch.tensor([height - side + 1, width - side + 1], device=draws.device)
        top, left = (draws[:, :2] * corners).long().unbind(1)
        pixel = torch.arange(side, device=draws.device)
        places = (top * width + left)[:, None] + (pixel[:, None] * width + pixel).flatten()
        places = places[:, None].expand(-1, self.v.shape[1], -1)
        now, low, high = (image.flatten(2).gather(2, places) for image in (self.v, self.low, self.high))
        low_end = (draws[:, 2:] < 0.5)[:, :, None]
        new = torch.where(low_end, low, high)
        # A square that changes nothing would waste a query, so its colours are turned round.
        same = (new == now).flatten(1).all(1)
        if same.any():
            new = where_rows(same, torch.where(low_end, high, low), new)
        return self.v.flatten(2).scatter(2, places, new).view_as(self.v)

    def after(self, v: Images, scores: Float[Tensor, " images"]) -> "Search":
        """With new iterates where their score is lower."""
        better = scores < self.least
        return replace(self, v=where_rows(better, v, self.v), least=torch.where(better, scores, self.least))
