"""Install the course from this folder, without a network. It needs Python and nothing else.

    python3 install.py [FOLDER]     into FOLDER; left out: build-break-explain in your home
    python3 install.py --check      compare this folder's files with their checksums

`course pack --wheels` lays this file into the folder. What is in FOLDER already is never overwritten; stopped
half-way, it can be run again.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

SUMS, FACTS = "SHA256SUMS", "for.json"


def main(words: list[str], here: Path) -> int:
    """Do what the command line says; the exit status."""
    parser = argparse.ArgumentParser(description="Install the course from this folder, without a network.")
    parser.add_argument("folder", nargs="?", type=Path, default=Path.home() / "build-break-explain",
                        help="where the course goes (default: build-break-explain in your home)")
    parser.add_argument("--check", action="store_true", help="only compare the files with their checksums")
    wish = parser.parse_args(words)
    if wish.check:
        problems = compare(here)
        for problem in problems:
            print(problem, file=sys.stderr)
        print(f"{len(problems)} problems." if problems else "Every file is there and right.")
        return int(bool(problems))
    return install(here, wish.folder.expanduser().absolute())


def install(here: Path, folder: Path) -> int:
    """Unpack the course into a folder, make its environment, install every wheel; the exit status."""
    facts = json.loads((here / FACTS).read_text("utf-8"))
    found = f"{sys.version_info[0]}.{sys.version_info[1]}"
    if found != facts["python"]:
        return _stop(f"This is Python {found}; the wheels here are for Python {facts['python']}. Start this "
                     f"file with that one ({facts['call']}), or ask your teacher for the folder for yours.")
    if sys.platform != facts["sys_platform"]:
        return _stop(f"The wheels here are for {facts['told']}; this is another system.")
    if problems := compare(here, ["course.zip", "requirements.txt"]):
        return _stop("\n".join(problems) + "\nCopy the folder again, or ask your teacher.")
    if (folder / "course_lib").is_dir():
        print(f"The course is in {folder} already and stays as it is.")
    elif folder.exists() and any(folder.iterdir()):
        return _stop(f"{folder} is not empty and is not the course. Name another: {facts['call']} "
                     "install.py OTHER-FOLDER")
    else:
        print(f"Unpacking the course into {folder}")
        unpack(here / "course.zip", folder)
    python = folder / ".venv" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    pip = [str(python), "-m", "pip", "install", "--no-index", "--disable-pip-version-check", "--quiet"]
    wheels = ["--find-links", str(here / "wheels"), "--require-hashes", "-r", str(here / "requirements.txt")]
    print("Installing; this takes some minutes, mostly to read from the stick")
    for step in ([sys.executable, "-m", "venv", str(folder / ".venv")], [*pip, *wheels],
                 [*pip, "--no-deps", "--no-build-isolation", "-e", str(folder)]):
        if subprocess.run(step, cwd=folder, env=_own()).returncode:
            return _stop("That step failed: " + " ".join(step) + "\nWhat is there stays; run this again, or "
                         f"look whether the files are whole: {facts['call']} install.py --check")
    course = python.with_name("course.exe" if os.name == "nt" else "course")
    print(f'Ready. To open the lessons:\n  {"& " if os.name == "nt" else ""}"{course}" lab')
    return 0


def compare(here: Path, names: list[str] | None = None) -> list[str]:
    """What is wrong with the files that SHA256SUMS lists (or with these of them), one sentence each."""
    try:
        lines = (here / SUMS).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return [f"{SUMS} is missing in {here}: the folder is not whole, or not one of `course pack --wheels`"]
    listed = dict(reversed(line.split("  ", 1)) for line in lines if line.strip())
    problems = []
    for name in names or sorted(listed):
        if not (here / name).is_file():
            problems.append(f"{name} is missing")
        elif sha256(here / name) != listed.get(name):
            problems.append(f"{name} is not what it was: its checksum differs")
    if names is None:
        there = {f"wheels/{path.name}" for path in (here / "wheels").glob("*")}
        problems += [f"{name} is not in the list; it may be deleted" for name in sorted(there - set(listed))]
    return problems


def unpack(archive: Path, folder: Path) -> None:
    """The archive's files into a folder that appears when all of them are there."""
    draft = folder.with_name(folder.name + ".part")
    shutil.rmtree(draft, ignore_errors=True)  # of a run that was stopped
    with zipfile.ZipFile(archive) as file:
        for info in file.infolist():
            path = Path(file.extract(info, draft))
            if mode := info.external_attr >> 16:
                path.chmod(mode & 0o777)
    if folder.exists():
        folder.rmdir()  # empty: looked at above
    draft.rename(folder)


def sha256(path: Path) -> str:
    """The checksum of a file, as hexadecimal digits."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _own() -> dict[str, str]:
    """Our environment without what would lead Python and pip to other packages."""
    return {name: value for name, value in os.environ.items()
            if not name.startswith("PIP_") and name not in ("PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV")}


def _stop(why: str) -> int:
    print(why, file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parent))
