"""ELU, SELU with constants for any fixed point, LeCun initialisation and alpha dropout.

Clevert, Unterthiner, Hochreiter: Fast and Accurate Deep Network Learning by ELUs (2016), arXiv 1511.07289.
Klambauer, Unterthiner, Mayr, Hochreiter: Self-Normalizing Neural Networks (2017), arXiv 1706.02515.
Symbols of the paper: alpha, lambda; mu, nu mean and variance of the activations; z the pre-activation.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float
from scipy.optimize import brentq
from torch import Tensor, nn

# The fixed point (0, 1), as `selu_constants(0, 1)` finds it.
ALPHA, LAMBDA = 1.6732632423543772, 1.0507009873554805
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(120)
_REACH = 12.0  # standard deviations: what lies beyond counts less than 1e-32


def gaussian_mean(f: Callable[[np.ndarray], np.ndarray], mean=0.0, std=1.0) -> np.ndarray:
    """E f(z) for z ~ N(mean, std^2), by Gauss-Legendre quadrature on both sides of f's kink at 0.

    mean and std may be arrays of one shape; std = 0 gives f(mean).
    """
    mean, std = np.broadcast_arrays(np.asarray(mean, float), np.asarray(std, float))
    if (std < 0).any():
        raise ValueError("std must not be negative")
    total = np.zeros(mean.shape)
    low, high = mean - _REACH * std, mean + _REACH * std
    kink = np.clip(0.0, low, high)
    safe = np.where(std > 0, std, 1.0)
    for a, b in ((low, kink), (kink, high)):
        half = (b - a) / 2
        z = (a + b)[..., None] / 2 + half[..., None] * _NODES
        u = (z - mean[..., None]) / safe[..., None]
        density = np.exp(-(u**2) / 2) / (safe[..., None] * math.sqrt(2 * math.pi))
        total = total + half * ((f(z) * density) @ _WEIGHTS)
    return np.where(std > 0, total, f(mean))


def selu_constants(mean: float = 0.0, var: float = 1.0) -> tuple[float, float]:
    """(alpha, lambda) for which a layer keeps its activations at this mean and variance.

    Weights of a unit sum to 0 and their squares to 1, so z ~ N(0, var); wanted are E f(z) = mean and
    Var f(z) = var for f(z) = lambda (z if z > 0 else alpha (e^z - 1)). The moments of both halves come by
    quadrature; what is left is one equation for alpha. Raises ValueError where none solves it.
    """
    if not (math.isfinite(mean) and math.isfinite(var) and var > 0):
        raise ValueError(f"mean must be finite and var above 0, got {mean} and {var}")
    std = math.sqrt(var)
    up, up2 = (float(gaussian_mean(lambda z, k=k: np.maximum(z, 0) ** k, 0.0, std)) for k in (1, 2))
    down, down2 = (
        float(gaussian_mean(lambda z, k=k: np.expm1(np.minimum(z, 0)) ** k, 0.0, std)) for k in (1, 2)
    )
    # lambda (up + alpha down) = mean  and  lambda^2 (up2 + alpha^2 down2) = var + mean^2
    wanted = mean / math.sqrt(var + mean**2)

    def excess(alpha: float) -> float:
        """Falls as alpha grows."""
        return (up + alpha * down) / math.sqrt(up2 + alpha**2 * down2) - wanted

    most = 1e6
    if not excess(0.0) > 0 > excess(most):
        raise ValueError(f"no positive alpha keeps mean {mean} and variance {var}: mean too far from 0")
    alpha = float(brentq(excess, 0.0, most, xtol=1e-14, rtol=1e-14))
    return alpha, math.sqrt((var + mean**2) / (up2 + alpha**2 * down2))


class SELU(nn.Module):
    """f(z) = lambda z for z > 0, lambda alpha (e^z - 1) otherwise (section 2, equation 2).

    scale: s f(z / s), whose fixed point is (0, s^2) where f's is (0, 1).
    """

    def __init__(self, alpha: float = ALPHA, lam: float = LAMBDA, scale: float = 1.0):
        super().__init__()
        if not scale > 0:
            raise ValueError(f"scale must be above 0, got {scale}")
        self.alpha, self.lam, self.scale = alpha, lam, scale

    def forward(self, z: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        if (self.alpha, self.lam, self.scale) == (ALPHA, LAMBDA, 1):
            return F.selu(z)  # the same numbers in one pass over the memory
        return self.scale * self.lam * F.elu(z / self.scale, self.alpha)  # elu: z, or alpha (e^z - 1)

    @property
    def floor(self) -> float:
        """alpha', the value that f approaches far to the left: -scale lambda alpha."""
        return -self.scale * self.lam * self.alpha

    def extra_repr(self) -> str:
        return f"alpha={self.alpha:.4f}, lam={self.lam:.4f}, scale={self.scale:g}"


class AlphaDropout(nn.Module):
    """Dropped units go to the activation's floor alpha', then an affine map restores mean and variance.

    y = a (x d + alpha' (1 - d)) + b with d = 1 kept with probability q = 1 - p; for the fixed point (mu, nu)
    a = sqrt(nu / (q ((1 - q) (alpha' - mu)^2 + nu))), b = mu - a (q mu + (1 - q) alpha') (section 2, "New
    dropout technique"). Off in eval mode. generator: for the masks; torch's own if None.
    Raises ValueError unless 0 <= p < 1 and var > 0.
    """

    def __init__(
        self, p: float = 0.05, *, floor: float = -ALPHA * LAMBDA, mean: float = 0.0, var: float = 1.0,
        generator: torch.Generator | None = None,
    ):
        super().__init__()
        if not 0 <= p < 1:
            raise ValueError(f"p, the share of units to drop, must lie in [0, 1), got {p}")
        if not var > 0:
            raise ValueError(f"var must be above 0, got {var}")
        q = 1 - p
        self.p, self.floor, self.generator = p, floor, generator
        self.a = math.sqrt(var / (q * ((1 - q) * (floor - mean) ** 2 + var)))
        self.b = mean - self.a * (q * mean + (1 - q) * floor)

    def forward(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        if not self.training or self.p == 0:
            return x
        kept = torch.rand(x.shape, device=x.device, generator=self.generator) >= self.p
        return self.a * torch.where(kept, x, self.floor) + self.b

    def extra_repr(self) -> str:
        return f"p={self.p:g}, a={self.a:.4f}, b={self.b:.4f}"


def lecun_normal_(weight: Tensor, generator: torch.Generator | None = None) -> Tensor:
    """Fill with N(0, 1 / fan_in) in place: fan_in is the number of inputs of ONE unit, for a convolution
    in_channels x kernel size. Keeps the variance of what comes in. Answers the tensor.

    Raises ValueError for a tensor with fewer than two axes, which has no fan_in.
    """
    if weight.dim() < 2:
        raise ValueError(f"weight must have two axes or more, got shape {tuple(weight.shape)}")
    with torch.no_grad():
        return weight.normal_(0, 1 / math.sqrt(weight[0].numel()), generator=generator)


def start_self_normalising(model: nn.Module, generator: torch.Generator | None = None) -> nn.Module:
    """LeCun-normal weights and zero biases in every linear layer and convolution. Answers the model."""
    for module in model.modules():
        if isinstance(module, (nn.Linear, nn.Conv1d, nn.Conv2d, nn.Conv3d)):
            lecun_normal_(module.weight, generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return model
