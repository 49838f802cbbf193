"""Whole architectures, assembled from blocks."""

from course_lib.nets.cifar import CifarNet, Normalise, grow

__all__ = ["CifarNet", "Normalise", "grow"]
