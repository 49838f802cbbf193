"""Lessons and games as a learner meets them, one after the other in one JupyterLab: it loads for ten seconds.

A folder (and package) of their own, so that this JupyterLab ends with them: one process can hold one browser.
"""

import harness
import nbformat
import pytest

from course_lib.classroom.copies import make_copies
from course_lib.classroom.lessons import Lesson, find, tags


@pytest.fixture(scope="package")
def one_lab(tmp_path_factory):
    """JupyterLab on a folder of its own, and the folder."""
    if reason := harness.missing():
        pytest.skip(reason)
    root = tmp_path_factory.mktemp("one lab")
    with harness.lab(root) as it:
        patience = harness.PATIENCE * 1000
        it.page.goto(f"{it.url}/lab?token={it.token}&reset", timeout=patience)
        it.page.wait_for_function("() => window.jupyterapp?.shell.currentWidget", timeout=patience)
        yield it, root


@pytest.fixture
def learner(one_lab, request):
    """A learner's copy of the module's lesson (its mark `lesson`), at smoke, open in JupyterLab.

    whole: with all cells; else with those that a learner touches, since papermill runs the others.
    """
    it, root = one_lab
    mark = request.node.get_closest_marker("lesson")
    folder = root / f"leçons {mark.args[0]}"
    (path, made), = make_copies(folder, list(mark.args))
    assert made == "created"
    copy = nbformat.read(path, as_version=4)
    if not mark.kwargs.get("whole"):
        kept = touched(find(mark.args[0]))
        copy.cells = [cell for cell in copy.cells if cell.cell_type != "code" or cell.id in kept]
    parameters = next(cell for cell in copy.cells if "parameters" in cell.metadata.tags)
    parameters.source = parameters.source.replace('"quick"', '"smoke"')
    nbformat.write(copy, path)
    it.go_on_with(path.relative_to(root).as_posix())
    return it


def touched(lesson: Lesson) -> set[str]:
    """The ids of the cells that prepare, that are answered or checked, and those that show a widget."""
    kept = set()
    for cell in lesson.notebook.cells:
        widget = any("course_widget" in output.get("metadata", {}) for output in cell.get("outputs", []))
        if widget or cell.id.startswith("setup") or {"parameters", "exercise", "check"} & set(tags(cell)):
            kept.add(cell.id)
    return kept


@pytest.fixture
def in_lab(one_lab):
    """in_lab(name, *cells, files) writes the files (name: text) and a notebook of the cells, and runs it."""
    it, root = one_lab

    def run(name: str, *cells: str, files: dict[str, str] | None = None):
        for file, text in (files or {}).items():
            (root / file).write_text(text, "utf-8")
        (root / name).parent.mkdir(exist_ok=True)
        harness.write_notebook(root / name, *cells)
        it.go_on_with(name)
        it.run_all()
        return it

    yield run
    it.page.evaluate("jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Light' })")
    it.page.wait_for_function("() => !document.querySelector('#jupyterlab-splash')")
    it.page.set_viewport_size({"width": 1280, "height": 900})
