"""A real class: accounts, a hub with the shipped settings, and every learner through lesson 03 once."""

import os
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

LEARNERS = int(os.environ.get("COURSE_TEST_LEARNERS") or 4)


def why_not() -> str:
    """Why no class can be held here; empty if it can."""
    if not sys.platform.startswith("linux") or os.geteuid():
        return "needs Linux and root: it makes accounts (and removes them)"
    tools = ("useradd", "userdel", "chpasswd", "setpriv", "unshare", "node")
    missing = [name for name in tools if not shutil.which(name)]
    if missing:
        return f"not on this machine: {', '.join(missing)}"
    pytest.importorskip("jupyterhub", reason="jupyterhub is not installed: pip install -e '.[hub]'")
    from readable import why_not as closed

    from course_lib.classroom.hub.machine import find_proxy

    try:
        find_proxy()
    except FileNotFoundError as error:
        return str(error)
    return closed()


@pytest.fixture(scope="session")
def school(tmp_path_factory):
    """The class after its lesson: .hub, .stranger, .pupils with .account, .browser, .kernel, .memory."""
    if reason := why_not():
        pytest.skip(reason)
    from accounts import accounts
    from classroom import Pupil, School
    from hub_process import Hub

    with accounts(LEARNERS) as (group, made), Hub(tmp_path_factory.mktemp("hub"), group) as hub:
        *learners, stranger = made
        pupils = [Pupil(account, hub) for account in learners]
        with ThreadPoolExecutor(len(pupils)) as together:
            list(together.map(Pupil.go_to_school, pupils))
        yield School(hub, pupils, stranger)
