"""What the class server needs of its machine: a proxy, a private folder, a course that everybody can read."""

import os
import shutil
import stat
import sys
from collections.abc import Iterable
from pathlib import Path

import psutil

from course_lib.runtime import home

COURSE = home()
STATE = Path("/var/lib/course-hub")


def find_proxy() -> str:
    """The program configurable-http-proxy: in .hub/ of the course, where `make hub` puts it, else in PATH.

    Raises FileNotFoundError with the cure if it is in neither.
    """
    ours = COURSE / ".hub" / "node_modules" / ".bin" / "configurable-http-proxy"
    found = str(ours) if ours.exists() else shutil.which(ours.name)
    if not found:
        raise FileNotFoundError("configurable-http-proxy is missing; JupyterHub does not work without it. In "
                                "the course's folder: make hub (needs npm: apt install nodejs npm)")
    return found


def state_folder() -> Path:
    """The folder for the hub's database and secrets, made if missing: $COURSE_HUB_STATE, else STATE.

    Nobody but its owner may look into it. Raises PermissionError if it is somebody else's.
    """
    folder = Path(os.environ.get("COURSE_HUB_STATE") or STATE)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        owner = folder.stat().st_uid
        if owner != os.geteuid():
            raise PermissionError(f"it belongs to the account number {owner}")
        folder.chmod(0o700)
    except OSError as error:
        raise PermissionError(f"the class server cannot keep its secrets in {folder} "
                              f"({error.strerror or error}); start it as root, or name another folder: "
                              "COURSE_HUB_STATE=FOLDER") from error
    return folder


def refuse_second(pid_file: Path) -> None:
    """Raises RuntimeError with the cure if the class server that wrote this file runs: a second one would end
    its proxy, and with it everybody's connection."""
    try:
        other = psutil.Process(int(pid_file.read_text()))
        running = other.pid != os.getpid() and any("jupyterhub" in word for word in other.cmdline())
    except (OSError, ValueError, psutil.Error):  # no file, or nobody by that number
        return
    if running:
        raise RuntimeError(f"a class server is running here already (process {other.pid}); end it first: "
                           f"kill {other.pid}")


def closed_to_others(paths: Iterable[Path]) -> list[Path]:
    """The folders on the way to these paths, and the paths, that other accounts may not enter or read."""
    closed = []
    for path in paths:
        for step in (*reversed(path.parents), path):
            wanted = stat.S_IROTH | stat.S_IXOTH if step == path else stat.S_IXOTH
            if step.stat().st_mode & wanted != wanted and step not in closed:
                closed.append(step)
    return closed


def needed_by_all() -> list[Path]:
    """What every learner's Python reads: the course, the environment, and the Python that it is made from."""
    return [COURSE, Path(sys.prefix).resolve(), Path(sys.base_prefix).resolve()]


def refuse_closed() -> None:
    """Raises PermissionError with the cure if other accounts cannot read the course or its Python."""
    closed = closed_to_others(needed_by_all())
    if closed:
        names = ", ".join(map(str, closed))
        raise PermissionError(f"other accounts cannot read {names}, so no learner's server could start. Put "
                              "the course where all may read it, such as /opt/course, and install it there "
                              "with the system's Python: make hub PYTHON=/usr/bin/python3")
