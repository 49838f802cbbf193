"""`course slides --live`: what the copy holds, where it lies, and which JupyterLab is opened on it."""

import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell
from typer.testing import CliRunner

sys.path.insert(0, str(Path(__file__).parent))
from toy_lessons import ANSWER, GRADER, code, lesson_of, printed, text

from course_lib.classroom import cli, lab, live
from course_lib.classroom.live import live_copy, open_live


@pytest.fixture
def lesson(tmp_path):
    homework = new_markdown_cell("Homework", id="home", metadata={
        "slideshow": {"slide_type": "slide"}, "tags": ["more"]})
    teacher = new_markdown_cell("Say this", id="say", metadata={"tags": ["teacher"]})
    return lesson_of(
        tmp_path, text("One", id="one"), teacher, text("Two", "subslide", id="two"), homework,
        code("plot()", "fragment", "hide-input", id="plot", outputs=[printed("picture")]),
        code(ANSWER, "-", "exercise", nbgrader=GRADER, id="answer"),
        code('check("03-1", f)', "-", "check", id="check", outputs=[printed("right")]))


def kinds(notebook):
    return {cell.id: cell.metadata.get("slideshow", {}).get("slide_type", "-") for cell in notebook.cells}


def test_all_slides_in_one_row_homework_on_none_notes_as_notes(lesson):
    before = nbformat.writes(lesson.notebook)
    expected = {"title": "slide", "one": "slide", "say": "notes", "two": "slide", "home": "skip",
                "plot": "fragment", "answer": "-", "check": "-"}
    assert kinds(live_copy(lesson.notebook)) == expected
    assert kinds(live_copy(lesson.notebook, more=True)) == expected | {"home": "slide"}
    assert nbformat.writes(lesson.notebook) == before


def test_exercises_are_stubs_unless_solutions_are_wished(lesson):
    cells = {cell.id: cell for cell in live_copy(lesson.notebook).cells}
    assert "secret" not in cells["answer"].source and "YOUR CODE HERE" in cells["answer"].source
    assert cells["check"].outputs == [] and cells["plot"].outputs[0].text == "picture"
    assert cells["plot"].metadata.jupyter.source_hidden and cells["check"].metadata.jupyter.source_hidden
    assert "jupyter" not in cells["answer"].metadata
    solved = {cell.id: cell for cell in live_copy(lesson.notebook, solutions=True).cells}
    assert solved["answer"].source == ANSWER and solved["check"].outputs
    nbformat.validate(live_copy(lesson.notebook))


@pytest.fixture
def ran(monkeypatch):
    """The servers that would be started: (words, environment)."""
    calls = []
    monkeypatch.setattr(lab, "_serve", lambda words, env: calls.append((words, env)) or 0)
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *_: [str(Path(live.__file__).parent)])
    monkeypatch.setattr(live, "EXTENSION", "here")
    monkeypatch.setattr(Path, "is_file", lambda path: path.name == "package.json")
    return calls


def test_each_time_a_copy_of_its_own_and_the_lesson_untouched(lesson, tmp_path, ran):
    before, said = lesson.path.read_bytes(), []
    for _ in range(2):
        assert open_live(lesson, tmp_path / "out", echo=said.append) == 0
    copies = sorted((tmp_path / "out" / "live").glob("*/03_toy.ipynb"))
    assert len(copies) == 2 and lesson.path.read_bytes() == before
    words, env = ran[-1]
    assert f"--ServerApp.root_dir={copies[-1].parent.resolve()}" in words
    assert "--LabApp.default_url=/lab/tree/03_toy.ipynb" in words
    assert env["JUPYTER_CONFIG_PATH"].startswith(str(live.CONFIG))
    assert "Shift+Enter" in "\n".join(said) and str(copies[0]) in "\n".join(said)


def test_a_missing_slideshow_mode_is_said_with_its_cure(tmp_path, monkeypatch):
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *_: [])
    done = CliRunner().invoke(cli.app, ["slides", "--live", "0", "--out", str(tmp_path)])
    assert done.exit_code == 2 and 'pip install "jupyterlab-slideshow' in done.stderr
    assert list(tmp_path.iterdir()) == []
