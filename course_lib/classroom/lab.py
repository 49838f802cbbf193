"""`course lab`: look at the data, make the learner's copies, open JupyterLab on them."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import course_lib

PORT = 8888
# Lab without its news popup and without requests to the network; the learner's own settings stay untouched.
CONFIG = Path(__file__).with_name("jupyter")
# The class server names a folder in the learner's home.
DEFAULT_FOLDER = Path(os.environ.get("COURSE_FOLDER")
                      or Path(course_lib.__file__).resolve().parent.parent / "work")


def open_lab(folder: Path | None = None, *, port: int | None = None, browser: bool = True,
             projector: bool = False, echo=print) -> int:
    """Open the lessons in JupyterLab and wait until it ends; the exit status.

    folder: where the learner's copies are, work/ beside the lessons if None. port: that one or none; if None
    8888, or the next one that is free. projector: as a class can read it (projector.py). Raises OSError that
    names the cure if the folder cannot be written or the wished port is taken.
    """
    folder = Path(folder or DEFAULT_FOLDER).expanduser().resolve()
    port = _choose_port(port, echo)
    _look_at_data(echo)
    start = _prepare(folder, echo)
    echo(f"JupyterLab opens on port {port}. To end it, press Ctrl-C here; your work is saved in its files.")
    if not projector:
        return _serve(command(folder, port, start, browser), environment())
    from course_lib.classroom import projector as large

    echo(large.STEPS)
    return _serve(command(folder, port, start, browser, large.words(folder)),
                  environment(large.CONFIG, CONFIG))


def open_folder(folder: Path, start: str, config: Path, *, port: int | None = None, browser: bool = True,
                echo=print) -> int:
    """Open JupyterLab on one notebook of a folder that is not the learner's, with settings of its own.

    config: a folder with Jupyter settings, used instead of CONFIG. Otherwise as `open_lab`.
    """
    port = _choose_port(port, echo)
    echo(f"JupyterLab opens on port {port}. To end it, press Ctrl-C here.")
    return _serve(command(folder, port, start, browser), environment(config))


def port_is_free(port: int) -> bool:
    """Can a server on this machine's own address have this port?"""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        if sys.platform == "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        else:  # a port that was closed a moment ago is free; one that is listened to is not
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True


def _choose_port(wish: int | None, echo) -> int:
    if wish is not None:
        if not port_is_free(wish):
            raise OSError(f"port {wish} is in use (or not allowed) on this machine; choose another with "
                          "--port, or leave --port out and the next free one is taken")
        return wish
    for port in range(PORT, PORT + 100):
        if port_is_free(port):
            if port != PORT:
                echo(f"Port {PORT} is in use, perhaps by another JupyterLab; taking {port}.")
            return port
    raise OSError(f"no free port from {PORT} to {PORT + 99}; name one with --port")


def _look_at_data(echo) -> None:
    from course_lib.data import verify

    for problem in verify():
        echo(f"Data: {problem}")


def _prepare(folder: Path, echo) -> str | None:
    """Make the missing copies and say so; the name of the lesson to open."""
    from course_lib.classroom.copies import make_copies

    copies = make_copies(folder)
    created = [path.name for path, what in copies if what == "created"]
    kept = [path.name for path, what in copies if what == "kept"]
    echo(f"Your lessons are in {folder}")
    if created:
        echo(f"  created: {', '.join(created)}")
    if kept:
        echo(f"  kept as you left them: {', '.join(kept)}")
        echo("  (For a fresh copy of a lesson rename yours, then run this again.)")
        echo("  (To bring new and corrected lessons into this folder: course update)")
    return copies[0][0].name if copies else None


def command(folder: Path, port: int, start: str | None, browser: bool,
            look: Sequence[str] = ()) -> list[str]:
    """The command line of the server: only this machine, with a token, on the learner's folder.

    look: where layout and settings are kept; layouts beside the lessons if there are no such words.
    """
    words = [
        sys.executable, "-m", "jupyterlab", "-y",  # -y: one Ctrl-C is enough
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        f"--ServerApp.root_dir={folder}", f"--ServerApp.default_url=/lab{_tree(start)}",
        f"--LabApp.default_url=/lab{_tree(start)}",
        *(look or [f"--LabApp.workspaces_dir={folder / '.jupyter' / 'workspaces'}"]),
        "--Application.log_level=ERROR",
    ]
    if not browser:
        words.append("--no-browser")
    if getattr(os, "geteuid", lambda: 1)() == 0:
        words.append("--allow-root")  # in a container; the server still listens to this machine only
    return words


def _tree(start: str | None) -> str:
    return f"/tree/{quote(start)}" if start else ""


def environment(*configs: Path) -> dict[str, str]:
    """The server's environment: one thread for quick runs, this environment's kernel, our settings added.

    configs: folders with Jupyter settings, the first one counts most; none: CONFIG.
    """
    env = dict(os.environ)
    env.setdefault("OMP_NUM_THREADS", "1")
    env.setdefault("JUPYTER_PREFER_ENV_PATH", "1")
    env["JUPYTER_CONFIG_PATH"] = os.pathsep.join(
        filter(None, [*map(str, configs or [CONFIG]), env.get("JUPYTER_CONFIG_PATH")]))
    return env


def _serve(words: list[str], env: dict[str, str]) -> int:
    """Run the server until it ends or Ctrl-C; it never outlives us."""
    child = subprocess.Popen(words, env=env)

    def stop(*_):
        child.terminate()
        raise KeyboardInterrupt

    with contextlib.suppress(ValueError):  # not in the main thread: leave the signals alone
        signal.signal(signal.SIGTERM, stop)
    try:
        return child.wait()
    except KeyboardInterrupt:
        return 0
    finally:
        _end(child)


def _end(child: subprocess.Popen) -> None:
    """Ctrl-C reaches the server too: give it time to close its kernels, then insist."""
    for patience, insist in ((4, child.terminate), (10, child.kill), (5, lambda: None)):
        try:
            child.wait(patience)
            return
        except subprocess.TimeoutExpired:
            insist()
        except KeyboardInterrupt:
            child.terminate()
