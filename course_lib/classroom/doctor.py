"""`course doctor`: look at the machine, and name for each failure the one command that cures it.

Works when torch is broken or missing: what may crash is tried in a process of its own.
"""

import importlib.metadata as metadata
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import course_lib

COURSE = Path(course_lib.__file__).resolve().parent.parent
NEEDED_BYTES = 2 * 2**30
_PROBE = """
import json, torch, torchvision
torchvision.ops.nms(torch.tensor([[0., 0., 1., 1.]]), torch.tensor([1.]), 0.5)
gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else ""
gpu = gpu or ("Apple GPU (mps)" if torch.backends.mps.is_available() else "")
print(json.dumps([torch.__version__, torchvision.__version__, gpu]))
"""


@dataclass(frozen=True)
class Finding:
    """What one check found; a failure has the command that cures it."""

    ok: bool
    what: str
    cure: str = ""

    def __str__(self) -> str:
        return f"ok    {self.what}" if self.ok else f"FAIL  {self.what}\n      cure: {self.cure}"


def doctor(*, port: int = 8888, echo=print) -> int:
    """Print what every check finds; 0 if all is well, else 1."""
    findings = []
    for finding in diagnose(port):
        findings.append(finding)
        echo(str(finding))
    failed = sum(not finding.ok for finding in findings)
    echo(f"{failed} of {len(findings)} checks failed." if failed else "All is well.")
    return int(failed > 0)


def diagnose(port: int = 8888) -> Iterator[Finding]:
    """All findings, one after the other. A check that breaks is a failure, not a crash."""
    for _, found in examine(port):
        yield from found


def examine(port: int = 8888) -> Iterator[tuple[str, list[Finding]]]:
    """The name of each check and what it found."""
    checks = {
        "Python": python, "packages": packages, "torch and torchvision": torch_pair, "widgets": widgets,
        "kernel": kernel, "course folder": folder, "disk": disk, "data": data,
        "port": lambda: port_free(port),
    }
    for name, check in checks.items():
        found = []
        try:
            for finding in check():
                found.append(finding)
        except Exception as error:
            reason = f"{type(error).__name__}: {error}".splitlines()[0]
            found.append(Finding(False, f"{name}: could not be looked at ({reason})", _pip(f'-e "{COURSE}"')))
        yield name, found


def python() -> Iterator[Finding]:
    """The Python that runs this."""
    found = ".".join(str(n) for n in sys.version_info[:3])
    ok = sys.version_info[:2] >= (3, 11) and sys.maxsize > 2**32
    yield Finding(
        ok, f"Python {found} at {sys.executable}" + ("" if ok else ": 3.11 or newer, 64 bit, is needed"),
        "conda env create -f environment.yml",
    )


def packages() -> Iterator[Finding]:
    """Every package that the course names, against its range."""
    wrong, wanted = [], requirements()
    for requirement in wanted:
        version = installed(requirement.name)
        if version is None:
            wrong.append(f"{requirement.name} is missing")
        elif not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{requirement.name} {version} is not in {requirement.specifier}")
    text = "; ".join(wrong) if wrong else f"{len(wanted)} in their ranges"
    yield Finding(not wrong, f"packages: {text}", _pip(f'-e "{COURSE}"'))


def torch_pair() -> Iterator[Finding]:
    """torch and torchvision load and fit each other; and which GPU they see (none is fine)."""
    cure = _torch_cure()
    try:
        probe = subprocess.run([sys.executable, "-c", _PROBE], capture_output=True, text=True, timeout=180,
                               encoding="utf-8", errors="replace")
    except subprocess.TimeoutExpired:
        yield Finding(False, "torch and torchvision: no answer in 180 s", cure)
        return
    if probe.returncode:
        last = (probe.stderr.strip().splitlines() or [f"it ended with status {probe.returncode}"])[-1]
        yield Finding(False, f"torch and torchvision do not load together: {last}", cure)
        return
    torch_version, vision_version, gpu = json.loads(probe.stdout.strip().splitlines()[-1])
    misfit = _misfits("torchvision", only="torch")
    pair = f"torch {torch_version} with torchvision {vision_version}"
    yield Finding(not misfit, pair + "".join(f": {m}" for m in misfit), cure)
    yield Finding(True, f"GPU: {gpu or 'none; the CPU is enough for quick runs'}")


def widgets() -> Iterator[Finding]:
    """The widgets' Python side and browser side are both there and fit each other."""
    from jupyter_core.paths import jupyter_path

    wrong = [f"{name} is missing" for name in ("ipywidgets", "anywidget") if installed(name) is None]
    wrong += _misfits("ipywidgets") + _misfits("anywidget")
    for extension in ("@jupyter-widgets/jupyterlab-manager", "anywidget"):
        if not any(Path(p, extension, "package.json").is_file() for p in jupyter_path("labextensions")):
            wrong.append(f"JupyterLab's extension {extension} is missing")
    versions = f"ipywidgets {installed('ipywidgets')}, anywidget {installed('anywidget')}"
    yield Finding(not wrong, f"widgets: {'; '.join(wrong) or versions}",
                  _pip(f'--force-reinstall --no-deps {_ranges("ipywidgets", "anywidget")} '
                       "jupyterlab_widgets widgetsnbextension"))


def kernel() -> Iterator[Finding]:
    """The kernel that JupyterLab starts is this Python."""
    from jupyter_client.kernelspec import KernelSpecManager, NoSuchKernel

    cure = f"{_python()} -m ipykernel install --sys-prefix"
    try:
        spec = KernelSpecManager().get_kernel_spec("python3")
    except NoSuchKernel:
        yield Finding(False, "kernel: python3 is not installed for Jupyter", cure)
        return
    program = spec.argv[0]  # a bare "python" stands for the Python of the server
    own = program in ("python", "python3") or Path(program).absolute() == Path(sys.executable).absolute()
    other = f"python3 is another Python ({program})"
    yield Finding(own, f"kernel: {'python3 is this Python' if own else other}", cure)


def folder() -> Iterator[Finding]:
    """The course's own files are beside the package, and your copies can be written."""
    missing = [n for n in ("notebooks", "data/manifest.toml") if not (COURSE / n).exists()]
    if missing:
        yield Finding(False, f"course folder {COURSE}: {', '.join(missing)} missing",
                      f'git -C "{COURSE}" checkout -- notebooks data')
    from course_lib.classroom.lab import DEFAULT_FOLDER

    place = DEFAULT_FOLDER if DEFAULT_FOLDER.exists() else COURSE
    try:
        with tempfile.TemporaryFile(dir=place):
            yield Finding(True, f"course folder {place} can be written")
    except OSError as error:
        yield Finding(False, f"course folder {place} cannot be written ({error.strerror or error})",
                      f'course lab --folder "{Path.home() / "course-work"}"')


def disk() -> Iterator[Finding]:
    """Room for data, checkpoints and runs."""
    free = shutil.disk_usage(COURSE).free
    yield Finding(free >= NEEDED_BYTES, f"disk: {free / 2**30:.1f} GiB free (2 are needed)",
                  f"{_python()} -m pip cache purge")


def data() -> Iterator[Finding]:
    """The data sets, against their checksums."""
    try:
        from course_lib.data import verify
    except ImportError as error:
        yield Finding(False, f"data: not looked at, because a package does not load ({error})", _torch_cure())
        return
    problems = verify()
    for problem in problems:  # "what is wrong. The cure"
        what, _, cure = problem.rpartition(". ")
        cure = cure if what else f'git -C "{COURSE}" checkout -- data'
        yield Finding(False, f"data: {what or problem}", cure)
    if not problems:
        yield Finding(True, "data: there, and the checksums agree")


def port_free(port: int) -> Iterator[Finding]:
    """The port on which JupyterLab opens; a running JupyterLab of this environment may hold it."""
    from course_lib.classroom.lab import port_is_free

    if port_is_free(port):
        yield Finding(True, f"port {port} is free")
        return
    from jupyter_server.serverapp import list_running_servers

    if any(server.get("port") == port for server in list_running_servers()):
        yield Finding(True, f"port {port}: your JupyterLab is running there")
        return
    other = next((p for p in range(port + 1, min(port + 100, 65536)) if port_is_free(p)), port + 1)
    yield Finding(False, f"port {port} is used by another program", f"course lab --port {other}")


def requirements() -> list:
    """The packages that the course names, as packaging.Requirement.

    From pyproject.toml, which an update may have changed since the install, else from the metadata.
    """
    from packaging.requirements import Requirement

    project = COURSE / "pyproject.toml"
    if project.is_file():
        lines = tomllib.loads(project.read_text("utf-8"))["project"]["dependencies"]
    else:
        lines = metadata.requires("course-lib") or []
    every = [Requirement(line) for line in lines]
    return [r for r in every if r.marker is None or r.marker.evaluate({"extra": ""})]


def installed(name: str) -> str | None:
    """The version of an installed package, or None."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _misfits(name: str, only: str | None = None) -> list[str]:
    """What an installed package asks of others and does not get."""
    from packaging.requirements import Requirement

    if installed(name) is None:
        return []
    wrong = []
    for requirement in map(Requirement, metadata.requires(name) or []):
        if (requirement.marker and not requirement.marker.evaluate({"extra": ""})) or (
            only and requirement.name != only
        ):
            continue
        version = installed(requirement.name)
        if version is None or not requirement.specifier.contains(version, prereleases=True):
            wrong.append(f"{name} needs {requirement}, found {version or 'none'}")
    return wrong


def _ranges(*names: str) -> str:
    """Packages with our ranges, as pip takes them."""
    return " ".join(f'"{r.name}{r.specifier}"' for r in requirements() if r.name in names)


def _torch_cure() -> str:
    return _pip(f"--force-reinstall {_ranges('torch', 'torchvision')}")


def _python() -> str:
    """This Python as a shell takes it."""
    if " " not in sys.executable:
        return sys.executable
    return ("& " if os.name == "nt" else "") + f'"{sys.executable}"'


def _pip(words: str) -> str:
    return f"{_python()} -m pip install {words}"
