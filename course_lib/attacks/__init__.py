"""Attacks on image classifiers, all with one signature (see `contract`). None changes its model."""

from course_lib.attacks.apgd import apgd, apgd_targeted
from course_lib.attacks.gradient import bim, fgsm, mi_fgsm, pgd

__all__ = ["apgd", "apgd_targeted", "bim", "fgsm", "mi_fgsm", "pgd"]
