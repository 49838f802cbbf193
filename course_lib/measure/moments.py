"""Mean and variance of activations: by theory (the moment map), and as they are in a net.

Klambauer, Unterthiner, Mayr, Hochreiter: Self-Normalizing Neural Networks (2017), arXiv 1706.02515.
"""

import copy
import math
from collections.abc import Callable

import numpy as np
import torch
from scipy.optimize import brentq
from torch import Tensor, nn

from course_lib.blocks.selu import ALPHA, LAMBDA, gaussian_mean


def moment_map(
    mu, nu, *, alpha: float = ALPHA, lam: float = LAMBDA, scale: float = 1.0, omega: float = 0.0,
    tau: float = 1.0, spread: float = 0.0,
) -> tuple[np.ndarray, np.ndarray]:
    """(mu', nu') of the next layer's activations from mean mu and variance nu of this layer's.

    z ~ N(mu omega, nu tau), where omega is the sum of a unit's weights and tau the sum of their squares (0
    and 1 for LeCun weights on average); then the moments of scale f(z / scale), f being SELU. mu, nu: numbers
    or arrays of one shape. Raises ValueError for a negative nu or tau.

    spread: variance of omega between the units. 0 is the paper's map, of one unit. 1 is what a whole layer of
    LeCun weights does, all units together: its sums omega are spread as N(0, 1), so z ~ N(0, nu + mu^2).
    """
    mu = np.asarray(mu, float)
    mean, var = mu * omega, np.asarray(nu, float) * tau + mu**2 * spread
    if (var < 0).any():
        raise ValueError("nu, a variance, and tau, a sum of squares, must not be negative")
    std = np.sqrt(var)

    def f(z: np.ndarray) -> np.ndarray:
        z = z / scale
        return scale * lam * np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0)))

    first = gaussian_mean(f, mean, std)
    return first, np.maximum(gaussian_mean(lambda z: f(z) ** 2, mean, std) - first**2, 0)


def moment_path(mu: float, nu: float, layers: int, **constants) -> np.ndarray:
    """The theory's path from (mu, nu) through this many layers: array (layers + 1, 2)."""
    path = [(float(mu), float(nu))]
    for _ in range(layers):
        path.append(tuple(float(v) for v in moment_map(*path[-1], **constants)))
    return np.array(path)


def sink(alpha: float = ALPHA, lam: float = LAMBDA, scale: float = 1.0) -> tuple[float, float]:
    """The (mean, variance) to which a deep net of LeCun layers falls from anywhere.

    (0, 0) if lam^2 (1 + alpha^2) <= 2, where every cloud shrinks; (inf, inf) if lam^2 >= 2, where all grow.
    In between z ~ N(0, v) must come back with E f(z)^2 = v, which is one equation for v.
    """
    if lam**2 >= 2:
        return math.inf, math.inf
    if lam**2 * (1 + alpha**2) <= 2:
        return 0.0, 0.0

    def growth(log_v: float) -> float:
        mean, var = moment_map(0.0, math.exp(log_v), alpha=alpha, lam=lam)
        return math.log(float(var + mean**2)) - log_v

    low, high = math.log(1e-8), math.log(1e8)
    if growth(low) <= 0:  # just above the border: a sink, but next to nothing in it
        return 0.0, 0.0
    v = math.exp(brentq(growth, low, high, xtol=1e-10)) if growth(high) < 0 else math.inf
    if math.isinf(v):
        return math.inf, math.inf
    mean, var = moment_map(0.0, v, alpha=alpha, lam=lam)
    return scale * float(mean), scale**2 * float(var)


def layer_moments(
    model: nn.Module, x: Tensor, kinds: tuple[type[nn.Module], ...]
) -> list[tuple[float, float]]:
    """(mean, variance) of what each module of these kinds answers for the batch x, in the order of the run.

    Over all units and images together. Works on a copy, so batch statistics of the model stay as they are;
    train or eval mode is the model's own.
    """
    def moments(output: Tensor) -> Tensor:
        return torch.stack([output.mean(), output.var(correction=0)])

    return [tuple(pair.tolist()) for pair in _watch(model, x, kinds, moments)]


def unit_variances(model: nn.Module, x: Tensor, kinds: tuple[type[nn.Module], ...]) -> list[Tensor]:
    """The variance of each unit or channel over the images of x and its pixels, for each module as above."""
    return _watch(model, x, kinds, lambda output: output.transpose(0, 1).flatten(1).var(1, correction=0))


def variance_shift(model: nn.Module, x: Tensor, kinds: tuple[type[nn.Module], ...]) -> list[float]:
    """Train-mode variance / eval-mode variance of what each module of these kinds answers for x.

    The mean over its units that vary at all. 1 where dropout shifts nothing. The model's mode is restored.
    """
    was_training = model.training
    try:
        train = unit_variances(model.train(), x, kinds)
        test = unit_variances(model.eval(), x, kinds)
    finally:
        model.train(was_training)
    return [float((a[b > 1e-12] / b[b > 1e-12]).mean()) for a, b in zip(train, test, strict=True)]


def _watch(model: nn.Module, x: Tensor, kinds, number: Callable[[Tensor], Tensor]) -> list[Tensor]:
    """number(output in float64) of each module of these kinds, in the order of the run, on a copy."""
    found: list[Tensor] = []
    model = copy.deepcopy(model)
    for module in model.modules():
        if isinstance(module, kinds):
            module.register_forward_hook(lambda _module, _inputs, output: found.append(
                number(output.double()).cpu()
            ))
    with torch.no_grad():
        model(x)
    return found
