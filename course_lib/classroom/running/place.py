"""The place of a kernel on this machine: which device, how many threads. Loads torch, to look for a GPU."""

from __future__ import annotations

import json
import os
import platform
import sys
from dataclasses import asdict
from typing import TYPE_CHECKING

from course_lib import runtime
from course_lib.classroom.running.job import Place

if TYPE_CHECKING:
    import torch


def this_place(scale: str, shared_by: int = 1) -> Place:
    """Where a lesson at this scale would run here, if `shared_by` lessons run at once.

    Raises ValueError if $COURSE_DEVICE or $COURSE_THREADS asks for what is not there.
    """
    threads = runtime.threads_for(scale)
    if shared_by > 1 and "COURSE_THREADS" not in os.environ:
        threads = max(1, threads // shared_by)
    if os.environ.get("COURSE_DEVICE") == "cpu":  # nothing to look for, and torch takes seconds
        return Place("cpu", threads, cpu_name())
    device = runtime.device()
    return Place(device.type, threads, device_name(device))


def device_name(device: torch.device) -> str:
    """The GPU's name, or the machine's kind and cores."""
    if device.type == "cuda":
        import torch

        return torch.cuda.get_device_name(device)
    return cpu_name()


def cpu_name() -> str:
    """The machine's kind and cores."""
    return f"{platform.machine()}, {os.cpu_count()} cores"


def count_of_gpus() -> int:
    import torch

    return torch.cuda.device_count()


if __name__ == "__main__":  # for a worker: SCALE SHARED_BY
    print(json.dumps(asdict(this_place(sys.argv[1], int(sys.argv[2])))))
