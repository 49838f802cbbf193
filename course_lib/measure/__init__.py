"""Pure numbers from tensors, or from a model and a batch. Nothing here prints or draws."""

from course_lib.measure.counts import count_macs, count_parameters
from course_lib.measure.errors import top_k_error
from course_lib.measure.gradients import gradient_norms
from course_lib.measure.segmentation import iou_by_class, mean_iou
from course_lib.measure.statistics import Estimate, estimate, paired_difference
from course_lib.measure.timing import seconds_of

__all__ = [
    "Estimate",
    "count_macs",
    "count_parameters",
    "estimate",
    "gradient_norms",
    "iou_by_class",
    "mean_iou",
    "paired_difference",
    "seconds_of",
    "top_k_error",
]
