"""Attacks that outlive a camera: views from everywhere, stickers, one change for all images."""

from course_lib.attacks.physical.eot import eot
from course_lib.attacks.physical.sticker import sticker
from course_lib.attacks.physical.universal import universal, universal_perturbation
from course_lib.attacks.physical.unseen import Unseen, unseen_views

__all__ = ["Unseen", "eot", "sticker", "universal", "universal_perturbation", "unseen_views"]
