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
from course_lib.classroom.ledger_page import TITLE, page
from course_lib.classroom.running import execute
from course_lib.classroom.running.job import MARK, Ended, Job, Place


class RunFolder:
    """What a run has found out so far, and the files that say so.

    lessons: one line for each job that ended; rows: their claims. Both in course order, then by seed, however
    the jobs ended. With `resume` what the folder's ledger holds is gone on with; without, an older ledger in
    which something has finished is kept beside the new one as `ledger.before.json`. Raises ValueError if the
    ledger cannot be read.
    """

    def __init__(self, out: Path, *, resume: bool):
        self.out, self.run = out, uuid4().hex
        self.lessons: list[dict] = []
        self.rows: list[dict] = []
        self._older = None if resume else out / "ledger.json"
        if resume and (out / "ledger.json").exists():
            self.lessons, self.rows = _read(out / "ledger.json")
        self._done: set[tuple] = set()  # keys of the jobs that have finished, and are in the ledger's file

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the folder against other runs; TimeoutError if there is one. Workers find our MARK in it."""
        with files.locked(self.out, patience=0):
            files.write(self.out / MARK, self.run)
            for seeds in filter(Path.is_dir, self.out.glob("seed-*")):
                files.sweep(seeds)
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

    def to_do(self, jobs: Iterable[Job], places: Iterable[Place]) -> list[Job]:
        """Those of the jobs that the ledger does not hold. The others count as finished in this run, too."""
        places = list(places)
        held = {job.key for job in jobs if self.holds(job, places)}
        self._done |= held
        return [job for job in jobs if job.key not in held]

    def add(self, ended: Ended) -> list[dict]:
        """Take in how a job ended, in place of what was known of it; its rows. Raises OSError as `write`.

        A job that was interrupted leaves what had finished before, if by other code or threads, as it was.
        """
        job, notebook = ended.job, ended.outcome.notebook
        new = ledger.rows_of(notebook, job.slug, ended.outcome.seconds, ended.place.device_name) \
            if notebook else []
        entry = ended.entry() | ({"device": new[0]["device"].split(":")[0]} if new else {})
        before = next((x for x in self.lessons if _key(x) == job.key), {"status": ""})
        if entry["status"] != execute.INTERRUPTED or before["status"] != execute.FINISHED:
            self.lessons = _ordered([*(x for x in self.lessons if _key(x) != job.key), entry])
            self.rows = _ordered([*(x for x in self.rows if _key(x) != job.key), *new])
        if notebook and ended.worker:  # without workers the copy is there already
            files.write(job.folder / job.name, nbformat.writes(notebook) + "\n")
        self.write()
        if entry["status"] == execute.FINISHED:
            self._done.add(job.key)
        return new

    def write(self, notes: Iterable[str] = ()) -> None:
        """Write ledger and page anew, each whole or not at all. Raises OSError, as on a full disk."""
        across = self._across()
        record = {"lessons": self.lessons, "rows": self.rows} | ({"across": across} if across else {})
        text = json.dumps(record, ensure_ascii=False, indent=1) + "\n"
        if self._older and _has_finished(self._older):
            os.replace(self._older, self.out / "ledger.before.json")
        self._older = None
        files.write(self.out / "ledger.json", text)
        files.write(self.out / "ledger.html", page(self.lessons, self.rows, notes, across))

    def finished(self, jobs: Iterable[Job]) -> list[Job]:
        """Those of the jobs that have finished, and are in the ledger's file."""
        return [job for job in jobs if job.key in self._done]

    def _across(self) -> list[dict]:
        """The intervals across seeds; what is of other code or threads, from before a resume, stays apart."""
        kinds = {_key(entry): (entry["lesson"], entry.get("code"), entry.get("threads"))
                 for entry in self.lessons}
        groups: dict[tuple | None, list[dict]] = {}
        for row in self.rows:
            groups.setdefault(kinds.get(_key(row)), []).append(row)
        return [line for rows in groups.values() for line in ledger.across(rows)]


def check_folder(out: Path, jobs: Iterable[Job]) -> None:
    """Make the folder; raises OSError if nothing can be written there, ValueError if a notebook or
    a page that no run made would be written over."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as wrong:
        reason = wrong.strerror or wrong
        raise OSError(f"cannot write into {out} ({reason}); choose another --out folder") from None
    old = out / "ledger.html"
    if old.exists() and f"<title>{TITLE}</title>" not in old.read_text("utf-8", errors="replace"):
        raise ValueError(f"{old} was not made by a run, so it is kept; choose another --out folder")
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


def _has_finished(path: Path) -> bool:
    """Is anything in this older ledger worth keeping? What cannot be read may be."""
    try:
        return any(entry["status"] == execute.FINISHED for entry in _read(path)[0])
    except FileNotFoundError:
        return False
    except ValueError:
        return True


def _read(path: Path) -> tuple[list[dict], list[dict]]:
    try:
        record = json.loads(path.read_text("utf-8"))
        lessons, rows = record["lessons"], record["rows"]
        for lines, outcome in ((lessons, "status"), (rows, "verdict")):
            for line in lines:
                if [type(part) for part in (*_key(line), line[outcome])] != [str, str, int, str]:
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
