"""For which machines a folder of wheels can be made, and how pip is told."""

import json
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

PIP_THERE = Path(__file__).with_name("pip_there.py")
_LINUX = ("posix", "linux", "Linux", "x86_64")
_GLIBC = 28  # the oldest Linux that PyTorch's wheels run on: glibc 2.28
_MANYLINUX = (
    *(f"manylinux_2_{n}_x86_64" for n in range(_GLIBC, 4, -1)),
    "manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64")
SYSTEMS = {  # name: (what people call it, pip's names for it, the answers to a requirement's marker)
    "linux-cpu": ("Linux (64-bit PC) without an NVIDIA GPU", _MANYLINUX, _LINUX),
    "linux-cuda": ("Linux (64-bit PC) with an NVIDIA GPU", _MANYLINUX, _LINUX),
    "windows": ("Windows (64-bit PC)", ("win_amd64",), ("nt", "win32", "Windows", "AMD64")),
    "macos-arm64": ("macOS 14 or newer on Apple silicon", ("macosx_14_0_arm64",),
                    ("posix", "darwin", "Darwin", "arm64")),
}


@dataclass(frozen=True)
class Target:
    """A kind of machine: the name of its system (one of SYSTEMS) and its Python, such as "3.12"."""

    system: str
    python: str

    def __post_init__(self):
        if self.system not in SYSTEMS:
            raise ValueError(f"--platform {self.system}: choose from {', '.join(SYSTEMS)}")
        if not re.fullmatch(r"3\.\d+", self.python) or int(self.python[2:]) < 11:
            raise ValueError(f"--python {self.python}: give 3.11 or newer, as in --python 3.12")

    @property
    def name(self) -> str:
        """The name of its folder."""
        return f"{self.system}-python{self.python}"

    @property
    def told(self) -> str:
        """What people call it."""
        return f"{SYSTEMS[self.system][0]}, Python {self.python}"

    @property
    def markers(self) -> dict[str, str]:
        """What a requirement may ask about this machine (PEP 508)."""
        os_name, sys_platform, platform_system, machine = SYSTEMS[self.system][2]
        full = f"{self.python}.0"
        return {
            "implementation_name": "cpython", "implementation_version": full, "os_name": os_name,
            "platform_machine": machine, "platform_python_implementation": "CPython",
            "platform_release": "0", "platform_system": platform_system, "platform_version": "0",
            "python_full_version": full, "python_version": self.python, "sys_platform": sys_platform,
        }

    @property
    def pip_words(self) -> list[str]:
        """pip's options that ask for wheels of this machine."""
        platforms = [f"--platform={name}" for name in SYSTEMS[self.system][1]]
        return ["--only-binary=:all:", "--implementation=cp", f"--python-version={self.python}", *platforms]


def pip(target: Target, *words: str) -> subprocess.CompletedProcess:
    """Run pip as on that machine; what it printed is in stdout and stderr. Nothing is raised if it fails."""
    with tempfile.TemporaryDirectory() as folder:  # it must not pick up a package from where we stand
        return subprocess.run(
            [sys.executable, str(PIP_THERE), json.dumps(target.markers), words[0], *target.pip_words,
             "--disable-pip-version-check", "--no-input", *words[1:]],
            cwd=folder, capture_output=True, text=True, encoding="utf-8", errors="replace")
