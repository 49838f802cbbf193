"""Write files so that nothing is lost: a file is written whole or not at all, and over nothing unseen.

Each text goes into a draft in the same folder first, is forced to the disk, and only then gets its name. A
run that is killed leaves at most a draft, which the next one that holds the folder's lock takes away.
"""

import contextlib
import errno
import os
import re
import secrets
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

LOCK = ".course.lock"
_DRAFT = re.compile(r"\.course-[0-9a-f]{16}\.part(\.ipynb)?")
PATIENCE = 10  # seconds to wait for another run


def write(path: Path, text: str) -> None:
    """Write a text file in place of whatever is there; after a crash it is the old one or the new one."""
    with _draft(path.parent, text) as draft:
        if path.exists():
            _keep_rights(path, draft)
        os.replace(draft, path)
    _settle(path.parent)


def create(path: Path, text: str) -> bool:
    """Write a text file that must not exist yet; False, with nothing written, if something is there."""
    with _draft(path.parent, text) as draft:
        made = _name(draft, path)
    _settle(path.parent)
    return made


def replace(path: Path, text: str, seen: bytes) -> bool:
    """Write a text file in place of one that holds the bytes `seen`; its rights stay.

    False, with nothing written, if it is gone or holds something else by now. Raises PermissionError if the
    file is read-only, whatever its folder permits.
    """
    try:
        if not path.stat().st_mode & stat.S_IWUSR or not os.access(path, os.W_OK):
            raise PermissionError(errno.EACCES, "the file is read-only", str(path))
        with _draft(path.parent, text) as draft:
            _keep_rights(path, draft)
            if path.is_symlink() or path.read_bytes() != seen:
                return False
            os.replace(draft, path)
    except FileNotFoundError:
        return False
    _settle(path.parent)
    return True


def sweep(folder: Path) -> None:
    """Take away drafts that killed runs left; for who holds the lock of the folder, or of that above."""
    for entry in folder.iterdir():
        if _DRAFT.fullmatch(entry.name):
            with contextlib.suppress(OSError):
                entry.unlink()


@contextlib.contextmanager
def locked(folder: Path, patience: float = PATIENCE) -> Iterator[None]:
    """Hold the folder against other runs of ours, and take away the drafts that a killed one left there.

    The operating system holds the lock, so it ends with the process. Raises TimeoutError if another run has
    not ended after `patience` seconds.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(folder / LOCK)
    try:
        lock.acquire(timeout=patience)
    except Timeout:
        raise TimeoutError(f"another `course` command is at work in {folder}; "
                           "wait until it has ended, then run this again") from None
    try:
        sweep(folder)  # every writer here holds the lock
        yield
    finally:
        with contextlib.suppress(OSError):  # a waiting run sees that the name is gone, and makes its own
            os.unlink(folder / LOCK)
        lock.release()


def draft_name(folder: Path, ending: str = "") -> Path:
    """A name for a draft: of no file there, and taken away by the next run that holds the folder's lock."""
    return folder / f".course-{secrets.token_hex(8)}.part{ending}"


@contextlib.contextmanager
def _draft(folder: Path, text: str) -> Iterator[Path]:
    """A file with the text, safely on the disk; taken away at the end unless it has got its name."""
    draft = draft_name(folder)
    try:
        with open(draft, "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        yield draft
    finally:
        with contextlib.suppress(OSError):
            os.unlink(draft)


def _name(draft: Path, path: Path) -> bool:
    """Give the draft its name; False if something has it."""
    try:
        os.link(draft, path)  # refuses to replace, also on Windows
        return True
    except FileExistsError:
        return False
    except (OSError, NotImplementedError):  # a disk without hard links: take the name first, then fill it
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666))
        except FileExistsError:
            return False
        try:
            os.replace(draft, path)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(path)  # ours, and still empty
            raise
        return True


def _keep_rights(path: Path, draft: Path) -> None:
    shutil.copymode(path, draft)
    if hasattr(os, "chown"):
        with contextlib.suppress(OSError):  # only the administrator may, and only he needs to
            owner = path.stat()
            os.chown(draft, owner.st_uid, owner.st_gid)


def _settle(folder: Path) -> None:
    """Force the names in a folder to the disk, where the system can."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
