"""Lessons as a learner meets them, one after the other in one JupyterLab: loading it takes ten seconds.

A folder (and package) of their own, so that this JupyterLab ends with them: one process can hold one browser.
"""

import harness
import nbformat
import pytest

from course_lib.classroom.copies import make_copies


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
    """A learner's copy of the module's lesson (its mark `lesson`), at smoke, open in JupyterLab."""
    it, root = one_lab
    folder = root / f"leçons {request.node.get_closest_marker('lesson').args[0]}"
    (path, made), = make_copies(folder, list(request.node.get_closest_marker("lesson").args))
    assert made == "created"
    copy = nbformat.read(path, as_version=4)
    parameters = next(cell for cell in copy.cells if "parameters" in cell.metadata.tags)
    parameters.source = parameters.source.replace('"quick"', '"smoke"')
    nbformat.write(copy, path)
    it.errors.clear()
    it.go_on_with(path.relative_to(root).as_posix())
    return it
