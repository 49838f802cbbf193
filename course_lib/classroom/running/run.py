"""Run lessons at a scale: executed copies, and a ledger of what they claimed.

Writes only into the output folder. One lesson that dies does not stop the others.
"""

import contextlib
import errno
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path

import nbformat
from tqdm import tqdm

from course_lib.classroom import ledger
from course_lib.classroom.claims import FAILS, HOLDS, MEASURED, NOT_JUDGED, UNDECIDED
from course_lib.classroom.lessons import Lesson
from course_lib.classroom.running import execute
from course_lib.classroom.running.cluster import PoolError
from course_lib.classroom.running.folder import RunFolder, check_folder
from course_lib.classroom.running.job import LOST, Ended, Job, Place, carry_out, code_version
from course_lib.classroom.running.place import this_place
from course_lib.classroom.running.pool import pool
from course_lib.runtime import SCALES

# Seconds a lesson may take, kernel start included; far above the budgets, so that only a hang meets it.
TIMEOUTS = {"smoke": 60.0, "quick": 300.0, "class": None, "full": None}
OK, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def run_lessons(
    lessons: list[Lesson],
    scale: str,
    seed: int,
    out: Path,
    *,
    seeds: int = 1,
    workers: int | None = None,
    dask: str | None = None,
    resume: bool = False,
    timeout: float | None = None,
    echo: Callable[[str], None] = print,
    recorded: Path | None = None,
) -> int:
    """Execute the lessons and answer with an exit status.

    out: folder for `NN_slug.ipynb`, `ledger.json` and `ledger.html`; made if missing. With several seeds the
    notebooks lie in `seed-S/` in it.
    seeds: each lesson with the seeds seed, seed + 1, ... workers: so many at once, each in a process of its
    own; dask: on the workers of the scheduler at this address. Without both, one after the other in here.
    resume: go on with the folder's ledger; what it holds as finished, for the same code, scale, seed, device
    and threads, is not run again.
    timeout: seconds a lesson; by default 60 at smoke, 300 at quick, none above.
    echo: gets each line of the report. recorded: the ledger to compare with, by default data/ledger.jsonl.
    Returns 0; 1 if a lesson did not finish, a verdict flipped against the recorded one, or the folder or the
    workers failed (then --resume goes on); 2 for bad input (nothing was run); 130 after Ctrl-C (what had
    finished is in the ledger).
    """
    out, echo = Path(out).absolute(), partial(_tell, echo)
    try:
        _check(lessons, scale, seed, seeds, workers, dask, timeout)
        jobs = _jobs(lessons, scale, range(seed, seed + seeds), out, timeout)
        place = this_place(scale)
        check_folder(out, jobs)
        record = ledger.read(recorded or ledger.recorded_path())  # malformed? told before hours of work
        folder = RunFolder(out, resume=resume)
    except (ValueError, OSError) as wrong:
        echo(f"Nothing was run: {wrong}")
        return BAD_INPUT
    many = {"workers": workers, "address": dask} if workers or dask else None
    try:
        with folder.held(), _ends_as_ctrl_c():
            return _run(jobs, folder, place, many, resume, echo, recorded, record)
    except OSError as wrong:  # the folder is in use, or there are no workers; later ones are told by _run
        echo(f"Nothing was run: {wrong}")
        return BAD_INPUT


def _run(jobs, folder, place, many, resume, echo, recorded, record) -> int:
    """Carry the jobs out and report; the exit status. Raises PoolError if the workers cannot be had."""
    stopped, failed = False, ""
    try:
        with _Bar(jobs, echo) as bar, contextlib.ExitStack() as stack:
            team = stack.enter_context(pool(jobs[0].scale, folder.run, echo=bar.say, on_cell=bar.on_cell,
                                            **many)) if many else None
            places = team.places if team else [place]
            todo = folder.to_do(jobs, places) if resume else jobs
            if len(todo) < len(jobs):
                bar.say(f"{len(jobs) - len(todo)} of {len(jobs)} finished before and are not run again")
            in_here = _here(todo, place, bar.on_cell)
            results = team.carry_out(_longest_first(todo, record)) if team else in_here
            failed = _take_in(results, folder, bar.say)
    except KeyboardInterrupt:
        stopped = True
    return _conclude(jobs, folder, stopped, failed, echo, recorded)


def _take_in(results: Iterable[Ended], folder: RunFolder, say: Callable[[str], None]) -> str:
    """Write down each result as it comes; why that ended early, or nothing."""
    try:
        for ended in results:
            _report(ended, folder.add(ended), say)
    except PoolError as wrong:
        return str(wrong)
    except OSError as wrong:
        return _unwritten(folder, wrong)
    return ""


def _unwritten(folder: RunFolder, wrong: OSError) -> str:
    cure = "; make room" if wrong.errno in (errno.ENOSPC, errno.EDQUOT) else ""
    return f"cannot write into {folder.out} ({wrong.strerror or wrong}){cure}"


def _here(jobs: list[Job], place: Place, on_cell: Callable[[], None]) -> Iterator[Ended]:
    """One after the other, in this process's own kernels."""
    for job in jobs:
        outcome = carry_out(job, job.folder, place.threads, on_cell=on_cell)
        yield Ended(job, outcome, place)
        if outcome.status == execute.INTERRUPTED:
            raise KeyboardInterrupt


def _conclude(jobs, folder, stopped, failed, echo, recorded) -> int:
    """Compare with the record, tell how it went, and answer with the exit status."""
    finished = folder.finished(jobs)
    keys = {job.key for job in jobs}
    rows = [row for row in folder.rows if (row["lesson"], row["scale"], row["seed"]) in keys]
    whole = {job.slug for job in finished} - {job.slug for job in jobs if job not in finished}
    flips, warnings = ledger.compare(rows, recorded, whole)
    notes = [*(f"FLIPPED: {flip}" for flip in flips), *(f"warning: {warning}" for warning in warnings)]
    for note in notes:
        echo(note)
    try:
        folder.write(notes)
    except OSError as wrong:
        failed = failed or _unwritten(folder, wrong)
    count = f"{len(finished)} of {len(jobs)} lessons finished"
    if stopped:
        echo(f"Stopped: {count}; their ledger is in {folder.out}. No kernel is left running. "
             "To go on: the same command with --resume.")
        return INTERRUPTED
    if failed:
        echo(f"The run ended early: {failed}. {count}; to go on: the same command with --resume.")
        return FAILED
    echo(f"{count}; copies and ledger.html are in {folder.out}")
    return FAILED if flips or len(finished) < len(jobs) else OK


def _check(lessons, scale, seed, seeds, workers, dask, timeout) -> None:
    """Raise ValueError, naming the cure, for what would go wrong later."""
    if not lessons:
        raise ValueError("no lessons to run; is the folder notebooks/ there?")
    if scale not in SCALES:
        raise ValueError(f"scale must be one of {', '.join(SCALES)}; got {scale!r}")
    for name, count in {"seeds": seeds, "workers": 1 if workers is None else workers}.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ValueError(f"{name} must be a whole number of at least 1, got {count!r}")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= 2**32 - seeds:
        raise ValueError(f"seed must be a whole number from 0, and with its {seeds} seeds at most 2**32 - 1; "
                         f"got {seed!r}")
    if dask is not None and (not dask.strip() or dask.startswith(("tls:", "wss:"))):
        raise ValueError(f"dask must be the address of a scheduler, such as tcp://HOST:8786, without "
                         f"certificates of its own; got {dask!r}")
    if workers and dask:
        raise ValueError("workers or dask: the workers of this machine or those of a scheduler, not both")
    if timeout is not None and not timeout > 0:
        raise ValueError(f"timeout must be more than 0 seconds, got {timeout!r}")


def _jobs(lessons: list[Lesson], scale: str, seeds: range, out: Path, timeout: float | None) -> list[Job]:
    timeout = TIMEOUTS[scale] if timeout is None else timeout
    return [
        Job(lesson.slug, lesson.path.name, nbformat.writes(lesson.notebook), scale, seed,
            out / f"seed-{seed}" if len(seeds) > 1 else out, timeout, code_version(lesson.notebook))
        for lesson in lessons for seed in seeds
    ]


def _longest_first(jobs: list[Job], record: list[dict]) -> list[Job]:
    """So that no long one begins last and alone; by the record's seconds, unknown ones at the front."""
    seconds = {(row["lesson"], row["scale"]): row["seconds"] for row in record if "seconds" in row}
    return sorted(jobs, key=lambda job: -seconds.get((job.slug, job.scale), float("inf")))


@contextlib.contextmanager
def _ends_as_ctrl_c() -> Iterator[None]:
    """Within: a closed terminal and a batch system's end stop the run as Ctrl-C does, and leave as little."""
    ours = []
    if threading.current_thread() is threading.main_thread():
        there = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
        ours = [number for number in there  # under nohup a closed terminal is to be ignored
                if signal.getsignal(number) is signal.SIG_DFL]
    for number in ours:
        signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))
    try:
        yield
    finally:
        for number in ours:
            signal.signal(number, signal.SIG_DFL)


def _tell(echo: Callable[..., None], *words) -> None:
    """Say it, if anybody is there: a closed terminal or a full disk behind it must not end hours of work."""
    with contextlib.suppress(OSError, ValueError):
        echo(*words)


class _Bar:
    """A progress bar over the cells of all jobs, quiet where nobody looks."""

    def __init__(self, jobs: list[Job], echo: Callable[[str], None]):
        self._cells, self._echo = sum(job.cells for job in jobs), echo

    def __enter__(self) -> "_Bar":
        self._bar = tqdm(total=self._cells, unit="cell", leave=False, disable=None)
        return self

    def __exit__(self, *_) -> None:
        _tell(self._bar.close)

    def say(self, line: str) -> None:
        _tell(self._bar.clear)
        self._echo(line)

    def on_cell(self) -> None:
        _tell(self._bar.update)


def _report(ended: Ended, rows: list[dict], echo: Callable[[str], None]) -> None:
    """One line for a job; more only if it did not finish."""
    job, outcome = ended.job, ended.outcome
    count = Counter(row["verdict"] for row in rows)
    told = ", ".join(f"{count[verdict]} {word}" for verdict, word in (
        (HOLDS, "held"), (FAILS, "failed"), (UNDECIDED, "undecided"), (NOT_JUDGED, "not judged")))
    told += f", {count[MEASURED]} measured" if count[MEASURED] else ""
    where = f"   seed {job.seed}, worker {ended.worker}" if ended.worker else ""
    echo(f"{job.slug:<28} {outcome.seconds:7.1f} s {outcome.peak_mb:6.0f} MiB   claims: {told}{where}"
         + ("" if outcome.status == execute.FINISHED else f"   {outcome.status.upper()}"))
    if outcome.status in (execute.FINISHED, execute.INTERRUPTED):
        return
    reason = {
        execute.DIED: "raised an error",
        execute.KERNEL_DIED: "its kernel died",
        execute.TIMED_OUT: f"was stopped after {job.timeout or 0:.0f} s (a longer --timeout gives it more)",
        LOST: "lost two workers while it ran (is their memory enough?) and was given up",
    }[outcome.status]
    echo(f"    {job.slug} {reason}" + (f" in {outcome.where}" if outcome.where else ""))
    for line in outcome.error.splitlines():
        echo(f"    {line}")
    if outcome.notebook:
        with contextlib.suppress(ValueError):
            echo(f"    what it did until then: {os.path.relpath(job.folder / job.name)}")
