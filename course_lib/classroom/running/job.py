"""One piece of a run: a lesson at one scale and seed, and how it ended. Loads neither torch nor dask."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import nbformat

from course_lib.classroom.running import execute
from course_lib.runtime import home

MARK = ".course-run"  # a run's sign in its folder: a worker that sees it there shares that disk
LOST = "lost its workers"
_CODE = (".py", ".js", ".css", ".json")


@dataclass(frozen=True)
class Place:
    """Where a job is carried out: the device and CPU threads of its kernel, and words for the device."""

    device: str
    threads: int
    device_name: str


@dataclass(frozen=True)
class Job:
    """All that a worker on another machine needs to carry it out.

    folder: where its copy and its checkpoints belong. timeout: seconds, None for no end. code: what
    `code_version` says of it.
    """

    slug: str
    name: str  # file name of the copy
    text: str = field(repr=False)  # the notebook
    scale: str
    seed: int
    folder: Path
    timeout: float | None
    code: str

    @property
    def key(self) -> tuple[str, str, int]:
        """What makes one line of a run's ledger; run again, it replaces that line."""
        return self.slug, self.scale, self.seed

    @property
    def cells(self) -> int:
        return len(json.loads(self.text)["cells"]) + 1  # and the cell of the parameters


@dataclass
class Ended:
    """How a job ended, and where."""

    job: Job
    outcome: execute.Outcome
    place: Place
    worker: str = ""
    starts: int = 1

    def entry(self) -> dict:
        """The run's line about it."""
        job, outcome = self.job, self.outcome
        entry = {
            "lesson": job.slug, "scale": job.scale, "seed": job.seed, "code": job.code,
            "device": self.place.device, "threads": self.place.threads,
            "status": outcome.status, "where": outcome.where, "error": outcome.error,
            "seconds": round(outcome.seconds, 1), "peak_mb": round(outcome.peak_mb),
        }
        return entry | ({"worker": self.worker, "starts": self.starts} if self.worker else {})


def carry_out(
    job: Job, folder: Path, threads: int, *, on_cell: Callable[[], None] = lambda: None, **options
) -> execute.Outcome:
    """Execute the job's lesson in `folder`; `options` are those of `execute.execute`."""
    return execute.execute(
        nbformat.reads(job.text, as_version=4), folder / job.name,
        parameters={"scale": job.scale, "seed": job.seed}, threads=threads, timeout=job.timeout,
        on_cell=on_cell, **options,
    )


def code_version(notebook: nbformat.NotebookNode) -> str:
    """Which code a result is of: the course's own, its list of data, and the sources of this lesson's cells.

    Stored outputs do not count. Twelve hexadecimal digits.
    """
    sources = json.dumps([[cell.cell_type, cell.source] for cell in notebook.cells])
    return hashlib.sha256((course_version() + sources).encode()).hexdigest()[:12]


@cache
def course_version() -> str:
    """The same without a lesson: equal on two machines if they hold the same course."""
    course = home()
    found = [path for path in (course / "course_lib").rglob("*") if path.suffix in _CODE]
    digest = hashlib.sha256()
    for path in sorted([*found, course / "data" / "manifest.toml"], key=lambda path: path.as_posix()):
        digest.update(path.relative_to(course).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:12]
