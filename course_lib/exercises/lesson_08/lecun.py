"""08-2: LeCun-normal weights for linear layers and convolutions. Oracle: the moments of many weights."""

import math

import torch
from torch import Tensor, nn

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong

CELL = '''\
def lecun_start(layer: nn.Module) -> None:
    """Fill a linear layer or a convolution in place: weights from a normal distribution with mean 0 and
    variance 1 / n, n being the number of inputs of ONE unit; the bias, if there is one, 0."""
    ### BEGIN SOLUTION
    inputs = layer.weight[0].numel()
    nn.init.normal_(layer.weight, 0, inputs ** -0.5)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    ### END SOLUTION
'''
TEMPLATE = '''\
    inputs = ...                                # of one unit: what does layer.weight[0] hold?
    nn.init.normal_(layer.weight, 0, ...)       # it wants the standard deviation
    ...                                         # and the bias, if it is not None
'''
# A layer, large so that a variance is known to 2 %; convolutions with kernels that are not square too.
LAYERS = (
    lambda: nn.Linear(600, 250),
    lambda: nn.Conv2d(20, 100, 5),
    lambda: nn.Conv2d(64, 90, (3, 5), bias=False),
    lambda: nn.Conv2d(48, 240, 3, groups=4),
    lambda: nn.Conv1d(50, 300, 7),
)


def check(answer) -> None:
    """Variance, mean, shape of the distribution and bias, for several layers, each in place."""
    if not callable(answer):
        raise Wrong("check wants the function itself, without brackets and arguments behind its name.")
    for make in LAYERS:
        layer = make().double()
        with torch.no_grad():
            for p in layer.parameters():
                p.fill_(0.37)
        before = dict(layer.named_parameters())
        answer(layer)
        after = dict(layer.named_parameters())
        if after.keys() != before.keys() or any(after[name] is not p for name, p in before.items()):
            raise Wrong("A parameter has been replaced by a new object, or taken out. An optimizer holds the "
                        "old ones and would train those: change the values inside.")
        if not all(p.requires_grad for p in after.values()):
            raise Wrong("A parameter has lost requires_grad: it would never learn.")
        look_at(layer)
    first, second = (make_filled(answer) for _ in range(2))
    if torch.equal(first, second):
        raise Wrong("Two layers get the same weights: do not set a seed inside.")


def make_filled(answer) -> Tensor:
    layer = LAYERS[0]()
    answer(layer)
    return layer.weight.detach()


def look_at(layer: nn.Module) -> None:
    w = layer.weight.detach()
    if not torch.isfinite(w).all():
        raise Wrong("Some weights are NaN or infinite.")
    if (w == 0.37).all():
        raise Wrong("The weights have not changed: work on layer.weight itself, in place.")
    n, found = w[0].numel(), float(w.var())
    if abs(float(w.mean())) > 6 * math.sqrt(found / w.numel()) + 1e-12:
        raise Wrong("The weights do not have the mean 0.")
    if not near(found, 1 / n):
        for message, wrong in variances(w):
            if near(found, wrong):
                raise Wrong(message)
        raise Wrong("The variance of the weights is not one over the number of inputs of one unit. Print "
                    "layer.weight.var() and layer.weight[0].shape.", f"yours {found:.3g}, wanted {1 / n:.3g}")
    kurtosis = float((w**4).mean() / (w**2).mean() ** 2)
    if abs(kurtosis - 3) > 0.3:
        raise Wrong("Mean and variance are right, but these weights are not normally distributed.")
    if layer.bias is not None and (layer.bias == 0.37).all():
        raise Wrong("The bias has been left as it was.")
    if layer.bias is not None and layer.bias.any():
        raise Wrong("The bias is not 0.")


def near(a: float, b: float) -> bool:
    return abs(a / b - 1) < 0.06


def variances(w: Tensor):
    """(message, variance) of typical slips."""
    n, outputs, kernel = w[0].numel(), w.shape[0], w[0, 0].numel()
    return (
        ("n counts all weights of the layer here: with that the signal dies within a few layers.",
         1 / w.numel()),
        ("normal_ has been given the variance where it wants the standard deviation.", 1 / n**2),
        ("This is torch's own kaiming_normal_ for selu, which multiplies by 3/4: the signal shrinks.",
         (9 / 16) / n),
        ("The variance is twice too large: that is the start for ReLU.", 2 / n),
        ("n counts the outputs: a unit adds up its inputs.", 1 / outputs),
        ("n counts outputs times the kernel: those are the wrong side's connections.",
         1 / (outputs * kernel)),
        ("n is the mean of inputs and outputs: that is Xavier's start.", 2 / (n + outputs * kernel)),
        ("The kernel is forgotten: one unit of a convolution sees a whole patch of each channel.",
         1 / w.shape[1]),
        ("The weights are spread evenly between -1/sqrt(n) and 1/sqrt(n), which has a third of the variance.",
         1 / (3 * n)),
    )


EXERCISE = Exercise(
    id="08-2", title="Start the weights", name="lecun_start", cell=CELL, check=check,
    question="Why must n be the inputs of one unit, and not all weights of the layer?",
    why="A unit's z is a sum of n terms, one for each of its own inputs, so weights of variance 1/n keep the "
        "variance of what comes in; other units' weights do not enter that sum.",
    hints=Hints(
        nudge="How many products does ONE output number add up? In a convolution that is a patch of all "
              "channels.",
        method="layer.weight has the outputs on its first axis, so weight[0] is all that belongs to one "
               "unit. "
               "Take the square root: the functions that draw normal numbers want a standard deviation.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("all weights", "nn.init.normal_(layer.weight, 0, layer.weight.numel() ** -0.5)\n"
               "if layer.bias is not None:\n    nn.init.zeros_(layer.bias)", "counts all weights"),
        Mutant("variance for std", "nn.init.normal_(layer.weight, 0, 1 / layer.weight[0].numel())",
               "wants the standard deviation"),
        Mutant("torch's selu gain", "nn.init.kaiming_normal_(layer.weight, nonlinearity='selu')",
               "multiplies by 3/4"),
        Mutant("he", "nn.init.kaiming_normal_(layer.weight)", "start for ReLU"),
        Mutant("kernel forgotten", "n = layer.weight.shape[1]\nnn.init.normal_(layer.weight, 0, n ** -0.5)\n"
               "if layer.bias is not None:\n    nn.init.zeros_(layer.bias)", "kernel is forgotten"),
        Mutant("outputs", "nn.init.normal_(layer.weight, 0, layer.weight.shape[0] ** -0.5)",
               "counts the outputs"),
        Mutant("bias left", "nn.init.normal_(layer.weight, 0, layer.weight[0].numel() ** -0.5)",
               "left as it was"),
        Mutant("replaced", "n = layer.weight[0].numel()\n"
               "layer.weight = nn.Parameter(torch.randn_like(layer.weight) / n ** 0.5)",
               "replaced by a new object"),
    ),
    difficulty=2, importance=3, minutes=4,
)  # fmt: skip
