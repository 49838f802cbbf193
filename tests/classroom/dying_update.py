"""Run an update again and again, and let it die (or its disk fill) at each point where it writes.

    python dying_update.py NOTEBOOKS WORK OUT killed|full links|nolinks

Copies WORK to OUT/1, OUT/2, ...; in OUT/n an update meets its end at its n-th write. The last one survives.
Each update is a child that was forked after the imports, which is quick; nothing has computed by then.
"""

import os
import shutil
import sys
from datetime import date
from pathlib import Path

from course_lib.classroom import files, origin
from course_lib.classroom.update import update

EVENTS = {"os.rename", "os.link", "os.remove", "os.chmod", "os.chown", "os.mkdir", "shutil.copymode"}
NEEDS_SPACE = {"open", "write", "os.fsync", "os.link", "os.rename"}
DEAD, SURVIVED = 77, {0, 1}


class Fate:
    """Counts what the update does to the disk, and strikes at the n-th."""

    def __init__(self, n: int, how: str):
        self.left, self.how, self.struck = n, how, False

    def __call__(self, event: str, last_words=lambda: None) -> None:
        if self.how == "full" and event not in NEEDS_SPACE:
            return
        self.left -= 1
        if self.left == 0:
            self.struck = True
            last_words()
            if self.how == "killed":
                os._exit(DEAD)
            raise OSError(28, "No space left on device")


def watch(fate: Fate, links: bool) -> None:
    """From here on every write of this process goes past `fate`, who sees it before it happens."""
    fsync, opened = os.fsync, open

    def hook(event, arguments):
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & os.O_CREAT
        if event in EVENTS or writes:
            fate(event)
        if event == "os.link" and not links:
            raise OSError(95, "Operation not supported")

    def open_and_watch(*arguments, **options):
        file = opened(*arguments, **options)
        write = file.write

        def half(text):
            fate("write", lambda: (write(text[:len(text) // 2]), file.flush()))
            return write(text)

        file.write = half
        return file

    def sync(handle):
        fate("os.fsync")
        fsync(handle)

    files.open, os.fsync = open_and_watch, sync
    sys.addaudithook(hook)


def main(notebooks: Path, work: Path, out: Path, how: str, links: str) -> None:
    origin._SAVING = 0
    for n in range(1, 1000):
        folder = out / str(n)
        shutil.copytree(work, folder)
        child = os.fork()
        if child == 0:
            status = 99
            try:
                fate = Fate(n, how)
                with open(out / f"{n}.said", "w", encoding="utf-8") as said:
                    watch(fate, links == "links")
                    status = update(folder, source=notebooks, today=date(2026, 11, 24),
                                    echo=lambda line: print(line, file=said))
                status = status if fate.struck else 3
            except OSError as error:
                status = 2 if error.args and "cannot write" in str(error.args[0]) else 98
            finally:
                os._exit(status)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(n, status, flush=True)
        if status == 3:
            return


if __name__ == "__main__":
    main(*(Path(word) for word in sys.argv[1:4]), *sys.argv[4:])
