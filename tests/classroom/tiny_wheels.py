"""Made-up wheels and a made-up course that needs them: an index in a folder, for tests without a network."""

import base64
import hashlib
import zipfile
from importlib import metadata
from pathlib import Path

PROJECT = """\
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"

[project]
name = "course-lib"
version = "0.1.0"
requires-python = ">=3.11"
dependencies = ["tiny-net>=1,<3"]

[project.scripts]
course = "course_lib.tiny:main"

[tool.setuptools.packages.find]
include = ["course_lib*"]
"""


def wheel(place: Path, name: str, version: str = "1.0", needs=(), tag: str = "py3-none-any") -> Path:
    """A wheel with one module; tag: for which Python, binary interface and system."""
    module = name.replace("-", "_")
    info = f"{module}-{version}.dist-info"
    lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}",
             *(f"Requires-Dist: {need}" for need in needs)]
    return _zip(place / f"{module}-{version}-{tag}.whl", info, {
        f"{module}.py": f"VERSION = {version!r}\n", f"{info}/METADATA": "\n".join(lines) + "\n",
        f"{info}/WHEEL": f"Wheel-Version: 1.0\nGenerator: hand\nRoot-Is-Purelib: true\nTag: {tag}\n"})


def setuptools_wheel(place: Path) -> Path:
    """The setuptools of this environment, packed again: it builds the course without a network."""
    there = metadata.distribution("setuptools")
    info = f"setuptools-{there.version}.dist-info"
    kept = {path.as_posix(): path.locate().read_bytes() for path in there.files
            if ".." not in path.parts and path.suffix != ".pyc"
            and path.name not in ("RECORD", "INSTALLER", "REQUESTED", "direct_url.json")}
    return _zip(place / f"setuptools-{there.version}-py3-none-any.whl", info, kept)


def course(folder: Path) -> Path:
    """A course of one module, whose command says what it found; with files that are no part of it."""
    (folder / "course_lib").mkdir(parents=True)
    (folder / "work").mkdir()
    (folder / ".venv").mkdir()
    for name, text in {
        "pyproject.toml": PROJECT, "course_lib/__init__.py": "", "notes.txt": "the course's own é\n",
        "course_lib/tiny.py": "import tiny_net\ndef main():\n    print('tiny net', tiny_net.VERSION)\n",
        "work/mine.txt": "a learner's", ".venv/big": "generated",
    }.items():
        (folder / name).write_text(text, "utf-8")
    return folder


def _zip(path: Path, info: str, files: dict[str, str | bytes]) -> Path:
    """Files with their RECORD, as a wheel."""
    record = []
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            data = text.encode("utf-8") if isinstance(text, str) else text
            total = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()
            record.append(f"{name},sha256={total},{len(data)}\n")
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), data)
        archive.writestr(f"{info}/RECORD", "".join(record) + f"{info}/RECORD,,\n")
    return path
