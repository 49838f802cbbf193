"""Is a notebook open in a JupyterLab of this user? Text that is not saved yet is in the browser only.

Each server leaves a note in Jupyter's runtime folder with its address and token, and tells its sessions: the
notebooks with a kernel. A server that does not answer is passed over; JupyterLab itself then warns, at the
next save, that the file has changed on disk.
"""

import contextlib
import json
import os
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path

_SECONDS = 2  # a server on this machine answers in milliseconds


def is_open(path: Path) -> bool:
    """Has a running server of this user a session on this file?"""
    return path.resolve() in set(_open_notebooks())


def _open_notebooks() -> Iterator[Path]:
    from jupyter_core.paths import jupyter_runtime_dir

    for note in Path(jupyter_runtime_dir()).glob("jpserver-*.json"):
        with contextlib.suppress(OSError, HTTPException, ValueError, KeyError, TypeError):
            server = json.loads(note.read_text("utf-8"))
            url, token = server["url"], server.get("token")
            token = token or os.environ.get("JUPYTERHUB_API_TOKEN", "")  # on the class server
            for session in _sessions(url, token):
                yield Path(server["root_dir"], session["path"]).resolve()


def _sessions(url: str, token: str) -> list[dict]:
    """Raises OSError, HTTPException or ValueError if this is no server that answers us."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # never leave this machine
    request = urllib.request.Request(f"{url}api/sessions", headers={"Authorization": f"token {token}"})
    with opener.open(request, timeout=_SECONDS) as answer:
        return json.load(answer)
