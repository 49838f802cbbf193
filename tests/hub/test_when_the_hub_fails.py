"""The hub goes away in mid-lesson: what runs goes on, and where all is gone the folder does."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import psutil
import pytest
from browser_like import Browser
from classroom import LEFT_OUT, NAME, answers, run_cells
from hub_process import free_ports
from readable import in_view

from course_lib.classroom.hub.machine import COURSE
from course_lib.classroom.origin import exercise_id

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_a_second_hub_says_so_and_leaves_the_first_alone(school):
    second = subprocess.run(**school.hub.command(), capture_output=True, text=True, timeout=60)
    assert second.returncode and "a class server is running here already" in second.stderr
    assert "Traceback" not in second.stderr
    assert school.hub.proxy.is_running() and school.hub.answers()


@pytest.mark.parametrize("how", ["killed", "stopped"])
def test_a_hub_that_ends_and_starts_again_finds_every_server(school, how):
    pupil, hub = school.pupils[0], school.hub
    server, kernel = pupil.server_process(), pupil.kernel_process()
    assert pupil.kernel.value("globals().update(mine=41)") == "None"
    if how == "killed":
        hub.kill()
        assert pupil.kernel.value("mine + 1") == "42"  # through the proxy, which is still there
        pupil.browser.save(NAME, pupil.browser.open(NAME))
    else:
        hub.stop()
    hub.start()  # with a new proxy: browsers connect again, as JupyterLab does by itself
    end = time.monotonic() + 60
    while not pupil.browser.api("GET", "status").ok:
        assert time.monotonic() < end, "the hub has not found the server again"
        time.sleep(0.2)
    pupil.kernel = pupil.browser.kernel(pupil.kernel.id)
    assert pupil.kernel.value("mine") == "41"
    assert server.is_running() and kernel.is_running()
    page = pupil.browser.session.get(f"{hub.address}/hub/home", timeout=60)  # the old login still holds
    assert page.ok and page.url.endswith("/hub/home")
    for other in school.pupils[1:]:
        other.kernel = other.browser.kernel(other.kernel.id)


def as_learner(pupil, *words):
    """A command of the course with the pupil's account and nothing of the hub's environment."""
    name = pupil.account.name
    drop = ["setpriv", "--reuid", name, "--regid", name, "--clear-groups", "sh", "-c", 'umask 077; exec "$@"',
            "sh", sys.executable, "-P", "-m", *map(str, words)]
    env = {"HOME": str(pupil.account.home), "PATH": os.environ["PATH"], "LANG": "C.UTF-8",
           "PYTHONPATH": str(COURSE), "JUPYTER_TOKEN": "a-token"}
    return {"args": in_view(drop), "env": env, "cwd": pupil.account.home, "text": True}


def kill_everything(school, pupil):
    school.hub.kill()
    for process in [school.hub.proxy, *pupil.account.processes()]:
        process.kill()
    psutil.wait_procs([school.hub.proxy, *pupil.account.processes()], timeout=10)
    assert not pupil.account.processes() and not school.hub.answers()


def test_after_a_total_outage_the_folder_goes_on_with_the_same_progress(school):
    pupil, folder = school.pupils[-1], school.pupils[-1].account.folder
    pupil.kernel.send("import time; time.sleep(600)")  # in the middle of a cell
    kill_everything(school, pupil)
    before, lesson = pupil.progress(), (folder / NAME).read_bytes()
    for left in (".course.lock", ".progress.json.lock"):  # what a killed process leaves
        assert pupil.account.run(["touch", str(folder / left)]).returncode == 0
    words = as_learner(pupil, "course_lib", "update", folder)
    updated = subprocess.run(**words, capture_output=True, timeout=120)
    assert updated.returncode == 0, updated.stderr
    assert (folder / NAME).read_bytes() == lesson

    [port] = free_ports(1)
    course = Path(sys.executable).with_name("course")
    words = as_learner(pupil, "course_lib.classroom.hub.learner",
                       course, "lab", "--no-browser", "--port", port)
    lab = subprocess.Popen(**words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        alone = Browser(f"http://127.0.0.1:{port}/", token="a-token")
        wait_for(alone, lab)
        notebook = alone.open(NAME)
        names = [exercise_id(cell) for cell in notebook.cells]
        answer = notebook.cells[names.index(LEFT_OUT)]
        assert "YOUR CODE HERE" in answer.source
        answer.source = answers()[LEFT_OUT]
        run_cells(alone.start_kernel(NAME), up_to_check(notebook.cells))
        connection = max(pupil.account.home.glob(".jupyter-run/kernel-*.json"), key=os.path.getmtime)
        assert json.loads(connection.read_text())["transport"] == "ipc", "through TCP others could listen in"
        alone.save(NAME, notebook)
    finally:
        lab.terminate()
        said = lab.communicate(timeout=60)[0]
    assert f"kept as you left them: 00_start_here.ipynb, {NAME}" in said and "created" not in said
    after = pupil.progress()
    assert all(entry["passed"] for entry in after.values()) and set(after) == set(answers())
    for name, entry in before.items():
        assert after[name]["tries"] >= entry["tries"], f"tries at {name} were lost"

    school.hub.start()
    pupil.log_in()
    assert pupil.browser.open(NAME) == nbformat.from_dict(notebook)
    pupil.kernel = pupil.browser.start_kernel(NAME)


def up_to_check(cells):
    """The cells up to the check of the exercise that was left out."""
    [end] = [number for number, cell in enumerate(cells) if f'check("{LEFT_OUT}"' in cell.source]
    return cells[: end + 1]


def wait_for(browser, process):
    end = time.monotonic() + 120
    while time.monotonic() < end and process.poll() is None:
        try:
            if browser.api("GET", "status").ok:
                return
        except OSError:
            time.sleep(0.2)
    process.kill()
    pytest.fail(f"course lab did not come up: {process.communicate()[0]}")
