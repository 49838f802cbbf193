"""`course pack --wheels`: make the folder from which a class installs without a network."""

import json
import os
import shutil
import subprocess
import tomllib
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from course_lib.classroom.doctor import COURSE
from course_lib.classroom.files import draft_name, locked, write
from course_lib.classroom.wheels import install as installer
from course_lib.classroom.wheels.install import sha256
from course_lib.classroom.wheels.resolve import Wheel, fetch, resolve
from course_lib.classroom.wheels.target import Target
from course_lib.classroom.wheels.texts import call, install_page, script, size

HEAP = 50_000_000  # bytes that are fetched at a time, or one wheel
_GENERATED = {"work", "runs", "decks", "packs", "rubrics", "build", "__pycache__", "node_modules"}


def make_folders(
    targets: Sequence[Target], out: Path, *, extra_index: Sequence[str] = (), dry: bool = False,
    course: Path = COURSE, echo: Callable[[str], None] = print,
) -> None:
    """Make a folder in `out` for each kind of machine; what is there and right is not fetched again.

    extra_index: addresses of indexes that pip looks into besides its own. dry: only say what would be
    fetched. course: the course's folder. All is chosen before anything is fetched. Raises LookupError that
    names the package without a wheel, OSError if the room is too small or a wheel cannot be fetched.
    """
    index = [f"--extra-index-url={address}" for address in extra_index]
    plans = []
    for target in targets:
        echo(f"{target.told}: choosing wheels")
        wheels = resolve(target, needs(course), index)
        plans.append((target, wheels))
        echo(told(wheels, out / target.name / "wheels"))
    if dry:
        return
    see_room(plans, out)
    for target, wheels in plans:
        folder = out / target.name
        (folder / "wheels").mkdir(parents=True, exist_ok=True)
        with locked(folder):
            fill(folder, target, wheels, index, course, echo)
        echo(f"{folder / 'INSTALL.html'}")


def needs(course: Path) -> list[str]:
    """What the course's pyproject.toml asks for, and what builds it; LookupError without one."""
    try:
        project = tomllib.loads((course / "pyproject.toml").read_text("utf-8"))
    except FileNotFoundError:
        raise LookupError(f"no pyproject.toml in {course}; run this from the course's own folder, installed "
                          "with pip install -e .") from None
    return project["project"]["dependencies"] + project["build-system"]["requires"]


def told(wheels: Sequence[Wheel], place: Path) -> str:
    """How much there is to fetch."""
    missing = [wheel for wheel in wheels if not there(wheel, place)]
    unknown = sum(wheel.size is None for wheel in missing)
    return (f"  {len(wheels)} wheels, {size(sum(wheel.size or 0 for wheel in wheels))}; to fetch: "
            f"{len(missing)}, {size(sum(wheel.size or 0 for wheel in missing))}"
            + (f" and {unknown} of unknown size" if unknown else ""))


def batches(wheels: Sequence[Wheel]) -> list[list[Wheel]]:
    """The wheels in small heaps: pip starts once for each, and a stopped run loses one at most."""
    heaps, room = [], 0
    for wheel in wheels:
        room -= HEAP if wheel.size is None else wheel.size
        if room < 0:
            heaps.append([])
            room = HEAP - (HEAP if wheel.size is None else wheel.size)
        heaps[-1].append(wheel)
    return heaps


def there(wheel: Wheel, place: Path) -> bool:
    """Is it in the folder, and right? One whose checksum nobody knows counts as missing."""
    path = place / wheel.file
    if not wheel.sha256 or not path.is_file():
        return False
    return wheel.size in (None, path.stat().st_size) and sha256(path) == wheel.sha256


def see_room(plans: Sequence[tuple[Target, Sequence[Wheel]]], out: Path) -> None:
    """Raise OSError if the disk of `out` has too little room for what is to be fetched."""
    wanted = sum(wheel.size or 0 for target, wheels in plans for wheel in wheels
                 if not there(wheel, out / target.name / "wheels"))
    place = next(folder for folder in (out.absolute(), *out.absolute().parents) if folder.is_dir())
    free = shutil.disk_usage(place).free
    if free < wanted * 1.02 + 50e6:  # the course itself, and a little more
        raise OSError(f"{size(wanted)} are to be fetched, and {place} has {size(free)} free; "
                      "choose another place: --out FOLDER")


def fill(folder: Path, target: Target, wheels: Sequence[Wheel], index: Sequence[str], course: Path,
         echo: Callable[[str], None]) -> None:
    """Fetch what is missing, then write everything else and, last, the list of checksums."""
    place = folder / "wheels"
    for left in place.glob(".part-*"):  # of a run that was killed
        shutil.rmtree(left, ignore_errors=True)
    for batch in batches([wheel for wheel in wheels if not there(wheel, place)]):
        more = f" and {len(batch) - 1} more" if len(batch) > 1 else ""
        echo(f"  fetching {batch[0].file}{more}, {size(sum(wheel.size or 0 for wheel in batch))}")
        fetch(target, batch, place, index)
    stale = {path.name for path in place.iterdir()} - {wheel.file for wheel in wheels}
    for name in sorted(stale):
        echo(f"  {name} is no longer needed; it may be deleted")
    archive(course, folder / "course.zip")
    sums = {f"wheels/{wheel.file}": sha256(place / wheel.file) for wheel in wheels}
    write(folder / "requirements.txt", "".join(
        f"{wheel.line} --hash=sha256:{sums[f'wheels/{wheel.file}']}\n" for wheel in wheels))
    facts = {"python": target.python, "sys_platform": target.markers["sys_platform"], "told": target.told,
             "call": call(target)}
    write(folder / installer.FACTS, json.dumps(facts) + "\n")
    write(folder / "install.py", Path(installer.__file__).read_text("utf-8"))
    name, text = script(target)
    write(folder / name, text)
    write(folder / "INSTALL.html",
          install_page(target, {wheel.file: (place / wheel.file).stat().st_size for wheel in wheels}))
    for file in ("course.zip", "requirements.txt", installer.FACTS, "install.py", name, "INSTALL.html"):
        sums[file] = sha256(folder / file)
    write(folder / installer.SUMS, "".join(f"{total}  {file}\n" for file, total in sorted(sums.items())))


def archive(course: Path, path: Path) -> None:
    """The course's folder as a zip file: what git keeps of it, or everything but what is generated."""
    draft = draft_name(path.parent)
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as file:
        for name in kept(course):
            info = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))  # the same file gives the same bytes
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = ((course / name).stat().st_mode & 0o777) << 16
            file.writestr(info, (course / name).read_bytes())
    os.replace(draft, path)


def kept(course: Path) -> list[str]:
    """The names of the course's own files, with / between folders."""
    listed = subprocess.run(["git", "-C", str(course), "ls-files", "-z"], capture_output=True,
                            check=False).stdout.decode("utf-8").split("\0") if shutil.which("git") else []
    if "pyproject.toml" in listed:
        return sorted(name for name in listed if name and (course / name).is_file())
    names = []
    for folder, inner, files in os.walk(course):
        inner[:] = [name for name in inner if not name.startswith(".") and name not in _GENERATED
                    and not name.endswith(".egg-info")]
        names += [Path(folder, name).relative_to(course).as_posix() for name in files
                  if not name.startswith(".")]
    return sorted(names)
