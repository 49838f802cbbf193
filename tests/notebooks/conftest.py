"""How the notebook tests run nbval: on copies, in a process of their own, with no network."""

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

HERE = Path(__file__).parent
# What would make a lesson find other data than a fresh clone has, or write into a learner's file.
_NOT_OURS = ("COURSE_DATA", "COURSE_DEVICE", "PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST")
_IN_A_NAMESPACE = ("unshare", "-rn", sys.executable, str(HERE / "offline" / "loopback.py"))


@cache
def namespaces_are_permitted() -> bool:
    """May we make a network namespace (unshare -rn)? Linux says so, where it is not switched off."""
    if sys.platform != "linux" or not shutil.which("unshare"):
        return False
    start = [*_IN_A_NAMESPACE, sys.executable, "-c", ""]
    return subprocess.run(start, capture_output=True, timeout=60).returncode == 0


def run_nbval(folder: Path, isolation: str = "best") -> subprocess.CompletedProcess:
    """nbval-lax over the notebooks in `folder`, which has no network but its own loopback.

    isolation: "namespace", "hook" (an audit hook loaded into every kernel), or the best that is permitted.
    """
    if isolation == "best":
        isolation = "namespace" if namespaces_are_permitted() else "hook"
    command = [
        sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "--nbval-cell-timeout", "400",
        "--nbval-sanitize-with", str(HERE / "sanitize.cfg"), "--color=no", "-rA", "--tb=short",
        "-p", "no:cacheprovider", "-p", "no:xdist", "--rootdir", str(folder), str(folder),
    ]
    env = {name: value for name, value in os.environ.items() if name not in _NOT_OURS}
    env |= {"COURSE_PROGRESS": "off", "COURSE_THREADS": "1", "OMP_NUM_THREADS": "1", "PYTHONUTF8": "1"}
    if isolation == "namespace":
        command = [*_IN_A_NAMESPACE, *command]
    else:
        env["PYTHONPATH"] = os.pathsep.join(filter(None, [str(HERE / "offline"), env.get("PYTHONPATH")]))
    return subprocess.run(
        command, cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
    )


@pytest.fixture(scope="session")
def nbval():
    return run_nbval


@pytest.fixture(scope="session")
def namespaces():
    return namespaces_are_permitted()
