"""Toy lessons for the tests of the machinery: small notebooks that load no torch, so they start fast."""

import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_lib.classroom import origin
from course_lib.classroom.lessons import Lesson

sys.path.insert(0, str(Path(__file__).parent))
from toy_course import ToyCourse

# What course_lib's claim() leaves in a notebook, without the seconds that torch takes to load.
CLAIM = """\
from IPython.display import display
def claim(row, sentence, verdict, **numbers):
    record = {"row": row, "sentence": sentence, "verdict": verdict, "evidence": numbers,
              "shown": {name: str(value) for name, value in numbers.items()}, "source": "0.5", "scale": scale,
              "seed": seed, "device": "cpu", "threads": 1, "torch": "0"}
    display({"text/plain": f"{row}: {sentence}: {verdict}"}, raw=True, metadata={"course_claim": record})"""


@pytest.fixture(scope="session")
def toy():
    """toy(folder, slug, *code cells) -> a Lesson; each cell is a source or a (source, tags) pair."""

    def make(folder, slug, *sources):
        folder.mkdir(parents=True, exist_ok=True)
        cells = [new_markdown_cell(f"# {slug[:2]} · A toy"),
                 new_code_cell('scale = "quick"\nseed = 0', metadata={"tags": ["parameters"]}),
                 new_code_cell(CLAIM)]
        for source in sources:
            source, marks = source if isinstance(source, tuple) else (source, [])
            cells.append(new_code_cell(source, metadata={"tags": marks} if marks else {}))
        path = folder / f"{slug}.ipynb"
        nbformat.write(new_notebook(cells=cells), path)
        return Lesson(path)

    return make


@pytest.fixture
def on_the_cpu(monkeypatch):
    """Then no run loads torch to look for a GPU, which takes seconds each time."""
    monkeypatch.setenv("COURSE_DEVICE", "cpu")


@pytest.fixture
def toy_course(tmp_path, monkeypatch):
    monkeypatch.setattr(origin, "_SAVING", 0)
    return ToyCourse(tmp_path)


@pytest.fixture
def worked(toy_course):
    """A learner who has answered 03-1 of two exercises, before the lesson changed."""
    toy_course.lesson(_03_1="y = x", _03_2="z = x")
    toy_course.update()
    toy_course.answer("03-1", "return x + 1  # mine")
    return toy_course
