"""A real dask scheduler with real worker processes, for the tests of runs on many workers."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil


class Site:
    """A scheduler and two workers with one thread each, each under a nanny that restarts it."""

    def __init__(self, folder: Path, *, workers: int = 2, threads: int = 1, ttl: str = "300s"):
        folder.mkdir(parents=True, exist_ok=True)
        self._env = {**os.environ, "DASK_DISTRIBUTED__SCHEDULER__WORKER_TTL": ttl, "OMP_NUM_THREADS": "1",
                     "DASK_TEMPORARY_DIRECTORY": str(folder), "COURSE_DEVICE": "cpu"}  # no worker loads torch
        self._file = folder / "scheduler.json"
        self._log = open(folder / "log", "wb")  # noqa: SIM115
        self.scheduler = self._start("scheduler", "--host", "127.0.0.1", "--port", "0",
                                     "--dashboard-address", "127.0.0.1:0", "--scheduler-file", self._file)
        wait_until(lambda: self._file.exists() and self._file.read_text())
        self.address = json.loads(self._file.read_text())["address"]
        self._nannies = self._start("worker", self.address, "--nworkers", workers, "--nthreads", threads,
                                    "--host", "127.0.0.1", "--no-dashboard", "--memory-limit", "0")
        wait_until(lambda: self.ready() == workers)

    def _start(self, *words) -> subprocess.Popen:
        return subprocess.Popen([sys.executable, "-m", "dask", *map(str, words)], env=self._env,
                                stdout=self._log, stderr=subprocess.STDOUT)

    def ready(self) -> int:
        """How many workers the scheduler has; a process that is starting is none yet."""
        from distributed import Client

        with Client(self.address, timeout=20, set_as_default=False) as client:
            return len(client.nthreads())

    def workers(self) -> list[psutil.Process]:
        """The worker processes that are there now; a kernel's parent is one of them."""
        with contextlib.suppress(psutil.Error):
            family = psutil.Process(self._nannies.pid).children()
            return [p for p in family if "spawn_main" in " ".join(p.cmdline())]
        return []

    def kill_scheduler(self) -> None:
        self.scheduler.kill()
        self.scheduler.wait()

    def close(self) -> None:
        for process in (self._nannies, self.scheduler):
            with contextlib.suppress(psutil.Error):
                family = [*psutil.Process(process.pid).children(recursive=True), psutil.Process(process.pid)]
                for one in family:
                    with contextlib.suppress(psutil.Error):
                        one.send_signal(signal.SIGKILL)
            process.wait()
        self._log.close()


def wait_until(what, seconds: float = 60) -> None:
    """Until `what()` is true; AssertionError after so many seconds."""
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.05)
