"""Detectors of odd images: a density of clean images only, so that no attack needs to be known beforehand.

Watson, Al Moubayed: Attack-agnostic Adversarial Detection on Medical Data Using Explainable Machine Learning,
ICPR 2020, arXiv 2105.01959: an anomaly detector on explanations. Which explanation and which density is a
reconstruction: here integrated gradients and one Gaussian with a shrunk covariance.
A detector is only as good as it is against an attacker who knows it: `score` is differentiable in x.
"""

from typing import Self

import numpy as np
import torch
from jaxtyping import Bool, Float
from sklearn.covariance import LedoitWolf
from torch import Tensor, nn

from course_lib.attacks.checks import check_count, check_images, check_model
from course_lib.attributions import integrated_gradients
from course_lib.measure.eval_mode import eval_mode

Pixels = Float[Tensor, "images ..."]
Features = Float[Tensor, "images features"]


class Detector(nn.Module):
    """A Gaussian over `features(x)`; the score of an image is its Mahalanobis distance from the clean ones.

    threshold: images with a greater score are rejected. Made by `fit`; the model is used, never changed.
    """

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model
        self.threshold = float("nan")
        self.register_buffer("mean", torch.zeros(0))
        self.register_buffer("whiten", torch.zeros(0, 0))

    @classmethod
    def fit(cls, model: nn.Module, x: Pixels, *, false_alarms: float = 0.05, **more) -> Self:
        """A detector from clean images x. Every fifth one is held out of the density, for the threshold:
        a share `false_alarms` of these lies above it.

        more: further arguments of the detector. Raises ValueError or TypeError, naming the argument.
        """
        check_model(model, x)
        check_images(x)
        if not 0 < false_alarms < 1:
            raise ValueError(f"false_alarms must be between 0 and 1, got {false_alarms!r}")
        if len(x) < 50:
            raise ValueError(f"x must hold at least 50 clean images, got {len(x)}")
        detector = cls(model, **more)
        held_out = torch.arange(len(x), device=x.device) % 5 == 0
        with torch.no_grad():
            detector._fit_density(detector._in_parts(detector.features, x[~held_out]))
            scores = detector._in_parts(detector.score, x[held_out])
        detector.threshold = float(scores.double().quantile(1 - false_alarms))
        return detector

    def features(self, x: Pixels) -> Features:
        """What the density is over, one row an image, differentiable in x."""
        raise NotImplementedError

    def score(self, x: Pixels) -> Float[Tensor, " images"]:
        """Mahalanobis distance of each image: larger is more suspicious. Differentiable in x.

        Raises ValueError where nothing was fitted.
        """
        if not len(self.mean):
            name = type(self).__name__
            raise ValueError(f"this {name} knows no clean images; make it by {name}.fit(model, x)")
        off = self.features(x) - self.mean
        # Not norm: its slope at 0 is not defined.
        return ((off @ self.whiten).square().sum(1) + 1e-12).sqrt()

    def rejects(self, x: Pixels) -> Bool[Tensor, " images"]:
        """Is the image called adversarial?"""
        with torch.no_grad():
            return self._in_parts(self.score, x) > self.threshold

    def _fit_density(self, rows: Features) -> None:
        """Mean and a root of the inverse covariance, of features that Ledoit and Wolf's rule shrinks."""
        exact = rows.detach().cpu().double().numpy()
        scale = exact.std(0).mean()  # keeps numbers near 1, however small those of a map are
        if not scale > 0:
            raise ValueError(f"the features of {type(self).__name__} are the same for all clean images x; "
                             "does the model look at x?")
        density = LedoitWolf().fit(exact / scale)
        values, vectors = np.linalg.eigh(density.covariance_)
        root = vectors / np.sqrt(values.clip(min=values.max() * 1e-9)) / scale
        self.mean = torch.from_numpy(density.location_ * scale).to(rows)
        self.whiten = torch.from_numpy(root).to(rows)

    @staticmethod
    def _in_parts(function, x: Pixels, size: int = 256) -> Tensor:
        return torch.cat([function(part) for part in x.split(size)])


class ExplanationDetector(Detector):
    """Over the `integrated_gradients` of the class that the model answers, from black; steps: of these.

    Each map is divided by its mean size, so that a confident answer is no odder than another, and its values
    are brought nearer to each other by a root, so that faint attributions on the ground count too.
    """

    def __init__(self, model: nn.Module, steps: int = 8):
        check_count("steps", steps)
        super().__init__(model)
        self.steps = steps

    def features(self, x: Pixels) -> Features:
        with torch.no_grad(), eval_mode(self.model):
            answer = self.model(x).argmax(1)
        climbing = torch.is_grad_enabled() and x.requires_grad
        # From a grey or white baseline a digit's even ground has ties in every max-pool, and the maps of a
        # plain net betray any change of it, even noise of 0.001: a perfect score that tells nothing.
        maps = integrated_gradients(self.model, x, answer, steps=self.steps, create_graph=climbing)
        maps = maps.flatten(1)
        maps = maps / (maps.abs().mean(1, keepdim=True) + 1e-6)
        return maps / (maps.abs() + 0.1).sqrt()


class LogitDetector(Detector):
    """Over the logits, a base line."""

    def features(self, x: Pixels) -> Features:
        with eval_mode(self.model):
            return self.model(x)


class PixelDetector(Detector):
    """Over the pixels themselves, a base line that knows no model."""

    def features(self, x: Pixels) -> Features:
        return x.flatten(1)
