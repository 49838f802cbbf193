"""Run lessons at a scale: executed copies, and a ledger of what they claimed.

Writes only into the output folder. One lesson that dies does not stop the others.
"""

import contextlib
import json
import os
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import nbformat
from tqdm import tqdm

from course_lib.classroom import execute, files, ledger
from course_lib.classroom.claims import FAILS, HOLDS, MEASURED, NOT_JUDGED, UNDECIDED
from course_lib.classroom.ledger_page import page
from course_lib.classroom.lessons import Lesson
from course_lib.runtime import SCALES, threads_for

# Seconds a lesson may take, kernel start included; far above the budgets, so that only a hang meets it.
TIMEOUTS = {"smoke": 60.0, "quick": 300.0, "class": None, "full": None}
OK, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130


def run_lessons(
    lessons: list[Lesson],
    scale: str,
    seed: int,
    out: Path,
    *,
    timeout: float | None = None,
    echo: Callable[[str], None] = print,
    recorded: Path | None = None,
) -> int:
    """Execute the lessons in order and answer with an exit status.

    out: folder for `NN_slug.ipynb`, `ledger.json` and `ledger.html`; made if missing.
    timeout: seconds a lesson; by default 60 at smoke, 300 at quick, none above.
    echo: gets each line of the report. recorded: the ledger to compare with, by default data/ledger.jsonl.
    Returns 0; 1 if a lesson did not finish or a verdict flipped against the recorded one; 2 for bad input
    (nothing was run); 130 after Ctrl-C (what had finished is in the ledger).
    """
    out = Path(out).absolute()
    try:
        _check(lessons, scale, seed, out, timeout)
        threads = threads_for(scale)
        ledger.read(recorded or ledger.recorded_path())  # a malformed record is told before hours of work
    except (ValueError, OSError) as wrong:
        echo(f"Nothing was run: {wrong}")
        return BAD_INPUT
    timeout = TIMEOUTS[scale] if timeout is None else timeout

    ended: list[dict] = []
    rows: list[dict] = []
    stopped = False
    try:
        for lesson in lessons:
            outcome = _execute(lesson, out, {"scale": scale, "seed": seed}, threads, timeout)
            new = ledger.rows_of(outcome.notebook, lesson.slug, outcome.seconds) if outcome.notebook else []
            rows += new
            ended.append({
                "lesson": lesson.slug, "status": outcome.status, "where": outcome.where,
                "error": outcome.error, "seconds": round(outcome.seconds, 1),
                "peak_mb": round(outcome.peak_mb),
            })
            _write(out, ended, rows)
            _report(lesson, outcome, new, timeout, out, echo)
            if outcome.status == execute.INTERRUPTED:
                raise KeyboardInterrupt
    except KeyboardInterrupt:
        stopped = True

    finished = [lesson["lesson"] for lesson in ended if lesson["status"] == execute.FINISHED]
    flips, warnings = ledger.compare(rows, recorded, finished)
    notes = [*(f"FLIPPED: {flip}" for flip in flips), *(f"warning: {warning}" for warning in warnings)]
    _write(out, ended, rows, notes)
    for note in notes:
        echo(note)
    if stopped:
        echo(f"Stopped by Ctrl-C: {len(finished)} of {len(lessons)} lessons finished; their ledger is in "
             f"{out}. No kernel is left running.")
        return INTERRUPTED
    echo(f"{len(finished)} of {len(lessons)} lessons finished; copies and ledger.html are in {out}")
    return FAILED if flips or len(finished) < len(lessons) else OK


def _check(lessons: list[Lesson], scale: str, seed: int, out: Path, timeout: float | None) -> None:
    """Raise ValueError or OSError, naming the cure, for what would go wrong later."""
    if not lessons:
        raise ValueError("no lessons to run; is the folder notebooks/ there?")
    if scale not in SCALES:
        raise ValueError(f"scale must be one of {', '.join(SCALES)}; got {scale!r}")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be a whole number from 0 to 2**32 - 1, got {seed!r}")
    if timeout is not None and not timeout > 0:
        raise ValueError(f"timeout must be more than 0 seconds, got {timeout!r}")
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as wrong:
        reason = wrong.strerror or wrong
        raise OSError(f"cannot write into {out} ({reason}); choose another --out folder") from None
    for lesson in lessons:
        copy = out / lesson.path.name
        if copy.exists() and not _is_a_copy(copy):
            raise ValueError(f"{copy} was not made by a run, so it is kept; choose another --out folder")


def _is_a_copy(path: Path) -> bool:
    try:
        return "papermill" in nbformat.read(path, as_version=4).metadata
    except Exception:  # cut short, or no notebook at all
        return False


def _execute(lesson: Lesson, out: Path, parameters: dict, threads: int, timeout: float | None):
    """One lesson, with a progress bar over its cells that is quiet where nobody looks."""
    cells = len(lesson.notebook.cells) + 1
    with tqdm(total=cells, desc=lesson.slug, unit="cell", leave=False, disable=None) as bar:
        def on_cell(index):
            bar.update(index - bar.n)

        return execute.execute(
            lesson.notebook, out / lesson.path.name,
            parameters=parameters, threads=threads, timeout=timeout, on_cell=on_cell,
        )


def _write(out: Path, lessons: list[dict], rows: list[dict], notes: list[str] = ()) -> None:
    record = {"lessons": lessons, "rows": rows}
    files.write(out / "ledger.json", json.dumps(record, ensure_ascii=False, indent=1) + "\n")
    files.write(out / "ledger.html", page(lessons, rows, notes))


def _report(lesson: Lesson, outcome, rows: list[dict], timeout: float | None, out: Path, echo) -> None:
    """One line for a lesson; more only if it did not finish."""
    count = Counter(row["verdict"] for row in rows)
    told = ", ".join(f"{count[verdict]} {word}" for verdict, word in (
        (HOLDS, "held"), (FAILS, "failed"), (UNDECIDED, "undecided"), (NOT_JUDGED, "not judged")))
    told += f", {count[MEASURED]} measured" if count[MEASURED] else ""
    echo(f"{lesson.slug:<28} {outcome.seconds:7.1f} s {outcome.peak_mb:6.0f} MiB   claims: {told}"
         + ("" if outcome.status == execute.FINISHED else f"   {outcome.status.upper()}"))
    if outcome.status in (execute.FINISHED, execute.INTERRUPTED):
        return
    reason = {
        execute.DIED: "raised an error",
        execute.KERNEL_DIED: "its kernel died",
        execute.TIMED_OUT: f"was stopped after {timeout or 0:.0f} s (a longer --timeout gives it more)",
    }[outcome.status]
    echo(f"    {lesson.slug} {reason} in {outcome.where}")
    for line in outcome.error.splitlines():
        echo(f"    {line}")
    with contextlib.suppress(ValueError):
        echo(f"    what it did until then: {os.path.relpath(out / lesson.path.name)}")
