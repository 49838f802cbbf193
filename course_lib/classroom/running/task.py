"""What a dask worker does: carry out one job in a folder of its own, and stop once nobody wants it."""

import asyncio
import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import nbformat
from distributed import get_worker
from distributed.core import Status

from course_lib.classroom.running import execute
from course_lib.classroom.running.job import MARK, Job, Place, carry_out, code_version, course_version


def work(job: Job, topic: str, run: str, place: Place | None) -> tuple[execute.Outcome, Place, str]:
    """Carry out the job; (the outcome with its notebook, the place, this worker's name).

    topic: where the start and each cell are told. run: what MARK must hold. place: None on another machine,
    which finds its own. The kernel ends within a second of the job's cancelling, of the worker's closing and
    of the scheduler's end.
    """
    if code_version(nbformat.reads(job.text, as_version=4)) != job.code:  # a worker that came in later
        raise RuntimeError("the worker holds another version of the course; bring it up to date, restart it")
    worker = get_worker()
    key = worker.get_current_task()
    place = place or _own_place(job.scale, worker)

    def tell(**what):
        worker.log_event(topic, {"key": key, "name": str(worker.name), **what})

    def unwanted() -> bool:
        task = worker.state.tasks.get(key)
        wanted = task is not None and task.state != "cancelled"
        return not wanted or worker.status not in (Status.running, Status.paused)

    tell(what="start")
    with tempfile.TemporaryDirectory(dir=worker.local_directory, ignore_cleanup_errors=True) as scratch:
        outcome = carry_out(
            job, Path(scratch), place.threads,
            on_cell=lambda: tell(what="cell"),
            checkpoints=job.folder if shares_disk(job.folder, run) else None,
            environment=own_gpu(str(worker.name)) if place.device == "cuda" else None,
            stopped=unwanted,
        )
    return outcome, place, str(worker.name)


async def who(scale: str | None, dask_worker) -> tuple[str, Place | None]:
    """(version of the course on this worker, where it would run a lesson at this scale; None unasked)."""
    place = await asyncio.to_thread(_own_place, scale, dask_worker) if scale else None
    return course_version(), place


def shares_disk(folder: Path, run: str) -> bool:
    """Is `folder` here the very folder that the run writes into?"""
    for place in (folder, folder.parent):  # with several seeds, each has a folder in the run's
        with contextlib.suppress(OSError):
            if (place / MARK).read_text("utf-8") == run:
                return True
    return False


def own_gpu(worker: str) -> dict[str, str]:
    """One GPU for each of several workers of this machine, by their numbers; a named worker sees what it saw.

    The workers of `--workers` are called 0, 1, 2, ...; others get theirs from whoever starts them.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if not worker.isdigit():
        return {}
    if visible is None:
        return {"CUDA_VISIBLE_DEVICES": worker}
    cards = visible.split(",")
    return {"CUDA_VISIBLE_DEVICES": cards[int(worker) % len(cards)]}


def dask_setup(worker) -> None:
    """Called by dask as this machine's workers start. Ctrl-C reaches them, too: the run alone decides."""
    signal.signal(signal.SIGINT, lambda number, frame: None)  # not SIG_IGN, which kernels would inherit


def _own_place(scale: str, worker) -> Place:
    return _place(scale, worker.state.nthreads)


@cache
def _place(scale: str, shared_by: int) -> Place:
    """`place.this_place` in a process of its own: a worker that loads torch is silent meanwhile."""
    words = [sys.executable, "-m", "course_lib.classroom.running.place", scale, str(shared_by)]
    told = subprocess.run(words, capture_output=True, text=True)
    if told.returncode:
        raise RuntimeError(told.stderr.strip().splitlines()[-1])
    return Place(**json.loads(told.stdout))
