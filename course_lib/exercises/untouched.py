"""A call that only looks at a model must leave all of it as it was: what checks say if it does not."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from course_lib.exercises.exercise import Wrong


def must_stay(model: nn.Module) -> Callable[[], None]:
    """Remember all of the model; the answer raises Wrong if something of it has changed since.

    A weight without a .grad counts as one with a gradient of 0: whoever cleared what they made did no harm.
    """
    weights = {name for name, _ in model.named_parameters()}
    numbers = {name: value.clone() for name, value in model.state_dict().items()}
    modes, slopes, asked = modes_of(model), slopes_of(model), asked_of(model)

    def look() -> None:
        if not all(map(torch.equal, slopes_of(model), slopes)):
            raise Wrong("After the call the weights' .grad is not what it was: .backward() adds to every "
                        ".grad that it reaches. Ask torch.autograd.grad for that in the pixels alone.")
        now = model.state_dict()
        changed = {name for name, value in now.items() if not torch.equal(value, numbers[name])}
        if changed & weights:
            raise Wrong("The call changes the weights of the model: nothing here trains it.")
        if changed:
            raise Wrong("The running statistics of batch norm have changed: the model was called in train "
                        "mode, so that it learnt from the images that attack it.", ", ".join(sorted(changed)))
        if modes_of(model) != modes:
            came, goes = ("train", "eval") if modes[0] else ("eval", "train")
            raise Wrong(f"The model came in {came} mode, and parts of it come back in {goes} mode.")
        if asked_of(model) != asked:
            raise Wrong("After the call some weights no longer ask for a gradient (requires_grad): nobody "
                        "could train this model any more.")

    return look


def modes_of(model: nn.Module) -> list[bool]:
    return [module.training for module in model.modules()]


def slopes_of(model: nn.Module) -> list[Tensor]:
    return [torch.zeros_like(p) if p.grad is None else p.grad.clone() for p in model.parameters()]


def asked_of(model: nn.Module) -> list[bool]:
    return [p.requires_grad for p in model.parameters()]
