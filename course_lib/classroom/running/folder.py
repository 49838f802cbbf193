"""The folder of a run: executed copies, `ledger.json`, `ledger.html`; one run at a time; nothing lost."""

import contextlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from uuid import uuid4

import nbformat

from course_lib.classroom import files, ledger
from course_lib.classroom.ledger_page import page
from course_lib.classroom.running import execute
from course_lib.classroom.running.job import MARK, Ended, Job, Place


class RunFolder:
    """What a run has found out so far, and the files that say so.

    lessons: one line for each job that ended; rows: their claims. Both in course order, then by seed, however
    the jobs ended. With `resume` what the folder's ledger holds is gone on with; without, an older ledger is
    kept beside the new one as `ledger.before.json`. Raises ValueError if the ledger cannot be read.
    """

    def __init__(self, out: Path, *, resume: bool):
        self.out, self.run = out, uuid4().hex
        self.lessons: list[dict] = []
        self.rows: list[dict] = []
        self._older = None if resume else out / "ledger.json"
        if resume and (out / "ledger.json").exists():
            self.lessons, self.rows = _read(out / "ledger.json")
        self._written = self.lessons

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder against other runs; TimeoutError if there is one. Workers find our MARK in it."""
        with files.locked(self.out, patience=0):
            files.write(self.out / MARK, self.run)
            try:
                yield
            finally:
                with contextlib.suppress(OSError):
                    (self.out / MARK).unlink()

    def holds(self, job: Job, places: Iterable[Place]) -> bool:
        """Has this very job finished: same code, scale, seed, and a device and threads of these places?"""
        where = {(place.device, place.threads) for place in places}
        return any(
            _key(entry) == job.key and entry["status"] == execute.FINISHED and entry.get("code") == job.code
            and (entry.get("device"), entry.get("threads")) in where for entry in self.lessons
        )

    def add(self, ended: Ended) -> list[dict]:
        """Take in how a job ended, in place of what was known of it; its rows. Raises OSError as `write`."""
        job, notebook = ended.job, ended.outcome.notebook
        new = ledger.rows_of(notebook, job.slug, ended.outcome.seconds, ended.place.device_name) \
            if notebook else []
        entry = ended.entry() | ({"device": new[0]["device"].split(":")[0]} if new else {})
        self.lessons = _ordered([*(x for x in self.lessons if _key(x) != job.key), entry])
        self.rows = _ordered([*(x for x in self.rows if _key(x) != job.key), *new])
        if notebook and ended.worker:  # without workers the copy is there already
            files.write(job.folder / job.name, nbformat.writes(notebook) + "\n")
        self.write()
        return new

    def write(self, notes: Iterable[str] = ()) -> None:
        """Write ledger and page anew, each whole or not at all. Raises OSError, as on a full disk."""
        across = ledger.across(self.rows)
        record = {"lessons": self.lessons, "rows": self.rows} | ({"across": across} if across else {})
        text = json.dumps(record, ensure_ascii=False, indent=1) + "\n"
        if self._older and self._older.exists():
            os.replace(self._older, self.out / "ledger.before.json")
        self._older = None
        files.write(self.out / "ledger.json", text)
        self._written = self.lessons
        files.write(self.out / "ledger.html", page(self.lessons, self.rows, notes, across))

    def finished(self, jobs: Iterable[Job]) -> list[Job]:
        """Those of the jobs that have finished, and are in the ledger's file."""
        keys = {_key(entry) for entry in self._written if entry["status"] == execute.FINISHED}
        return [job for job in jobs if job.key in keys]


def check_folder(out: Path, jobs: Iterable[Job]) -> None:
    """Make the folder; raises OSError if nothing can be written there, ValueError if a copy would overwrite
    a notebook that no run made."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as wrong:
        reason = wrong.strerror or wrong
        raise OSError(f"cannot write into {out} ({reason}); choose another --out folder") from None
    for job in jobs:
        copy = job.folder / job.name
        if copy.exists() and not _is_a_copy(copy):
            raise ValueError(f"{copy} was not made by a run, so it is kept; choose another --out folder")
        copy.parent.mkdir(exist_ok=True)


def _is_a_copy(path: Path) -> bool:
    try:
        return "papermill" in nbformat.read(path, as_version=4).metadata
    except Exception:  # cut short, or no notebook at all
        return False


def _read(path: Path) -> tuple[list[dict], list[dict]]:
    try:
        record = json.loads(path.read_text("utf-8"))
        lessons, rows = record["lessons"], record["rows"]
        for line, verdict in [*((line, "status") for line in lessons), *((row, "verdict") for row in rows)]:
            if [type(part) for part in (*_key(line), line[verdict])] != [str, str, int, str]:
                raise TypeError(f"not a line of a run: {line}")
        if len({_key(line) for line in lessons}) < len(lessons):
            raise TypeError("a lesson stands in it twice")
        return lessons, rows
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as wrong:
        raise ValueError(f"{path} cannot be gone on with ({wrong!r}): it is damaged or of an older version; "
                         "leave --resume out, or choose another --out folder") from None


def _key(line: dict) -> tuple[str, str, int]:
    return line["lesson"], line["scale"], line["seed"]


def _ordered(lines: list[dict]) -> list[dict]:
    return sorted(lines, key=_key)  # stable: the claims of a lesson stay in its order
