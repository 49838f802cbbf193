"""`course check`: honest, blank, broken and hostile notebooks; the wall around them; the tables."""

import csv
import io
import json
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
from course_lib.classroom.grading import grade as grading
from course_lib.classroom.grading import sandbox, submissions
from course_lib.classroom.grading.grade import WORKER, Row, grade
from course_lib.classroom.grading.submissions import collect
from course_lib.classroom.grading.table import to_csv, to_html
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
    "patches torch": ("torch.equal = lambda *a: True\nreturn pixels", "changes torch.equal"),
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
        return {row.student: row for row in grade(folder, seconds=20, memory=2000 * 2**20)}
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


# Collecting: which file is whose, and which cell is the answer


def names(folder, lessons=None):
    return [(s.student, s.file) for s in collect(folder, lessons)]


def test_one_folder_or_one_file_a_student_and_hidden_folders_left_out(tmp_path):
    for name in (
        "anna/00_start.ipynb",
        "ben/deep/00_x.ipynb",
        "carla 00.ipynb",
        "anna/.ipynb_checkpoints/00_start.ipynb",
    ):
        hand_in(tmp_path, name, notebook())
    assert sorted(names(tmp_path)) == [
        ("anna", "anna/00_start.ipynb"),
        ("ben", "ben/deep/00_x.ipynb"),
        ("carla 00", "carla 00.ipynb"),
    ]


def test_lessons_are_told_by_their_exercises_and_then_by_the_file_name(tmp_path):
    hand_in(tmp_path, "a/anything.ipynb", notebook())
    hand_in(tmp_path, "b/03_residual.ipynb", notebook("x = 1", grade_id=""))
    assert [len(s.exercises) for s in collect(tmp_path)] == [1, len(exercise_list("03"))]
    assert names(tmp_path, ["00"]) == [("a", "a/anything.ipynb")]
    with pytest.raises(ValueError, match=r"no notebook in .* has exercises of lesson 17"):
        collect(tmp_path, ["17"])


@pytest.mark.parametrize(
    "text", ["", "<<<<<<< HEAD\n{}", "[" * 100_000, '{"cells": 3}', '{"cells": [{}]}', "[]", "\xff"]
)
def test_what_is_no_notebook_is_said_and_the_others_go_on(tmp_path, text):
    (tmp_path / "bad.ipynb").write_text(text, encoding="latin-1")
    hand_in(tmp_path, "good.ipynb", notebook())
    bad, good = collect(tmp_path)
    assert bad.problem and not good.problem and "\n" not in bad.problem


def test_links_and_huge_files_are_not_read(tmp_path, monkeypatch):
    path = hand_in(tmp_path, "real.ipynb", notebook())
    (tmp_path / "link.ipynb").symlink_to(path)
    assert [bool(s.problem) for s in collect(tmp_path)] == [True, False]
    monkeypatch.setattr(submissions, "LARGEST", 10)
    assert all("without outputs" in s.problem for s in collect(tmp_path) if s.student == "real")


def test_the_last_filled_cell_is_the_answer_and_a_blank_one_yields_to_a_new_cell(tmp_path):
    stub = EXERCISE.with_body("# YOUR CODE HERE\nraise NotImplementedError()")
    twice = notebook()
    twice.cells += [*notebook("def to_unit(p):\n    return p / 255.0").cells, *notebook(stub).cells]
    hand_in(tmp_path, "twice.ipynb", twice)
    hand_in(tmp_path, "own.ipynb", notebook(stub, "def to_unit(p):\n    return p / 255"))
    hand_in(tmp_path, "gone.ipynb", notebook("x = 1", grade_id="00-9"))
    found = {s.student: s.answers for s in collect(tmp_path)}
    assert found == {"twice": {"00-1": 1}, "own": {"00-1": 1}, "gone": {}}


def test_parameters_are_made_small(tmp_path):
    book = notebook()
    book.cells.insert(0, new_code_cell('scale = "full"', metadata={"tags": ["parameters"]}))
    hand_in(tmp_path, "a.ipynb", book)
    assert collect(tmp_path)[0].cells[0].splitlines()[-1] == 'scale = "smoke"'


def test_the_best_of_several_notebooks_counts():
    rows = [
        Row("anna", "00-1", False, "not answered", "", "a/2.ipynb"),
        Row("anna", "00-1", True, "right", "", "a/3.ipynb"),
        Row("anna", "00-1", False, "not yet", "", "a/1.ipynb"),
        Row("ben", "00-1", False, "not answered", "", "b/2.ipynb"),
        Row("ben", "00-1", False, "not yet", "why", "b/3.ipynb"),
    ]
    assert [(r.student, r.file) for r in grading.best(rows)] == [("anna", "a/3.ipynb"), ("ben", "b/3.ipynb")]


def test_verdicts_out_of_order_or_twice_count_for_nothing():
    def heard(*records):
        lines = "\n".join(json.dumps({"key": "k", **record}) for record in records)
        return grading._heard(sandbox.Ended(sandbox.ENDED, 0, lines.encode(), 1.0), "k", ["a", "b"], 9, 9)[0]

    a, b = ({"exercise": name, "state": "right", "message": ""} for name in "ab")
    assert heard(a, b, {"end": True}) == {"a": ("right", ""), "b": ("right", "")}
    assert set(heard(a)) == {"a"}
    for odd in ((b, a), (a, a), (a, b, b), (a, {"end": True, "key": "x"}), (a, b, {"end": True}, a)):
        assert heard(*odd) == {}


# The tables

ROWS = [
    Row("=anna()", "00-1", True, "right", "", "=anna()/x.ipynb"),
    Row("<b>ben", "00-1", False, "not yet", 'Look, "here";\tthere', "ben/x.ipynb"),
    Row("carla", "", False, "cannot be read", "-1", "carla.ipynb"),
]


def test_csv_comes_back_and_holds_no_formula():
    lines = list(csv.DictReader(io.StringIO(to_csv(ROWS))))
    assert [line["student"] for line in lines] == ["'=anna()", "<b>ben", "carla"]
    assert [line["passed"] for line in lines] == ["yes", "no", "no"]
    assert lines[1]["message"] == 'Look, "here";\tthere' and lines[2]["message"] == "'-1"


def test_html_escapes_and_counts():
    page = to_html(ROWS, "a <note>")
    assert "<b>ben" not in page and "&lt;b&gt;ben" in page and "a &lt;note&gt;" in page
    assert page.count("✓ right") == 2 and '<td class="number">1</td>' in page


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
