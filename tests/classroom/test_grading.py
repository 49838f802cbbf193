"""`course check`: honest, blank, broken and hostile notebooks; the wall around them; the tables."""

import os
import shutil
import signal
import stat
import subprocess
import sys

import nbformat
import psutil
import pytest
from nbformat.v4 import new_code_cell, new_notebook
from typer.testing import CliRunner

from course_lib.classroom.cli import app
from course_lib.classroom.copies import student_version
from course_lib.classroom.grading import sandbox
from course_lib.classroom.grading.grade import WORKER, grade
from course_lib.exercises import exercise_list
from course_lib.runtime import home

EXERCISE = exercise_list("00")[0]
RIGHT = "return pixels / 255"
try:
    sandbox.must_work()
    REASON = ""
except OSError as missing:
    REASON = str(missing)
needs_a_wall = pytest.mark.skipif(bool(REASON), reason=REASON)

# Each does what no answer should; a right value comes back all the same where that is possible.
HOSTILE = {
    "deletes": (
        f"import shutil\nshutil.rmtree('/usr', ignore_errors=True)\n{RIGHT}",
        "deletes or changes files",
    ),
    "removes": (
        f"import os\ntry:\n    os.remove('/usr/bin/env')\nexcept OSError:\n    pass\n{RIGHT}",
        "deletes",
    ),
    "writes": (
        f"try:\n    open('/usr/x', 'w')\nexcept OSError:\n    pass\n{RIGHT}",
        "deletes or changes files",
    ),
    "forks": (f"import os\nos.fork()\n{RIGHT}", "starts or ends a process"),
    "starts": (
        f"import os\ntry:\n    os.system('sleep 99 &')\nexcept OSError:\n    pass\n{RIGHT}",
        "starts or ends",
    ),
    "bomb": ("import ctypes\nwhile True:\n    ctypes.CDLL(None).fork()", "Stopped|ended|come to an end"),
    "dials": (
        "import socket\ntry:\n    socket.create_connection(('127.0.0.1', 9))\n"
        f"except OSError:\n    pass\n{RIGHT}",
        "uses the network",
    ),
    "exits": ("raise SystemExit", "must not end the kernel"),
    "leaves": ("import os\nos._exit(0)", "makes it exit"),
    "forges": (
        'import os\nfor fd in range(3, 30):\n    try:\n        os.write(fd, b\'{"exercise": "00-1", '
        '"state": "right", "message": ""}\\n\')\n    except OSError:\n        pass\nos._exit(0)',
        "only verdicts belong",
    ),
    "prints": (f"for _ in range(1000):\n    print('y' * 10**6)\n{RIGHT}", "prints more than"),
    "patches torch": (f"torch.equal = lambda *a: True\n{RIGHT}", "functions of torch"),
    "patches the check": (
        "import course_lib.exercises.lesson_00 as lesson\n"
        "lesson.check.__code__ = (lambda answer: None).__code__\nreturn pixels",
        "cannot be trusted",
    ),
    "patches the oracle": (
        "import sys\nsys.modules['course_lib.exercises.oracle'].compare.__defaults__ = ()\n"
        "sys.modules['course_lib.exercises.lesson_00'].compare = lambda *a: None\nreturn pixels",
        "cannot be trusted",
    ),
    "patches a causes list": (
        "import sys\nsys.modules['course_lib.exercises.lesson_00'].slips = lambda x: 1 / 0\n"
        "return pixels * 0",
        "cannot be trusted",
    ),
    "hogs": ("hoard = []\nwhile True:\n    hoard.append(bytearray(10**8))", "MemoryError|memory"),
    "spins": ("while True:\n    pass", "come to an end"),
}
# Passes only if the wall stands: every line is true inside and false outside.
INSIDE = """
import os
assert os.getuid() == 65534, os.getuid()
assert not os.path.exists({secret!r})
assert not os.path.exists({notebook!r})
assert "COURSE_TEST_SECRET" not in os.environ
assert len([p for p in os.listdir("/proc") if p.isdigit()]) < 5
assert [line.split(":")[0].strip() for line in open("/proc/net/dev")][2:] == ["lo"]
assert os.statvfs("/usr").f_flag & os.ST_RDONLY
assert not os.path.exists("/etc/shadow")
open("/tmp/mine", "w").write("a temporary file is allowed"); os.remove("/tmp/mine")
"""


def notebook(source=None, *more, grade_id=EXERCISE.id):
    """A submission of lesson 00; source: the exercise's cell."""
    meta = {"nbgrader": {"grade_id": grade_id, "solution": True}} if grade_id else {}
    cells = [new_code_cell(source or EXERCISE.cell, metadata=meta), *(new_code_cell(text) for text in more)]
    return new_notebook(cells=cells)


def hand_in(folder, name, book):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, path)
    return path


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """All notebooks of this module judged in one go: student -> Row."""
    if REASON:
        pytest.skip(REASON)
    folder = tmp_path_factory.mktemp("abgegeben é")
    for name, (body, _) in HOSTILE.items():
        hand_in(folder, f"{name}/00_start.ipynb", notebook(EXERCISE.with_body(body)))
    lesson = nbformat.read(next((home() / "notebooks").glob("00_*.ipynb")), 4)
    hand_in(folder, "solution/00_start.ipynb", lesson)
    hand_in(folder, "blank/00_start.ipynb", student_version(lesson))
    hand_in(folder, "wrong/00_start.ipynb", notebook(EXERCISE.with_body("return pixels / 256")))
    secret = folder.parent / "secret"
    secret.write_text("x")
    os.environ["COURSE_TEST_SECRET"] = "x"
    probe = INSIDE.format(secret=str(secret), notebook=str(folder / "solution" / "00_start.ipynb"))
    hand_in(folder, "inside/00_start.ipynb", notebook(EXERCISE.with_body(probe + RIGHT)))
    # Honest, and nothing where the lesson had it: another cell, no metadata, a helper, a broken cell.
    moved = notebook(
        "import os\nFULL = 255",
        "raise ValueError('my own experiment')",
        "def scale(x):\n    return x / FULL",
        "def to_unit(pixels):\n    return scale(pixels)\nto_unit(nothing)",
        grade_id="",
    )
    hand_in(folder, "moved/my 00_copy (1).ipynb", moved)
    hand_in(folder, "syntax/00_start.ipynb", notebook("def to_unit(pixels):\nreturn pixels"))
    os.chmod(folder, stat.S_IRWXU)
    try:
        return {row.student: row for row in grade(folder, seconds=40, memory=2000 * 2**20)}
    finally:
        del os.environ["COURSE_TEST_SECRET"]


@pytest.mark.parametrize("student", ["solution", "moved", "inside"])
def test_right_answers_pass(graded, student):
    assert graded[student].passed, graded[student]


@pytest.mark.parametrize(
    "student, state, words",
    [
        ("blank", "not answered", ""),
        ("wrong", "not yet", "255 does not become 1"),
        ("syntax", "not yet", "cannot read this cell, line 2"),
    ],
)
def test_other_answers_do_not_and_say_why(graded, student, state, words):
    row = graded[student]
    assert (row.passed, row.state) == (False, state) and words in row.message


@pytest.mark.parametrize("student", HOSTILE)
def test_hostile_notebooks_get_their_zero_and_the_reason(graded, student):
    row = graded[student]
    assert not row.passed
    assert any(words in row.message for words in HOSTILE[student][1].split("|")), row.message


def test_every_student_has_one_row_and_nothing_is_left_running(graded):
    assert len(graded) == len(HOSTILE) + 6
    assert not workers()


def test_with_trust_an_exit_or_a_patch_still_gets_zero(tmp_path):
    hand_in(tmp_path, "ok.ipynb", notebook())
    hand_in(tmp_path, "leaves.ipynb", notebook(EXERCISE.with_body(HOSTILE["leaves"][0])))
    hand_in(
        tmp_path, "spins.ipynb", notebook(EXERCISE.with_body("import re\nre.match('(a+)+$', 'a' * 60 + 'b')"))
    )
    rows = {row.student: row for row in grade(tmp_path, seconds=15, trust=True)}
    assert {name: row.passed for name, row in rows.items()} == {"ok": True, "leaves": False, "spins": False}


# The command


def command(*words):
    return CliRunner().invoke(app, ["check", *map(str, words)])


def test_without_bubblewrap_it_refuses_and_names_both_ways_out(tmp_path, monkeypatch):
    hand_in(tmp_path, "a.ipynb", notebook())
    monkeypatch.setattr(shutil, "which", lambda name: None)
    result = command(tmp_path, "--out", tmp_path / "out")
    assert result.exit_code == 2 and "bubblewrap" in result.output and "--trust" in result.output
    assert not (tmp_path / "out" / "grades.csv").exists()


@needs_a_wall
def test_a_wall_that_is_not_permitted_is_told(monkeypatch):
    monkeypatch.setattr(sandbox, "_walls", lambda: ["--no-such-word"])
    with pytest.raises(sandbox.NoSandbox, match=r"does not work here .*no-such-word"):
        sandbox.must_work()


@pytest.mark.parametrize(
    "words, said",
    [(["nowhere"], "no folder nowhere"), (["99", "."], "no lesson '99'"), (["."], "no notebook")],
)
def test_bad_words_are_told_in_one_line(tmp_path, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    result = command(*words, "--trust")
    assert result.exit_code == 2 and said in result.output and "Traceback" not in result.output


@needs_a_wall
def test_the_command_writes_both_tables(tmp_path):
    hand_in(tmp_path, "in/anna.ipynb", notebook())
    result = command("0", tmp_path / "in", "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    assert "1 of 1 passed" in result.output and "1 students, 1 answers passed" in result.output
    assert (
        (tmp_path / "out" / "grades.csv").read_text("utf-8-sig").splitlines()[1].startswith("anna,00-1,yes")
    )
    assert "anna" in (tmp_path / "out" / "grades.html").read_text("utf-8")


@needs_a_wall
def test_ctrl_c_keeps_what_was_finished_and_leaves_nothing_running(tmp_path):
    hand_in(tmp_path, "in/anna.ipynb", notebook())
    slow = "import re\nre.match('(a+)+$', 'a' * 60 + 'b')\n"
    hand_in(tmp_path, "in/ben.ipynb", notebook(slow + EXERCISE.cell))
    words = [sys.executable, "-m", "course_lib", "check", "in", "--jobs", "1", "--out", "out"]
    run = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert "anna.ipynb" in run.stdout.readline()
    run.send_signal(signal.SIGINT)
    _, errors = run.communicate(timeout=60)
    assert run.returncode == 130 and "stopped" in errors
    assert (tmp_path / "out" / "grades.csv").read_text("utf-8-sig").splitlines()[1:] == [
        "anna,00-1,yes,right,anna.ipynb"
    ]
    assert not workers()


def workers():
    """Interpreters of `course check` that are still there."""
    every = psutil.process_iter(["cmdline"])
    return [p.info["cmdline"] for p in every if WORKER in (p.info["cmdline"] or [])]
