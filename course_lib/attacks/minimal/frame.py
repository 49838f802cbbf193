"""The frame of every minimal attack: which images are attacked, and what is answered for them.

A method is `method(net, x, goal, logits, best, tick)`: it gets a part of the images, none of them at its goal
yet, and their clean logits, and offers to `best` what it finds. `tick()` moves the progress bar by a step.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_lib.attacks.ball import per_row, wide
from course_lib.attacks.contract import Images, Labels, Net, attacking, fooled, in_chunks, where_rows
from course_lib.attacks.minimal.goal import Best, Goal, Size

Method = Callable[[Net, Images, Goal, Tensor, Best, Callable[[], object]], None]


def minimal(
    method: Method, model: nn.Module, x: Images, y: Labels, *, size: Size, eps: float | None = None,
    eps_size: Size | None = None, targeted: bool = False, confidence: float = 0.0, refine: int = 0,
    steps: int, chunk: int | None, progress: bool,
) -> Images:
    """Run a method on the images that are not at their goal, and answer the nearest image found for each.

    size: what is to be small. eps: the most of eps_size (of `size` if None) that counts as found.
    refine: passes of the last search on the line to the clean image. steps: of the bar, for one part.
    The clean image is answered for those at their goal already and for failures.
    """
    if isinstance(refine, bool) or not isinstance(refine, int) or refine < 0:
        raise ValueError(f"refine must be a whole number of 0 or more, got {refine!r}")
    # The last digits, which the quick layout changes, decide nothing: what is found has a clear margin.
    with attacking(model, x, y, quick_layout=True) as (net, x, y):

        def part(rows: slice, tick: Callable[[], object]) -> Images:
            clean = x[rows]
            with torch.no_grad():
                logits = net(clean)
            at = (~fooled(logits, y[rows], targeted)).nonzero().squeeze(1)
            out = clean.clone()
            if len(at):
                goal, best = Goal(y[rows][at], targeted, confidence), Best(clean[at], size)
                method(net, clean[at], goal, logits[at], best, tick)
                draw_near(net, goal, goal.clear_margin(logits[at]), best, refine)
                out[at] = _within(best, eps, eps_size or size)
            return out

        return in_chunks(part, x, chunk=chunk, steps=steps, progress=progress)


@torch.no_grad()
def draw_near(net: Net, goal: Goal, start: Tensor, best: Best, passes: int) -> None:
    """Look for the change of the answer on the line from the clean image to the best one.

    start: the clear margin of the clean images. Each pass asks about the place where the margins at both ends
    of what is left of the line let expect the change, and a little beyond it.
    """
    rows = best.found.nonzero().squeeze(1)
    if not passes or not len(rows):
        return
    goal, clean, whole = goal.of(rows), best.clean[rows], best.image[rows] - best.clean[rows]
    near, far = torch.zeros_like(best.size[rows]), torch.ones_like(best.size[rows])  # shares of the line
    before, after = start[rows], best.margin[rows]
    for _ in range(passes):
        share = near + (far - near) * (-before / (after - before)).clamp(0, 1)
        share = share + 0.05 * (far - share)
        image = (clean + per_row(share.to(clean.dtype), clean) * whole).clamp(0, 1)
        margin = goal.clear_margin(net(image))
        best.offer(rows, image, margin)
        there = margin > 0
        near, before = torch.where(there, near, share), torch.where(there, before, margin)
        far, after = torch.where(there, share, far), torch.where(there, margin, after)


def _within(best: Best, eps: float | None, size: Size) -> Images:
    """The best images, and clean ones for those whose best lies outside eps."""
    if eps is None:
        return best.image
    # In float64 and a hair less than eps, as other sums of the same pixels may come out one rounding higher.
    sizes = size((wide(best.image) - wide(best.clean)).flatten(1)).to(best.image.device)
    return where_rows(sizes <= eps * (1 - 1e-12), best.image, best.clean)
