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


@pytest.fixture
def page(tmp_path):
    """A browser page without a server, and what went wrong on it: (page, errors)."""
    if reason := harness.missing():
        pytest.skip(reason)
    with harness.browser(tmp_path) as pair:
        yield pair
