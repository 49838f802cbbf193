"""course run when the world is against it: two runs at once, full disks, Ctrl-C, kills; and resuming."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest
from nbformat.v4 import new_markdown_cell

from course_lib.classroom.lessons import Lesson
from course_lib.classroom.running.folder import RunFolder
from course_lib.classroom.running.job import MARK, code_version
from course_lib.classroom.running.run import run_lessons

pytestmark = pytest.mark.usefixtures("on_the_cpu")
posix = pytest.mark.skipif(sys.platform == "win32", reason="SIGINT cannot be sent to one process on Windows")


@pytest.fixture
def go(tmp_path):
    """go(lessons, **options) -> (exit status, lines)."""

    def run(lessons, seed=0, **options):
        lines: list[str] = []
        status = run_lessons(lessons, "quick", seed, tmp_path / "out", echo=lines.append,
                             recorded=tmp_path / "none.jsonl", **options)
        return status, lines

    return run


def kept(tmp_path):
    return json.loads((tmp_path / "out" / "ledger.json").read_text("utf-8"))


def counted(toy, tmp_path, slug, *more):
    """A lesson that counts its runs in a file."""
    return toy(tmp_path / "lessons", slug, f"open({str(tmp_path / (slug + '.n'))!r}, 'a').write('x')",
               *more, f'claim("S4-20", "{slug}", "holds", n=seed)')


def times(tmp_path, slug):
    file = tmp_path / f"{slug}.n"
    return len(file.read_text()) if file.exists() else 0


def test_resume_leaves_out_what_finished_and_does_the_rest(toy, tmp_path, go):
    good = counted(toy, tmp_path, "01_good")
    bad = counted(toy, tmp_path, "02_bad", f"assert __import__('os').path.exists({str(tmp_path / 'cure')!r})")
    assert go([good, bad])[0] == 1
    (tmp_path / "cure").write_text("")
    status, lines = go([good, bad], resume=True)
    assert status == 0 and "1 of 2 finished before" in lines[0]
    assert times(tmp_path, "01_good") == 1 and times(tmp_path, "02_bad") == 2
    assert [row["sentence"] for row in kept(tmp_path)["rows"]] == ["01_good", "02_bad"]
    assert [entry["status"] for entry in kept(tmp_path)["lessons"]] == ["finished", "finished"]
    assert go([good, bad], resume=True)[0] == 0 and times(tmp_path, "02_bad") == 2


def test_a_resumed_run_still_reports_the_flips_of_what_it_left_out(toy, tmp_path, go):
    lesson = counted(toy, tmp_path, "01_good")
    old = {"row": "S4-20", "sentence": "01_good", "verdict": "does not hold", "scale": "quick", "seed": 0,
           "device": "cpu", "lesson": "01_good"}
    (tmp_path / "none.jsonl").write_text(json.dumps(old) + "\n")
    for options in ({}, {"resume": True}):
        status, lines = go([lesson], **options)
        assert status == 1 and any(line.startswith("FLIPPED") for line in lines)
    assert times(tmp_path, "01_good") == 1


@pytest.mark.parametrize("change", ["seed", "threads", "sources", "course"])
def test_resume_runs_again_what_differs_in_its_key(toy, tmp_path, go, monkeypatch, change):
    lesson, seed = counted(toy, tmp_path, "01_good"), 0
    go([lesson])
    if change == "seed":
        seed = 1
    elif change == "threads":
        monkeypatch.setenv("COURSE_THREADS", "2")
    elif change == "sources":
        lesson = counted(toy, tmp_path, "01_good", "changed = 1")
    else:
        monkeypatch.setattr("course_lib.classroom.running.job.course_version", lambda: "newer")
    assert go([lesson], seed=seed, resume=True)[0] == 0
    assert times(tmp_path, "01_good") == 2
    assert len(kept(tmp_path)["rows"]) == (2 if change == "seed" else 1), "one line for each key"


def test_stored_outputs_do_not_make_another_version_but_sources_do(toy, tmp_path):
    notebook = counted(toy, tmp_path, "01_good").notebook
    before = code_version(notebook)
    notebook.cells[-1].outputs, notebook.cells[-1].execution_count = [], 7
    assert code_version(notebook) == before
    notebook.cells.append(new_markdown_cell("more"))
    assert code_version(notebook) != before


def test_without_resume_an_older_ledger_is_kept_beside_the_new_one(toy, tmp_path, go):
    go([counted(toy, tmp_path, "01_good")])
    before = kept(tmp_path)
    go([counted(toy, tmp_path, "02_other")])
    assert [row["sentence"] for row in kept(tmp_path)["rows"]] == ["02_other"]
    assert json.loads((tmp_path / "out" / "ledger.before.json").read_text("utf-8")) == before


@pytest.mark.parametrize("gone", [BrokenPipeError(32, "Broken pipe"), OSError(28, "No space left on device")])
def test_a_run_goes_on_when_nobody_listens_any_more(toy, tmp_path, gone):
    """As when its terminal is closed, or what it is piped into has ended."""
    def echo(line):
        raise gone

    lessons = [counted(toy, tmp_path, "01_good"), counted(toy, tmp_path, "02_good")]
    out, none = tmp_path / "out", tmp_path / "none.jsonl"
    assert run_lessons(lessons, "quick", 0, out, echo=echo, recorded=none) == 0
    assert [row["sentence"] for row in kept(tmp_path)["rows"]] == ["01_good", "02_good"]


def test_a_folder_for_temporary_files_with_a_long_name_is_no_matter(toy, tmp_path, go, monkeypatch):
    """Sockets have short names."""
    long = tmp_path / ("x" * 90)
    long.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(long))
    status, lines = go([counted(toy, tmp_path, "01_good")])
    assert status == 0 and list(long.iterdir()) == [], lines


def test_several_seeds_lie_in_folders_of_their_own_with_intervals_across_them(toy, tmp_path, go):
    lesson = toy(tmp_path / "lessons", "01_good", 'claim("S4-20", "grows", "holds", value=2.0 * seed)',
                 "import os; open('where', 'w').write(os.environ['COURSE_OUT'])")
    status, lines = go([lesson], seed=4, seeds=3)
    assert status == 0 and "3 of 3 lessons finished" in lines[-1]
    for seed in (4, 5, 6):
        folder = tmp_path / "out" / f"seed-{seed}"
        assert (folder / "01_good.ipynb").exists() and (folder / "where").read_text() == str(folder)
    (across,) = kept(tmp_path)["across"]
    assert across["seeds"] == [4, 5, 6] and across["evidence"]["value"]["mean"] == 10.0
    page = (tmp_path / "out" / "ledger.html").read_text("utf-8")
    assert "Across seeds" in page and across["shown"]["value"] in page


@pytest.mark.parametrize(("changes", "words"), [
    ({"seeds": 0}, "seeds"), ({"workers": 0}, "workers"), ({"seeds": True}, "seeds"),
    ({"workers": 2, "dask": "tcp://127.0.0.1:1"}, "not both"), ({"seed": 2**32 - 1, "seeds": 2}, "seed"),
])
def test_bad_counts_are_told_before_anything_runs(toy, tmp_path, go, changes, words):
    status, lines = go([counted(toy, tmp_path, "01_good")], **changes)
    assert status == 2 and len(lines) == 1 and words in lines[0]
    assert times(tmp_path, "01_good") == 0


def test_a_second_run_into_the_same_folder_is_refused_and_the_first_one_is_unharmed(toy, tmp_path, go):
    lesson = counted(toy, tmp_path, "01_good")
    folder = RunFolder(tmp_path / "out", resume=False)
    folder.out.mkdir()
    with folder.held():
        status, lines = go([lesson])
        assert status == 2 and "another `course` command" in lines[0] and str(folder.out) in lines[0]
        assert (folder.out / MARK).read_text() == folder.run
    assert times(tmp_path, "01_good") == 0
    assert go([lesson])[0] == 0
    assert not [path.name for path in folder.out.iterdir() if path.name.startswith(".course")]


@pytest.fixture
def small_disk(tmp_path):
    """The output folder on a disk of 1 MB."""
    out = tmp_path / "out"
    out.mkdir()
    mounted = sys.platform == "linux" and os.geteuid() == 0 and not subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(out)], capture_output=True).returncode
    if not mounted:
        pytest.skip("a disk of 1 MB needs Linux and root")
    yield out
    subprocess.run(["umount", "-l", str(out)], check=True)


@pytest.mark.parametrize("workers", [None, 1])
def test_a_full_disk_ends_the_run_clearly_and_what_was_written_is_whole(
        toy, tmp_path, go, small_disk, workers):
    if workers:
        pytest.importorskip("distributed")
    first = counted(toy, tmp_path, "01_good")
    room = tmp_path / "room"
    second = counted(toy, tmp_path, "02_large", "from IPython.display import display\nimport os\n"
                     f"large = 10 if os.path.exists({str(room)!r}) else 3_000_000\n"
                     "display({'text/plain': 'x' * large}, raw=True)")
    third = counted(toy, tmp_path, "03_later")
    status, lines = go([first, second, third], workers=workers)
    assert status == 1 and not any("Traceback" in line for line in lines)
    if workers:
        assert "cannot write into" in lines[-1] and "--resume" in lines[-1], lines
    assert "01_good" in [row["sentence"] for row in kept(tmp_path)["rows"]]
    room.write_text("")
    status, lines = go([first, second, third], workers=workers, resume=True)
    assert status == 0, lines
    assert [row["sentence"] for row in kept(tmp_path)["rows"]] == ["01_good", "02_large", "03_later"]
    assert times(tmp_path, "01_good") == 1


def start_run(tmp_path, *words) -> subprocess.Popen:
    """A run of the toy lessons as a process of its own group, as a terminal would start it."""
    code = (
        "import sys\nfrom pathlib import Path\n"
        "from course_lib.classroom.lessons import lessons\n"
        "from course_lib.classroom.running.run import run_lessons\n"
        "if __name__ == '__main__':\n"
        f"    base = Path({str(tmp_path)!r})\n"
        "    sys.exit(run_lessons(lessons(base / 'lessons'), 'quick', 0, base / 'out',\n"
        f"                         recorded=base / 'none.jsonl', {', '.join(words)}))\n"
    )
    script = tmp_path / "start.py"
    script.write_text(code, "utf-8")
    return subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            text=True, encoding="utf-8", start_new_session=True)


def wait_for(running, *files):
    until = time.monotonic() + 120
    while not all(file.exists() and file.read_text() for file in files):
        assert running.poll() is None and time.monotonic() < until, running.communicate()[0]
        time.sleep(0.05)


def gone(family, seconds=15) -> bool:
    return not psutil.wait_procs(family, timeout=seconds)[1]


LONG = "import os, time\nopen({file!r}, 'w').write(str(os.getpid()))\ntime.sleep(600)"


@pytest.fixture
def long_run(toy, tmp_path):
    """A run with two workers, each in the middle of a lesson: (process, its family)."""
    pytest.importorskip("distributed")
    counted(toy, tmp_path, "00_good")
    for k in (1, 2):
        toy(tmp_path / "lessons", f"0{k}_long", LONG.format(file=str(tmp_path / f"pid{k}")))
    running = start_run(tmp_path, "workers=2")
    try:
        wait_for(running, tmp_path / "pid1", tmp_path / "pid2")
        yield running, psutil.Process(running.pid).children(recursive=True)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(running.pid, signal.SIGKILL)
        running.wait()


@posix
@pytest.mark.slow
@pytest.mark.parametrize("presses", [1, 2, "SIGTERM"])
def test_ctrl_c_with_workers_keeps_what_finished_and_leaves_no_process(long_run, toy, tmp_path, presses):
    running, family = long_run
    if presses == "SIGTERM":
        running.terminate()  # as a batch system does: to the run alone
    else:
        for _ in range(presses):
            os.killpg(running.pid, signal.SIGINT)  # as a terminal does: to all of them
            time.sleep(0.3)
    said, _ = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert "Stopped: 1 of 3 lessons finished" in said and "--resume" in said
    assert "Traceback" not in said and "Exception" not in said, said
    assert gone(family)
    assert [row["sentence"] for row in kept(tmp_path)["rows"]] == ["00_good"]
    left = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert left == ["00_good.ipynb", "ledger.html", "ledger.json"]
    for k in (1, 2):
        toy(tmp_path / "lessons", f"0{k}_long", f'claim("S4-20", "{k}", "holds", n=1)')
    again = start_run(tmp_path, "resume=True")
    said, _ = again.communicate(timeout=120)
    assert again.returncode == 0, said
    assert times(tmp_path, "00_good") == 1 and len(kept(tmp_path)["rows"]) == 3


@posix
@pytest.mark.slow
def test_a_run_that_is_killed_leaves_no_worker_and_no_kernel_and_can_be_resumed(long_run, toy, tmp_path):
    running, family = long_run
    running.kill()
    running.wait()
    assert gone(family, 30), [p for p in family if p.is_running()]
    for k in (1, 2):
        toy(tmp_path / "lessons", f"0{k}_long", f'claim("S4-20", "{k}", "holds", n=1)')
    lessons = [Lesson(path) for path in sorted((tmp_path / "lessons").glob("*.ipynb"))]
    lines: list[str] = []
    assert run_lessons(lessons, "quick", 0, tmp_path / "out", resume=True, echo=lines.append,
                       recorded=tmp_path / "none.jsonl") == 0, lines
    assert times(tmp_path, "00_good") == 1 and len(kept(tmp_path)["rows"]) == 3
