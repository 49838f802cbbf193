"""Whole architectures, assembled from blocks."""

from course_lib.nets.cifar import CifarNet, Normalise, grow
from course_lib.nets.dense import ContextNet, PooledNet
from course_lib.nets.small import SmallCNN

__all__ = ["CifarNet", "ContextNet", "Normalise", "PooledNet", "SmallCNN", "grow"]
