"""The command line: help without torch, and one clear message for every wrong wish."""

import os
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from course_lib import runtime
from course_lib.classroom import cli


@pytest.fixture
def course(monkeypatch):
    """Run `course WORDS`: (exit status, stdout, stderr). Nothing may end in a traceback."""
    monkeypatch.delenv("COURSE_DEBUG", raising=False)

    def run(*words):
        done = CliRunner().invoke(cli.app, [str(word) for word in words], prog_name="course")
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        assert "Traceback" not in done.output
        return done.exit_code, done.stdout, done.stderr

    return run


def refused(answer, *words):
    status, out, error = answer
    assert status == 2 and out == ""
    for word in words:
        assert word in error
    return error


def test_help_names_every_command_and_gives_examples(course):
    status, out, _ = course("--help")
    assert status == 0
    commands = ("lab", "run", "accept", "save", "data", "doctor", "lessons")
    assert all(f"\n  {name} " in out for name in commands)
    for name in ("lab", "run", "accept", "save", "data"):
        status, out, _ = course(name, "--help")
        assert status == 0 and f"course {name}" in out.split("Example")[1]


def test_help_loads_no_torch():
    """`course --help` and `course doctor` must work where torch does not."""
    code = ("import sys; from course_lib.classroom.cli import app\n"
            "try: app(['--help'])\n"
            "except SystemExit: pass\n"
            "print('loaded:', [m for m in ('torch', 'numpy', 'nbformat') if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8")
    assert "loaded: []" in done.stdout, done.stdout + done.stderr


def test_a_learners_commands_do_not_wait_for_torch():
    """`course lab` and `course update` open and copy files: loading torch would be most of their time."""
    code = ("import sys; from course_lib.classroom import lab, update\n"
            "print('loaded:', [m for m in ('torch', 'numpy') if m in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8")
    assert "loaded: []" in done.stdout, done.stdout + done.stderr


def test_python_m_is_the_same_command():
    done = subprocess.run([sys.executable, "-m", "course_lib", "run", "--scale", "huge"],
                          capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 2 and "huge" in done.stderr and "course run" in done.stderr


def test_the_scales_are_the_runtimes():
    assert tuple(scale.value for scale in cli.Scale) == runtime.SCALES


def test_an_unknown_lesson_lists_the_lessons(course):
    error = refused(course("run", "residul"), "course: no lesson 'residul'", "The lessons:")
    assert error.count("\n") == 1
    refused(course("save", "99"), "no lesson '99'")


@pytest.mark.parametrize("option, value, allowed", [
    ("--scale", "huge", "'smoke', 'quick', 'class', 'full'"), ("--seed", "one", "integer"),
    ("--seed", -1, "0"), ("--seed", 2**32, str(2**32 - 1)), ("--timeout", 0, "1"),
])
def test_a_wrong_option_is_named_with_what_is_allowed(course, option, value, allowed):
    refused(course("run", option, value), f"'{option}'", allowed)


@pytest.fixture
def lesson_runs(monkeypatch):
    """`course run` without running: the calls it would make."""
    calls = []
    monkeypatch.setattr("course_lib.classroom.lessons.choose", lambda names: names or ["every lesson"])
    monkeypatch.setattr("course_lib.classroom.running.run.run_lessons",
                        lambda *a, **k: calls.append((a, k)) or 0)
    return calls


def test_run_passes_every_wish_on(course, lesson_runs, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wishes = ("--scale", "class", "--seed", 7, "--out", tmp_path / "mine", "--timeout", 9, "--seeds", 3,
              "--workers", 2, "--dask", "tcp://host:1", "--resume")
    assert course("run", "3", *wishes)[0] == 0
    assert course("run")[0] == 0
    (first, options), (second, _) = lesson_runs
    assert first == (["3"], "class", 7, tmp_path / "mine") and options.pop("echo")
    assert options == {"timeout": 9, "seeds": 3, "workers": 2, "dask": "tcp://host:1", "resume": True}
    assert second[1:3] == ("quick", 0) and second[3].resolve() == (tmp_path / "runs" / "quick-0").resolve()


def test_a_folder_that_cannot_be_written_is_said_before_anything_runs(course, lesson_runs, tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    refused(course("run", "--out", tmp_path / "file" / "runs"), "cannot write into", "--out FOLDER")
    read_only = tmp_path / "read only"
    read_only.mkdir()
    read_only.chmod(0o500)
    if not os.access(read_only, os.W_OK):  # the administrator may write anywhere
        refused(course("run", "--out", read_only), "cannot write into", "--out FOLDER")
    assert lesson_runs == []


def test_a_failed_run_has_status_1_and_ctrl_c_130(course, lesson_runs, tmp_path, monkeypatch):
    monkeypatch.setattr("course_lib.classroom.running.run.run_lessons", lambda *a, **k: 1)
    assert course("run", "--out", tmp_path)[0] == 1

    def interrupted(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("course_lib.classroom.running.run.run_lessons", interrupted)
    status, _, error = course("run", "--out", tmp_path)
    assert status == 130 and "stopped" in error


def test_data_lists_verifies_and_names_an_unknown_set(course, monkeypatch):
    status, out, _ = course("data")
    assert status == 0 and "mnist" in out and "licence" in out
    assert course("data", "list")[1] == out
    refused(course("data", "fetch", "imagenot"), "imagenot")
    refused(course("data", "verify", "imagenot"), "imagenot")
    monkeypatch.setattr("course_lib.data.verify", lambda name: ["x.npz differs: get it again"])
    status, _, error = course("data", "verify")
    assert status == 1 and "x.npz differs" in error


def test_accepting_what_is_no_run_says_so(course, tmp_path):
    refused(course("accept", tmp_path / "nowhere"), "nowhere")
    refused(course("accept", tmp_path), "ledger.json")


def test_a_wished_port_in_use_is_said(course, tmp_path):
    import socket

    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        refused(course("lab", "--port", port, "--folder", tmp_path / "w"), f"port {port} is in use", "--port")


@pytest.mark.parametrize("error, said", [
    (KeyError("no row 'x'"), "course: no row 'x'"),
    (FileNotFoundError(2, "No such file or directory", "a.npz"), "No such file or directory: a.npz"),
    (FileNotFoundError("put mnist under data/"), "course: put mnist under data/"),
    (ImportError("no torch"), "course doctor"),
])
def test_errors_are_said_in_the_authors_words(course, monkeypatch, error, said):
    def fails(names):
        raise error

    monkeypatch.setattr("course_lib.classroom.lessons.choose", fails)
    assert said in refused(course("run"))


def test_debug_shows_the_traceback(monkeypatch):
    monkeypatch.setenv("COURSE_DEBUG", "")  # the option sets it: have it taken back afterwards
    done = CliRunner().invoke(cli.app, ["--debug", "run", "no-such-lesson"])
    assert isinstance(done.exception, LookupError)
