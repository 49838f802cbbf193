"""The notebooks that were handed in: whose they are, which lesson, and in which cell each answer stands.

Files are read here and nothing in them is run.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

from course_lib.classroom.grading.slicing import defines
from course_lib.exercises import Exercise, exercise_list

LARGEST = 100 * 2**20  # bytes of a notebook file
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


@dataclass
class Submission:
    """One notebook of a learner: its code cells, and where in it the answers stand."""

    student: str
    file: str
    cells: list[str] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)  # exercise id -> number of the cell
    exercises: list[Exercise] = field(default_factory=list)
    problem: str = ""


def collect(folder: Path, lessons: list[str] | None = None) -> list[Submission]:
    """The notebooks below `folder`, read but not run: FOLDER/anna/03.ipynb and FOLDER/anna.ipynb are anna's.

    Raises FileNotFoundError if the folder is missing, ValueError if no notebook is in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}; name the one with the submitted notebooks")
    files = [path for path in sorted(folder.rglob("*.ipynb"))
             if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    if not files:
        raise ValueError(f"no notebook (.ipynb) in {folder} or the folders in it")
    found = [s for s in (_read(path, folder, lessons) for path in files) if s.exercises or s.problem]
    if not found:
        raise ValueError(f"no notebook in {folder} has exercises of lesson {', '.join(lessons or [])}")
    return found


def _read(path: Path, folder: Path, lessons: list[str] | None) -> Submission:
    place = path.relative_to(folder)
    student = place.parts[0] if len(place.parts) > 1 else place.stem
    submission = Submission(plain(student), plain(place.as_posix()))
    try:
        if path.is_symlink() or not path.is_file():
            raise ValueError("it is a link or a folder, not a file")
        if path.stat().st_size > LARGEST:
            raise ValueError(f"it is larger than {LARGEST // 2**20} MB: hand it in without outputs")
        cells = json.loads(path.read_text("utf-8"))["cells"]
        code = [(_source(cell), _grade_id(cell)) for cell in cells if cell["cell_type"] == "code"]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, MemoryError) as error:
        submission.problem = f"This file is no notebook that can be read: {plain(str(error))[:200]}"
        return submission
    submission.cells = [source for source, _ in code]
    ids = [grade_id for _, grade_id in code]
    lesson = _lesson(place, ids)
    if lesson and (not lessons or lesson in lessons):
        submission.exercises = exercise_list(lesson)
        places = {e.id: _place(e, submission.cells, ids) for e in submission.exercises}
        submission.answers = {name: at for name, at in places.items() if at is not None}
    elif not lesson:
        submission.problem = ("No exercise of the course is in it: its cells lost their metadata, or it is "
                              "another one. If it is the course's, put its number into its name: 03_x.ipynb")
    return submission


def _source(cell: dict) -> str:
    source = cell["source"]
    source = source if isinstance(source, str) else "".join(source)
    if "parameters" in cell.get("metadata", {}).get("tags", []):
        source += '\nscale = "smoke"'  # whatever an answer needs of the lesson is small
    return source


def _grade_id(cell: dict) -> str:
    graded = cell.get("metadata", {}).get("nbgrader")
    return str(graded.get("grade_id", "")) if isinstance(graded, dict) else ""


def _lesson(place: Path, ids: list[str]) -> str:
    """The lesson's number: that of the exercises in it, else that in the file's name."""
    known = {e.id for e in exercise_list()}
    for grade_id in ids:
        if grade_id in known:
            return grade_id.split("-")[0]
    number = re.search(r"(?<!\d)(\d\d)_", place.name)
    return number[1] if number and exercise_list(number[1]) else ""


def _place(exercise: Exercise, cells: list[str], ids: list[str]) -> int | None:
    """The cell of the answer: the exercise's own; where that is blank or lost, another that defines the name.

    Of several the last one, as in a kernel that ran from top to bottom.
    """
    own = [i for i, grade_id in enumerate(ids) if grade_id == exercise.id]
    others = [i for i, source in enumerate(cells) if i not in own and defines(source, exercise.name)]
    done = [i for i in own if not _is_blank(cells[i])]
    return (done or others or own or [None])[-1]


def _is_blank(source: str) -> bool:
    return "raise NotImplementedError()" in source or not source.strip()


def plain(text: str) -> str:
    """Text without control characters and line breaks, for a table and a terminal."""
    return _CONTROL.sub(" ", text).strip()
