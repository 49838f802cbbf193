"""Training: one fit loop. It draws nothing."""

from course_lib.train.fit import History, TrainingDiverged, evaluate, fit
from course_lib.train.schedules import constant, one_cycle, step_decay

__all__ = ["History", "TrainingDiverged", "constant", "evaluate", "fit", "one_cycle", "step_decay"]
