"""Why mean 0 and variance 1, and not 0 and 4? Nets of s f(x / s), trained so that s should not matter.

If the input is s times as large, hidden biases are s times and head weights 1 / s times those of the net with
s = 1, then every activation is s times as large and the logits are the same. So are the gradients of hidden
weights; those of biases are 1 / s times, of head weights s times as large. A step of SGD keeps that relation
if the learning rate of hidden biases is multiplied by s^2, and of head weights by 1 / s^2. (Adam divides a
step by the gradient's size: there the factors are s and 1 / s.)
"""

from collections.abc import Callable

import torch
from torch import nn

from course_lib.data import Images
from course_lib.nets.self_normalising import Layers
from course_lib.train.fit import fit
from course_lib.train.norm_study import NormStudy, make_model
from course_lib.train.schedules import one_cycle


def rate_factors(s: float) -> Callable[[str], float]:
    """Factor of SGD's learning rate for each parameter of an MLP or CNN of scale s."""
    def factor(name: str) -> float:
        if name.endswith("head.weight"):
            return 1 / s**2
        return s**2 if name.endswith("bias") and "head" not in name else 1.0

    return factor


def train_scaled(
    study: NormStudy, s: float, depth: int, seed: int, train: Images, *, rate: float = 0.01,
    rescale: bool = True,
) -> nn.Module:
    """A SELU net with the fixed point (0, s^2), trained by SGD with momentum 0.9 from its seed.

    rescale=False: the head starts as for s = 1 and all learning rates are equal.
    """
    torch.manual_seed(seed)
    model = make_model(study, Layers(scale=s), depth, train)
    if not rescale:
        with torch.no_grad():
            model[1].head.weight *= s
    fit(model, train.x, train.y, steps=study.steps, batch_size=min(64, len(train)), lr=rate, weight_decay=0.0,
        schedule=one_cycle(study.steps), seed=seed, rate_factor=rate_factors(s) if rescale else None)
    return model
