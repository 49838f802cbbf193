"""Pure numbers from tensors, or from a model and a batch. Nothing here prints or draws."""

from course_lib.measure.counts import count_macs, count_parameters
from course_lib.measure.errors import top_k_error
from course_lib.measure.gradients import gradient_norms
from course_lib.measure.statistics import Estimate, estimate, paired_difference

__all__ = [
    "Estimate",
    "count_macs",
    "count_parameters",
    "estimate",
    "gradient_norms",
    "paired_difference",
    "top_k_error",
]
