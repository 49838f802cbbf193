"""A model that must be fooled as it stands: nobody may exchange a part, a class, or hook into all modules."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from torch import nn
from torch.nn.modules import module as torch_module

from course_lib.exercises.exercise import Wrong


@contextmanager
def as_it_stands(model: nn.Module) -> Iterator[None]:
    """Raises Wrong after the block if the model is made of something else; its classes are put back then.

    What its weights hold, and its mode, are looked at by `must_stay`.
    """
    parts, classes = parts_of(model), {kind: contents(kind) for kind in set(map(type, model.modules()))}
    try:
        yield
    finally:
        if put_back(classes) or parts_of(model) != parts:
            raise Wrong("The defence is not what it was: it must be fooled as it stands. Change a copy, or "
                        "write what you need of it into your own function.")


def parts_of(model: nn.Module) -> list:
    """All that one could exchange in a module: its parts, what they hold, how many hooks there are."""
    parts = [{name: len(value) for name, value in vars(torch_module).items()
              if name.startswith("_global_") and isinstance(value, dict)}]
    for module in model.modules():
        held = {name: value for name, value in vars(module).items() if not name.startswith("_")}
        held.pop("training")
        hooks = {name: len(value) for name, value in vars(module).items() if name.endswith("_hooks")}
        weights = [(id(p), p.requires_grad) for p in module.parameters()]
        parts.append((module, type(module), held, hooks, weights))
    return parts


def contents(kind: type) -> dict[str, Any]:
    """What stands in a class itself, without the annotations, which Python may compute at any time."""
    return {name: value for name, value in vars(kind).items() if not name.startswith("__annot")}


def put_back(classes: dict[type, dict[str, Any]]) -> bool:
    """Give the classes their own contents again; had they others?"""
    changed = False
    for kind, before in classes.items():
        now = contents(kind)
        for name in {*now, *before}:
            if name in now and name in before and now[name] is before[name]:
                continue
            changed = True
            if name in before:
                setattr(kind, name, before[name])
            else:
                delattr(kind, name)
    return changed
