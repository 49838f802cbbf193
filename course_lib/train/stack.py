"""Nets of one shape as one net: every weight gets an axis of members, and all train in the same steps.

torch.func does the stacking. SGD and Adam update each number by itself, so one optimiser over stacked weights
does what one optimiser a net would do, and the gradient of the summed losses is each net's own gradient.
"""

import copy
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from tqdm.auto import tqdm

from course_lib.train.checkpoint import load_checkpoint, save_checkpoint
from course_lib.train.fit import History, batches_of, stop_if_not_finite, updates_for, words_of
from course_lib.train.schedules import Schedule

Loss = Callable[[Tensor, Tensor], Tensor]


class Stack(nn.Module):
    """Several nets of one shape. `weights` are theirs, with an axis of members in front."""

    def __init__(self, nets: list[nn.Module]):
        super().__init__()
        weights, self.fixed = stack_module_state(nets)
        self.names = tuple(weights)
        self.weights = nn.ParameterList(nn.Parameter(w, w.requires_grad) for w in weights.values())
        self._plan = [copy.deepcopy(nets[0]).train()]  # in a list, so that its weights are not ours

    def forward(self, x: Float[Tensor, "members batch ..."]) -> Float[Tensor, "members batch ..."]:
        """Each member's answers to its own images, in train mode."""
        return vmap(self._answer)(self._weights(), self.fixed, x)

    def losses(self, x: Tensor, y: Tensor, loss: Loss) -> Float[Tensor, " members"]:
        """Each member's own loss on its own batch."""
        return vmap(lambda w, fixed, x, y: loss(self._answer(w, fixed, x), y))(
            self._weights(), self.fixed, x, y)

    @torch.no_grad()
    def hand_back(self, nets: list[nn.Module]) -> None:
        """Write each member's weights into its net."""
        for k, net in enumerate(nets):
            own = dict(net.named_parameters())
            for name, weight in self._weights().items():
                own[name].copy_(weight[k])

    def _weights(self) -> dict[str, Tensor]:
        return dict(zip(self.names, self.weights, strict=True))

    def _answer(self, weights: dict, fixed: dict, x: Tensor) -> Tensor:
        return functional_call(self._plan[0], (weights, fixed), (x,))


@torch.no_grad()
def why_not_stacked(nets: list[nn.Module], x: Float[Tensor, "images ..."], y: Tensor, loss: Loss) -> str:
    """Why these nets cannot be trained as a stack on such images; "" if they can. The nets are left alone.

    Found by trying: what vmap refuses (random draws, as in dropout; a path that depends on the data), buffers
    that change in training (batch norm), and nets that do not compute alike.
    """
    x, y = x[:2], y[:2]
    try:
        stack = Stack(nets)
        before = {name: buffer.clone() for name, buffer in stack.fixed.items()}
        xs, ys = (each.expand(len(nets), *each.shape) for each in (x, y))
        together = stack(xs.clone())
        stack.losses(xs.clone(), ys, loss)
    except (RuntimeError, ValueError) as error:
        return f"torch.func cannot stack them ({str(error).splitlines()[0][:120].rstrip('. ')})"
    if changed := [name for name, buffer in before.items() if not torch.equal(buffer, stack.fixed[name])]:
        return f"training changes their buffers ({changed[0]}), as batch norm does"
    alone = torch.stack([copy.deepcopy(net).train()(x.clone()) for net in nets])
    near = 0.01 * float(alone.nan_to_num().abs().max())  # a GPU may round to 3 digits
    alike = torch.allclose(together, alone, rtol=0, atol=near, equal_nan=True)
    return "" if alike else "they do not compute alike"


def fit_stack(
    nets: list[nn.Module], x: Tensor, y: Tensor, *, rows: Int[Tensor, "members rows"] | None,
    seeds: list[int], loss: Loss, steps: int, batch_size: int, lr: float, schedule: Schedule, optimizer: str,
    momentum: float, weight_decay: float, checkpoint: Path | None, checkpoint_every: float, progress: bool,
) -> list[History]:
    """What `fit` does to each net on its own rows, in its own order, for all nets in the same steps.

    rows: of x, for each member; all of them if None. The rest is as in `fit`; no augment, no attack.
    On a CUDA GPU: bf16 autocast.
    """
    on_gpu = x.device.type == "cuda"
    stack = Stack(nets)
    updates = updates_for(list(stack.parameters()), optimizer, lr, momentum, weight_decay, x.device)
    losses = torch.zeros(steps, len(nets), device=x.device)
    rates = np.array([lr * schedule(step) for step in range(steps)])
    images = len(x) if rows is None else rows.shape[1]
    settings = (optimizer, momentum, weight_decay, batch_size, steps, seeds, images, words_of(loss))
    recipe = f"stack {settings} {rates.sum():.6g}"
    first = load_checkpoint(checkpoint, stack, updates, losses, recipe) if checkpoint else 0
    rows = None if rows is None else rows.to(x.device)
    batches = [batches_of(images, batch_size, seed, first) for seed in seeds]
    saved_at = time.monotonic()

    for step in tqdm(range(first, steps), desc=f"{len(nets)} nets", disable=not progress, leave=False):
        for group in updates.param_groups:
            group["lr"] = rates[step]
        batch = torch.stack([next(own) for own in batches]).to(x.device)
        if rows is not None:
            batch = rows.gather(1, batch)
        with torch.autocast(x.device.type, torch.bfloat16, enabled=on_gpu):
            values = stack.losses(x[batch], y[batch], loss)
        updates.zero_grad(set_to_none=True)
        values.sum().backward()
        updates.step()
        losses[step] = values.detach()
        if step % 50 == 49 or step == steps - 1:
            stop_if_not_finite(losses.sum(1), step, lr)
        if checkpoint and (time.monotonic() - saved_at > checkpoint_every or step == steps - 1):
            save_checkpoint(checkpoint, stack, updates, losses, step + 1, recipe)
            saved_at = time.monotonic()
    stack.hand_back(nets)
    return [History(own, rates) for own in losses.T.cpu().numpy()]
