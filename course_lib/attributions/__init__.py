"""Explanations of a classifier's answer, all with one signature: explain(model, x, target, ...) -> map.

A map has one value a pixel (the channels of a pixel are summed). None changes its model.
"""

from course_lib.attributions.integrated import integrated_gradients

__all__ = ["integrated_gradients"]
