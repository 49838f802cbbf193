"""The place of a kernel on this machine: which device, how many threads. Loads torch."""

import json
import os
import platform
import sys
from dataclasses import asdict

import torch

from course_lib import runtime
from course_lib.classroom.running.job import Place


def this_place(scale: str, shared_by: int = 1) -> Place:
    """Where a lesson at this scale would run here, if `shared_by` lessons run at once.

    Raises ValueError if $COURSE_DEVICE or $COURSE_THREADS asks for what is not there.
    """
    device, threads = runtime.device(), runtime.threads_for(scale)
    if shared_by > 1 and "COURSE_THREADS" not in os.environ:
        threads = max(1, threads // shared_by)
    return Place(device.type, threads, device_name(device))


def device_name(device: torch.device) -> str:
    """The GPU's name, or the machine's kind and cores."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    return f"{platform.machine()}, {os.cpu_count()} cores"


def count_of_gpus() -> int:
    return torch.cuda.device_count()


if __name__ == "__main__":  # for a worker: SCALE SHARED_BY
    print(json.dumps(asdict(this_place(sys.argv[1], int(sys.argv[2])))))
