"""What a learner's copy says about itself, so that an update knows what the learner has done to it.

A copy names its lesson and version in the notebook's metadata, and each exercise cell the version of its
stub; JupyterLab keeps both. A version is a hash of the cells' kinds, texts and attachments: what people read
and write, whatever the layout of the file.
"""

import hashlib
import json
import os
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

import nbformat
from nbformat import NotebookNode, reader

KEY = "course"
_SAVING = 0.3  # seconds in which JupyterLab, which writes in place, has finished a save


@dataclass(frozen=True)
class Copy:
    """A notebook in a learner's folder, as it was when it was examined."""

    name: str
    seen: bytes = b""
    changed: int = 0  # when it was last written, in nanoseconds
    problem: str = ""  # why it is no readable notebook; then the rest is unknown
    linked: bool = False
    lesson: str = ""  # the number that it was made for, "" if it does not say
    version: str = ""  # the version that it was made from
    content: str = ""  # the version that it holds now
    ran: bool = False  # it has outputs, which can have cost the learner time
    answers: dict[str, list[NotebookNode]] = field(default_factory=dict)  # exercise id -> its cells

    @property
    def empty(self) -> bool:
        """Nothing in it: what a killed run can leave on a disk without hard links."""
        return not self.seen and not self.problem and not self.linked

    @property
    def touched(self) -> bool:
        """May it hold anything of the learner's?"""
        return bool(self.problem) or self.linked or self.ran or self.content != self.version


def version_of(cells: Iterable[NotebookNode]) -> str:
    """A hash of what people read and write in these cells; outputs, ids and counts are no part of it."""
    what = [[cell.cell_type, cell.source, cell.get("attachments") or {}] for cell in cells]
    text = json.dumps(what, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()[:32]


def exercise_id(cell: NotebookNode) -> str:
    """The id of the exercise that this cell answers; "" for every other cell."""
    graded = cell.metadata.get("nbgrader")
    if not isinstance(graded, dict) or not graded.get("solution"):
        return ""
    return str(graded.get("grade_id") or "")


def stub_version(cell: NotebookNode) -> str:
    """The version of the stub that an exercise cell was made from; "" if it does not say."""
    return _text(cell.metadata, "stub")


def stamp(student: NotebookNode, number: str) -> None:
    """Let a fresh copy say which lesson it is, in which version, and each exercise cell its stub's."""
    student.metadata[KEY] = NotebookNode(lesson=number, version=version_of(student.cells))
    for cell in student.cells:
        if exercise_id(cell):
            cell.metadata[KEY] = NotebookNode(stub=version_of([cell]))


def examine(path: Path) -> Copy:
    """Look at a file in a learner's folder; whatever is wrong with it stands in `problem`."""
    copy = _examine(path)
    if copy.problem or not copy.seen:  # perhaps it is just being saved
        time.sleep(_SAVING)
        copy = _examine(path)
    return copy


def _examine(path: Path) -> Copy:
    try:
        about = os.stat(path)
        if not stat.S_ISREG(about.st_mode):
            return Copy(path.name, problem="is not a file")
        seen = path.read_bytes()
    except OSError as error:
        return Copy(path.name, problem=f"cannot be read ({error.strerror or error})")
    facts = {"name": path.name, "seen": seen, "changed": about.st_mtime_ns, "linked": path.is_symlink()}
    if not seen:
        return Copy(**facts)
    try:
        return Copy(**facts, **_contents(seen))
    except Exception:  # a file of any content must not stop an update
        return Copy(**facts, problem="cannot be read as a notebook")


def _contents(seen: bytes) -> dict:
    notebook = nbformat.convert(reader.reads(seen.decode("utf-8-sig")), 4)
    answers: dict[str, list[NotebookNode]] = {}
    for cell in notebook.cells:
        if name := exercise_id(cell):
            answers.setdefault(name, []).append(cell)
    return {
        "lesson": _text(notebook.metadata, "lesson"), "version": _text(notebook.metadata, "version"),
        "content": version_of(notebook.cells), "ran": any(cell.get("outputs") for cell in notebook.cells),
        "answers": answers,
    }


def _text(metadata: NotebookNode, key: str) -> str:
    record = metadata.get(KEY)
    value = record.get(key) if isinstance(record, dict) else None
    return value if isinstance(value, str) else ""
