"""The difference of logits ratio: losses that do not change if all logits are shifted or scaled.

Croce, Hein (2020), arXiv 2003.01690. Cross-entropy has next to no gradient where a model is very sure; these
have one there too.
"""

import torch
from jaxtyping import Float, Int
from torch import Tensor

Labels = Int[Tensor, " images"]
Logits = Float[Tensor, "images classes"]
Losses = Float[Tensor, " images"]


def dlr(logits: Logits, y: Labels) -> Losses:
    """Difference of logits ratio: (greatest other - z_y) / (z_1st - z_3rd). It is above 0 where fooled."""
    z = sorted_logits(logits, at_least=3)
    true = logits.gather(1, y[:, None])[:, 0]
    other = logits.scatter(1, y[:, None], -torch.inf).amax(1)
    return (other - true) / (z[:, 0] - z[:, 2] + 1e-12)


def dlr_targeted(logits: Logits, y: Labels, target: Labels) -> Losses:
    """(z_target - z_y) / (z_1st - (z_3rd + z_4th) / 2)."""
    z = sorted_logits(logits, at_least=4)
    true, wanted = logits.gather(1, torch.stack([y, target], 1)).unbind(1)
    return (wanted - true) / (z[:, 0] - (z[:, 2] + z[:, 3]) / 2 + 1e-12)


def sorted_logits(logits: Logits, at_least: int) -> Logits:
    """Each row from high to low. Raises ValueError if the model has too few classes for the loss."""
    if logits.shape[1] < at_least:
        raise ValueError(f"model must have at least {at_least} classes for the DLR loss, got "
                         f"{logits.shape[1]}; use apgd with loss='ce'")
    return logits.sort(1, descending=True).values
