"""What the checks of lesson 14 share: a net that is the same in both modes, a number, a row of flags."""

import math
from typing import Any

from torch import Tensor, nn

from course_lib.exercises.exercise import Wrong
from course_lib.exercises.lesson_12.small_nets import Blind
from course_lib.exercises.oracle import randomise

QUESTIONS = (
    "PGD at least FGSM",
    "white-box at least transfer",
    "accuracy at eps = 1 is 0",
    "more steps change nothing",
    "gradients are there",
)


def a_steady_net(shape: tuple[int, ...], classes: int) -> nn.Module:
    """A random smooth net that answers alike in train and eval mode. shape: [channels, height, width]."""
    channels, height, width = shape
    net = nn.Sequential(Blind(), nn.Conv2d(channels, 4, 3, padding=1), nn.Tanh(), nn.Flatten(),
                        nn.Linear(4 * height * width, classes))
    randomise(net)
    return net


def one_number(value: Any) -> float:
    """A finite number, in whatever dress it comes. Raises Wrong for anything else."""
    if value is None:
        raise Wrong("Nothing comes back: is a `return` missing?")
    if isinstance(value, Tensor) and value.numel() != 1:
        raise Wrong("One number must come back, not one for each budget.")
    try:
        value = float(value)
    except (TypeError, ValueError):
        raise Wrong("One number must come back.", repr(value)[:200]) from None
    if not math.isfinite(value):
        raise Wrong("The number is NaN or infinite.")
    return value


def flags(value: Any, words: tuple[str, ...], of: str = "") -> dict[str, str]:
    """The five flags. Raises Wrong unless value is a dict with one of `words` for each of the QUESTIONS.

    of: whose flags they are, for the messages.
    """
    whose = f" of {of!r}" if of else ""
    if value is None:
        raise Wrong(f"Nothing comes back{whose}: is a `return` missing?")
    if not isinstance(value, dict):
        raise Wrong(f"The flags{whose} must be a dict, question -> word.", repr(value)[:200])
    for question in QUESTIONS:
        if question not in value:
            raise Wrong(f"A question{whose} has no flag: {question!r}. Is it there, and spelt like this?")
        if not isinstance(value[question], str) or value[question] not in words:
            raise Wrong(f"The flag{whose} for {question!r} must be one of these words: {', '.join(words)}.",
                        repr(value[question])[:200])
    if len(value) > len(QUESTIONS):
        raise Wrong(f"There are more flags{whose} than the five questions.", repr(list(value))[:300])
    return value
