"""The adaptive attacker's climb: up whatever decides whether this defence falls.

Margin of the logits, not cross-entropy, so that saturated answers still have a slope. The mean over draws
where the answer is random (EOT). Where a detector watches, whichever of the two stands in the way: the class
until it is wrong, then the detector. That is selective PGD: Bryniarski et al.: Evading Adversarial Example
Detection Defenses with Orthogonal Projected Gradient Descent (2021), arXiv 2106.15023.
"""

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_lib.attacks.ball import ball_around
from course_lib.attacks.best import Best
from course_lib.attacks.contract import fooled, wider
from course_lib.attacks.queries import lead
from course_lib.defences.defence import Defence, Images, Labels


def ascend(
    defence: Defence, x: Images, y: Labels, start: Images, *, eps: float, steps: int, draws: int = 1
) -> Images:
    """The strongest iterate of each image in the L-inf ball, by sign steps of 2 eps that shrink to 0.

    The defence is to be in eval mode. draws: of the gradient at each step, where it answers at random. If it
    does not, an image is done at the first iterate that wins. A stand-in without a gradient moves nothing.
    Costs steps * draws gradients and draws passes forward for each image.
    """
    ball, best = ball_around(x, eps, "linf"), Best.of(x)
    v, here = ball.project(start), torch.arange(len(x), device=x.device)
    for step in range(steps + 1):
        if not len(here):
            break
        height, won, g = _look(defence, v, y[here], draws, gradient=step < steps)
        best.offer(here, v, won, height)
        v = ball.rows(here).project(v + 2 * eps * (1 - step / steps) * g.sign())
        if not defence.random:
            here, v = here[~won], v[~won]
    return best.images


def _look(
    defence: Defence, v: Images, y: Labels, draws: int, *, gradient: bool
) -> tuple[Float[Tensor, " images"], Bool[Tensor, " images"], Images]:
    """(mean height of each image over draws, does it win in most of them?, gradient of the height)."""
    v = v.detach().requires_grad_(gradient)
    height, wins, slope = torch.zeros(len(v), device=v.device), torch.zeros_like(y), torch.zeros_like(v)
    for _ in range(draws):
        with torch.set_grad_enabled(gradient):
            value, won = _height(defence, v, y)
        if value.requires_grad:
            found = torch.autograd.grad(value.sum(), v, allow_unused=True)[0]
            slope = slope if found is None else slope + found.nan_to_num(0.0)
        height, wins = height + value.detach() / draws, wins + won
    return height, 2 * wins > draws, slope


def _height(defence: Defence, v: Images, y: Labels) -> tuple[Tensor, Tensor]:
    """(what to climb, does the attacker win here?), one value an image."""
    logits = wider(defence.climbed(v))
    with torch.no_grad():
        wrong = fooled(logits if defence.stand_in is None else defence.model(v), y)
    margin = -lead(logits, y)
    if defence.detector is None:
        return margin, wrong
    unseen = defence.detector.threshold - defence.detector.score(v)
    return torch.where(wrong, unseen, margin), wrong & (unseen >= 0)
