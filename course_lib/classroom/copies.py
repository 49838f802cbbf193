"""Learner's copies: a lesson without its solutions, written once and never overwritten.

Markers are nbgrader's: the lines from `### BEGIN SOLUTION` to `### END SOLUTION` become a stub.
"""

import contextlib
import copy
import os
import re
import secrets
from pathlib import Path

import nbformat

from course_lib.classroom.lessons import choose, tags

# Near misses ("# begin solution") count as markers too: a misspelt one must not give the solution away.
_MARKER = re.compile(r"^(?P<indent>\s*)#+\s*(?P<which>BEGIN|END)\s+SOLUTION\b", re.IGNORECASE)
_STUB = {"code": ("# YOUR CODE HERE", "raise NotImplementedError()"), "markdown": ("YOUR ANSWER HERE",)}
_NOT_FOR_LEARNERS = {"teacher", "solution"}
_VOLATILE = ("execution", "papermill", "ExecuteTime")


def student_version(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """A copy of a lesson for learners; the lesson itself is not changed.

    Solutions become stubs, outputs and execution counts go, so do cells tagged `teacher` or `solution` and
    the widgets' stored state. Raises ValueError naming the cell if its markers do not pair up.
    """
    student = copy.deepcopy(notebook)
    student.cells = [
        _student_cell(number, cell)
        for number, cell in enumerate(student.cells, 1)
        if not _NOT_FOR_LEARNERS & set(tags(cell))
    ]
    for key in ("widgets", "papermill"):
        student.metadata.pop(key, None)
    return student


def _student_cell(number: int, cell: nbformat.NotebookNode) -> nbformat.NotebookNode:
    graded = cell.metadata.get("nbgrader", {})
    name = f"cell {number} ({graded.get('grade_id') or cell.get('id', 'no id')})"
    before = cell.source
    if cell.cell_type in _STUB:
        cell.source = _without_solution(before, _STUB[cell.cell_type], name)
    if cell.cell_type == "code":
        if graded.get("solution") and cell.source == before:
            raise ValueError(f"{name} is marked as a solution but has no ### BEGIN SOLUTION line")
        cell.outputs, cell.execution_count = [], None
    for key in _VOLATILE:
        cell.metadata.pop(key, None)
    return cell


def _without_solution(source: str, stub: tuple[str, ...], name: str) -> str:
    """The source with each marked block replaced by the stub, at the indentation of its BEGIN line."""
    kept, inside = [], False
    for line in source.split("\n"):
        marker = _MARKER.match(line)
        begins = marker and marker["which"].upper() == "BEGIN"
        if marker and begins == inside:
            raise ValueError(
                f"{name}: a second ### BEGIN SOLUTION before ### END SOLUTION" if inside
                else f"{name}: ### END SOLUTION without a ### BEGIN SOLUTION before it"
            )
        if begins:
            kept += [marker["indent"] + text for text in stub]
        elif not inside:
            kept.append(line)
        inside = bool(begins) if marker else inside
    if inside:
        raise ValueError(f"{name}: ### BEGIN SOLUTION without an ### END SOLUTION after it")
    return "\n".join(kept)


def make_copies(
    folder: Path, names: list[str] | None = None, *, source: Path | None = None
) -> list[tuple[Path, str]]:
    """Write the learner's copies that are missing into `folder`: [(path, "created" or "kept"), ...].

    names: lessons as `lessons.find` understands them, all if None. source: where the lessons are, the
    course's notebooks/ if None. A file that is there is kept as it is, whatever it holds.
    Raises OSError that names the folder and the cure if nothing can be written there.
    """
    folder, done = Path(folder), []
    wanted = choose(names, source)
    with _naming(folder):
        folder.mkdir(parents=True, exist_ok=True)
    for lesson in wanted:
        path = folder / lesson.path.name
        if os.path.lexists(path):  # a broken link is a learner's file too
            done.append((path, "kept"))
            continue
        text = nbformat.writes(student_version(lesson.notebook)) + "\n"
        with _naming(folder):
            done.append((path, "created" if _write_new(path, text) else "kept"))
    return done


@contextlib.contextmanager
def _naming(folder: Path):
    """Errors of the disk name the folder and the cure."""
    try:
        yield
    except OSError as error:
        raise type(error)(
            f"cannot write the lessons into {folder} ({error.strerror or error}); "
            "choose a folder of your own: course lab --folder FOLDER"
        ) from error


def _write_new(path: Path, text: str) -> bool:
    """Write a file that must not exist, all of it or nothing; False if another one was there first."""
    draft = path.with_name(f".{path.stem}-{secrets.token_hex(4)}.part")
    try:
        _write_exclusively(draft, text)
        try:
            os.link(draft, path)  # refuses to replace, also on Windows
            return True
        except FileExistsError:
            return False
        except (OSError, NotImplementedError):  # a disk without hard links
            return _write_exclusively(path, text)
    finally:
        draft.unlink(missing_ok=True)


def _write_exclusively(path: Path, text: str) -> bool:
    """Create the file and write it; False if it is there. What was written in part is taken away again."""
    try:
        file = open(path, "x", encoding="utf-8", newline="\n")  # noqa: SIM115
    except FileExistsError:
        return False
    try:
        with file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(path)  # ours, and only half written
        raise
    return True
