"""Whole architectures, assembled from blocks."""

from course_lib.nets.cifar import CifarNet, Normalise, grow
from course_lib.nets.dense import ContextNet, PooledNet

__all__ = ["CifarNet", "ContextNet", "Normalise", "PooledNet", "grow"]
