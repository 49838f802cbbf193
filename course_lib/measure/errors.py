"""Error rates from logits."""

from jaxtyping import Float, Int
from torch import Tensor


def top_k_error(logits: Float[Tensor, "images classes"], y: Int[Tensor, " images"], k: int = 1) -> float:
    """Share of images whose label is not among the k highest logits; k = 1 is the usual error rate.

    Raises ValueError if k is below 1 or above the number of classes.
    """
    if not 1 <= k <= logits.shape[1]:
        raise ValueError(f"k must be between 1 and the number of classes {logits.shape[1]}, got {k}")
    return float((logits.topk(k).indices != y[:, None]).all(1).float().mean())
