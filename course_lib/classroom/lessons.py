"""The lesson files: find them, and read what the other machinery needs from them."""

import difflib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import nbformat

from course_lib.runtime import home


@dataclass(frozen=True)
class Lesson:
    """One notebook, `notebooks/NN_slug.ipynb`."""

    path: Path

    @property
    def number(self) -> str:
        return self.path.stem.split("_")[0]

    @property
    def slug(self) -> str:
        return self.path.stem

    @cached_property
    def notebook(self) -> nbformat.NotebookNode:
        return nbformat.read(self.path, as_version=4)

    @property
    def title(self) -> str:
        for line in self.notebook.cells[0].source.splitlines():
            if line.startswith("# "):
                return line[2:].strip()
        return self.slug


def tags(cell: nbformat.NotebookNode) -> list[str]:
    """The tags of a notebook cell."""
    return list(cell.metadata.get("tags", []))


def minutes(cell: nbformat.NotebookNode, track: str = "core") -> int:
    """What the tag `minutes:N` of a cell says; 0 for one of another track than `track`."""
    own = tags(cell) if track in tags(cell) else []
    return sum(int(tag.removeprefix("minutes:")) for tag in own if tag.startswith("minutes:"))


def lessons(folder: Path | None = None) -> list[Lesson]:
    """All lessons in order."""
    folder = folder or home() / "notebooks"
    return [Lesson(path) for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))]


def find(name: str, folder: Path | None = None) -> Lesson:
    """The lesson with this number ("3", "03"), slug ("03_residual_blocks") or file name.

    Raises LookupError that lists the lessons if there is none.
    """
    every = lessons(folder)
    wish = Path(name).stem
    wish = wish.zfill(2) if wish.isdigit() else wish
    for lesson in every:
        if wish in (lesson.number, lesson.slug, lesson.slug.partition("_")[2]):
            return lesson
    near = difflib.get_close_matches(wish, [lesson.slug for lesson in every], 1, 0.4)
    hint = f"; did you mean {near[0]}?" if near else "."
    raise LookupError(f"no lesson {name!r}{hint} The lessons: {', '.join(x.slug for x in every) or 'none'}")


def choose(names: list[str] | None, folder: Path | None = None) -> list[Lesson]:
    """The named lessons, each once, in course order; all of them if no name is given."""
    if not names:
        return lessons(folder)
    chosen = {find(name, folder).path for name in names}
    return [lesson for lesson in lessons(folder) if lesson.path in chosen]
