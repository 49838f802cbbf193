"""The defences of lesson 14, each made from a plain net of the same seed. One line a defence in `RECIPES`."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import nn

from course_lib.attacks import fgsm, pgd
from course_lib.defences.adversarial import adversarial_training, sinkhorn_training
from course_lib.defences.broken import Quantised, RandomResize, Saturated
from course_lib.defences.defence import Defence, StraightThrough
from course_lib.defences.denoise import DenoisingAutoencoder, fit_denoiser
from course_lib.defences.detectors import ExplanationDetector
from course_lib.defences.ensembles import Ensemble
from course_lib.defences.halftone import Halftone
from course_lib.defences.noise import stochastic_student
