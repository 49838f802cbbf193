"""The doctor, tested by breaking things: each failure names one command that cures it."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import pytest

from course_lib.classroom import doctor


def one(findings):
    """The only finding of a check, or the first that failed."""
    findings = list(findings)
    return next((f for f in findings if not f.ok), findings[0])


def failed(findings, *words):
    finding = one(findings)
    assert not finding.ok
    for word in words:
        assert word in str(finding)
    assert finding.cure and "\n" not in finding.cure and "cure: " + finding.cure in str(finding)
    return finding


@pytest.fixture
def versions(monkeypatch):
    """Say that other versions are installed."""
    real, pretended = doctor.installed, {}
    monkeypatch.setattr(doctor, "installed", lambda name: pretended.get(name, real(name)))
    return pretended


@pytest.fixture
def probe(monkeypatch):
    """Let the torch probe answer this."""
    def answer(stdout="", stderr="", status=0):
        done = subprocess.CompletedProcess([], status, stdout, stderr)
        monkeypatch.setattr(doctor.subprocess, "run", lambda *_, **__: done)

    return answer


def test_this_machine_is_well_but_for_the_port(capsys):
    """The environment that runs the tests passes every check but, perhaps, port and disk."""
    findings = list(doctor.diagnose())
    assert len(findings) >= 9
    wrong = [f for f in findings if not f.ok and not f.what.startswith(("port", "disk"))]
    assert not wrong, "\n".join(map(str, wrong))


def test_status_and_summary(monkeypatch):
    said = []
    monkeypatch.setattr(doctor, "diagnose", lambda port: iter([doctor.Finding(True, "a")]))
    assert doctor.doctor(echo=said.append) == 0 and said == ["ok    a", "All is well."]
    monkeypatch.setattr(doctor, "diagnose", lambda port: iter([doctor.Finding(False, "b", "do this")]))
    assert doctor.doctor(echo=said.append) == 1
    assert said[-2:] == ["FAIL  b\n      cure: do this", "1 of 1 checks failed."]


def test_an_old_python(monkeypatch):
    assert one(doctor.python()).ok
    monkeypatch.setattr(doctor.sys, "version_info", (3, 10, 4, "final", 0))
    failed(doctor.python(), "Python 3.10.4", "3.11 or newer", "environment.yml")


def test_packages_missing_or_out_of_range(versions):
    assert one(doctor.packages()).ok
    versions.update({"ipywidgets": "7.6.0", "pooch": None})
    failed(doctor.packages(), "ipywidgets 7.6.0 is not in", "pooch is missing", "pip install -e")


def test_new_ranges_count_before_the_next_install(monkeypatch, tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["nosuchpackage>=3"]', "utf-8")
    monkeypatch.setattr(doctor, "COURSE", tmp_path)
    failed(doctor.packages(), "nosuchpackage is missing")


def test_a_torch_pair_that_does_not_load(probe):
    probe(stderr="Traceback\n  x\nRuntimeError: operator torchvision::nms does not exist", status=1)
    finding = failed(doctor.torch_pair(), "do not load", "operator torchvision::nms does not exist")
    for words in ("--force-reinstall", '"torch<', '"torchvision<'):
        assert words in finding.cure


def test_a_torch_that_crashes_the_process_or_hangs(probe, monkeypatch):
    probe(status=-11)
    failed(doctor.torch_pair(), "status -11")

    def hang(*_, **__):
        raise subprocess.TimeoutExpired("python", 180)

    monkeypatch.setattr(doctor.subprocess, "run", hang)
    failed(doctor.torch_pair(), "no answer")


def test_a_pair_that_loads_but_does_not_fit(probe, versions):
    probe(json.dumps(["2.1.0", "0.29.2", ""]))
    versions["torch"] = "0.4.1"
    failed(doctor.torch_pair(), "torchvision needs torch", "found 0.4.1")


@pytest.mark.parametrize("gpu, said", [("NVIDIA Something", "NVIDIA Something"), ("", "the CPU is enough")])
def test_the_gpu_is_told_and_none_is_no_failure(probe, gpu, said):
    probe("a stray line\n" + json.dumps(["2.15.0", "0.29.2", gpu]))
    findings = list(doctor.torch_pair())
    assert all(f.ok for f in findings) and said in findings[-1].what


def test_widgets_that_do_not_fit_or_have_no_browser_side(versions, monkeypatch, tmp_path):
    assert one(doctor.widgets()).ok
    versions["jupyterlab_widgets"] = "1.0.0"
    failed(doctor.widgets(), "ipywidgets needs jupyterlab_widgets", "found 1.0.0", "--force-reinstall")
    versions["jupyterlab_widgets"] = None
    failed(doctor.widgets(), "found none")
    monkeypatch.setattr("jupyter_core.paths.jupyter_path", lambda *_: [str(tmp_path)])
    failed(doctor.widgets(), "@jupyter-widgets/jupyterlab-manager is missing", "extension anywidget")


def test_a_kernel_of_another_python_or_none(monkeypatch, tmp_path):
    from jupyter_client import kernelspec

    assert one(doctor.kernel()).ok
    spec = namedtuple("Spec", "argv")([str(tmp_path / "python")])
    monkeypatch.setattr(kernelspec.KernelSpecManager, "get_kernel_spec", lambda *_: spec)
    failed(doctor.kernel(), "another Python", str(tmp_path), "ipykernel install")

    def none(*_):
        raise kernelspec.NoSuchKernel("python3")

    monkeypatch.setattr(kernelspec.KernelSpecManager, "get_kernel_spec", none)
    failed(doctor.kernel(), "not installed", "ipykernel install")


def test_a_full_disk(monkeypatch):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda _: usage(9, 8, 2**30))
    failed(doctor.disk(), "1.0 GiB free", "2 are needed", "cache purge")


def test_a_course_folder_without_its_lessons_or_read_only(monkeypatch, tmp_path):
    monkeypatch.setattr(doctor, "COURSE", tmp_path)
    failed(doctor.folder(), "notebooks, data/manifest.toml missing", "checkout")

    def refuse(dir):
        if dir == tmp_path / "mine":
            return contextlib.nullcontext()
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(doctor.tempfile, "TemporaryFile", refuse)
    assert "cannot be written (Permission denied)" in "".join(map(str, doctor.folder()))
    (tmp_path / "mine").mkdir()
    monkeypatch.setattr("course_lib.classroom.lab.DEFAULT_FOLDER", tmp_path / "mine")  # as on a class server
    *_, writable = doctor.folder()
    assert writable.ok and str(tmp_path / "mine") in writable.what


def test_data_that_differs_from_its_checksum(monkeypatch):
    monkeypatch.setattr("course_lib.data.verify", lambda: ["cifar10 is cut short"])
    failed(doctor.data(), "cifar10 is cut short", "checkout -- data")


def test_a_corrupted_copy_of_the_data_is_named_with_its_own_cure(monkeypatch, tmp_path):
    shutil.copytree(doctor.COURSE / "data", tmp_path / "data")
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setattr("course_lib.data.manifest.home", lambda: tmp_path)
    assert one(doctor.data()).ok
    victim = max((tmp_path / "data" / "small").rglob("*.*"), key=lambda path: path.stat().st_size)
    victim.write_bytes(victim.read_bytes()[:-100])
    finding = failed(doctor.data(), victim.name, "checkout -- data")
    assert str(tmp_path) in finding.cure
    victim.unlink()
    failed(doctor.data(), victim.name, "missing", "checkout -- data")


def test_a_port_that_another_program_holds():
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        finding = failed(doctor.port_free(port), f"port {port} is used by another", "course lab --port")
        assert str(port) not in finding.cure.split()


def test_our_own_jupyterlab_may_hold_the_port(monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setattr("jupyter_server.serverapp.list_running_servers", lambda: [{"port": port}])
        assert "your JupyterLab" in one(doctor.port_free(port)).what


def test_a_check_that_breaks_is_a_finding(monkeypatch):
    def broken():
        raise RuntimeError("surprise\nand more")

    monkeypatch.setattr(doctor, "packages", broken)
    monkeypatch.setattr(doctor, "torch_pair", lambda: iter(()))
    said = [str(f) for f in doctor.diagnose() if not f.ok]
    assert any("packages: could not be looked at (RuntimeError: surprise)" in s for s in said)
    assert all("cure: " in s for s in said)


def test_the_real_command_where_torch_is_broken(tmp_path):
    """A torch that cannot be loaded: the doctor still runs, says so and does not die of it."""
    (tmp_path / "torch").mkdir()
    (tmp_path / "torch" / "__init__.py").write_text("raise ImportError('libcudart is gone')", "utf-8")
    path = os.pathsep.join(filter(None, [str(tmp_path), os.environ.get("PYTHONPATH")]))
    env = os.environ | {"PYTHONPATH": path}
    done = subprocess.run([sys.executable, "-m", "course_lib", "doctor"], env=env, capture_output=True,
                          text=True, encoding="utf-8", cwd=Path(__file__).parent)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    assert "torch and torchvision do not load together: ImportError: libcudart is gone" in done.stdout
    assert "--force-reinstall" in done.stdout and "data: not looked at" in done.stdout
