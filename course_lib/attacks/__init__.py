"""Attacks on image classifiers, all with one signature (see `contract`). None changes its model.

The families that need more than one file have folders of their own: `minimal` (the nearest wrong image) and
`physical` (attacks that survive a camera).
"""

from course_lib.attacks.apgd import apgd, apgd_targeted
from course_lib.attacks.fooling import fooling_images
from course_lib.attacks.gradient import bim, fgsm, mi_fgsm, pgd
from course_lib.attacks.minimal import (
    carlini_wagner,
    deepfool,
    delayed_elastic_net,
    elastic_net,
    fab,
    lbfgs,
)
from course_lib.attacks.physical import eot, sticker, universal, universal_perturbation, unseen_views
from course_lib.attacks.pixel_map import pixel_map
from course_lib.attacks.pixels import few_pixels, one_pixel, random_pixels
from course_lib.attacks.square import square
from course_lib.attacks.standard import standard
from course_lib.attacks.transfer import train_substitute, transfer
from course_lib.attacks.transforms import Transforms

__all__ = [
    "Transforms", "apgd", "apgd_targeted", "bim", "carlini_wagner", "deepfool", "delayed_elastic_net",
    "elastic_net", "eot", "fab", "few_pixels", "fgsm", "fooling_images", "lbfgs", "mi_fgsm", "one_pixel",
    "pgd", "pixel_map", "random_pixels", "square", "standard", "sticker", "train_substitute", "transfer",
    "universal", "universal_perturbation", "unseen_views",
]
