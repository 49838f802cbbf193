"""Run one command so that it can harm nothing: bubblewrap around it, limits on time, memory and output.

What this is: Linux namespaces. Inside there is no network, no other process, none of your files but Python
and the course (read-only), an empty private /tmp, an unprivileged user; all of it ends at the limit. What it
is not: a virtual machine. A hole in the kernel is a hole in it; for strangers use a machine of its own.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from course_lib.runtime import home

ENDED, TIMED_OUT, TOO_BIG, TOO_MANY = "ended", "timed out", "too much memory", "too many processes"
PROCESSES = 64  # more of them are a fork bomb
OUTPUT = 1_000_000  # bytes of output that are read; what follows is thrown away
SCRATCH = 256 * 2**20  # bytes of the private /tmp
_LOOK = 0.1  # seconds between two looks at the processes
# Seen inside if it is there: what Python and torch need of a Linux system, no settings, no secrets.
_SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/alternatives",
           "/etc/localtime", "/sys/devices/system/cpu")


class NoSandbox(OSError):
    """There is no working bubblewrap here; the message names the cure."""


@dataclass(frozen=True)
class Ended:
    """How a command ended: one of the words above, its exit status (None if it was stopped), its output."""

    how: str
    status: int | None
    output: bytes
    seconds: float


def must_work() -> None:
    """Try bubblewrap once. Raises NoSandbox, with the cure, if it is missing or not permitted here."""
    cure = ("To run learners' code with your own rights instead (only code that you would run yourself): "
            "--trust. Or check in a container or virtual machine.")
    if not (bwrap := shutil.which("bwrap")):
        raise NoSandbox("bubblewrap, which shuts submissions in, is missing (Debian, Ubuntu: apt install "
                        f"bubblewrap). {cure}")
    trial = subprocess.run([bwrap, *_walls(), "--", "/usr/bin/env", "true"], capture_output=True, text=True)
    if trial.returncode != 0:
        raise NoSandbox(f"bubblewrap does not work here ({trial.stderr.strip()[:200]}). {cure}")


def run(
    module: str, text: str, *, seconds: float, memory: int, trust: bool = False,
    stop: threading.Event | None = None,
) -> Ended:
    """Run `python -m module` with `text` on its standard input, on one thread, shut in unless `trust`.

    seconds: of wall time. memory: bytes that all its processes may hold together. Whatever it does, nothing
    of it is left running (with trust: nothing that stayed in its process tree). stop: set it from another
    thread, and the command is ended as if its time were over.
    """
    with tempfile.TemporaryDirectory(prefix="course-check-", ignore_cleanup_errors=True) as scratch:
        words = [sys.executable, "-P", "-m", module]
        inside = scratch if trust else "/tmp"
        if not trust:
            words = [shutil.which("bwrap") or "bwrap", *_walls(), *_doors(), "--chdir", "/tmp", "--", *words]
        process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=scratch,
            env=_environment(inside), start_new_session=True,
        )
        with _ended_for_sure(process):
            return _watch(process, text.encode("utf-8"), seconds, memory, stop or threading.Event())


def _walls() -> list[str]:
    """bubblewrap's words for the bare room."""
    words = ["--unshare-all", "--unshare-user", "--uid", "65534", "--gid", "65534", "--hostname", "course",
             "--cap-drop", "ALL", "--new-session", "--die-with-parent", "--proc", "/proc", "--dev", "/dev",
             "--size", str(SCRATCH), "--tmpfs", "/tmp"]
    for path in map(Path, _SYSTEM):
        if path.is_symlink():
            words += ["--symlink", os.readlink(path), str(path)]
        elif path.exists():
            words += ["--ro-bind", str(path), str(path)]
    return words


def _doors() -> list[str]:
    """Python's own folders and the course's, to read: not the lessons, not a learner's work."""
    course = home()
    wanted = {Path(sys.prefix), Path(sys.base_prefix), Path(sys.executable).resolve().parent.parent,
              course / "course_lib", course / "data"}
    words = ["--dir", str(course / "notebooks")]  # home() looks whether it is there
    for path in sorted(wanted):
        if not path.is_relative_to("/usr"):
            words += ["--ro-bind", str(path), str(path)]
    return words


def _environment(scratch: str) -> dict[str, str]:
    """Nothing of yours (keys, tokens) but what Python needs."""
    kept = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
    ours = {
        "PYTHONPATH": str(home()), "HOME": scratch, "TMPDIR": scratch, "TEMP": scratch, "TMP": scratch,
        "USER": "course", "LOGNAME": "course",  # torch 2.11 asks, and inside nobody has a name
        "LANG": "C.UTF-8", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "utf-8", "MPLBACKEND": "agg",
        "COURSE_PROGRESS": "off", "COURSE_THREADS": "1", "COURSE_DEVICE": "cpu", "CUDA_VISIBLE_DEVICES": "",
        "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
    }
    return {name: os.environ[name] for name in kept if name in os.environ} | ours


def _watch(
    process: subprocess.Popen, text: bytes, seconds: float, memory: int, stop: threading.Event
) -> Ended:
    """Feed it, read it, and look at it until it ends or meets a limit."""
    output, began = bytearray(), time.monotonic()

    def feed() -> None:
        with contextlib.suppress(OSError), process.stdin:
            process.stdin.write(text)

    def read() -> None:
        with contextlib.suppress(OSError, ValueError):
            while piece := process.stdout.read1(65536):
                output.extend(piece[: OUTPUT - len(output)])

    threads = [threading.Thread(target=job, daemon=True) for job in (feed, read)]
    for thread in threads:
        thread.start()
    how = ENDED
    while how == ENDED and process.poll() is None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_LOOK)
        count, held = _size(process)
        if stop.is_set() or time.monotonic() - began > seconds:
            how = TIMED_OUT
        elif count > PROCESSES:
            how = TOO_MANY
        elif held > memory:
            how = TOO_BIG
    _end(process)
    for thread in threads:
        thread.join(2)
    status = process.returncode if how == ENDED else None
    return Ended(how, status, bytes(output), time.monotonic() - began)


def _family(process: subprocess.Popen) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        parent = psutil.Process(process.pid)
        return [parent, *parent.children(recursive=True)]
    return []


def _size(process: subprocess.Popen) -> tuple[int, int]:
    """How many processes it is, and the bytes they hold."""
    held, family = 0, _family(process)
    for member in family:
        with contextlib.suppress(psutil.Error):
            held += member.memory_info().rss
    return len(family), held


def _end(process: subprocess.Popen) -> None:
    """Kill it and what it started. bubblewrap's own end ends everything in its namespace."""
    for member in _family(process):
        with contextlib.suppress(psutil.Error):
            member.kill()
    with contextlib.suppress(OSError, AttributeError):  # those that lost their parent stay in the group
        os.killpg(process.pid, 9)
    process.wait()


@contextlib.contextmanager
def _ended_for_sure(process: subprocess.Popen) -> Iterator[None]:
    """Ctrl-C in the middle leaves nothing running either."""
    try:
        yield
    finally:
        _end(process)
        process.stdout.close()
