"""A model that is looked at and left as it was."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn


@contextmanager
def eval_mode(model: nn.Module) -> Iterator[None]:
    """Inside: every module in eval mode. Afterwards, whatever happens: modes and buffers as they were.

    So batch norm keeps its statistics and dropout is off, even where a model overrides `.eval()`.
    """
    modes = {module: module.training for module in model.modules()}
    # named_buffers() would leave out those that are None until the first pass.
    buffers = [
        (m, name, b, None if b is None else b.clone()) for m in modes for name, b in m._buffers.items()
    ]
    try:
        for module in modes:
            module.training = False
        yield
    finally:
        for module, training in modes.items():
            module.training = training
        with torch.no_grad():
            for module, name, buffer, value in buffers:
                if getattr(module, name) is not buffer:
                    setattr(module, name, buffer)
                if buffer is not None and not torch.equal(buffer, value):
                    buffer.copy_(value)
