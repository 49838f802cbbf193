"""GCCS: each class is a Gaussian around a vertex of a regular simplex, far from all the others.

Ali, Migliorati, Bianchi, Magli: Beyond Cross-Entropy: Learning Highly Separable Feature Distributions for
Robust and Accurate Classification (2020), arXiv 2010.15487 (Gaussian class-conditional simplex loss).
A reconstruction: that class means go to the vertices of a simplex is in the paper's abstract; the loss

    L = sum_c KL( N(m_c, S_c) || N(mu_c, s^2 I) )      m_c, S_c: moments of the outputs of class c in a batch

and how few images of a class are handled are ours. A net trained this way is deployed with a `SimplexHead`,
which answers logits; whoever judges it attacks those.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_lib.attacks.contract import wider

Outputs = Float[Tensor, "images classes"]
Means = Float[Tensor, "classes dim"]
Covariances = Float[Tensor, "classes dim dim"]


def simplex(classes: int, distance: float = 1.0) -> Float[Tensor, "classes classes"]:
    """One vertex mu_c a row: around 0, all at the same distance from each other, float64.

    Coordinate c is the largest one of mu_c, so the nearest vertex is the largest output.
    Raises ValueError for fewer than 2 classes or a distance that is not above 0.
    """
    if classes < 2:
        raise ValueError(f"classes must be at least 2, got {classes}")
    if not 0 < distance < float("inf"):
        raise ValueError(f"distance must be a finite number above 0, got {distance}")
    corners = torch.eye(classes, dtype=torch.float64)
    return distance / 2**0.5 * (corners - 1 / classes)


def gaussian_kl(
    m: Means, S: Covariances, mu: Means, s: float
) -> Float[Tensor, " classes"]:
    """KL( N(m, S) || N(mu, s^2 I) ) = (tr S / s^2 + |m - mu|^2 / s^2 - dim - log det(S / s^2)) / 2."""
    ratio = S / s**2
    trace = ratio.diagonal(dim1=-2, dim2=-1).sum(-1)
    return (trace + (m - mu).square().sum(-1) / s**2 - m.shape[-1] - torch.linalg.slogdet(ratio)[1]) / 2


def class_moments(
    z: Outputs, y: Int[Tensor, " images"], s: float
) -> tuple[Means, Covariances, Float[Tensor, " classes"]]:
    """(means, covariances, images) of each class in a batch; a class without images has mean 0.

    A class with no more images than outputs has a singular covariance, whose log det is minus infinity. So
    as many images as there are outputs, spread as they should be, are counted in: [approx.]
        S_c = (n S + dim s^2 I) / (n + dim)
    which leaves the right S = s^2 I as it is, and any S if n is large.
    """
    dim = z.shape[1]
    member = nn.functional.one_hot(y, dim).to(z)  # [images, classes]
    n = member.sum(0)
    m = member.T @ z / n.clamp(min=1)[:, None]
    off = z - m[y]
    scatter = torch.einsum("ic,ij,ik->cjk", member, off, off)
    S = (scatter + dim * s**2 * torch.eye(dim).to(z)) / (n + dim)[:, None, None]
    return m, S, n


def gccs_loss(z: Outputs, y: Int[Tensor, " images"], *, distance: float = 10.0, s: float = 1.0) -> Tensor:
    """The sum over the classes in the batch of KL( N(m_c, S_c) || N(mu_c, s^2 I) ).

    z: outputs of the net, one a class. distance: between two vertices mu_c. s: standard deviation wanted.
    For `fit`: loss=partial(gccs_loss, distance=...). Raises ValueError for sizes that are not above 0, or z
    and y that do not go together.
    """
    if z.dim() != 2 or y.shape != z.shape[:1] or not len(y):
        raise ValueError(f"z must be [images, classes] with one label an image, got {list(z.shape)} and "
                         f"{list(y.shape)}")
    if not 0 < s < float("inf"):
        raise ValueError(f"s must be a finite number above 0, got {s}")
    with torch.autocast(z.device.type, enabled=False):  # log det wants all its digits
        z = wider(z)
        mu = simplex(z.shape[1], distance).to(z)
        m, S, n = class_moments(z, y, s)
        return torch.where(n > 0, gaussian_kl(m, S, mu, s), 0).sum()


class SimplexHead(nn.Module):
    """Logits -|z - mu_c|^2 / (2 s^2): log-likelihoods of the classes, up to one constant.

    Their largest is the nearest vertex, whatever s is. Where classes lie many s apart softmax is 1 to the
    last digit, so cross-entropy has the gradient 0 and attacks that climb it stand still. That is no
    defence: a head with a larger s gives the same answers and lets itself be climbed (a stand-in).
    s: standard deviation wanted. Raises ValueError as `simplex` does, or for an s that is not above 0.
    """

    def __init__(self, classes: int = 10, distance: float = 10.0, s: float = 1.0):
        super().__init__()
        if not 0 < s < float("inf"):
            raise ValueError(f"s must be a finite number above 0, got {s}")
        self.s = s
        self.register_buffer("mu", simplex(classes, distance).float())

    def forward(self, z: Outputs) -> Float[Tensor, "images classes"]:
        z = wider(z)
        return -(z[:, None] - self.mu.to(z)).square().sum(2) / (2 * self.s**2)
