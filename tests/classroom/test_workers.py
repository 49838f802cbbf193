"""course run on workers: real processes, killed, stopped, cut off; nothing lost, nothing counted twice."""

import contextlib
import gc
import json
import random
import signal
import socket
import threading
from types import SimpleNamespace

import nbformat
import psutil
import pytest

pytest.importorskip("distributed", reason="needs dask: pip install -e '.[workers]'")
from dask_there import Site, wait_until
from distributed import Client

from course_lib.classroom.running import cluster, execute, pool, task
from course_lib.classroom.running.job import MARK, Place
from course_lib.classroom.running.run import run_lessons

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("on_the_cpu")]
VOLATILE = ("seconds", "date")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    there = Site(tmp_path_factory.mktemp("dask"))
    yield there
    there.close()


@pytest.fixture
def go(tmp_path):
    """go(lessons, **options) -> (exit status, lines, the ledger); into `out` below tmp_path.

    once: (words, what to call when a line with them is said).
    """

    def run(lessons, seed=0, once=(None, None), **options):
        lines: list[str] = []

        def echo(line):
            lines.append(line)
            if once[0] and once[0] in line:
                once[1]()

        status = run_lessons(lessons, "quick", seed, tmp_path / "out", echo=echo,
                             recorded=tmp_path / "none.jsonl", **options)
        written = tmp_path / "out" / "ledger.json"
        assert written.exists(), lines
        return status, lines, json.loads(written.read_text("utf-8"))

    return run


def short(toy, folder, count=4, seconds=0.3):
    """Lessons that note each of their starts in a file and claim one thing."""
    notes = folder / "starts"
    notes.mkdir(parents=True, exist_ok=True)
    lessons = []
    for k in range(count):
        note = str(notes / str(k))
        begin = f"import os, time\nopen({note + '.worker'!r}, 'w').write(str(os.getppid()))\n" \
                f"open({note!r}, 'a').write('x')"
        lessons.append(toy(folder / "lessons", f"0{k}_toy", begin, f"time.sleep({seconds})",
                           f'claim("S4-20", "lesson {k}", "holds", n=seed)'))
    return lessons


def starts(folder, k):
    file = folder / "starts" / str(k)
    return len(file.read_text()) if file.exists() else 0


def sentences(kept):
    return [(row["sentence"], row["seed"]) for row in kept["rows"]]


def test_workers_give_the_ledger_of_a_single_run_row_for_row(toy, tmp_path, go, site):
    lessons = short(toy, tmp_path, 3)
    _, _, alone = go(lessons, seeds=2)
    copies = {path: nbformat.read(path, as_version=4) for path in sorted((tmp_path / "out").rglob("*.ipynb"))}
    for path in copies:
        path.unlink()
    status, lines, kept = go(lessons, seeds=2, dask=site.address)
    assert status == 0, lines
    assert "dashboard: http" in lines[0]

    def plain(rows):
        return [{name: value for name, value in row.items() if name not in VOLATILE} for row in rows]

    assert plain(kept["rows"]) == plain(alone["rows"]) and len(kept["rows"]) == 6
    assert kept["across"] == alone["across"] and kept["across"][0]["seeds"] == [0, 1]
    assert sorted((tmp_path / "out").rglob("*.ipynb")) == list(copies)
    for path, before in copies.items():
        assert [c.source for c in nbformat.read(path, as_version=4).cells] == [c.source for c in before.cells]
    assert len({entry["worker"] for entry in kept["lessons"]}) == 2, "both workers took part"


@pytest.mark.timeout(600)
def test_workers_killed_at_random_moments_lose_nothing_and_count_nothing_twice(toy, tmp_path, go, site):
    """20 rounds; in each one worker is killed (SIGKILL) at a moment of its own."""
    draw, again = random.Random(8), 0
    for n in range(20):
        lessons = short(toy, tmp_path / str(n), 2, seconds=0.2)
        killer = threading.Timer(draw.uniform(0, 2.5), lambda: site.workers()[0].kill())
        status, lines, kept = go(lessons, dask=site.address, once=("dashboard", killer.start))
        killer.join()
        assert status == 0, lines
        assert sentences(kept) == [(f"lesson {k}", 0) for k in range(2)]
        assert [entry["status"] for entry in kept["lessons"]] == ["finished"] * 2
        assert len(list((tmp_path / "out").glob("*.ipynb"))) == 2
        again += sum("starts again" in line for line in lines)
        wait_until(lambda: site.ready() == 2)
    assert again >= 3, "some were killed in mid-lesson"


def test_a_lesson_that_kills_its_worker_twice_is_given_up_and_the_rest_finish(toy, tmp_path, go, site):
    lessons = short(toy, tmp_path, 2)
    murder = f"import os, signal\nopen({str(tmp_path / 'tries')!r}, 'a').write('x')\n" \
             "os.kill(os.getppid(), signal.SIGKILL)\nimport time; time.sleep(60)"
    status, lines, kept = go([toy(tmp_path / "lessons", "00_kills", murder), *lessons], dask=site.address)
    assert status == 1
    assert [entry["status"] for entry in kept["lessons"]] == ["lost its workers", "finished", "finished"]
    assert kept["lessons"][0]["starts"] == 2 and (tmp_path / "tries").read_text() == "xx"
    assert any("lost two workers" in line for line in lines), lines
    assert sentences(kept) == [("lesson 0", 0), ("lesson 1", 0)]
    wait_until(lambda: site.ready() == 2)
    assert starts(tmp_path, 0) == starts(tmp_path, 1) == 1


def test_a_worker_that_stops_answering_is_replaced_and_what_it_says_later_counts_for_nothing(
        toy, tmp_path, go):
    silent = Site(tmp_path / "dask", ttl="5s")
    try:
        lessons = short(toy, tmp_path, 3, seconds=2)
        frozen = []

        def freeze():
            wait_until(lambda: starts(tmp_path, 0), 120)
            worker = psutil.Process(int((tmp_path / "starts" / "0.worker").read_text()))
            frozen.append(worker)
            worker.send_signal(signal.SIGSTOP)

        freezer = threading.Thread(target=freeze)
        freezer.start()
        status, lines, kept = go(lessons, dask=silent.address)
        freezer.join()
        for process in frozen:
            with contextlib.suppress(psutil.Error):
                process.send_signal(signal.SIGCONT)
        assert status == 0, lines
        assert any("starts again" in line for line in lines)
        assert sentences(kept) == [(f"lesson {k}", 0) for k in range(3)]
        assert sum(starts(tmp_path, k) for k in range(3)) == 4, "one lesson was begun twice, and counts once"
    finally:
        silent.close()


def test_a_scheduler_that_dies_ends_the_run_and_resume_goes_on_with_what_is_missing(toy, tmp_path, go, site):
    mortal = Site(tmp_path / "dask", workers=1)
    lessons = short(toy, tmp_path, 3, seconds=1)
    kill = threading.Thread(target=lambda: (wait_until(lambda: starts(tmp_path, 1)), mortal.kill_scheduler()))
    kill.start()
    try:
        status, lines, kept = go(lessons, dask=mortal.address)
    finally:
        kill.join()
        mortal.close()
    assert status == 1
    assert "scheduler is gone" in lines[-1] and "--resume" in lines[-1] and "1 of 3" in lines[-1], lines
    assert sentences(kept) == [("lesson 0", 0)]
    status, lines, kept = go(lessons, dask=site.address, resume=True)
    assert status == 0 and "1 of 3 finished before and are not run again" in lines[1], lines
    assert sentences(kept) == [(f"lesson {k}", 0) for k in range(3)]
    assert [starts(tmp_path, k) for k in range(3)] == [1, 2, 1]


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense"])
def test_a_scheduler_that_is_not_there_is_told_before_anything_runs(toy, tmp_path, monkeypatch, address):
    monkeypatch.setattr(cluster, "CONNECT", 2)
    gc.collect()
    before, lines = clients(), []
    status = run_lessons(short(toy, tmp_path, 1), "quick", 0, tmp_path / "out", dask=address,
                         echo=lines.append, recorded=tmp_path / "none.jsonl")
    assert status == 2 and len(lines) == 1
    assert address in lines[0] and "dask scheduler" in lines[0]
    assert starts(tmp_path, 0) == 0
    assert clients() <= before, "a half-made client that is collected later waits for its own lock, for ever"


def test_what_takes_a_connection_and_says_nothing_does_not_hang_the_run(toy, tmp_path, monkeypatch):
    """A scheduler that was stopped, or the port of something else."""
    monkeypatch.setattr(cluster, "CONNECT", 1)
    lines: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        status = run_lessons(short(toy, tmp_path, 1), "quick", 0, tmp_path / "out", dask=address,
                             echo=lines.append, recorded=tmp_path / "none.jsonl")
    assert status == 2 and len(lines) == 1 and f"no scheduler answers at {address}" in lines[0]
    assert starts(tmp_path, 0) == 0


def clients() -> set[int]:
    return {id(thing) for thing in gc.get_objects() if type(thing) is Client}


def test_workers_with_another_version_of_the_course_are_refused(toy, tmp_path, site, monkeypatch):
    monkeypatch.setattr(cluster, "course_version", lambda: "another")
    lines: list[str] = []
    status = run_lessons(short(toy, tmp_path, 1), "quick", 0, tmp_path / "out", dask=site.address,
                         echo=lines.append, recorded=tmp_path / "none.jsonl")
    assert status == 2 and "another version of the course" in lines[0]
    assert starts(tmp_path, 0) == 0


def test_a_worker_with_two_threads_runs_two_lessons_at_once(toy, tmp_path, go):
    wide = Site(tmp_path / "dask", workers=1, threads=2)
    meet = "import time, pathlib\nhere = pathlib.Path({here!r}, str({me}))\nhere.write_text('')\n" \
           "until = time.monotonic() + 60\n" \
           "while not here.with_name(str({other})).exists(): assert time.monotonic() < until"
    lessons = [toy(tmp_path / "lessons", f"0{me}_meets", meet.format(here=str(tmp_path), me=me, other=1 - me))
               for me in (0, 1)]
    try:
        status, lines, _ = go(lessons, dask=wide.address)
    finally:
        wide.close()
    assert status == 0, lines


def test_checkpoints_of_a_lost_attempt_are_there_for_the_next(toy, tmp_path, go, site):
    source = "import os, pathlib, signal, time\n" \
             "note = pathlib.Path(os.environ['COURSE_OUT'], 'unit-1')\n" \
             "if not note.exists():\n    note.write_text('done')\n" \
             "    os.kill(os.getppid(), signal.SIGKILL)\n    time.sleep(60)"
    status, lines, kept = go([toy(tmp_path / "lessons", "01_long", source)], dask=site.address)
    assert status == 0 and kept["lessons"][0]["starts"] == 2, lines
    assert (tmp_path / "out" / "unit-1").read_text() == "done"
    wait_until(lambda: site.ready() == 2)


def test_each_worker_of_this_machine_gets_a_gpu_of_its_own(monkeypatch):
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert task.own_gpu("1") == {"CUDA_VISIBLE_DEVICES": "1"}
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,7")
    assert [task.own_gpu(name)["CUDA_VISIBLE_DEVICES"] for name in "01"] == ["4", "7"]
    assert task.own_gpu("tcp://host:1") == {}, "somebody else's worker sees what it was given"


def test_only_a_worker_that_sees_the_runs_own_sign_shares_its_disk(tmp_path):
    (tmp_path / "seed-3").mkdir()
    assert not task.shares_disk(tmp_path, "this run"), "no sign"
    (tmp_path / MARK).write_text("another run")
    assert not task.shares_disk(tmp_path, "this run"), "a folder of the same name, elsewhere"
    (tmp_path / MARK).write_text("this run")
    assert task.shares_disk(tmp_path, "this run") and task.shares_disk(tmp_path / "seed-3", "this run")


class Unreadable:
    """A future whose answer has come and cannot be unpacked here."""

    key, status = "it", "finished"

    def add_done_callback(self, call):
        call(self)

    def result(self, timeout):
        raise ModuleNotFoundError("a module of the worker's")


@pytest.mark.timeout(20)
def test_an_answer_that_cannot_be_read_ends_its_lesson_and_not_in_a_circle(monkeypatch):
    monkeypatch.setattr(cluster, "slots", lambda client: (1, False))
    client = SimpleNamespace(subscribe_topic=lambda *_: None, submit=lambda *_, **__: Unreadable())
    place = Place("cpu", 1, "a machine")
    team = pool.Pool(client, {"w": place}, place, "run", echo=print, on_cell=lambda: None)
    (ended,) = team.carry_out([SimpleNamespace(slug="01_toy", seed=0)])
    assert ended.outcome.status == execute.DIED and "a module of the worker's" in ended.outcome.error
