"""A real JupyterHub with the shipped settings, on free ports of this machine."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import psutil
import requests
from readable import in_view

from course_lib.classroom import hub as shipped
from course_lib.classroom.hub.machine import COURSE

CONFIG = Path(shipped.__file__).with_name("jupyterhub_config.py")
# All that differs from the settings that a teacher gets.
OVERLAY = """\
load_subconfig({config!r})
c.JupyterHub.bind_url = "http://127.0.0.1:{front}"
c.JupyterHub.hub_port = {back}
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{api}"
c.LocalAuthenticator.allowed_groups = {{{group!r}}}
"""


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as open_ones:
        sockets = [open_ones.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


class Hub:
    """The hub and its proxy. `start` after `kill` is a restart with the same database and ports."""

    def __init__(self, folder: Path, group: str):
        front, back, api = free_ports(3)
        self.address = f"http://127.0.0.1:{front}"
        self.state, self.log = folder / "state", folder / "hub.log"
        self.config = folder / "config.py"
        wishes = {"config": str(CONFIG), "front": front, "back": back, "api": api, "group": group}
        self.config.write_text(OVERLAY.format(**wishes))
        self.process: subprocess.Popen | None = None
        self.proxy: psutil.Process | None = None

    def __enter__(self) -> "Hub":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.stop()
        self.kill()
        with contextlib.suppress(psutil.NoSuchProcess):
            self.proxy.kill()
            self.proxy.wait(5)

    def command(self) -> dict:
        """What a process that starts it needs."""
        env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "PYTHONPATH": str(COURSE),
               "COURSE_HUB_STATE": str(self.state)}
        words = in_view([sys.executable, "-m", "jupyterhub", "-f", str(self.config)])
        return {"args": words, "env": env, "cwd": self.config.parent}

    def start(self) -> None:
        """Start and wait until it answers; raises AssertionError with the log if it does not."""
        with open(self.log, "a") as log:
            self.process = subprocess.Popen(**self.command(), stdout=log, stderr=log)
        end = time.monotonic() + 60
        while not self.answers():
            assert self.process.poll() is None and time.monotonic() < end, self.log.read_text()
            time.sleep(0.1)
        children = psutil.Process(self.process.pid).children(recursive=True)
        self.proxy = next(c for c in children if "configurable-http-proxy" in " ".join(c.cmdline()))

    def answers(self) -> bool:
        with contextlib.suppress(requests.RequestException):
            return requests.get(f"{self.address}/hub/health", timeout=5).ok
        return False

    def stop(self) -> None:
        """End it in the orderly way; it takes its proxy with it."""
        self.process.terminate()
        self.process.wait(30)

    def kill(self) -> None:
        """kill -9, as a crash does; the proxy goes on."""
        self.process.kill()
        self.process.wait()


