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
