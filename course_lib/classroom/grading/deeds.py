"""What an answer must not do: delete files, start processes, use the network. Python's own hook sees it.

Not a wall (sandbox.py is that): it names the deed in the table, instead of letting it pass unseen because the
answer happens to be right.
"""

import os
import sys
import sysconfig
import tempfile
from pathlib import Path

_PROCESS, _FILES, _NETWORK = "starts or ends a process", "deletes or changes files", "uses the network"
_EVENTS = {
    **dict.fromkeys(("os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.exec", "os.system", "os.kill",
                     "os.killpg", "os.startfile", "subprocess.Popen", "pty.spawn"), _PROCESS),
    **dict.fromkeys(("os.remove", "os.rmdir", "os.rename", "os.truncate", "os.chmod", "os.chown", "os.link",
                     "os.symlink", "shutil.rmtree", "shutil.move", "open"), _FILES),
    **dict.fromkeys(("socket.connect", "socket.bind", "socket.sendto", "socket.getaddrinfo",
                     "urllib.Request"), _NETWORK),
}
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_STDLIB = sysconfig.get_path("stdlib")
_LIBRARIES = (sysconfig.get_path("purelib"), sysconfig.get_path("platlib"),
              str(Path(__file__).resolve().parents[2]))


def watch_deeds() -> list[str]:
    """From now on each such deed of code that is no library's raises PermissionError, and its kind is put
    into the list that is returned. Inside the temporary folder files may come and go.
    """
    seen: list[str] = []
    scratch = os.path.realpath(tempfile.gettempdir())

    def hook(event: str, arguments: tuple) -> None:
        kind = _EVENTS.get(event)
        if kind is None or (kind == _FILES and _is_allowed(event, arguments, scratch)) or not _is_learners():
            return
        seen.append(kind)
        raise PermissionError(f"an answer only computes, but this {kind}")

    sys.addaudithook(hook)
    return seen


def _is_allowed(event: str, arguments: tuple, scratch: str) -> bool:
    """Reading anywhere, and anything in the temporary folder."""
    if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & _WRITING):
        return True
    paths = [a for a in arguments[:2] if isinstance(a, (str, bytes, os.PathLike))]
    if event == "open":
        paths = paths[:1]
    try:
        places = [os.path.realpath(os.fsdecode(path)) for path in paths]
        return all(os.path.commonpath((scratch, place)) == scratch or place == os.devnull for place in places)
    except (OSError, ValueError):
        return False


def _is_learners() -> bool:
    """Is the nearest caller outside the standard library neither a library nor the course?"""
    frame = sys._getframe(2)
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith(_LIBRARIES):
            return False
        if not name.startswith((_STDLIB, "<frozen")):
            return True
        frame = frame.f_back
    return False
