"""The one training loop of the course, short enough to read in two minutes."""

import functools
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_lib.train.checkpoint import load_checkpoint, save_checkpoint
from course_lib.train.schedules import Schedule, one_cycle


class TrainingDiverged(ArithmeticError):
    """The loss became infinite or not a number."""


@dataclass(frozen=True)
class History:
    """What a run leaves behind: the training loss and the learning rate of every step."""

    loss: np.ndarray
    lr: np.ndarray

    def last(self, steps: int = 10) -> float:
        """Mean training loss of the last steps."""
        return float(self.loss[-steps:].mean())


def fit(
    model: nn.Module,
    x: Float[Tensor, "images channels *size"],
    y: Int[Tensor, "images *places"],
    *,
    loss: Callable[[Tensor, Tensor], Tensor] = F.cross_entropy,
    steps: int,
    batch_size: int = 64,
    lr: float = 0.1,
    schedule: Schedule | None = None,
    optimizer: str = "sgd",
    momentum: float = 0.9,
    weight_decay: float = 1e-4,
    augment: Callable[[Tensor, torch.Generator], Tensor] | None = None,
    attack: Callable[[nn.Module, Tensor, Tensor], Tensor] | None = None,
    seed: int = 0,
    rate_factor: Callable[[str], float] | None = None,
    checkpoint: Path | None = None,
    checkpoint_every: float = 120.0,
    compile_model: bool = False,
    progress: bool = False,
) -> History:
    """Train `model` in place on (x, y), on the device where they are.

    x: pixels in [0, 1], or signals. y: one label an image, or one for each place of the model's answer (a
    pixel, a moment), whose classes are on axis 1.
    loss: (the model's answer, labels) -> one number to make small.
    schedule: step -> factor of lr; one_cycle(steps) if none. optimizer: "sgd" or "adam".
    attack: (model, images, labels) -> the images to learn from in their place: adversarial training.
    rate_factor: name of a parameter -> what its learning rate is multiplied by; 1 for all if None.
    checkpoint: a .safetensors file, written every `checkpoint_every` seconds and at the end; if it is there,
    the run goes on from it and ends with the same weights as an unbroken one.
    The weights of 2-D convolutions come to lie channels-last, which they keep: a step of the course's nets
    takes 1/2 to 9/10 of its time so. On a CUDA GPU: bf16 autocast.
    Raises ValueError for bad arguments, TrainingDiverged if the loss is no longer finite.
    """
    check_run(model, x, y, steps, batch_size, optimizer)
    on_gpu = x.device.type == "cuda"
    if all(p.dim() != 5 for p in model.parameters()):  # those of a 3-D convolution have no such order
        model.to(memory_format=torch.channels_last)
    schedule = schedule or one_cycle(steps)
    updates = updates_for(_groups(model, rate_factor), optimizer, lr, momentum, weight_decay, x.device)
    losses = torch.zeros(steps, device=x.device)
    rates = np.array([lr * schedule(step) for step in range(steps)])
    settings = (optimizer, momentum, weight_decay, batch_size, steps, seed, len(x), words_of(loss))
    recipe = f"{settings} {rates.sum():.6g}"
    first = load_checkpoint(checkpoint, model, updates, losses, recipe) if checkpoint else 0
    run = torch.compile(model) if compile_model else model
    was_training = model.training
    model.train()
    saved_at = time.monotonic()
    batches = batches_of(len(x), batch_size, seed, first)

    try:
        for step in tqdm(range(first, steps), disable=not progress, leave=False):
            for group in updates.param_groups:
                group["lr"] = rates[step] * group["factor"]
            rows = next(batches).to(x.device)
            xb, yb = x[rows], y[rows]
            if augment is not None:
                xb = augment(xb, torch.Generator().manual_seed(seed * 1_000_003 + step))
            if attack is not None:
                xb = attack(model, xb, yb)
            with torch.autocast(x.device.type, torch.bfloat16, enabled=on_gpu):
                value = loss(run(xb), yb)
            updates.zero_grad(set_to_none=True)
            value.backward()
            updates.step()
            losses[step] = value.detach()
            if step % 50 == 49 or step == steps - 1:
                stop_if_not_finite(losses, step, lr)
            if checkpoint and (time.monotonic() - saved_at > checkpoint_every or step == steps - 1):
                save_checkpoint(checkpoint, model, updates, losses, step + 1, recipe)
                saved_at = time.monotonic()
    finally:
        model.train(was_training)
    return History(losses.cpu().numpy(), rates)


@torch.no_grad()
def logits_of(model: nn.Module, x: Tensor, batch_size: int = 512) -> Float[Tensor, "images classes"]:
    """The model's answers in eval mode, batch by batch. The model's mode is restored."""
    was_training = model.training
    model.eval()
    try:
        return torch.cat([model(part).float() for part in x.split(batch_size)])
    finally:
        model.train(was_training)


def evaluate(model: nn.Module, x: Tensor, y: Tensor, batch_size: int = 512) -> tuple[float, float]:
    """(mean cross-entropy, error rate) in eval mode. The model's mode is restored."""
    logits = logits_of(model, x, batch_size)
    return float(F.cross_entropy(logits, y)), float((logits.argmax(1) != y).float().mean())


def updates_for(
    weights: list, optimizer: str, lr: float, momentum: float, weight_decay: float, device: torch.device
) -> torch.optim.Optimizer:
    """torch's SGD with momentum or AdamW, fused where it can be."""
    decay = {"weight_decay": weight_decay, "fused": device.type in ("cpu", "cuda")}
    if optimizer == "sgd":
        return torch.optim.SGD(weights, lr, momentum=momentum, **decay)
    return torch.optim.AdamW(weights, lr, **decay)


def words_of(loss: Callable) -> str:
    """A name that tells losses apart, the same in every process."""
    if isinstance(loss, functools.partial):
        # A function's repr holds its address, which no other process shares.
        args = tuple(words_of(v) if callable(v) else v for v in loss.args)
        keywords = {k: words_of(v) if callable(v) else v for k, v in loss.keywords.items()}
        return f"{words_of(loss.func)} {args} {keywords}"
    return getattr(loss, "__qualname__", type(loss).__qualname__)


def _groups(model: nn.Module, rate_factor: Callable[[str], float] | None) -> list[dict]:
    """Parameters by the factor of their learning rate."""
    groups: dict[float, list] = {}
    for name, p in model.named_parameters():
        groups.setdefault(rate_factor(name) if rate_factor else 1.0, []).append(p)
    return [{"params": params, "factor": factor} for factor, params in groups.items()]


def batches_of(images: int, batch_size: int, seed: int, first: int) -> Iterator[Tensor]:
    """Rows of each batch, from step `first` on; a new order every epoch, the last short batch left out."""
    per_epoch = images // batch_size
    epoch, k = divmod(first, per_epoch)
    while True:
        order = torch.randperm(images, generator=torch.Generator().manual_seed(seed * 1_000_003 + epoch))
        yield from order[: per_epoch * batch_size].view(per_epoch, batch_size)[k:]
        epoch, k = epoch + 1, 0


def stop_if_not_finite(losses: Tensor, step: int, lr: float) -> None:
    """Raises TrainingDiverged if one of the losses up to `step` is not."""
    bad = (~losses[: step + 1].isfinite()).nonzero()
    if len(bad):
        raise TrainingDiverged(
            f"the training loss is not finite at step {int(bad[0])}; try a smaller lr (it was {lr:g})"
        )


def check_run(
    model: nn.Module, x: Tensor, y: Tensor, steps: int, batch_size: int, optimizer: str
) -> None:
    """Raises ValueError, naming the argument, where these do not make a run of `fit`."""
    if len(x) != len(y) or len(x) == 0:
        raise ValueError(f"x and y must hold equally many images and labels: got {len(x)} and {len(y)}")
    if steps < 1:
        raise ValueError(f"steps must be at least 1, got {steps}")
    if not 1 <= batch_size <= len(x):
        raise ValueError(f"batch_size must be between 1 and the number of images {len(x)}, got {batch_size}")
    if optimizer not in ("sgd", "adam"):
        raise ValueError(f"optimizer must be 'sgd' or 'adam', got {optimizer!r}")
    places = {p.device for p in model.parameters()} | {x.device, y.device}
    if len(places) > 1:
        raise ValueError(f"model, x and y must be on one device, got {', '.join(map(str, places))}")
