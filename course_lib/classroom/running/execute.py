"""Execute one notebook in a kernel of its own: through papermill, watched for memory, time and Ctrl-C.

Used by `course run`, its workers and `course save`. Whatever happens (an error, a timeout, a killed kernel,
Ctrl-C), no process of the lesson is left behind and the copy holds all that was computed until then.
"""

import contextlib
import logging
import os
import re
import signal
import tempfile
import threading
import time
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path

import nbformat
import psutil

from course_lib.classroom import files

FINISHED, DIED, KERNEL_DIED = "finished", "died", "kernel died"
TIMED_OUT, INTERRUPTED = "timed out", "interrupted"
_SAMPLE = 0.1  # seconds between two looks at the kernel
_LONGEST_FOLDER = 90  # bytes: the name of a socket in it may have 104 on macOS, 108 on Linux
_ANSI = re.compile(r"\x1b\[[0-9;]*m")
_FRAME = re.compile(r"\s*(File |Cell In|Input In|-+> ?\d+)")


@dataclass
class Outcome:
    """How the execution of one notebook ended. `where` and `error` are empty if it finished."""

    status: str
    seconds: float
    peak_mb: float  # most memory that the kernel and its children held at once, MiB
    notebook: nbformat.NotebookNode | None
    where: str = ""
    error: str = ""


def execute(
    notebook: nbformat.NotebookNode,
    copy: Path,
    *,
    parameters: dict | None = None,
    threads: int = 1,
    timeout: float | None = None,
    on_cell: Callable[[], None] = lambda: None,
    checkpoints: Path | None = None,
    environment: dict[str, str] | None = None,
    stopped: Callable[[], bool] = lambda: False,
) -> Outcome:
    """Run all cells of `notebook` in a fresh kernel, working folder and result in the folder of `copy`.

    parameters: what papermill injects; none leaves the notebook's own. threads: CPU threads of the kernel.
    timeout: seconds for the whole, kernel start included. on_cell() is called as each cell starts.
    checkpoints: the folder for long runs' checkpoints, that of `copy` if None. environment: variables of the
    kernel besides. stopped: asked ten times a second; once it says yes the lesson ends, "interrupted".
    Never raises for what the notebook does: the Outcome says it. Ctrl-C gives the status "interrupted".
    """
    import papermill  # here and not above: the import takes seconds

    from course_lib.classroom.running import engine

    logging.getLogger("papermill").setLevel(logging.CRITICAL)  # the Outcome reports what went wrong
    names = [_describe(notebook, i) for i, cell in enumerate(notebook.cells) if cell.cell_type == "code"]
    seen: list[str] = []

    def cell_starts(cell, cell_index):
        if cell.cell_type == "code" and "injected-parameters" not in cell.metadata.get("tags", []):
            seen.append(names[len(seen)])
        on_cell()

    copy.unlink(missing_ok=True)  # an older run's copy must not pass for this one's
    draft = files.draft_name(copy.parent, ".ipynb")  # written anew with each cell: a kill may cut it short
    watch, began, error = _Watch(timeout, stopped), time.monotonic(), ""
    with (tempfile.TemporaryDirectory(prefix="course-", ignore_cleanup_errors=True) as sockets,
          tempfile.TemporaryFile() as kernel_stderr, _ctrl_c(lambda: watch.stop(INTERRUPTED))):
        variables = _environment(threads, checkpoints or copy.parent) | (environment or {})
        options = {"env": variables, "stderr": kernel_stderr, "cwd": str(copy.parent)}
        kernel = _kernel_class(options, sockets, watch.kernel_started)
        watch.start()
        try:
            papermill.execute_notebook(
                deepcopy(notebook),  # papermill writes into what it is given
                str(draft).replace("{", "{{").replace("}", "}}"),  # papermill fills in {names}
                parameters or {},
                engine_name=engine.NAME,
                kernel_name="python3",
                language="python",
                progress_bar=False,
                kernel_manager_class=kernel,
                on_cell_start=cell_starts,
                coalesce_streams=True,  # else a print may come in two pieces, as the moment has it
            )
            status = FINISHED
        except papermill.PapermillExecutionError as wrong:
            status, error = DIED, _short_traceback(wrong.ename, wrong.evalue, wrong.traceback)
        except Exception as wrong:  # a dead kernel, a full disk, ...: the other lessons go on
            status, error = KERNEL_DIED, f"{type(wrong).__name__}: {wrong}"
            if not watch.kernel_is_gone():
                status = DIED
        finally:
            watch.close()
        status = watch.reason or status
        if status == KERNEL_DIED:
            error = "\n".join([error, *_last_words(kernel_stderr)])
        elif status != DIED:
            error = ""
    seconds = time.monotonic() - began
    where = "" if status == FINISHED else (seen[-1] if seen else "before the first cell")
    return Outcome(status, seconds, watch.peak / 2**20, _take_draft(draft, copy), where, error)


class _Watch(threading.Thread):
    """Follows a kernel and its children: their memory, the deadline, and that none of them stays."""

    def __init__(self, timeout: float | None, stopped: Callable[[], bool]):
        super().__init__(daemon=True)
        self.reason, self.peak = "", 0
        self._stopped = stopped
        self._deadline = None if timeout is None else time.monotonic() + timeout
        self._family: set[psutil.Process] = set()
        self._root: psutil.Process | None = None
        self._over = threading.Event()

    def kernel_started(self, pid: int) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            self._root = psutil.Process(pid)
            self._family.add(self._root)
        if self.reason:
            self._kill()

    def kernel_is_gone(self) -> bool:
        return self._root is None or not _alive(self._root)

    def stop(self, reason: str) -> None:
        self.reason = self.reason or reason
        self._kill()

    def run(self) -> None:
        while not self._over.wait(_SAMPLE):
            self._sample()
            if self._deadline is not None and time.monotonic() > self._deadline:
                self.stop(TIMED_OUT)
            if not self.reason and self._stopped():
                self.stop(INTERRUPTED)

    def close(self) -> None:
        self._over.set()
        self.join()
        self._kill()
        psutil.wait_procs(list(self._family), timeout=5)

    def _sample(self) -> None:
        if self._root is None:
            return
        with contextlib.suppress(psutil.Error):
            self._family.update(self._root.children(recursive=True))
        held = 0
        for process in list(self._family):
            with contextlib.suppress(psutil.Error):
                held += process.memory_info().rss
        self.peak = max(self.peak, held)

    def _kill(self) -> None:
        for process in list(self._family):
            with contextlib.suppress(psutil.Error):
                process.kill()


def _alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _kernel_class(start: dict, sockets: str, started: Callable[[int], None]):
    """A kernel manager for this very Python, whatever kernels are installed beside it.

    start: options of its start. sockets: a folder for its sockets, where files can be sockets and its name is
    short enough: of two kernels that begin at once, both could pick the same ports.
    """
    from ipykernel.kernelspec import get_kernel_dict
    from jupyter_client import AsyncKernelManager
    from jupyter_client.kernelspec import KernelSpec

    class LessonKernel(AsyncKernelManager):
        if os.name == "posix" and len(os.fsencode(sockets)) <= _LONGEST_FOLDER:
            transport, ip = "ipc", os.path.join(sockets, "kernel")

        @property
        def kernel_spec(self):
            return KernelSpec(**get_kernel_dict())

        async def start_kernel(self, **options):
            await super().start_kernel(**options | start)
            started(self.provisioner.pid)

    return LessonKernel


def _environment(threads: int, checkpoints: Path) -> dict[str, str]:
    """The kernel's environment: its threads, set before torch loads, where its checkpoints go, and no
    learner's progress file."""
    count = str(threads)
    names = ("COURSE_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    ours = {**dict.fromkeys(names, count), "COURSE_PROGRESS": "off", "COURSE_OUT": str(checkpoints.resolve())}
    return {**os.environ, **ours}


@contextlib.contextmanager
def _ctrl_c(stop: Callable[[], None]):
    """Within: the first Ctrl-C calls `stop` and never lands inside the event loop; a second one raises."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.getsignal(signal.SIGINT)

    def once(number, frame):
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stop()

    signal.signal(signal.SIGINT, once)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _describe(notebook: nbformat.NotebookNode, index: int) -> str:
    """`cell [4] "first line"`: the number is the one beside the cell in the lesson."""
    number = sum(cell.cell_type == "code" for cell in notebook.cells[: index + 1])
    lines = [line for line in notebook.cells[index].source.splitlines() if line.strip()]
    spoken = next((line for line in lines if not line.startswith("#")), lines[0] if lines else "")
    return f"cell [{number}] {spoken.strip()[:60]!r}"


def _short_traceback(name: str, message: str, traceback: list[str]) -> str:
    """Only the frames' files and failing lines; the whole traceback stays in the copy."""
    lines = _ANSI.sub("", "\n".join(traceback)).splitlines()
    frames = [line.rstrip() for line in lines if _FRAME.match(line)]
    return "\n".join([*frames[-8:], f"{name}: {_ANSI.sub('', message).strip()}"])


def _last_words(stream, count: int = 6) -> list[str]:
    """What the kernel wrote to its own stderr before it died."""
    stream.seek(0)
    lines = stream.read()[-4000:].decode("utf-8", "replace").splitlines()
    return [line for line in lines if line.strip() and "running over TCP" not in line][-count:]


def _take_draft(draft: Path, copy: Path) -> nbformat.NotebookNode | None:
    """Give what papermill wrote its name, and read it; None, and no file, if it is cut short or not there."""
    try:
        notebook = nbformat.read(draft, as_version=4)
        os.replace(draft, copy)
        return notebook
    except Exception:  # not written, or cut short by a full disk
        draft.unlink(missing_ok=True)
        return None
