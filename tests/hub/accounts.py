"""Accounts of this machine with random names, taken away at the end with their homes and processes."""

import contextlib
import pwd
import secrets
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil


@dataclass(frozen=True)
class Account:
    """A learner's account."""

    name: str
    password: str

    @property
    def home(self) -> Path:
        return Path(pwd.getpwnam(self.name).pw_dir)

    @property
    def folder(self) -> Path:
        return self.home / "build-break-explain"

    def processes(self) -> list[psutil.Process]:
        """All that runs with this account."""
        found = []
        for process in psutil.process_iter(["username", "status"]):
            if process.info["username"] == self.name and process.info["status"] != psutil.STATUS_ZOMBIE:
                found.append(process)
        return found

    def run(self, words: list[str], **options) -> subprocess.CompletedProcess:
        """Run a command with this account, in its home."""
        options = {"capture_output": True, "text": True, "timeout": 120, "cwd": self.home} | options
        return subprocess.run(words, user=self.name, group=self.name, extra_groups=[], **options)


@contextlib.contextmanager
def accounts(count: int) -> Iterator[tuple[str, list[Account]]]:
    """(a new group, `count` new accounts in it and one more that is not). Needs root."""
    mark = secrets.token_hex(3)
    group = f"learners-{mark}"
    made = [Account(f"learner-{mark}-{number}", secrets.token_urlsafe(16)) for number in range(1, count + 2)]
    try:
        _must("groupadd", group)
        for account in made:
            inside = ["--groups", group] if account is not made[-1] else []
            _must("useradd", "--create-home", "--shell", "/bin/bash", *inside, account.name)
        lines = "".join(f"{account.name}:{account.password}\n" for account in made)
        _must("chpasswd", input=lines)
        yield group, made
    finally:
        for account in made:
            _remove(account)
        subprocess.run(["groupdel", group], capture_output=True)


def _remove(account: Account) -> None:
    try:
        home = account.home
    except KeyError:
        return  # never made
    for _ in range(3):  # a process may start another one while we look
        for process in account.processes():
            with contextlib.suppress(psutil.Error):
                process.kill()
                process.wait(5)
    subprocess.run(["userdel", "--remove", "--force", account.name], capture_output=True)
    assert not home.exists(), f"{home} is left over"


def _must(*words: str, **options) -> None:
    done = subprocess.run(words, capture_output=True, text=True, **options)
    assert done.returncode == 0, f"{words[0]}: {done.stderr}"
