"""What the checks of lesson 13 share: a small model, inputs that must stay, answers of two tensors."""

import torch
from torch import Tensor, nn

from course_lib.exercises.exercise import Wrong
from course_lib.exercises.oracle import randomise


def a_net(pixels: int, classes: int, training: bool = False) -> nn.Module:
    """A net for images: in eval mode, with a batch norm that shows if the mode changes; or in the middle of
    its training, where the weights have a .grad already."""
    middle = nn.Identity() if training else nn.BatchNorm1d(8)
    net = nn.Sequential(nn.Flatten(), nn.Linear(pixels, 8), middle, Waves(), nn.Linear(8, classes))
    randomise(net)
    for p in net.parameters():
        p.grad = torch.full_like(p, 0.25) if training else None
    return net.train(training)


class Waves(nn.Module):
    """So bent that a gradient a little farther away has other signs: no slip may look right by chance."""

    def forward(self, z: Tensor) -> Tensor:
        return (3 * z).sin()


def must_keep(given: dict[str, Tensor], before: dict[str, Tensor]) -> None:
    """Raise Wrong, with its name, for the first tensor that the call has changed."""
    for name, value in before.items():
        if not torch.equal(given[name].detach(), value):
            raise Wrong(f"The call writes into {name}, which it was given: make a new tensor, or work on a "
                        "clone.")


def two_tensors(value, first: str, second: str) -> tuple[Tensor, Tensor]:
    """Two tensors, in whatever dress they come. Raises Wrong for anything else."""
    if value is None:
        raise Wrong("Nothing comes back: is a `return` missing?")
    try:
        a, b = value
    except (TypeError, ValueError):
        a = b = None
    if isinstance(value, Tensor) or not (isinstance(a, Tensor) and isinstance(b, Tensor)):
        raise Wrong(f"Two tensors must come back: {first} and {second}.", repr(value)[:200])
    if (a.dim(), b.dim()) == (1, 2):
        raise Wrong(f"The two answers have changed places: first {first}, then {second}.")
    return a, b
