"""The helpers in this folder can be imported; and how the suite goes in several processes (`make test`)."""

import signal
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))
# A shell starts what runs in its background deaf to Ctrl-C; some tests press it, and would wait in vain.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The same examples in every run, and none of them has to be quick: no test is about the machine's load.
SLOW = [HealthCheck.too_slow]
settings.register_profile("suite", derandomize=True, deadline=None, suppress_health_check=SLOW)
settings.load_profile("suite")

# Rooms whose files take minutes. A file stays in one process: the longest first, so that all end together.
# Files that stay together, by how their names begin: one class with its server; one JupyterLab; those that
# show the stored widgets, which a process draws once, in half a minute.
TOGETHER = {"tests/hub/": "a hub", "tests/browser/in_one_lab/": "a lab", "tests/browser/": "widgets",
            "tests/classroom/test_pack": "widgets", "tests/widgets/test_stored": "widgets"}
LONG = ("notebooks", "in_one_lab", "browser", "hub", "classroom", "defences")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """A file's tests stay in one process, and so do files that share what is dear to start."""
    from xdist.scheduler import LoadFileScheduling

    class Together(LoadFileScheduling):
        def _split_scope(self, nodeid):
            own = super()._split_scope(nodeid)
            return next((name for start, name in TOGETHER.items() if nodeid.startswith(start)), own)

    return Together(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_collection_modifyitems(config, items):
    """In a worker of pytest-xdist the long rooms go first; one process keeps the order of the folders."""
    if hasattr(config, "workerinput"):
        items.sort(key=lambda item: LONG.index(item.path.parent.name) if item.path.parent.name in LONG else 9)
