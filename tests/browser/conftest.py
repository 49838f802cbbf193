"""Browser tests ask for the fixture `lab`; where no browser is, they are skipped with the reason."""

import sys
from pathlib import Path

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).parent))
import harness

from course_lib.classroom.copies import make_copies


@pytest.fixture
def lab():
    """`with lab(folder) as it:` - see harness.py."""
    if reason := harness.missing():
        pytest.skip(reason)
    return harness.lab


@pytest.fixture(scope="module")
def one_browser(tmp_path_factory):
    if reason := harness.missing():
        pytest.skip(reason)
    with harness.browser(tmp_path_factory.mktemp("browser")) as pair:
        yield pair


@pytest.fixture
def page(one_browser):
    """An empty browser page without a server, and what went wrong on it: (page, errors)."""
    sheet, errors = one_browser
    sheet.context.set_offline(False)
    sheet.goto("about:blank")
    errors.clear()
    return sheet, errors


@pytest.fixture
def opened(page, tmp_path):
    """opened(*pieces) puts them on a page of a file and opens it offline: (page, its requests)."""
    sheet, errors = page
    requests = []
    sheet.on("request", lambda request: requests.append(request.url))

    def show(*pieces: str):
        path = tmp_path / "a page é.html"
        path.write_text(f'<!doctype html><meta charset="utf-8"><body>{"".join(pieces)}', "utf-8")
        sheet.set_viewport_size({"width": 1280, "height": 720})
        sheet.context.set_offline(True)
        sheet.goto(path.as_uri())
        return sheet, requests

    yield show
    assert errors == []


@pytest.fixture(scope="session")
def one_lab(tmp_path_factory):
    """JupyterLab on a folder of its own, for all that only opens a lesson: loading it takes ten seconds."""
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
