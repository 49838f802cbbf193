"""Browser tests ask for the fixture `lab`; where no browser is, they are skipped with the reason."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import harness


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
