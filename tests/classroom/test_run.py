"""course run: reports, exit status, and that nothing is lost or left behind when a lesson goes wrong."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import papermill
import psutil
import pytest
from nbformat.v4 import new_markdown_cell

from course_lib.classroom import ledger
from course_lib.classroom.running import execute, run
from course_lib.classroom.running.run import run_lessons

HOLDS, FAILS, UNDECIDED = "holds", "does not hold", "undecided"


def recorded(path: Path, *rows) -> Path:
    """A ledger file with (sentence, verdict, scale) rows."""
    lines = [json.dumps({"row": "S4-20", "sentence": sentence, "verdict": verdict, "scale": scale, "seed": 0,
                         "device": "cpu", "lesson": "01_good"}) for sentence, verdict, scale in rows]
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def children() -> set[psutil.Process]:
    """The living processes below this one; other tests may have left a helper, which stays to the end."""
    found = psutil.Process().children(recursive=True)
    return {p for p in found if p.status() != psutil.STATUS_ZOMBIE}


@pytest.fixture(scope="module")
def result(tmp_path_factory, toy):
    """One run over lessons that end in different ways, in a folder with a name that makes trouble."""
    base = tmp_path_factory.mktemp("Läufe") / "mit Abstand {x} é"
    lessons = [
        toy(base / "lessons", "01_good",
            'claim("S4-20", "it is as recorded", "holds", loss=0.25)',
            'claim("S4-20", "it wavers", "undecided", gap=0.1)\n'
            'claim("S4-20", "it is new", "does not hold", gap=0.2)\n'
            'from pathlib import Path\nPath("mine.txt").write_text(f"{scale} {seed}")'),
        toy(base / "lessons", "02_dies", 'claim("S4-20", "said before the end", "holds", n=1)',
            "# a slip\ndef f(x):\n    return 1 / x\nf(0)", "never = 1"),
        toy(base / "lessons", "03_exits", "import os, sys\nprint('so far')",
            "sys.__stderr__.write('last words\\n')\nos._exit(9)"),
        toy(base / "lessons", "04_flips", 'claim("S4-20", "it flips", "does not hold", a=1)',
            "import os; print({k: v for k, v in os.environ.items() if 'THREADS' in k or 'PROGRESS' in k})"),
    ]
    record = recorded(
        base / "ledger.jsonl", ("it is as recorded", HOLDS, "quick"), ("it wavers", HOLDS, "quick"),
        ("it flips", HOLDS, "quick"), ("it is new", HOLDS, "class"), ("gone", HOLDS, "quick"),
    )
    lines: list[str] = []
    before = children()
    status = run_lessons(lessons, "quick", 3, base / "out", echo=lines.append, recorded=record)
    left_over = [_command(p) for p in children() - before]
    return {"status": status, "lines": lines, "out": base / "out", "record": record, "lessons": lessons,
            "text": "\n".join(lines), "left_over": left_over,
            "ledger": json.loads((base / "out" / "ledger.json").read_text("utf-8"))}


def test_each_lesson_is_reported_in_one_line_and_all_of_them_run(result):
    heads = [line for line in result["lines"] if "claims:" in line]
    assert [line.split()[0] for line in heads] == ["01_good", "02_dies", "03_exits", "04_flips"]
    assert "1 held, 1 failed, 1 undecided, 0 not judged" in heads[0]
    assert " s " in heads[0] and " MiB" in heads[0]
    assert [lesson["status"] for lesson in result["ledger"]["lessons"]] == [
        execute.FINISHED, execute.DIED, execute.KERNEL_DIED, execute.FINISHED]
    assert all(lesson["peak_mb"] > 10 for lesson in result["ledger"]["lessons"])


def test_a_dead_lesson_fails_the_run_and_is_reported_with_its_cell(result):
    assert result["status"] == 1
    assert "02_dies raised an error in cell [4] 'def f(x):'" in result["text"]
    assert "return 1 / x" in result["text"] and "ZeroDivisionError: division by zero" in result["text"]
    assert len(result["lines"]) < 30, "a readable report, not the whole traceback"
    assert "\x1b" not in result["text"]


def test_a_dead_kernel_is_reported_with_its_cell_and_last_words(result):
    assert "03_exits its kernel died in cell [4]" in result["text"]
    assert "last words" in result["text"]
    copy = nbformat.read(result["out"] / "03_exits.ipynb", as_version=4)
    assert "so far" in str(copy.cells), "the copy keeps what was computed before"


def test_the_copy_is_written_after_each_cell_that_ran_and_not_more_often(toy, tmp_path, monkeypatch):
    """What was computed lies in the draft of the copy when the next cell starts; prose costs no writing."""
    written, write = [], papermill.engines.write_ipynb
    count = lambda notebook, path: (written.append(path), write(notebook, path))  # noqa: E731
    monkeypatch.setattr(papermill.engines, "write_ipynb", count)
    look = ("from pathlib import Path\ndrafts = [file.read_text('utf-8') for file in Path().glob('*.ipynb')]"
            "\nprint('in the file:', ['the first ' + 'output' in draft for draft in drafts])")
    lesson = toy(tmp_path, "01_looks", "print('the first', 'output')", look)
    lesson.notebook.cells += [new_markdown_cell("prose") for _ in range(20)]
    copy = tmp_path / "out" / "01_looks.ipynb"
    copy.parent.mkdir()
    done = execute.execute(lesson.notebook, copy)
    assert done.status == execute.FINISHED and "in the file: [True]" in str(done.notebook.cells)
    assert len(written) == 2 + 4, "at the start, after each code cell, at the end"
    assert {cell.metadata.papermill.status for cell in done.notebook.cells} == {"completed"}
    assert all(cell.metadata.papermill.duration is not None for cell in done.notebook.cells)


def test_only_a_flip_fails_and_undecided_is_a_warning(result):
    flips = [line for line in result["lines"] if line.startswith("FLIPPED")]
    warnings = [line for line in result["lines"] if line.startswith("warning")]
    assert len(flips) == 1 and "it flips" in flips[0]
    assert len(warnings) == 2, warnings
    assert "it wavers" in warnings[0] and "'gone'" in warnings[1]
    assert not any("it is new" in line for line in flips + warnings), "another scale's record does not count"


def test_copies_ledger_and_page_lie_in_the_folder_and_nothing_elsewhere(result):
    names = sorted(path.name for path in result["out"].iterdir())
    assert names == ["01_good.ipynb", "02_dies.ipynb", "03_exits.ipynb", "04_flips.ipynb",
                     "ledger.html", "ledger.json", "mine.txt"]
    assert (result["out"] / "mine.txt").read_text() == "quick 3", "parameters reach the cells"
    lessons = sorted(path.name for path in (result["out"].parent / "lessons").iterdir())
    assert lessons == ["01_good.ipynb", "02_dies.ipynb", "03_exits.ipynb", "04_flips.ipynb"]
    html = (result["out"] / "ledger.html").read_text("utf-8")
    assert "it wavers" in html and "S4-20" in html and "ZeroDivisionError" in html
    assert "http" not in html.replace("http-equiv", ""), "self-contained"


def test_ledger_rows_say_where_and_when(result):
    row = result["ledger"]["rows"][0]
    assert row["lesson"] == "01_good" and row["scale"] == "quick" and row["seed"] == 3
    assert row["evidence"] == {"loss": 0.25} and row["verdict"] == HOLDS
    assert row["title"] and row["version"] and row["device_name"] and row["seconds"] > 0
    assert row["date"].endswith("Z")
    sentences = [row["sentence"] for row in result["ledger"]["rows"]]
    assert "said before the end" in sentences, "claims made before a lesson died are kept"


def test_kernels_get_one_thread_at_quick_and_no_progress_file(result):
    copy = nbformat.read(result["out"] / "04_flips.ipynb", as_version=4)
    printed = copy.cells[-1].outputs[0].text
    for name in ("OMP_NUM_THREADS", "COURSE_THREADS"):
        assert f"'{name}': '1'" in printed
    assert "'COURSE_PROGRESS': 'off'" in printed


def test_no_process_is_left(result):
    assert result["left_over"] == []


def test_accepting_a_run_ends_its_flip(result, tmp_path):
    record = tmp_path / "ledger.jsonl"
    record.write_bytes(result["record"].read_bytes())
    assert ledger.accept(result["out"], record) == 5
    lines: list[str] = []
    out = tmp_path / "out"
    for _ in range(2):  # the second time over the copy of the first
        assert run_lessons(result["lessons"][-1:], "quick", 3, out, echo=lines.append, recorded=record) == 0
    assert not any("FLIPPED" in line for line in lines)


def test_a_lesson_that_hangs_is_stopped_with_its_children(toy, tmp_path):
    sleep = f"sleep({6000 + os.getpid()})"  # not that of another run of these tests
    child = f"[sys.executable, '-c', 'import time; time.{sleep}']"
    spawn = f"import subprocess, sys\nchild = subprocess.Popen({child})"
    hang = toy(tmp_path, "01_hangs", spawn, "import time\ntime.sleep(600)")
    lines: list[str] = []
    record, before = tmp_path / "none.jsonl", children()
    status = run_lessons([hang], "class", 0, tmp_path / "out", timeout=6, echo=lines.append, recorded=record)
    assert status == 1
    assert any("TIMED OUT" in line for line in lines)
    assert any("after 6 s" in line and "--timeout" in line for line in lines)
    assert [_command(p) for p in children() - before] == []
    assert not [p for p in psutil.process_iter() if sleep in _command(p)], "its child is gone too"


def _command(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return ""


@pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one process on Windows")
def test_ctrl_c_keeps_what_finished_and_leaves_no_kernel(toy, tmp_path):
    toy(tmp_path, "01_good", 'claim("S4-20", "done", "holds", a=1)')
    toy(tmp_path, "02_long", "import os, time\nopen('pid', 'w').write(str(os.getpid()))\ntime.sleep(600)")
    toy(tmp_path, "03_later", "1")
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from course_lib.classroom.lessons import lessons\n"
        "from course_lib.classroom.running.run import run_lessons\n"
        f"base = Path({str(tmp_path)!r})\n"
        "sys.exit(run_lessons(lessons(base), 'quick', 0, base / 'out', recorded=base / 'none.jsonl'))\n"
    )
    running = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, encoding="utf-8")
    pid_file = tmp_path / "out" / "pid"
    try:
        until = time.monotonic() + 120
        while not (pid_file.exists() and pid_file.read_text()):
            assert running.poll() is None and time.monotonic() < until, running.communicate()[0]
            time.sleep(0.1)
        kernel = int(pid_file.read_text())
        running.send_signal(signal.SIGINT)
        said, _ = running.communicate(timeout=60)
    finally:
        running.kill()
    assert running.returncode == 130, said
    assert "Stopped: 1 of 3 lessons finished" in said
    assert "Traceback" not in said and "Task" not in said, said
    assert not psutil.pid_exists(kernel)
    kept = json.loads((tmp_path / "out" / "ledger.json").read_text("utf-8"))
    assert [row["sentence"] for row in kept["rows"]] == ["done"]
    assert [lesson["status"] for lesson in kept["lessons"]] == ["finished", "interrupted"]


@pytest.fixture
def nothing_runs(monkeypatch):
    def never(*args, **kwargs):
        raise AssertionError("a lesson was started")

    monkeypatch.setattr(execute, "execute", never)


@pytest.mark.parametrize(("changes", "words"), [
    ({"scale": "huge"}, "smoke, quick, class, full"),
    ({"seed": -1}, "seed"),
    ({"seed": True}, "seed"),
    ({"timeout": 0}, "timeout"),
    ({"lessons": []}, "no lessons"),
])
def test_bad_input_is_told_before_anything_runs(toy, tmp_path, nothing_runs, changes, words):
    given = {"lessons": [toy(tmp_path, "01_good")], "scale": "smoke", "seed": 0, "out": tmp_path / "out"}
    given |= changes
    lines: list[str] = []
    assert run_lessons(**given, echo=lines.append, recorded=tmp_path / "none.jsonl") == 2
    assert len(lines) == 1 and words in lines[0]


def test_an_output_folder_that_cannot_be_written_is_told_before_anything_runs(toy, tmp_path, nothing_runs):
    (tmp_path / "file").write_text("mine")
    for out in (tmp_path / "file", tmp_path / "file" / "below"):
        lines: list[str] = []
        assert run_lessons([toy(tmp_path, "01_good")], "smoke", 0, out, echo=lines.append) == 2
        assert len(lines) == 1 and str(out) in lines[0] and "--out" in lines[0]
    assert (tmp_path / "file").read_text() == "mine"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_told_before_anything_runs(toy, tmp_path, nothing_runs):
    out = tmp_path / "out"
    out.mkdir()
    out.chmod(0o500)
    lines: list[str] = []
    assert run_lessons([toy(tmp_path / "lessons", "01_good")], "smoke", 0, out, echo=lines.append) == 2
    assert "--out" in lines[0]


def test_a_notebook_that_no_run_made_is_never_overwritten(toy, tmp_path, nothing_runs):
    lesson = toy(tmp_path, "01_good")
    before = lesson.path.read_bytes()
    lines: list[str] = []
    assert run_lessons([lesson], "smoke", 0, tmp_path, echo=lines.append) == 2
    assert "01_good.ipynb" in lines[0] and "--out" in lines[0]
    assert lesson.path.read_bytes() == before


def test_a_malformed_record_is_told_before_anything_runs(toy, tmp_path, nothing_runs):
    record = tmp_path / "ledger.jsonl"
    record.write_text('{"row": \n', "utf-8")
    lines: list[str] = []
    lesson = toy(tmp_path, "01_good")
    assert run_lessons([lesson], "smoke", 0, tmp_path / "out", echo=lines.append, recorded=record) == 2
    assert "ledger.jsonl, line 1" in lines[0]


def test_time_limits_by_scale():
    assert run.TIMEOUTS["smoke"] == 60 and run.TIMEOUTS["quick"] == 300
    assert run.TIMEOUTS["class"] is None and run.TIMEOUTS["full"] is None
