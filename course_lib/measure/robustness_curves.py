"""Accuracy against the size of the perturbation, with noise as a control; and what transfers between models.

An attack is any callable `attack(model, x, y, eps=...)` that answers images of x's shape (see `attacks`).
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_lib.measure.robustness import Images, Labels, distances, exact, is_right, success

Attack = Callable[..., Images]


@dataclass(frozen=True)
class Curve:
    """Accuracy at each budget: under attack, and under noise of two kinds as a control."""

    eps: tuple[float, ...]
    attacked: tuple[float, ...]
    noise: tuple[float, ...]  # random signs of size eps, then cut to [0, 1]: smaller than they look
    noise_as_large: tuple[float, ...]  # random signs, as large as the attack in L2 after cutting too
    size: tuple[float, ...]  # mean L2 distance of the images that were right, attacked ones
    noise_size: tuple[float, ...]  # the same under `noise`


def accuracy_curve(
    model: nn.Module, attack: Attack, x: Images, y: Labels, budgets: Sequence[float], *, norm: str = "linf",
    generator: torch.Generator | None = None,
) -> Curve:
    """Accuracy against the size of the perturbation, with random noise as a control.

    Only what an attack changes can be compared, so hand over one that keeps its failures
    (`partial(fgsm, keep_failures=True)`); else the control follows an image that was never changed.
    norm: 'linf' or 'l2'. Raises ValueError for another one, or for a budget that is not finite or below 0.
    """
    if norm not in ("linf", "l2"):
        raise ValueError(f"norm must be 'linf' or 'l2', got {norm!r}")
    if not all(math.isfinite(eps) and eps >= 0 for eps in budgets) or not len(budgets):
        raise ValueError(f"budgets must be finite numbers of 0 or more, and one at least, got {budgets!r}")
    right = is_right(model, x, y)
    signs = _random_signs(x, generator)
    rows = []
    for eps in budgets:
        x_adv = attack(model, x, y, eps=eps) if eps > 0 else x
        found = success(model, x, y, x_adv, eps=eps, norm=norm)
        length = eps if norm == "linf" else eps / x[0].numel() ** 0.5
        plain = (x + length * signs).clamp(0, 1)
        large = noise_of_size(x, signs, distances(x, x_adv, "l2"))
        sizes = [float(distances(x, v, "l2")[right].mean()) for v in (x_adv, plain)]
        kept = [float((right & is_right(model, v, y)).double().mean()) for v in (plain, large)]
        rows.append((float(eps), found.accuracy, *kept, *sizes))
    return Curve(*zip(*rows, strict=True))


def auac(budgets: Sequence[float], accuracies: Sequence[float]) -> float:
    """Area under the accuracy curve: (1 / e_max) times the integral of acc(e) from 0 to e_max, in [0, 1].

    By the trapezoid rule, so exact for a curve that is straight between its budgets. It depends on the
    largest budget: name that beside it, and compare only areas up to the same one.
    budgets: ascending, the first one 0. accuracies: one each, in [0, 1].
    Source: Bouniot, Audigier, Loesch: Optimal Transport as a Defense Against Adversarial Attacks (2020),
    arXiv 2102.03156. Raises ValueError for other budgets or accuracies.
    """
    e, acc = np.asarray(budgets, dtype=float), np.asarray(accuracies, dtype=float)
    if e.ndim != 1 or len(e) < 2 or e[0] != 0 or not np.isfinite(e).all() or not (np.diff(e) > 0).all():
        raise ValueError(f"budgets must be two or more finite numbers, ascending from 0, got {budgets!r}")
    if acc.shape != e.shape or not ((acc >= 0) & (acc <= 1)).all():  # nan is refused too
        raise ValueError(f"accuracies must be {len(e)} numbers in [0, 1], one a budget, got {accuracies!r}")
    return float(((acc[1:] + acc[:-1]) / 2 * np.diff(e)).sum() / e[-1])


def noise_of_size(x: Images, signs: Images, size: Float[Tensor, " images"]) -> Images:
    """x + s signs cut to [0, 1], with s such that each image's L2 distance to x is `size` after cutting.

    As close as s of 1 comes, if the signs cannot reach that size: beyond it nothing changes any more.
    """
    clean, signs = exact(x), exact(signs)
    low, high = torch.zeros_like(size), torch.ones_like(size)
    for _ in range(40):  # halving: the distance grows with s
        middle = (low + high) / 2
        small = distances(clean, _noisy(clean, signs, middle), "l2") < size
        low, high = torch.where(small, middle, low), torch.where(small, high, middle)
    return _noisy(clean, signs, torch.where(size > 0, high, 0)).to(x)


def _noisy(x: Images, signs: Images, s: Float[Tensor, " images"]) -> Images:
    return (x + s.view(-1, *[1] * (x.dim() - 1)) * signs).clamp(0, 1)


def minimal_norm_curve(
    model: nn.Module, x: Images, y: Labels, x_adv: Images, budgets: Sequence[float], *, norm: str = "l2"
) -> tuple[float, ...]:
    """Accuracy at each budget, from one minimal perturbation an image: the share that needs more than it.

    Images that are wrong already need 0; where the attack failed the image needs more than every budget.
    """
    need = minimal_norms(model, x, y, x_adv, norm=norm)
    return tuple(float((need > eps).double().mean()) for eps in budgets)


def minimal_norms(
    model: nn.Module, x: Images, y: Labels, x_adv: Images, *, norm: str = "l2"
) -> Float[Tensor, " images"]:
    """How far each image had to move: 0 if wrong already, infinity where x_adv is no success."""
    found = success(model, x, y, x_adv, norm=norm)
    need = torch.where(found.fooled, found.distance, torch.inf)
    return torch.where(found.right, need, 0.0)


def transfer_matrix(
    models: Mapping[str, nn.Module], attack: Attack, x: Images, y: Labels, *, eps: float, norm: str = "linf"
) -> Float[Tensor, "source target"]:
    """Success rates [source, target]: images made for one model, shown to another, in the order of `models`.

    Counted are images that both get right when clean; nan if there is none. An attack that returns clean
    images for its failures transfers only its successes: keep_failures=True says what the rest can do.
    """
    right = {name: is_right(model, x, y) for name, model in models.items()}
    rates = torch.full((len(models), len(models)), torch.nan, dtype=torch.float64)
    for i, source in enumerate(models):
        x_adv = attack(models[source], x, y, eps=eps)
        for j, target in enumerate(models):
            both = right[source] & right[target]
            if both.any():
                found = success(models[target], x, y, x_adv, eps=eps, norm=norm)
                rates[i, j] = found.fooled[both].double().mean()
    return rates


def _random_signs(x: Images, generator: torch.Generator | None) -> Images:
    place = x.device if generator is None else generator.device
    return (2 * torch.randint(2, x.shape, generator=generator, device=place) - 1).to(x)
