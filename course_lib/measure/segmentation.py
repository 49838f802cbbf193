"""How well two label maps agree."""

import math

from jaxtyping import Int
from torch import Tensor


def iou_by_class(predicted: Int[Tensor, "*size"], y: Int[Tensor, "*size"], classes: int) -> list[float]:
    """Intersection over union of each class, over all pixels of all images together:
    pixels that are of the class in both maps, divided by those that are of it in at least one.

    NaN for a class that is in neither. Raises ValueError if the shapes differ or a label is out of range.
    """
    if predicted.shape != y.shape:
        raise ValueError(f"predicted and y must have one shape, got {tuple(predicted.shape)} and "
                         f"{tuple(y.shape)}; did you forget argmax over the classes?")
    for name, labels in (("predicted", predicted), ("y", y)):
        if labels.numel() and not 0 <= int(labels.min()) <= int(labels.max()) < classes:
            raise ValueError(f"{name} must hold class numbers from 0 to {classes - 1}, "
                             f"got {int(labels.min())} to {int(labels.max())}")
    pairs = (y.flatten() * classes + predicted.flatten()).bincount(minlength=classes**2)
    counts = pairs.view(classes, classes)  # row: true class, column: predicted class
    both = counts.diagonal()
    either = counts.sum(0) + counts.sum(1) - both
    return [float(b) / float(e) if e else math.nan for b, e in zip(both, either, strict=True)]


def mean_iou(predicted: Int[Tensor, "*size"], y: Int[Tensor, "*size"], classes: int) -> float:
    """Mean over the classes that are in at least one of the maps; arguments and errors as `iou_by_class`."""
    found = [iou for iou in iou_by_class(predicted, y, classes) if not math.isnan(iou)]
    if not found:
        raise ValueError("there is no pixel to compare")
    return sum(found) / len(found)
