"""Pure numbers from tensors, or from a model and a batch. Nothing here prints or draws."""

from course_lib.measure.counts import count_macs, count_parameters
from course_lib.measure.errors import top_k_error
from course_lib.measure.gradients import gradient_norms
from course_lib.measure.robustness import distances, is_right, predictions, robust_accuracy, success
from course_lib.measure.robustness_curves import (
    accuracy_curve,
    auac,
    minimal_norm_curve,
    minimal_norms,
    noise_of_size,
    transfer_matrix,
)
from course_lib.measure.segmentation import iou_by_class, mean_iou
from course_lib.measure.statistics import Estimate, estimate, paired_difference
from course_lib.measure.timing import seconds_of
from course_lib.measure.verification import (
    accuracy_at,
    auc,
    best_threshold,
    calibration,
    calibration_error,
    log_loss,
    recall_at_k,
    roc,
)

__all__ = [
    "Estimate",
    "accuracy_at",
    "accuracy_curve",
    "auac",
    "auc",
    "best_threshold",
    "calibration",
    "calibration_error",
    "count_macs",
    "count_parameters",
    "distances",
    "estimate",
    "gradient_norms",
    "iou_by_class",
    "is_right",
    "log_loss",
    "mean_iou",
    "minimal_norm_curve",
    "minimal_norms",
    "noise_of_size",
    "paired_difference",
    "predictions",
    "recall_at_k",
    "robust_accuracy",
    "roc",
    "seconds_of",
    "success",
    "top_k_error",
    "transfer_matrix",
]
