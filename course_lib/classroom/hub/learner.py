"""What runs as the learner when their server starts: copies, privacy, limits; then the server itself.

    python -P -m course_lib.classroom.hub.learner [COMMAND ...]

JupyterHub runs it with the learner's account. Without a command it becomes jupyterhub-singleuser, else that
command (containers use this). -P: nothing in the learner's home can stand in for a module of Python.
"""

import contextlib
import os
import resource
import stat
import sys
import tempfile
from pathlib import Path

from course_lib.classroom.lab import CONFIG, environment

FOLDER = "build-break-explain"  # in the learner's home
SERVER = Path(__file__).with_name("server")  # settings of the learner's own server
FIRST_TO_GO = 500  # of 1000: when memory runs out, Linux ends a learner's process before the hub
_LONGEST_SOCKET = 107  # bytes of a Unix socket's name
_KERNEL = "/kernel-00000000-0000-0000-0000-000000000000-ipc-1"


def main(words: list[str]) -> None:
    """Prepare everything, then become the server; returns only by an error.

    words: a command to become; if empty, or only options, jupyterhub-singleuser with them.
    """
    os.umask(0o077)
    limit_memory(int(os.environ.get("MEM_LIMIT") or 0))
    folder = prepare(Path(os.environ.get("COURSE_FOLDER") or Path.home() / FOLDER))
    os.environ.update(server_environment(folder))
    if not words or words[0].startswith("-"):
        words = [sys.executable, "-P", "-m", "jupyterhub.singleuser", *words]
    os.execvp(words[0], words)


def prepare(folder: Path) -> Path:
    """Make the copies that are missing, as `course lab` does, and close folder and home to other accounts.

    A full disk is said and does not stop the server: the learner needs it to tidy up. Raises OSError if there
    is no folder at all.
    """
    from course_lib.classroom.copies import make_copies

    try:
        make_copies(folder)
    except OSError as error:
        if not folder.is_dir():
            raise
        print(f"course: {error}", file=sys.stderr)
    for private in (folder, Path.home()):
        with contextlib.suppress(OSError):  # somebody else's: not ours to change
            private.chmod(stat.S_IMODE(private.stat().st_mode) & ~0o077)
    return folder


def server_environment(folder: Path) -> dict[str, str]:
    """The environment of the learner's server: that of `course lab`, our settings for it, private sockets."""
    env = environment(CONFIG)
    env["JUPYTER_CONFIG_PATH"] = os.pathsep.join([str(SERVER), env["JUPYTER_CONFIG_PATH"]])
    env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), env.get("PATH", os.defpath)])
    env["COURSE_FOLDER"] = str(folder)
    env.setdefault("COURSE_OUT", str(folder / "runs"))  # the course's own folder cannot be written
    sockets = Path.home() / ".jupyter-run"
    if len(f"{sockets}{_KERNEL}".encode()) > _LONGEST_SOCKET:
        sockets = Path(tempfile.mkdtemp(prefix="jupyter-"))
    env["JUPYTER_RUNTIME_DIR"] = str(sockets)
    return env


def limit_memory(most: int) -> None:
    """Let no process of this server hold more than `most` bytes (0: no limit), and be ended before the hub.

    The limit is one for each process, not for all of a learner's together: only systemd can do that.
    """
    if most:
        with contextlib.suppress(ValueError, OSError):  # the machine's own limit is lower
            resource.setrlimit(resource.RLIMIT_DATA, (most, most))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text(str(FIRST_TO_GO))


if __name__ == "__main__":
    main(sys.argv[1:])
