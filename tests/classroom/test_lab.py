"""`course lab`: a real server in a process of its own, on a folder with a space and an accent."""

import http.cookiejar
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import nbformat
import psutil
import pytest

from course_lib.classroom import lab
from course_lib.classroom.lessons import lessons

needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="a test cannot press Ctrl-C on Windows")
needs_lessons = pytest.mark.skipif(not lessons(), reason="no lesson is built yet")
SETTINGS = "/lab/api/settings/@jupyterlab/apputils-extension:notification"


def get(port, path, token="a-token"):
    """(final address, body) as a browser gets them: redirects followed, cookies kept."""
    cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
    mark = "&" if "?" in path else "?"
    address = f"http://127.0.0.1:{port}{path}" + (f"{mark}token={token}" if token else "")
    with urllib.request.build_opener(cookies).open(address, timeout=10) as answer:
        return answer.geturl(), answer.read().decode("utf-8")


def a_free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def listening():
    """A port that another program holds."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield other.getsockname()[1]


def wait_until_up(port, process, seconds=150):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        try:
            return get(port, "/api/status")
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
    process.kill()
    pytest.fail(f"the server did not come up: {process.communicate()[0]}")


@needs_signals
@needs_lessons
def test_a_real_server_opens_the_first_lesson_and_ends_on_one_ctrl_c(tmp_path):
    work, port = tmp_path / "mes leçons", a_free_port()
    work.mkdir()
    mine = work / lessons()[-1].path.name
    mine.write_text("my own work", "utf-8")
    env = os.environ | {"JUPYTER_TOKEN": "a-token", "JUPYTER_CONFIG_DIR": str(tmp_path / "config"),
                        "JUPYTER_RUNTIME_DIR": str(tmp_path / "run"), "PYTHONUNBUFFERED": "1"}
    env.pop("OMP_NUM_THREADS", None)
    words = [sys.executable, "-m", "course_lib", "lab", "--no-browser", "--port", str(port), "--folder", work]
    process = subprocess.Popen(words, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               encoding="utf-8", cwd=tmp_path)
    try:
        wait_until_up(port, process)
        address, _ = get(port, "/")
        assert address.split("?")[0].endswith("/lab/tree/00_start_here.ipynb")
        listed = json.loads(get(port, "/api/contents/")[1])["content"]
        assert {f"{lesson.slug}.ipynb" for lesson in lessons()} <= {entry["name"] for entry in listed}
        settings = json.loads(get(port, SETTINGS)[1])["schema"]["properties"]
        assert settings["fetchNews"]["default"] == "false" and not settings["checkForUpdates"]["default"]
        with pytest.raises(urllib.error.HTTPError, match="403"):
            get(port, "/api/contents/", token="")
        server = next(c for c in psutil.Process(process.pid).children() if "jupyterlab" in c.cmdline())
        assert server.environ()["OMP_NUM_THREADS"] == "1"
        held = [c for c in server.net_connections() if c.status == psutil.CONN_LISTEN]
        assert {c.laddr.ip for c in held} == {"127.0.0.1"}
        # Ctrl-C in a terminal goes to both.
        server.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=30)[0]
    finally:
        for left in (*psutil.Process(process.pid).children(), process) if process.poll() is None else ():
            left.kill()
    assert process.returncode == 0
    assert not server.is_running()
    assert "Traceback" not in said
    assert str(work) in said and f"port {port}" in said and f"kept as you left them: {mine.name}" in said
    assert mine.read_text("utf-8") == "my own work"
    assert not (tmp_path / "config" / "lab" / "user-settings").exists()  # the learner's own settings


@needs_signals
def test_ending_only_the_command_ends_the_server_too(tmp_path):
    code = ("import sys; from course_lib.classroom.lab import _serve; import os\n"
            "sys.exit(_serve([sys.executable, '-c', 'import time; print(1, flush=True); time.sleep(60)'], "
            "dict(os.environ)))")
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "1\n"
    child = psutil.Process(process.pid).children()[0]
    process.terminate()
    process.communicate(timeout=30)
    assert not child.is_running() and process.returncode == 0


def test_a_server_that_dies_gives_its_status():
    assert lab._serve([sys.executable, "-c", "raise SystemExit(3)"], dict(os.environ)) == 3


@pytest.fixture
def opened(monkeypatch, tmp_path):
    """open_lab with a small course and without a server: what it said, and the command that it would run."""
    source = tmp_path / "source"
    source.mkdir()
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("# 00 · Start")])
    nbformat.write(notebook, source / "00_start_here.ipynb")
    monkeypatch.setattr("course_lib.classroom.copies.choose", lambda names, _: lessons(source))
    ran, said = [], []
    monkeypatch.setattr(lab, "_serve", lambda words, env: ran.append((words, env)) or 0)
    monkeypatch.setattr(lab, "_look_at_data", lambda echo: None)

    def open_it(**wishes):
        assert lab.open_lab(tmp_path / "work", echo=said.append, **wishes) == 0
        return " ".join(map(str, ran[-1][0])), ran[-1][1], "\n".join(said)

    return open_it


def test_a_port_in_use_is_said_and_the_next_free_one_taken(opened, listening, monkeypatch):
    monkeypatch.setattr(lab, "PORT", listening)
    words, _, said = opened()
    taken = int(words.split("--ServerApp.port=")[1].split()[0])
    assert taken > listening and lab.port_is_free(taken)
    assert f"Port {listening} is in use" in said and f"taking {taken}" in said


def test_a_wished_port_in_use_is_an_error_before_anything_is_made(tmp_path, listening):
    with pytest.raises(OSError, match=rf"port {listening} is in use.*--port"):
        lab.open_lab(tmp_path / "work", port=listening)
    assert not (tmp_path / "work").exists()


def test_what_is_created_is_said_and_the_second_time_it_is_kept(opened):
    assert "created: 00_start_here.ipynb" in opened()[2]
    assert "kept as you left them: 00_start_here.ipynb" in opened()[2]


def test_the_learners_own_environment_is_added_to_not_replaced(opened, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "mine")
    words, env, _ = opened(browser=False)
    assert env["OMP_NUM_THREADS"] == "3"
    assert env["JUPYTER_CONFIG_PATH"].split(os.pathsep) == [str(lab.CONFIG), "mine"]
    assert "--no-browser" in words and "--no-browser" not in opened()[0]


def test_for_a_projector_layout_and_settings_are_kept_apart(opened, tmp_path):
    """Each start begins without side bars; letters of another size are kept."""
    own = tmp_path / "work" / ".jupyter" / "projector"
    assert opened() and not own.exists()
    words, env, said = opened(projector=True)
    assert words.count("--LabApp.workspaces_dir=") == 1
    assert f"--LabApp.workspaces_dir={own / 'workspaces'} " in words
    assert f"--LabApp.user_settings_dir={own / 'settings'} " in words
    assert "Ctrl+Shift+F" in said
    assert env["JUPYTER_CONFIG_PATH"].split(os.pathsep)[1] == str(lab.CONFIG)
    theme, layout = next(own.rglob("themes.*")), next((own / "workspaces").iterdir())
    first = json.loads(layout.read_bytes())["data"]
    theme.write_text("{}", "utf-8")
    layout.write_text("{}", "utf-8")
    opened(projector=True)
    assert theme.read_text("utf-8") == "{}"
    assert json.loads(layout.read_bytes())["data"] == first
    assert not any(first["layout-restorer:data"][side]["visible"] for side in ("left", "right"))


def test_broken_data_is_said_and_the_lab_opens_all_the_same(opened, monkeypatch):
    monkeypatch.undo()
    said = []
    monkeypatch.setattr("course_lib.data.verify", lambda: ["mnist.npz differs from its checksum"])
    lab._look_at_data(said.append)
    assert said == ["Data: mnist.npz differs from its checksum"]
