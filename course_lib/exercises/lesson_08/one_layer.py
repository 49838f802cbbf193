"""08-4: one step of the moment map by a sum over a grid. Oracle: the library's quadrature."""

import math

import numpy as np
import torch
from torch import Tensor

from course_lib.blocks.selu import gaussian_mean
from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong

CELL = '''\
def one_layer(f, var: float) -> tuple[float, float]:
    """Mean and variance of f(z) for z from a normal distribution with mean 0 and variance var, by a sum
    over a fine grid. f takes a tensor and answers one of the same shape."""
    std = var ** 0.5
    z = torch.linspace(-10 * std, 10 * std, 4001, dtype=torch.float64)
    ### BEGIN SOLUTION
    weight = torch.exp(-z ** 2 / (2 * var))
    weight = weight / weight.sum()
    mean = (weight * f(z)).sum()
    second = (weight * f(z) ** 2).sum()
    return float(mean), float(second - mean ** 2)
    ### END SOLUTION
'''
TEMPLATE = '''\
    weight = torch.exp(...)             # the bell curve at each z
    weight = weight / ...               # so that the weights add up to 1
    mean = ...                          # weighted sum of f(z)
    second = ...                        # weighted sum of f(z) squared
    return float(mean), float(...)
'''
FUNCTIONS = (
    ("relu", lambda z: z.clamp(min=0)),
    ("shifted", lambda z: z + 3),
    ("selu", torch.nn.functional.selu),
    ("sine", lambda z: torch.sin(z) + 0.2),
)


def check(answer) -> None:
    """Both numbers for several functions and variances, to a thousandth."""
    if not callable(answer):
        raise Wrong("check wants the function itself, without brackets and arguments behind its name.")
    for _, f in FUNCTIONS:
        for var in (0.5, 2.0, 1.0):
            mine = numbers(answer(f, var))
            want = moments(f, math.sqrt(var))
            if close(mine, want):
                continue
            for message, slip in slips(f, var):
                if close(mine, slip):
                    raise Wrong(message)
            if abs(mine[0] - want[0]) < 2e-3:
                raise Wrong("The mean is right, the variance is not: it is a second moment minus something.")
            raise Wrong(OTHERWISE)


def moments(f, std: float) -> tuple[float, float]:
    apply = lambda z: f(torch.from_numpy(z)).numpy()  # noqa: E731
    mean = float(gaussian_mean(apply, 0.0, std))
    return mean, float(gaussian_mean(lambda z: apply(z) ** 2, 0.0, std)) - mean**2


def numbers(value) -> tuple[float, float]:
    """Two finite numbers, in whatever dress they come. Raises Wrong for anything else."""
    if value is None:
        raise Wrong("Nothing comes back: is a `return` missing?")
    if isinstance(value, Tensor | np.ndarray):
        value = value.tolist()
    if not isinstance(value, tuple | list) or len(value) != 2:
        raise Wrong("Two numbers must come back, the mean and the variance.")
    try:
        found = tuple(float(v) for v in value)
    except (TypeError, ValueError, RuntimeError):
        raise Wrong("What comes back must be two plain numbers: has a sum been forgotten?") from None
    if not all(map(math.isfinite, found)):
        raise Wrong("One of the numbers is NaN or infinite.")
    return found


def close(a: tuple[float, float], b: tuple[float, float]) -> bool:
    return all(abs(u - v) < 2e-3 * max(1, abs(v)) for u, v in zip(a, b, strict=True))


def slips(f, var: float):
    """(message, numbers) of typical slips."""
    std = math.sqrt(var)
    mean, variance = moments(f, std)
    second = variance + mean**2
    z = torch.linspace(-10 * std, 10 * std, 4001, dtype=torch.float64)
    flat = f(z)
    step, bell = 20 * std / 4000, torch.exp(-z**2 / (2 * var))
    yield "That is the second moment: the variance is what is left when the squared mean is taken away.", \
        (mean, second)
    yield "The two numbers have changed places.", (variance, mean)
    yield "That is the standard deviation, not the variance.", (mean, math.sqrt(max(variance, 0)))
    yield "The mean is not squared before it is taken away.", (mean, second - mean)
    yield "All z count the same: the weight of the bell curve is missing.", \
        (float(flat.mean()), float(flat.var(correction=0)))
    yield ("The exponent is not that of this bell curve: it holds z squared over twice the VARIANCE.",
           moments(f, 1.0))
    yield ("The exponent is not that of this bell curve: it holds z squared over twice the VARIANCE. ",
           moments(f, math.sqrt(std)))
    yield "The 2 in the exponent is missing: this bell curve is too narrow.", moments(f, std / math.sqrt(2))
    root = math.sqrt(2 * math.pi)
    for weight in (bell, bell * step, bell / root / std, bell * step / root):
        first = float((weight * flat).sum())
        yield ("The weights do not add up to 1: divide them by their sum.",
               (first, float((weight * flat**2).sum()) - first**2))


OTHERWISE = ("The numbers are others. Try f(z) = z by hand: the mean must be 0 and the variance the one "
             "that you "
             "put in.")
EXERCISE = Exercise(
    id="08-4", title="One layer, in numbers", name="one_layer", cell=CELL, check=check,
    question="For SELU and var = 1 your function answers about (0, 1): what does that say about alpha and "
             "lambda?",
    why="The two constants are the solution of these two equations, mean 0 and variance 1: they are "
        "computed, "
        "not tuned.",
    hints=Hints(
        nudge="An expected value is a weighted sum: which z are likely, which hardly ever occur?",
        method="The bell curve's height is the weight; divide the weights by their sum, then no constant in "
               "front of it matters. The variance is the mean of the square minus the square of the mean.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("second moment", "w = torch.exp(-z ** 2 / (2 * var))\nw = w / w.sum()\n"
               "return float((w * f(z)).sum()), float((w * f(z) ** 2).sum())", "second moment: the variance"),
        Mutant("no weight", "y = f(z)\nreturn float(y.mean()), float(y.var())", "All z count the same"),
        Mutant("not normalised", "w = torch.exp(-z ** 2 / (2 * var))\nm = (w * f(z)).sum()\n"
               "return float(m), float((w * f(z) ** 2).sum() - m ** 2)", "do not add up to 1"),
        Mutant("standard normal weights", "w = torch.exp(-z ** 2 / 2)\nw = w / w.sum()\nm = (w * "
                                          "f(z)).sum()\n"
               "return float(m), float((w * f(z) ** 2).sum() - m ** 2)", "twice the VARIANCE"),
        Mutant("standard deviation", "w = torch.exp(-z ** 2 / (2 * var))\nw = w / w.sum()\nm = (w * "
                                     "f(z)).sum()\n"
               "return float(m), float((w * f(z) ** 2).sum() - m ** 2) ** 0.5", "standard deviation, not"),
        Mutant("2 missing", "w = torch.exp(-z ** 2 / var)\nw = w / w.sum()\nm = (w * f(z)).sum()\n"
               "return float(m), float((w * f(z) ** 2).sum() - m ** 2)", "too narrow"),
    ),
    difficulty=2, importance=2, minutes=8,
)  # fmt: skip
