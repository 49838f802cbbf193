"""How long calls take, measured side by side."""

import time
from collections.abc import Callable, Mapping

import torch


def seconds_of(calls: Mapping[str, Callable[[], object]], rounds: int = 7) -> dict[str, float]:
    """name -> seconds of the quickest of `rounds` runs, after one run to warm up.

    The calls take turns, so a machine that slows down slows all of them; compare the ratio, not the seconds.
    """
    best = dict.fromkeys(calls, float("inf"))
    for turn in range(rounds + 1):
        for name, call in calls.items():
            began = time.perf_counter()
            call()
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            if turn:
                best[name] = min(best[name], time.perf_counter() - began)
    return best
