"""Every attack joins the contract suite by one line of this table."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import torch

from course_lib.attacks import apgd, apgd_targeted, bim, fgsm, mi_fgsm, pgd
from course_lib.attacks.physical import eot, sticker, universal
from course_lib.attacks.pixels import few_pixels, one_pixel, random_pixels
from course_lib.attacks.square import square
from course_lib.attacks.standard import standard
from course_lib.attacks.transfer import transfer
from course_lib.attacks.transforms import Transforms


@dataclass(frozen=True)
class Case:
    """An attack with settings under which it fools most images of the toy models.

    norm: of the ball of size options["eps"], 'linf' or 'l2'; None for an attack without one.
    random: it draws numbers, so that a batch need not equal its images one by one.
    """

    name: str
    attack: Callable
    options: dict[str, Any] = field(default_factory=dict)
    norm: str | None = None
    random: bool = False

    def __call__(self, model, x, y, **more):
        """The attack with a fresh generator (seed 0) unless `more` says otherwise."""
        more.setdefault("generator", torch.Generator().manual_seed(0))
        return self.attack(model, x, y, **{**self.options, **more})



def through_itself(model, x, y, **more):
    """Transfer from the best substitute there is."""
    return transfer(model, x, y, substitute=model, **more)


L2 = {"eps": 0.4, "norm": "l2", "steps": 10}
# Views so alike that fooling in most of them is fooling in memory.
DIM = Transforms(brightness=0.001)
HALF = (torch.arange(36) % 6 < 4).view(6, 6)
CASES = [
    Case("fgsm", fgsm, {"eps": 0.1}, "linf"),
    Case("bim", bim, {"eps": 0.1, "steps": 5}, "linf"),
    Case("mi_fgsm", mi_fgsm, {"eps": 0.1, "steps": 5}, "linf"),
    Case("pgd", pgd, {"eps": 0.1, "steps": 10}, "linf"),
    Case("pgd, leaving", pgd, {"eps": 0.1, "steps": 10, "leave_when_fooled": True}, "linf"),
    Case("pgd, restarts", pgd, {"eps": 0.1, "steps": 5, "restarts": 3}, "linf", random=True),
    Case("pgd, L2", pgd, L2, "l2"),
    Case("pgd, L2, random start", pgd, {**L2, "random_start": True, "restarts": 2}, "l2", random=True),
    Case("apgd", apgd, {"eps": 0.1, "steps": 10}, "linf", random=True),
    Case("apgd, from the image", apgd, {"eps": 0.1, "steps": 10, "random_start": False}, "linf"),
    Case("apgd, DLR, L2", apgd, {**L2, "loss": "dlr"}, "l2", random=True),
    Case("apgd_targeted", apgd_targeted, {"eps": 0.1, "steps": 10}, "linf", random=True),
    Case("apgd_targeted, L2", apgd_targeted, {**L2, "random_start": False}, "l2"),
    Case("standard", standard, {"eps": 0.1, "steps": 5, "queries": 20}, "linf", random=True),
    Case("few_pixels", few_pixels, {"pixels": 5, "population": 20, "steps": 8}, random=True),
    Case("one_pixel", one_pixel, {"population": 20, "steps": 10}, random=True),
    Case("pixels, eps", few_pixels, {"pixels": 9, "eps": 0.4, "population": 20, "steps": 8}, "linf", True),
    Case("random_pixels", random_pixels, {"pixels": 5, "population": 20, "steps": 8}, random=True),
    Case("square", square, {"eps": 0.1, "steps": 40}, "linf", random=True),
    Case("transfer", through_itself, {"eps": 0.1, "steps": 10}, "linf"),
    Case("eot", eot, {"eps": 0.1, "steps": 10, "views": 3, "transforms": DIM}, "linf"),
    Case("eot, L2", eot, {**L2, "views": 2, "transforms": DIM, "penalty": 0.01}, "l2"),
    Case("sticker", sticker, {"eps": 0.3, "steps": 10, "views": 3, "transforms": DIM, "mask": HALF}, "linf"),
    # One perturbation for all: what comes out for an image depends on the others.
    Case("universal", universal, {"eps": 0.15, "steps": 10}, "linf", random=True),
    Case("universal, L2", universal, {"eps": 0.8, "steps": 10, "norm": "l2"}, "l2", random=True),
]
