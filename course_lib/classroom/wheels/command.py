"""What `course pack --wheels` does with its options."""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from course_lib.classroom.cli_base import writable
from course_lib.classroom.wheels.install import compare
from course_lib.classroom.wheels.make import make_folders
from course_lib.classroom.wheels.target import SYSTEMS, Target


def pack_wheels(
    out: Path, *, names: Sequence[str] | None = None, platforms: Sequence[str] | None = None,
    python: str | None = None, check: Path | None = None, extra_index: Sequence[str] = (), dry: bool = False,
    echo: Callable[[str], None] = print,
) -> int:
    """Make folders of wheels in `out`, or check one; the exit status.

    Raises ValueError that names the option and the cure: a lesson given as well, no platform, an unknown one,
    a Python that is too old. Else as `make.make_folders`.
    """
    if names:
        raise ValueError(f"--wheels packs what every lesson needs; leave {' '.join(names)} out, or pack it "
                         "for itself: course pack " + " ".join(names))
    if check is not None:
        if not check.is_dir():
            raise LookupError(f"--check {check}: there is no such folder")
        problems = compare(check)
        for problem in problems:
            echo(problem)
        if problems:
            echo("To bring what is missing or broken give the command again that made the folder, then copy "
                 "it again.")
        else:
            echo(f"{check}: every file is there and right.")
        return int(bool(problems))
    if not platforms:
        raise ValueError(f"say for which machines: --platform {', --platform '.join(SYSTEMS)}")
    python = python or f"{sys.version_info[0]}.{sys.version_info[1]}"
    targets = [Target(system, python) for system in dict.fromkeys(platforms)]
    make_folders(targets, out if dry else writable(out), extra_index=extra_index, dry=dry, echo=echo)
    return 0
