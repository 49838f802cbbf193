"""The helpers in this folder can be imported; and how the suite goes in several processes (`make test`)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

# Rooms whose files take minutes. A file stays in one process: the longest first, so that all end together.
LONG = ("notebooks", "browser", "classroom", "defences")


def pytest_collection_modifyitems(config, items):
    """In a worker of pytest-xdist the long rooms go first; one process keeps the order of the folders."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: LONG.index(item.path.parent.name) if item.path.parent.name in LONG else 9)
