"""Training: one fit loop, and the studies that call it. It draws nothing."""

from course_lib.train.context_study import ContextStudy, train_context
from course_lib.train.depth_study import DepthStudy, Unit, train_unit
from course_lib.train.federated import federated_average, fit_federated, split_by_label
from course_lib.train.fit import History, TrainingDiverged, evaluate, fit
from course_lib.train.image_study import ImageStudy, ImageUnit, stored_net, train_images
from course_lib.train.many import Member, fit_many
from course_lib.train.schedules import constant, one_cycle, step_decay
from course_lib.train.wave_study import WaveStudy, train_wave

__all__ = [
    "ContextStudy", "DepthStudy", "History", "ImageStudy", "ImageUnit", "Member", "TrainingDiverged",
    "Unit", "WaveStudy", "constant", "evaluate", "federated_average", "fit", "fit_federated", "fit_many",
    "one_cycle", "split_by_label", "step_decay", "stored_net", "train_context", "train_images",
    "train_unit", "train_wave",
]
