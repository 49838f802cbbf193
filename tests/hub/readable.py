"""Let a process see this checkout and its Python as if they lay in folders that every account may enter.

Developers' and CI's machines often have them in a closed home, such as /root. Linux can give one process a
view of its own (a mount namespace): there the closed folder is replaced by an open one with only these in it.
"""

import shlex
import shutil
import subprocess
import sys
from pathlib import Path

from course_lib.classroom.hub import machine


def needed() -> list[Path]:
    """What the hub and the learners run from."""
    node = shutil.which("node")
    return [*machine.needed_by_all(), *([Path(node).resolve().parent] if node else [])]


def in_view(words: list[str]) -> list[str]:
    """The command that runs `words` so; `words` itself if nothing is closed. Needs root."""
    closed = machine.closed_to_others(needed())
    if not closed:
        return words
    lines = ["set -e", "stage=$(mktemp -d)", "mount -t tmpfs none $stage"]
    tops = [folder for folder in closed if not any(folder.is_relative_to(o) and folder != o for o in closed)]
    shown = [path for path in needed() if any(path.is_relative_to(top) for top in tops)]
    for number, path in enumerate(shown):
        lines += [f"mkdir $stage/{number}", f"mount --bind {shlex.quote(str(path))} $stage/{number}"]
    lines += [f"mount -t tmpfs -o mode=755 none {shlex.quote(str(top))}" for top in tops]
    for number, path in enumerate(shown):
        lines += [f"mkdir -p {shlex.quote(str(path))}",
                  f"mount --bind $stage/{number} {shlex.quote(str(path))}"]
    lines += ["umount -R $stage", "rmdir $stage", f"exec {shlex.join(words)}"]
    return ["unshare", "--mount", "--propagation", "private", "sh", "-c", "\n".join(lines)]


def why_not() -> str:
    """Why other accounts cannot be shown the course here; empty if they can."""
    words = in_view([sys.executable, "-c", "import course_lib.classroom.hub.machine as m; m.refuse_closed()"])
    done = subprocess.run(words, capture_output=True, text=True, timeout=60)
    return done.stderr.strip().splitlines()[-1] if done.returncode else ""
