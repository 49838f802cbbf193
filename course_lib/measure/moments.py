"""Mean and variance of activations: by theory (the moment map), and as they are in a net.

Klambauer, Unterthiner, Mayr, Hochreiter: Self-Normalizing Neural Networks (2017), arXiv 1706.02515.
"""

import copy

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.blocks.selu import ALPHA, LAMBDA, gaussian_mean


def moment_map(
    mu, nu, *, alpha: float = ALPHA, lam: float = LAMBDA, scale: float = 1.0, omega: float = 0.0,
    tau: float = 1.0,
) -> tuple[np.ndarray, np.ndarray]:
    """(mu', nu') of the next layer's activations from mean mu and variance nu of this layer's.

    z ~ N(mu omega, nu tau), where omega is the sum of a unit's weights and tau the sum of their squares (0
    and 1 for LeCun weights on average); then the moments of scale f(z / scale), f being SELU. mu, nu: numbers
    or arrays of one shape. Raises ValueError for a negative nu or tau.
    """
    mean, var = np.asarray(mu, float) * omega, np.asarray(nu, float) * tau
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


def layer_moments(
    model: nn.Module, x: Tensor, kinds: tuple[type[nn.Module], ...]
) -> list[tuple[float, float]]:
    """(mean, variance) of what each module of these kinds answers for the batch x, in the order of the run.

    Over all units and images together. Works on a copy, so batch statistics of the model stay as they are;
    train or eval mode is the model's own.
    """
    found: list[Tensor] = []
    model = copy.deepcopy(model)
    for module in model.modules():
        if isinstance(module, kinds):
            module.register_forward_hook(lambda _module, _inputs, output: found.append(
                torch.stack([output.double().mean(), output.double().var(correction=0)])
            ))
    with torch.no_grad():
        model(x)
    return [tuple(pair) for pair in torch.stack(found).tolist()] if found else []
