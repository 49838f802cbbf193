"""Learner's copies: a lesson without its solutions, written once and never overwritten.

Markers are nbgrader's: the lines from `### BEGIN SOLUTION` to `### END SOLUTION` become a stub.
"""

import contextlib
import copy
import os
import re
from collections.abc import Callable
from pathlib import Path

import nbformat

from course_lib.classroom import files
from course_lib.classroom.lessons import Lesson, choose, tags
from course_lib.classroom.origin import stamp
from course_lib.runtime import home

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


def student_copy(lesson: Lesson) -> nbformat.NotebookNode:
    """The student version of a lesson, which says what it is (see origin.py)."""
    student = student_version(lesson.notebook)
    stamp(student, lesson.number)
    return student


def make_copies(
    folder: Path, names: list[str] | None = None, *, source: Path | None = None, command: str = "lab --folder"
) -> list[tuple[Path, str]]:
    """Write the learner's copies that are missing into `folder`: [(path, "created" or "kept"), ...].

    names: lessons as `lessons.find` understands them, all if None. source: where the lessons are, the
    course's notebooks/ if None. command: what a message about the folder proposes. A file that is there is
    kept as it is, whatever it holds. Raises OSError that names the folder and the cure if nothing can be
    written there.
    """
    folder = Path(folder)
    paths = {folder / lesson.path.name: lesson for lesson in choose(names, source)}
    done = {path: "kept" for path in paths if os.path.lexists(path)}  # a broken link is a learner's file too
    missing = [path for path in paths if path not in done]
    if missing:
        with naming(folder, command):
            folder.mkdir(parents=True, exist_ok=True)
            with files.locked(folder):
                for path in missing:
                    text = nbformat.writes(student_copy(paths[path])) + "\n"
                    done[path] = "created" if files.create(path, text) else "kept"
    return [(path, done[path]) for path in paths]


def hand_out(
    folder: Path, names: list[str] | None = None, *, source: Path | None = None,
    echo: Callable[[str], None] = print,
) -> None:
    """Write the solution-free lessons into a folder that a teacher can give away, and say what was done.

    Only missing files are written. Raises ValueError if the folder is where the lessons themselves are.
    """
    if str(folder).isdigit() and not Path(folder).exists():
        raise ValueError(f"DIR comes before the lessons: course student handout {folder} "
                         f"(for a folder that is really called {folder}, make it first)")
    folder = Path(folder).expanduser().resolve()
    refuse_lessons(folder, source)
    copies = make_copies(folder, names, source=source, command="student")
    echo(f"Lessons without solutions, in {folder}")
    for path, what in copies:
        if what == "created":
            echo(f"  {path.name}: created")
        elif holds_solutions(path):
            echo(f"  {path.name}: kept as it was; IT HOLDS SOLUTIONS: do not hand it out")
        else:
            echo(f"  {path.name}: kept as it was")
    if any(what == "kept" for _, what in copies):
        echo(f'To bring the kept ones up to date: course update "{folder}"')


def holds_solutions(path: Path) -> bool:
    """Does this file, whatever it is, hold a solution's marker?"""
    with contextlib.suppress(OSError):
        return path.is_file() and bool(re.search(rb"BEGIN\s+SOLUTION\b", path.read_bytes(), re.IGNORECASE))
    return False


def refuse_lessons(folder: Path, source: Path | None = None) -> None:
    """Raises ValueError if `folder` is where the lessons are, or lies in there."""
    lessons = Path(source or home() / "notebooks").resolve()
    if folder == lessons or lessons in folder.parents:
        raise ValueError(f"{folder} holds the course's own lessons, with their solutions; "
                         "name another folder, such as handout")


@contextlib.contextmanager
def naming(folder: Path, command: str):
    """Errors of the disk name the folder and the cure."""
    try:
        yield
    except TimeoutError:
        raise  # says it already
    except OSError as error:
        raise type(error)(
            f"cannot write the lessons into {folder} ({error.strerror or error}); "
            f"see that it can be written and has room, or choose another: course {command} FOLDER"
        ) from error
