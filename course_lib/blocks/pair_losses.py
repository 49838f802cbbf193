"""Losses of pairs and triplets. y is 1 for a similar pair and 0 for a dissimilar one, everywhere.

Hadsell, Chopra, LeCun: Dimensionality Reduction by Learning an Invariant Mapping (2006) (contrastive).
Schroff, Kalenichenko, Philbin: FaceNet (2015), arXiv 1503.03832 (triplets).
Hermans, Beyer, Leibe: In Defense of the Triplet Loss (2017), arXiv 1703.07737 (the hardest in the batch).
"""

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from course_lib.blocks.siamese import euclidean, wide

Numbers = Float[Tensor, " batch"]
Labels = Int[Tensor, " batch"]
Vectors = Float[Tensor, "batch features"]


def contrastive_loss(d: Numbers, y: Labels, margin: float = 1.0) -> Float[Tensor, ""]:
    """Mean of y d^2 + (1 - y) max(0, margin - d)^2, for distances d.

    Hadsell et al. (equation 4) write Y = 1 for dissimilar pairs and half of each term: their loss is half of
    this one, with y = 1 - Y. Dissimilar pairs push only inside the margin.
    """
    y = _as_labels(y, d)
    return (y * d.square() + (1 - y) * F.relu(margin - d).square()).mean()


def cosine_loss(c: Numbers, y: Labels, margin: float = 0.0) -> Float[Tensor, ""]:
    """Mean of y (1 - c) + (1 - y) max(0, c - margin), for cosines c in [-1, 1].

    Here the margin is the greatest cosine that a dissimilar pair may have without cost.
    """
    y = _as_labels(y, c)
    return (y * (1 - c) + (1 - y) * F.relu(c - margin)).mean()


def hinge_pair_loss(d: Numbers, y: Labels, near: float = 0.0, far: float = 1.0) -> Float[Tensor, ""]:
    """Mean over ALL pairs of y max(0, d - near) + (1 - y) max(0, far - d): the hinge without squares.

    Libraries may divide by the number of pairs with a loss above 0, each sign by itself, which weighs them
    otherwise.
    """
    y = _as_labels(y, d)
    return (y * F.relu(d - near) + (1 - y) * F.relu(far - d)).mean()


def logistic_pair_loss(logits: Numbers, y: Labels) -> Float[Tensor, ""]:
    """Mean cross-entropy of "similar", p = sigmoid(logit): -y log p - (1 - y) log(1 - p)."""
    return F.binary_cross_entropy_with_logits(logits, _as_labels(y, logits))


def triplet_loss(
    anchor: Vectors, positive: Vectors, negative: Vectors, margin: float = 1.0
) -> Float[Tensor, ""]:
    """Mean of max(0, |a - p| - |a - n| + margin): the negative shall be farther by `margin`."""
    return F.relu(euclidean(anchor, positive) - euclidean(anchor, negative) + margin).mean()


def batch_hard_triplet_loss(z: Vectors, y: Labels, margin: float = 1.0) -> Float[Tensor, ""]:
    """`triplet_loss` of each item of the batch with its farthest positive and its nearest negative in it.

    z: embeddings. y: class numbers (any integers), not pair labels. Items without a positive or without a
    negative are left out. Gradients flow through the chosen distances only.
    Raises ValueError if no item is left: the batch needs a class with two items, and two classes.
    """
    if z.dim() != 2 or y.shape != z.shape[:1]:
        raise ValueError("z must be [batch, features] and y one class number a row, "
                         f"got {tuple(z.shape)} and {tuple(y.shape)}")
    z = wide(z)
    with torch.no_grad():
        # cdist loses digits where points are close together, so it gets more of them; mps has no float64.
        points = z if z.device.type == "mps" else z.double()
        d = torch.cdist(points, points)
        same = y[:, None] == y
        positive = same ^ torch.eye(len(y), dtype=torch.bool, device=y.device)  # no item is its own positive
        far, farthest = d.masked_fill(~positive, -torch.inf).max(1)
        near, nearest = d.masked_fill(same, torch.inf).min(1)
        anchors = ((far != -torch.inf) & (near != torch.inf)).nonzero()[:, 0]
    if len(anchors) == 0:
        raise ValueError("no item of the batch has both a positive and a negative: "
                         "draw several items of each of two or more classes")
    return triplet_loss(z[anchors], z[farthest[anchors]], z[nearest[anchors]], margin)


def _as_labels(y: Tensor, like: Tensor) -> Tensor:
    """y in the number type of the distances. Raises ValueError for other shapes, or labels beyond [0, 1]."""
    if y.shape != like.shape or like.numel() == 0:
        raise ValueError("distances (or logits) and y must be of one shape and not empty, "
                         f"got {tuple(like.shape)} and {tuple(y.shape)}")
    y = y.to(like.dtype)
    if not ((y >= 0) & (y <= 1)).all():
        raise ValueError(f"y must be 1 for similar and 0 for dissimilar pairs, got {float(y.min()):g} to "
                         f"{float(y.max()):g}")
    return y
