"""Checkpoints: everything a run needs to go on, in one safetensors file. Written whole or not at all."""

import json
import os
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn


def save_checkpoint(
    path: Path, model: nn.Module, updates: torch.optim.Optimizer, losses: Tensor, step: int, recipe: str
) -> None:
    """Write weights, buffers, optimiser state, losses and random state after `step` steps."""
    tensors = {f"model.{name}": value for name, value in model.state_dict().items()}
    for k, state in updates.state_dict()["state"].items():
        tensors |= {f"updates.{k}.{name}": value for name, value in state.items() if value is not None}
    tensors |= {"losses": losses, "random": torch.get_rng_state()}
    if torch.cuda.is_available():
        tensors["random_cuda"] = torch.cuda.get_rng_state()
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    save_file(tensors, part, metadata={"step": str(step), "recipe": json.dumps(recipe)})
    os.replace(part, path)


def load_checkpoint(
    path: Path, model: nn.Module, updates: torch.optim.Optimizer, losses: Tensor, recipe: str
) -> int:
    """Put a checkpoint's state into model, optimiser and losses.

    Answers the step to go on from, 0 if there is no file.
    Raises ValueError naming the file if it is damaged or belongs to another run; the file is left alone.
    """
    path = Path(path)
    if not path.exists():
        return 0
    try:
        with safe_open(path, "pt") as file:
            notes = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise ValueError(
            f"checkpoint {path} is damaged ({error}); move it away to start this run anew"
        ) from error
    if json.loads(notes.get("recipe", '""')) != recipe:
        raise ValueError(f"checkpoint {path} belongs to a run with other settings; choose another file")
    try:
        model.load_state_dict({n[6:]: t for n, t in tensors.items() if n.startswith("model.")})
    except RuntimeError as error:
        raise ValueError(f"checkpoint {path} belongs to another model; choose another file") from error
    state: dict[int, dict] = {}
    for name, value in tensors.items():
        if name.startswith("updates."):
            _, k, key = name.split(".", 2)
            state.setdefault(int(k), {})[key] = value
    updates.load_state_dict({"state": state, "param_groups": updates.state_dict()["param_groups"]})
    for weights, kept in updates.state.items():
        for name, value in kept.items():
            if value.shape == weights.shape:  # fused steps go by memory: it must lie as the weights do
                kept[name] = torch.empty_like(weights.detach(), dtype=value.dtype).copy_(value)
    losses.copy_(tensors["losses"])
    torch.set_rng_state(tensors["random"])
    if "random_cuda" in tensors and torch.cuda.is_available():
        torch.cuda.set_rng_state(tensors["random_cuda"])
    return int(notes["step"])
