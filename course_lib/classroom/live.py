"""`course slides --live`: a lesson in JupyterLab's slideshow mode, for running cells in front of a class."""

import copy
from datetime import datetime
from pathlib import Path

import nbformat

from course_lib.classroom.files import write
from course_lib.classroom.lessons import Lesson, tags
from course_lib.classroom.pack.texts import ALL_TAGS
from course_lib.classroom.slides import MACHINERY, without_answer

EXTENSION = "jupyterlab-slideshow"
CONFIG = Path(__file__).with_name("jupyter_live")  # its settings start the slideshow
# How the slideshow's own font manager is told, in the notebook: letters for the last row.
LETTERS = {"@deathbeds/jupyterlab-fonts": {"styles": {":root": {
    "--jp-content-font-size1": "24px", "--jp-code-font-size": "19px"}}}}
STEPS = """\
The slideshow starts by itself. Click the title once; then the right and left arrow turn the slides, and
Shift+Enter runs the cell in front. Before class run all cells once, those that are on no slide too: press
Ctrl+Shift+C, type "run all cells", press Enter. That ends on the last slide: the left arrow leads back; or
leave the slideshow with Escape, click the title, and start it again with the cards in its toolbar."""


def open_live(
    lesson: Lesson, out: Path, *, more: bool = False, solutions: bool = False, port: int | None = None,
    browser: bool = True, echo=print,
) -> int:
    """Open a copy of the lesson in JupyterLab's slideshow mode and wait until it ends; the exit status.

    out: the copy lies there in live/DATE-TIME/, so that an earlier one, with what was typed into it in class,
    stays. more, solutions: as for the decks. Raises LookupError that names the cure if JupyterLab's
    slideshow mode is missing.
    """
    from jupyter_core.paths import jupyter_path

    from course_lib.classroom.lab import open_folder

    if not any(Path(place, EXTENSION, "package.json").is_file() for place in jupyter_path("labextensions")):
        raise LookupError("JupyterLab has no slideshow mode here; install it: "
                          f'pip install "{EXTENSION}>=0.3.4"')
    folder = new_folder(out / "live")
    write(folder / lesson.path.name,
          nbformat.writes(live_copy(lesson.notebook, more=more, solutions=solutions)) + "\n")
    echo(f"Your copy of the lesson: {folder / lesson.path.name}")
    echo(STEPS)
    return open_folder(folder.resolve(), lesson.path.name, CONFIG, port=port, browser=browser, echo=echo)


def live_copy(
    notebook: nbformat.NotebookNode, *, more: bool = False, solutions: bool = False
) -> nbformat.NotebookNode:
    """The lesson for a live slideshow; the lesson itself is not changed.

    All its slides stand in one row, cells left out of the decks are on no slide (and still run), and what
    the decks hide is folded; the texts of `course pack` are left out. Without solutions, exercises are stubs
    and their checks have not been run.
    """
    live = copy.deepcopy(notebook)
    live.metadata |= nbformat.from_dict(LETTERS)
    live.cells = [_live_cell(cell, more) for cell in live.cells if not ALL_TAGS & set(tags(cell))]
    if not solutions:
        live.cells = [cell for cell in map(_unsolved, live.cells) if cell is not None]
    return live


def _live_cell(cell: nbformat.NotebookNode, more: bool) -> nbformat.NotebookNode:
    own, kind = set(tags(cell)), cell.metadata.get("slideshow", {}).get("slide_type")
    kind = "slide" if kind == "subslide" else kind
    if {"teacher", "notes"} & own:
        kind = "notes"
    if "more" in own and not more:
        kind = "skip"
    cell.metadata.pop("slideshow", None)
    if kind and kind != "-":
        cell.metadata.slideshow = {"slide_type": kind}
    if cell.cell_type == "code" and MACHINERY & own:
        cell.metadata.jupyter = {"source_hidden": True}
    return cell


def _unsolved(cell: nbformat.NotebookNode) -> nbformat.NotebookNode | None:
    """The cell without an answer; a teacher's cell stays, as it is on no slide."""
    if "check" in tags(cell):
        cell.outputs, cell.execution_count = [], None
    return cell if "teacher" in tags(cell) else without_answer(cell)


def new_folder(place: Path) -> Path:
    """A folder that was not there before, named after the time."""
    name = datetime.now().strftime("%Y-%m-%d-%H%M")
    for again in ("", *(f"-{n}" for n in range(2, 1000))):
        try:
            (place / f"{name}{again}").mkdir(parents=True)
        except FileExistsError:
            continue
        return place / f"{name}{again}"
    raise OSError(f"cannot make another folder in {place}; clear it out")
