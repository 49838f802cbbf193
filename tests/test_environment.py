"""environment.yml, LICENSE and CI's constraints stay in step with pyproject.toml."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
RANGES = {canonicalize_name(r.name): r.specifier for r in map(Requirement, PROJECT["dependencies"])}
CONDA_NAMES = {"pytorch": "torch"}


def conda():
    """environment.yml: its conda requirements and its pip lines."""
    environment = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))
    lines = environment["dependencies"]
    pip = [line for part in lines if isinstance(part, dict) for line in part["pip"]]
    return environment, [Requirement(line) for line in lines if isinstance(line, str)], pip


def test_conda_takes_the_heavy_pair_from_conda_forge():
    environment, wanted, _ = conda()
    assert environment["name"] == "build-break-explain"
    assert environment["channels"][0] == "conda-forge"
    assert {"python", "pytorch", "torchvision", "pip"} <= {r.name for r in wanted}


def test_conda_ranges_are_pyprojects():
    ranges = RANGES | {"python": Requirement(f"python{PROJECT['requires-python']}").specifier}
    compared = 0
    for requirement in conda()[1]:
        name = CONDA_NAMES.get(requirement.name, requirement.name)
        if name != "pip":
            assert requirement.specifier == ranges[name], f"{requirement} differs from pyproject.toml"
            compared += 1
    assert compared >= 3


def test_the_pip_section_installs_this_package_and_names_no_range_of_its_own():
    pip = conda()[2]
    assert any(re.fullmatch(r"-e \.(\[[a-z,]+\])?", line) for line in pip)
    for line in pip:
        assert line.startswith("-e .") or not Requirement(line).specifier


def test_torch_has_a_tested_floor_and_a_ceiling():
    assert not RANGES["torch"].contains("2.10.9") and RANGES["torch"].contains("2.11.0")
    assert RANGES["torchvision"].contains("0.26.0")
    for name in ("torch", "torchvision", "jupyterlab", "ipywidgets"):
        assert any(s.operator in ("<", "<=") for s in RANGES[name]), f"{name} has no ceiling"
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert '"torch==2.11.*" "torchvision==0.26.*"' in makefile


def test_ci_pins_lie_in_the_ranges():
    lines = (ROOT / ".ci" / "constraints.txt").read_text("utf-8").splitlines()
    named = [Requirement(line) for line in lines if not line.startswith("#")]
    pins = {canonicalize_name(r.name): r for r in named}
    extras = [Requirement(x) for group in PROJECT["optional-dependencies"].values() for x in group]
    wanted = RANGES | {canonicalize_name(r.name): r.specifier for r in extras}
    wanted.pop("course-lib", None)
    for name, specifier in wanted.items():
        pin = next(iter(pins[name].specifier))
        assert pin.operator == "==" and specifier.contains(pin.version), f"{pins[name]} is not in {specifier}"


def test_the_licence_names_code_text_and_data():
    text = (ROOT / "LICENSE").read_text("utf-8")
    for words in ("BSD 3-Clause", "CC BY 4.0", "creativecommons.org/licenses/by/4.0", "data/manifest.toml",
                  "The Build, Break, Explain authors"):
        assert words in text
    assert PROJECT["license"] == "BSD-3-Clause"


@pytest.mark.skipif(sys.platform == "win32", reason="make is not used on Windows")
def test_make_clean_spares_the_learners_files():
    """What `make clean` would remove, told by make itself, holds neither work/ nor runs/."""
    if not shutil.which("make"):
        pytest.skip("no make here")
    outer = ("MAKEFLAGS", "MFLAGS", "MAKELEVEL", "VENV", "FLOOR")  # make may be what runs this test
    env = {key: value for key, value in os.environ.items() if key not in outer}
    done = subprocess.run(["make", "--dry-run", "clean"], cwd=ROOT, env=env, capture_output=True, text=True)
    words = done.stdout.replace('"', " ").split()
    assert ".venv" in words
    assert not [w for w in words if w.strip("./").split("/")[0] in ("work", "runs", "notebooks", "*")]
