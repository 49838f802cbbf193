"""Defences, and what is left of them: `evaluate(defence, knowledge, x, y, eps=...)`, `checklist(...)`."""

from course_lib.defences.adversarial import adversarial_training, sinkhorn_training
from course_lib.defences.catalogue import CATALOGUE, Material
from course_lib.defences.checklist import checklist
from course_lib.defences.defence import Defence, StraightThrough, straight_through
from course_lib.defences.ensembles import Ensemble
from course_lib.defences.evaluate import KNOWLEDGE, Evaluation, evaluate
from course_lib.defences.halftone import Halftone, halftone

__all__ = [
    "CATALOGUE", "KNOWLEDGE", "Defence", "Ensemble", "Evaluation", "Halftone", "Material", "StraightThrough",
    "adversarial_training", "checklist", "evaluate", "halftone", "sinkhorn_training", "straight_through",
]
