"""Differential evolution that can be watched: the search of `attacks.few_pixels` on one image, kept whole."""

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, UInt8
from torch import Tensor, nn

from course_lib.attacks.ball import linf_box
from course_lib.attacks.contract import Images, Labels, attacking, fooled
from course_lib.attacks.evolution import Populations, three_members
from course_lib.attacks.pixels import Canvas, first_members, settled
from course_lib.attacks.queries import Questions, clearly_fooled, log_odds, score

PARTS = 9  # of a pixel's side that a stored place tells apart: 28 pixels of 9 parts fit into a byte


@dataclass(frozen=True)
class Replay:
    """One search, generation by generation; the first is the one that was drawn.

    members: the population after each generation, for dots: row and column in parts of a pixel, then the
    colour of 255. best: row, column and colour of the best member's pixels, exactly. scores: its score, the
    log odds of the true class. flips: does the last best member fool the net?
    """

    members: UInt8[np.ndarray, "generations members pixels 3"]
    best: Float[np.ndarray, "generations pixels 3"]
    scores: Float[np.ndarray, " generations"]
    flips: bool


def record(
    model: nn.Module, x: Images, y: Labels, *, pixels: int, steps: int, population: int,
    generator: torch.Generator | None = None,
) -> Replay:
    """`few_pixels` with the same arguments ends on the very image that the last best member paints.

    x, y: one grey image, as a batch, of at most 28 x 28 pixels. Raises ValueError if it is not, or if the
    model is wrong about it before anything is painted.
    """
    if x.shape[:2] != (1, 1) or max(x.shape[2:]) * PARTS > 256:
        raise ValueError(f"x must be one grey image of at most 28 x 28, [1, 1, 28, 28], got {tuple(x.shape)}")
    with attacking(model, x, y, quick_layout=True) as (net, x, y), torch.no_grad():
        questions, canvas = Questions(net, None, x.device), Canvas(x, *linf_box(x, 1.0))
        if fooled(questions.about(x), y):
            raise ValueError("x must be an image that the model is right about")
        frames, now, flips = [], None, False
        for _ in range(steps + 1):
            if now is None:
                members = first_members(x, population, pixels, generator)
            else:
                members = settled(now.children(three_members(1, population, x, generator)))
            logits = questions.about(canvas.paint(torch.zeros(population, dtype=torch.long), members[0]))
            label = y.expand(population)
            scores, hit = score(log_odds(logits, label), False), clearly_fooled(logits, label)
            now = Populations(members, scores[None]) if now is None else now.after(members, scores[None])
            flips = bool(hit.any())
            who = scores.masked_fill(~hit, torch.inf).argmin() if flips else now.scores[0].argmin()
            best = (members if flips else now.members)[0, who]
            reached = scores[who] if flips else now.scores[0, who]
            frames.append((_small(now.members[0], x), _exact(best, x), float(reached)))
            if flips:
                break
    members, best, reached = (np.array(part) for part in zip(*frames, strict=True))
    return Replay(members, best.astype(np.float32), reached.astype(np.float32), flips)


def _exact(member: Tensor, x: Tensor) -> np.ndarray:
    """Row, column and colour of a member's pixels."""
    sides = torch.tensor(x.shape[2:])
    places = (member[:, :2] * sides).long().minimum(sides - 1)
    return torch.cat([places, member[:, 2:]], dim=1).numpy()


def _small(members: Tensor, x: Tensor) -> np.ndarray:
    """All members in bytes; a place stays in its pixel."""
    sides = torch.tensor(x.shape[2:])
    places = members[..., :2] * sides
    cells = places.long().minimum(sides - 1)
    parts = ((places - cells) * PARTS).long().clamp(0, PARTS - 1)
    return torch.cat([cells * PARTS + parts, (members[..., 2:] * 255).round()], dim=2).byte().numpy()
