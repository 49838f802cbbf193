"""Minimal attacks: not "is there an image inside eps?" but "how near is the nearest?"."""

from course_lib.attacks.minimal.carlini_wagner import carlini_wagner
from course_lib.attacks.minimal.deepfool import deepfool
from course_lib.attacks.minimal.delayed import delayed_elastic_net
from course_lib.attacks.minimal.elastic_net import elastic_net
from course_lib.attacks.minimal.fab import fab
from course_lib.attacks.minimal.lbfgs import lbfgs

__all__ = ["carlini_wagner", "deepfool", "delayed_elastic_net", "elastic_net", "fab", "lbfgs"]
