"""Which wheels a machine needs, how large they are, and how one is fetched: all of it by pip."""

import json
import re
import shutil
import tempfile
import urllib.request
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from course_lib.classroom.wheels.install import sha256
from course_lib.classroom.wheels.target import Target, pip

PATIENCE = 20  # seconds for the answer to "how large is it?"
CPU_CURE = ("give the address of the CPU index that PyTorch's page names: --extra-index-url ADDRESS")


@dataclass(frozen=True)
class Wheel:
    """One wheel that pip has chosen. sha256: "" if its place does not say; size: None if unknown."""

    name: str
    version: str
    url: str
    sha256: str = ""
    size: int | None = None

    @property
    def file(self) -> str:
        """Its file's name."""
        return unquote(urlsplit(self.url).path).rpartition("/")[2]

    @property
    def line(self) -> str:
        """What pip is asked for."""
        return f"{self.name}=={self.version}"


def resolve(target: Target, requirements: Sequence[str], index: Sequence[str] = ()) -> list[Wheel]:
    """The wheels of all requirements and of what those need, by name; sizes are asked for.

    index: pip's options that name further places to look in. pip's own settings count as always. Raises
    LookupError that names the package without a wheel for this machine, or says that the CPU build of
    PyTorch was wanted and not found.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.json")
        done = pip(target, "install", "--dry-run", "--ignore-installed", "--quiet", f"--report={report}",
                   f"--target={Path(folder, 'nothing')}", *index, *requirements)
        if done.returncode:
            raise LookupError(_why(target, done.stderr))
        found = json.loads(report.read_text("utf-8"))["install"]
    wheels = sorted((_wheel(one) for one in found), key=lambda wheel: wheel.name.lower())
    gpu = [wheel.name for wheel in wheels if re.match(r"(nvidia|cuda)[-_]", wheel.name.lower())]
    if target.system == "linux-cpu" and gpu:
        raise LookupError(f"the PyTorch that pip finds is the GPU build (it needs {len(gpu)} packages such "
                          f"as {gpu[0]}); for linux-cpu {CPU_CURE}. The GPU build: --platform linux-cuda")
    with ThreadPoolExecutor(8) as pool:
        return list(pool.map(_with_size, wheels))


def fetch(target: Target, wheels: Sequence[Wheel], place: Path, index: Sequence[str] = ()) -> None:
    """Fetch wheels into a folder with one start of pip; each file appears there whole or not at all.

    Raises OSError if one cannot be fetched, or is not the one that was chosen.
    """
    draft = Path(tempfile.mkdtemp(prefix=".part-", dir=place))
    try:
        done = pip(target, "download", "--quiet", "--no-deps", f"--dest={draft}", *index,
                   *(wheel.line for wheel in wheels))
        if done.returncode:
            raise OSError("not everything was fetched; run the same command again, it goes on from here. "
                          f"pip says: {_last(done.stderr)}")
        for wheel in wheels:
            got = draft / wheel.file
            if not got.is_file() or (wheel.sha256 and sha256(got) != wheel.sha256):
                raise OSError(f"{wheel.file} is not what the index promised; run the same command again")
            got.replace(place / wheel.file)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _wheel(entry: dict) -> Wheel:
    """From one entry of pip's report."""
    place = entry["download_info"]
    url, hashes = place["url"], place.get("archive_info", {}).get("hashes", {})
    known = hashes.get("sha256", "")
    if not known and url.startswith("file:"):
        known = sha256(Path(urllib.request.url2pathname(urlsplit(url).path)))
    return Wheel(entry["metadata"]["name"], entry["metadata"]["version"], url, known)


def _with_size(wheel: Wheel) -> Wheel:
    """The wheel with its size, if its place tells it without handing it over."""
    try:
        asked = urllib.request.Request(wheel.url, method="HEAD")
        with urllib.request.urlopen(asked, timeout=PATIENCE) as answer:
            size = int(answer.headers["Content-Length"])
    except (OSError, ValueError, TypeError):
        return wheel
    return Wheel(wheel.name, wheel.version, wheel.url, wheel.sha256, size)


def _why(target: Target, said: str) -> str:
    """pip's complaint in our words."""
    if re.search(r"Retrying|ConnectionError|Name or service not known|Network is unreachable", said):
        return f"pip does not reach its index; is there a network? pip says: {_last(said)}"
    missing = re.search(r"(?:No matching distribution found for|satisfies the requirement) ([^\n(]+)", said)
    if missing:
        source = re.search(r"satisfies the requirement [^\n]*?\(from (?!versions)([^)]+)\)", said)
        needed = f" (needed by {source[1]})" if source else ""
        return (f"there is no wheel of {missing[1].strip()}{needed} for {target.told}: another --python, or "
                "an index that has it: --extra-index-url ADDRESS")
    return f"pip cannot choose wheels for {target.told}. It says: {_last(said)}"


def _last(said: str) -> str:
    lines = [line for line in said.splitlines() if line.strip() and not line.startswith("[notice]")]
    return " / ".join(lines[-2:]) or "nothing"
