"""Seconds of an attack, and of the bare passes that no attack can do without."""

import time
from collections.abc import Callable

import torch
from victim import Victim

from course_lib.attacks.layout import pixels_together

BARE_ROWS, BARE_ROUNDS = 256, 9


def seconds(work: Callable[[], object], device: torch.device) -> float:
    """CPU seconds of this process; on a GPU, where the CPU only waits, seconds of the wall clock."""
    if device.type == "cpu":
        began = time.process_time()
        work()
        return time.process_time() - began
    torch.cuda.synchronize()
    began = time.perf_counter()
    work()
    torch.cuda.synchronize()
    return time.perf_counter() - began


def bare_pass(victim: Victim) -> tuple[float, float]:
    """Seconds a row (forward, back to the pixels), in the quicker of the two layouts; the quickest rounds."""
    x = victim.x[:BARE_ROWS]
    forward, both = [], []
    for images in (x, pixels_together(x)) if x.device.type == "cpu" else (x,):
        for _ in range(BARE_ROUNDS):
            forward.append(seconds(lambda images=images: _forward(victim, images), x.device))
            both.append(seconds(lambda images=images: _both(victim, images), x.device))
    return min(forward) / len(x), (min(both) - min(forward)) / len(x)


@torch.no_grad()
def _forward(victim: Victim, images: torch.Tensor) -> None:
    victim.model(images)


def _both(victim: Victim, images: torch.Tensor) -> None:
    images = images.detach().requires_grad_()
    torch.autograd.grad(victim.model(images).sum(), images)
