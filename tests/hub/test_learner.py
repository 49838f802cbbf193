"""What runs as a learner before their server does, and what the hub asks of its machine: without a hub."""

import os
import re
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from course_lib.classroom.lessons import lessons

if not sys.platform.startswith("linux"):
    pytest.skip("the class server is for Linux", allow_module_level=True)

from course_lib.classroom.hub import learner, machine

SETTINGS = ("jupyterhub_config.py", "server/jupyter_server_config.py")


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A learner's home that everybody can read, as many systems make them."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o755)
    folder.chmod(0o755)
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.delenv("COURSE_FOLDER", raising=False)
    return folder


def become(home, *words, **env):
    """Run learner.py, which becomes `words`: what they print."""
    command = [sys.executable, "-P", "-m", "course_lib.classroom.hub.learner", *words]
    done = subprocess.run(command, env={**os.environ, "PYTHONPATH": str(machine.COURSE), **env}, cwd=home,
                          capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_copies_are_made_private_and_nothing_is_written_over(home):
    folder = home / learner.FOLDER
    folder.mkdir(mode=0o755)
    mine, missing = (folder / lesson.path.name for lesson in lessons()[:2])
    mine.write_text("my own work", "utf-8")
    said = become(home, "sh", "-c", "umask; echo $COURSE_FOLDER; touch made-later; ulimit -d; "
                  "cat /proc/self/oom_score_adj", MEM_LIMIT=str(2**31))
    assert said == ["0077", str(folder), str(2**31 // 1024), str(learner.FIRST_TO_GO)]
    assert mine.read_text("utf-8") == "my own work"
    assert {lesson.path.name for lesson in lessons()} <= {path.name for path in folder.iterdir()}
    for private in (home, folder, missing, home / "made-later"):
        assert stat.S_IMODE(private.stat().st_mode) & 0o077 == 0, private


def test_course_commands_on_the_class_server_take_the_folder_in_the_home(home):
    said = become(home, "course", "update")
    assert said[0] == f"Your lessons in {home / learner.FOLDER}"
    assert all(line.endswith(": up to date") for line in said[1:]) and len(said) > len(lessons())


def test_the_start_file_of_containers_makes_copies_and_becomes_the_command(home):
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {"HOME": str(home), "PATH": path, "PYTHONPATH": str(machine.COURSE)}
    done = subprocess.run([machine.COURSE / "start", "sh", "-c", "echo $OMP_NUM_THREADS; umask"], env=env,
                          cwd=home, capture_output=True, text=True, timeout=120)
    assert done.stdout.split() == ["1", "0077"], done.stderr
    assert (home / learner.FOLDER / lessons()[0].path.name).exists()


def test_a_file_in_the_home_cannot_stand_in_for_a_module(home):
    for name in ("random.py", "course_lib.py", "jupyterhub.py"):
        (home / name).write_text("raise SystemExit('taken over')", "utf-8")
    assert become(home, "echo", "well") == ["well"]


def test_a_folder_that_cannot_be_written_does_not_stop_the_server(home, monkeypatch, capsys):
    (home / learner.FOLDER).mkdir()

    def full(folder):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("course_lib.classroom.copies.make_copies", full)
    assert learner.prepare(home / learner.FOLDER) == home / learner.FOLDER
    assert "No space left" in capsys.readouterr().err
    with pytest.raises(OSError, match="No space left"):
        learner.prepare(home / "nothing-there")


def test_the_sockets_of_kernels_have_names_that_linux_takes(monkeypatch):
    for name in ("anna", "a" * 32, "a" * 60):
        monkeypatch.setenv("HOME", f"/home/{name}")
        folder = Path(learner.server_environment(Path("work"))["JUPYTER_RUNTIME_DIR"])
        assert len(f"{folder}/kernel-01234567-89ab-cdef-0123-456789abcdef-ipc-5") <= 107
        assert folder.is_relative_to("/home") == (len(name) < 60)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    folder.rmdir()


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_is_one_that_jupyter_knows(home, name, monkeypatch):
    pytest.importorskip("jupyterhub")
    from jupyter_client import KernelManager
    from jupyter_server.serverapp import ServerApp
    from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager, MappingKernelManager
    from jupyter_server_terminals.terminalmanager import TerminalManager
    from jupyterhub import app, auth, proxy, spawner
    from traitlets.config.loader import PyFileConfigLoader

    known = {kind.__name__: kind for kind in (
        KernelManager, ServerApp, MappingKernelManager, TerminalManager, app.JupyterHub, spawner.Spawner,
        auth.LocalAuthenticator, proxy.ConfigurableHTTPProxy)}
    assert issubclass(AsyncMappingKernelManager, MappingKernelManager)
    monkeypatch.setenv("COURSE_FOLDER", str(home))
    monkeypatch.setenv("COURSE_HUB_STATE", str(home / "state"))
    monkeypatch.setattr(machine, "refuse_closed", lambda: None)
    monkeypatch.setattr(machine, "find_proxy", lambda: "proxy")
    config = PyFileConfigLoader(str(Path(learner.__file__).parent / name)).load_config()
    assert len(config) >= 4
    for kind, settings in config.items():
        for setting in settings:
            assert known[kind].class_traits(config=True).get(setting), f"{kind}.{setting}"


def test_a_course_in_a_closed_folder_is_named_with_the_cure(tmp_path, monkeypatch):
    closed = tmp_path / "closed"
    inner = closed / "course"
    inner.mkdir(parents=True)
    closed.chmod(0o700)
    assert closed in machine.closed_to_others([inner])
    closed.chmod(0o711)
    inner.chmod(0o755)
    assert not {closed, inner} & set(machine.closed_to_others([inner]))
    closed.chmod(0o700)
    monkeypatch.setattr(machine, "needed_by_all", lambda: [inner])
    with pytest.raises(PermissionError, match=rf"{re.escape(str(closed))}.*make hub"):
        machine.refuse_closed()


def test_the_hubs_secrets_are_in_a_private_folder(tmp_path, monkeypatch):
    folder = tmp_path / "state"
    folder.mkdir(mode=0o755)
    monkeypatch.setenv("COURSE_HUB_STATE", str(folder))
    assert machine.state_folder() == folder and stat.S_IMODE(folder.stat().st_mode) == 0o700
    (tmp_path / "a-file").write_text("")
    monkeypatch.setenv("COURSE_HUB_STATE", str(tmp_path / "a-file" / "below"))
    with pytest.raises(PermissionError, match="COURSE_HUB_STATE=FOLDER"):
        machine.state_folder()


def test_a_second_class_server_is_refused_before_it_ends_the_firsts_proxy(tmp_path):
    file = tmp_path / "hub.pid"
    machine.refuse_second(file)
    words = [sys.executable, "-c", "import time; time.sleep(60)"]
    with subprocess.Popen([*words, "jupyterhub"]) as hub, subprocess.Popen(words) as other:
        try:
            file.write_text(str(other.pid))  # a killed hub's number, given to somebody else since
            machine.refuse_second(file)
            file.write_text(str(hub.pid))
            with pytest.raises(RuntimeError, match=f"here already.*kill {hub.pid}"):
                machine.refuse_second(file)
        finally:
            hub.kill()
            other.kill()
    machine.refuse_second(file)


def test_a_missing_proxy_is_said_with_the_cure(tmp_path, monkeypatch):
    monkeypatch.setattr(machine, "COURSE", tmp_path)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(FileNotFoundError, match="make hub"):
        machine.find_proxy()
    program = tmp_path / ".hub" / "node_modules" / ".bin" / "configurable-http-proxy"
    program.parent.mkdir(parents=True)
    program.write_text("")
    assert machine.find_proxy() == str(program)
