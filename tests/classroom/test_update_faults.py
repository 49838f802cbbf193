"""An update that is killed, has no space, may not write, or meets another one: no learner's file suffers."""

import contextlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from toy_course import ToyCourse

from course_lib.classroom import files
from course_lib.classroom.copies import make_copies

HERE = Path(__file__).parent
NEW = "03-new-2026-11-24-nets.ipynb"
MINE = "return x + 1  # mine"


@pytest.fixture
def term(toy_course):
    """Mid-term: of four lessons one is untouched and old, one worked in and old, one current, one missing."""
    toy_course.lesson("00_start.ipynb")
    toy_course.lesson(_03_1="y = x", _03_2="z = x")
    toy_course.lesson("04_same.ipynb")
    toy_course.update()
    toy_course.answer("03-1", MINE)
    (toy_course.work / ".progress.json").write_text('{"checks": {}}', "utf-8")
    toy_course.lesson("00_start.ipynb", prose="a better start")
    toy_course.lesson(prose="better nets", _03_1="y = x", _03_2="z = x * x")
    toy_course.lesson("05_more.ipynb")
    return toy_course


def with_work(term, folder):
    """The same course with another folder of the learner's."""
    other = ToyCourse.__new__(ToyCourse)
    other.notebooks, other.work = term.notebooks, folder
    return other


def finished(term, folder):
    """The files that an update leaves which nobody disturbs."""
    shutil.copytree(term.work, folder)
    other = with_work(term, folder)
    assert other.update()[0] == 0
    return other.files()


def is_whole(before, after, goal, empty=()):
    """Every file is as it was or complete, and none is gone. empty: names that may be there without text."""
    for name, content in after.items():
        ours = name == files.LOCK or files._DRAFT.fullmatch(name) or (name in empty and not content)
        assert ours or content in (before.get(name), goal.get(name)), name
    return set(before) <= set(after)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the children of this test are forked")
@pytest.mark.parametrize("links", ["links", "nolinks"])
@pytest.mark.parametrize("how", ["killed", "full"])
def test_an_end_at_every_write_leaves_whole_files_and_the_next_update_finishes(term, tmp_path, how, links):
    out, before, goal = tmp_path / "out", term.files(), finished(term, tmp_path / "goal")
    out.mkdir()
    words = [sys.executable, HERE / "dying_update.py", term.notebooks, term.work, out, how, links]
    done = subprocess.run(words, capture_output=True, text=True, encoding="utf-8", timeout=240)
    ends = [tuple(map(int, line.split())) for line in done.stdout.splitlines()]
    assert ends and ends[-1][1] == 3, f"the last one meets no end: {done.stderr}"
    assert len(ends) > 15 and {status for _, status in ends[:-1]} <= ({77} if how == "killed" else {0, 1, 2})
    # Without hard links a name is taken a moment before it is filled.
    empty = set(goal) - set(before) if (how, links) == ("killed", "nolinks") else set()
    for n, status in ends:
        other = with_work(term, out / str(n))
        after = other.files()
        assert is_whole(before, after, goal, empty)
        if how == "full":
            assert not [name for name in after if name.endswith(".part")], "nothing of ours stays"
        if status == 1:
            assert "NOT UPDATED (No space left on device)" in (out / f"{n}.said").read_text("utf-8")
        assert other.update()[0] == 0
        assert other.files() == goal, n


# --- no space, no rights

namespaces = pytest.mark.skipif(
    sys.platform != "linux" or not shutil.which("unshare")
    or subprocess.run(["unshare", "-rm", "true"], capture_output=True).returncode != 0,
    reason="this system lets us mount nothing of our own (unshare -rm)",
)


def in_a_namespace(term, mounts, *folders):
    """Update the folders where the shell script `mounts` has run, and may mount; then run `rescue.sh`."""
    update = [sys.executable, str(HERE / "update_there.py"), str(term.notebooks), "go", *map(str, folders)]
    script = f'{mounts}\nstatus=0; "$@" || status=$?\n[ ! -e rescue.sh ] || . ./rescue.sh; exit $status'
    return subprocess.run(["unshare", "-rm", "sh", "-e", "-c", script, "sh", *update], cwd=term.work.parent,
                          capture_output=True, text=True, encoding="utf-8", timeout=120)


@namespaces
def test_a_disk_that_is_really_full(term, tmp_path):
    """Disks with no, one, two, ... blocks left: what fits is done, the rest is said and can be done later."""
    before, goal = term.files(), finished(term, tmp_path / "goal")
    mounts, rescue, disks = "", "", [tmp_path / f"disk {left}" for left in range(6)]
    for left, disk in enumerate(disks):
        disk.mkdir()
        mounts += f"""
            mount -t tmpfs -o size=64k tmpfs "{disk}"; cp -r "{term.work}" "{disk}/work"
            head -c {left * 4096} /dev/zero > "{disk}/keep"
            cat /dev/zero > "{disk}/fill" 2>/dev/null || rm "{disk}/keep" """
        rescue += f'cp -r "{disk}/work" "{tmp_path}/rescued {left}"\n'
    (term.work.parent / "rescue.sh").write_text(rescue, "utf-8")
    done = in_a_namespace(term, mounts, *(disk / "work" for disk in disks))
    told = done.stdout.split("done\n")
    assert len(told) == len(disks) + 1, done.stderr
    assert "No space left" in told[0] and "No space left" not in told[-2], "from nothing fits to all fits"
    for left in range(len(disks)):
        other = with_work(term, tmp_path / f"rescued {left}")
        assert is_whole(before, other.files(), goal)
        assert other.update()[0] == 0 and other.files() == goal


@namespaces
def test_a_folder_that_may_only_be_read(term):
    before = term.files()
    work = f'"{term.work}"'
    done = in_a_namespace(term, f"mount --bind {work} {work}; mount -o remount,ro,bind {work}", term.work)
    assert done.returncode == 2, done.stderr
    assert "cannot write the lessons into" in done.stdout and "Read-only file system" in done.stdout
    assert term.files() == before


@namespaces
def test_a_file_that_is_mounted_cannot_be_replaced_and_the_others_go_on(term):
    before = term.files()
    file = f'"{term.work / "00_start.ipynb"}"'
    done = in_a_namespace(term, f"mount --bind {file} {file}", term.work)
    assert done.returncode == 1, done.stderr
    assert "00_start.ipynb: NOT UPDATED" in done.stdout and "05_more.ipynb: created" in done.stdout
    after = term.files()
    assert after["00_start.ipynb"] == before["00_start.ipynb"] and {NEW, "05_more.ipynb"} <= set(after)


def test_a_read_only_file_stays_as_it_is_and_the_others_go_on(term):
    """Binds for the administrator too."""
    before = term.files()
    (term.work / "00_start.ipynb").chmod(0o444)
    status, said = term.update()
    (term.work / "00_start.ipynb").chmod(0o644)
    assert status == 1 and "NOT UPDATED (the file is read-only)" in said["00_start.ipynb"]
    assert term.files()["00_start.ipynb"] == before["00_start.ipynb"] and NEW in term.files()
    assert term.update()[0] == 0 and term.files()["00_start.ipynb"] != before["00_start.ipynb"]


# --- others at work in the same folder

def test_three_updates_at_once(term, tmp_path):
    goal, folders = finished(term, tmp_path / "goal"), [tmp_path / f"work {n}" for n in range(10)]
    words = [sys.executable, HERE / "update_there.py", term.notebooks, "wait", *folders]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True, "encoding": "utf-8"}
    runs = [subprocess.Popen(words, **pipes) for _ in range(3)]
    for folder in folders:
        shutil.copytree(term.work, folder)
        for run in runs:
            run.stdin.write("go\n")
            run.stdin.flush()
        said = ["".join(iter(run.stdout.readline, "done\n")) for run in runs]
        assert with_work(term, folder).files() == goal
        assert sum("created" in text for text in said) == 1, "one did it, the others found it done"
    assert [run.wait(60) for run in runs] == [0, 0, 0]
    for run in runs:
        run.stdin.close()
        run.stdout.close()


def test_an_update_that_waits_too_long_says_what_to_do(term, monkeypatch):
    monkeypatch.setattr(files.locked.__wrapped__, "__defaults__", (0.1,))
    before = term.files()
    with files.locked(term.work), pytest.raises(TimeoutError, match="another `course` command is at work in"):
        term.update()
    assert term.files() == before


def test_a_lock_dies_with_its_process_and_its_drafts_are_taken_away(term):
    code = ("import os, sys, pathlib; from course_lib.classroom import files\n"
            "with files.locked(pathlib.Path(sys.argv[1])): os.kill(os.getpid(), 9)")
    done = subprocess.run([sys.executable, "-c", code, term.work])
    assert done.returncode != 0 and (term.work / files.LOCK).exists()
    (term.work / ".course-0123456789abcdef.part").write_text("half", "utf-8")
    assert term.update()[0] == 0
    assert not [name for name in term.files() if name.startswith(".course")]


@pytest.mark.parametrize("when", ["before the draft", "after the draft"])
def test_a_learner_who_saves_while_the_update_runs_loses_nothing(term, monkeypatch, when):
    """The save comes after the plan was made: the plan must be made anew."""
    draft, saved = files._draft, []

    @contextlib.contextmanager
    def saving(folder, text):
        if when == "before the draft":
            save()
        with draft(folder, text) as path:
            save()
            yield path

    def save():
        if not saved:
            saved.append(True)
            note = nbformat.v4.new_markdown_cell("saved just now")
            term.edit(lambda notebook: notebook.cells.append(note), "00_start.ipynb")

    monkeypatch.setattr(files, "_draft", saving)
    status, said = term.update()
    assert status == 0 and said["00_start.ipynb"].startswith("kept")
    assert term.copy("00_start.ipynb").cells[-1].source == "saved just now"
    assert term.copy("00-new-2026-11-24-start.ipynb").cells[1].source == "a better start"


def test_files_that_change_all_the_time_are_given_up_and_said(term, monkeypatch):
    monkeypatch.setattr(files, "replace", lambda *_: False)
    status, said = term.update()
    assert status == 1 and "being changed all the time" in said["00_start.ipynb"] and NEW in said


def test_lab_and_update_make_the_same_copies(term, tmp_path):
    make_copies(tmp_path / "lab", source=term.notebooks)
    other = with_work(term, tmp_path / "new")
    other.update()
    assert other.files() == with_work(term, tmp_path / "lab").files()


# --- git

@pytest.fixture
def git(term):
    if not shutil.which("git"):
        pytest.skip("no git here")

    def run(*words, check=True, folder=term.work):
        command = ["git", "-c", "user.name=x", "-c", "user.email=x@x", "-c", "commit.gpgsign=false", *words]
        return subprocess.run(command, cwd=folder, check=check, capture_output=True, text=True)

    run("init", "-b", "main")
    run("add", ".")
    run("commit", "-m", "what the learner has")
    return run


def contents(folder):
    return {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_pull_that_conflicts_loses_nothing_and_the_new_version_lies_beside(term, git):
    git("checkout", "-b", "teacher", "HEAD")
    term.edit(lambda n: setattr(n.cells[2], "source", "the teacher's line"))
    git("commit", "-am", "teacher")
    git("checkout", "main")
    term.edit(lambda n: setattr(n.cells[2], "source", "the learner's other line"))
    git("commit", "-am", "learner")
    assert git("merge", "teacher", check=False).returncode != 0
    torn, repository = term.files()["03_nets.ipynb"], contents(term.work / ".git")
    assert b"<<<<<<<" in torn and b"the learner's other line" in torn
    status, said = term.update()
    assert status == 0 and "cannot be read as a notebook" in said["03_nets.ipynb"]
    assert term.files()["03_nets.ipynb"] == torn and term.copy(NEW).cells[1].source == "better nets"
    assert contents(term.work / ".git") == repository
    left = git("status", "--porcelain").stdout
    assert ".course" not in left and NEW in left


def test_a_pull_that_brings_the_new_version_leaves_nothing_to_do(term, git, tmp_path):
    goal = finished(term, tmp_path / "goal")
    (term.work / "00_start.ipynb").write_bytes(goal["00_start.ipynb"])
    git("commit", "-am", "pulled")
    assert term.update()[1]["00_start.ipynb"] == "up to date"
    assert "00_start" not in git("status", "--porcelain").stdout
