"""Training: one fit loop, and the studies that call it. It draws nothing."""

from course_lib.train.depth_study import DepthStudy, Unit, train_unit
from course_lib.train.fit import History, TrainingDiverged, evaluate, fit
from course_lib.train.schedules import constant, one_cycle, step_decay

__all__ = [
    "DepthStudy", "History", "TrainingDiverged", "Unit", "constant", "evaluate", "fit", "one_cycle",
    "step_decay", "train_unit",
]
