"""Pure numbers from tensors, or from a model and a batch. Nothing here prints or draws."""

from course_lib.measure.counts import count_macs, count_parameters
from course_lib.measure.errors import top_k_error
from course_lib.measure.gradients import gradient_norms
from course_lib.measure.receptive_field import (
    coverage,
    effective_field,
    effective_side,
    footprint,
    receptive_field,
)
from course_lib.measure.segmentation import iou_by_class, mean_iou
from course_lib.measure.statistics import Estimate, estimate, paired_difference

__all__ = [
    "Estimate",
    "count_macs",
    "count_parameters",
    "coverage",
    "effective_field",
    "effective_side",
    "estimate",
    "footprint",
    "gradient_norms",
    "iou_by_class",
    "mean_iou",
    "paired_difference",
    "receptive_field",
    "top_k_error",
]
