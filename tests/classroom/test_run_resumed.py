"""What a run's folder keeps when runs of several versions, seeds and ends come after one another."""

import json

import pytest

from course_lib.classroom.running import execute
from course_lib.classroom.running.folder import RunFolder
from course_lib.classroom.running.job import Ended, Job, Place
from course_lib.classroom.running.run import run_lessons

pytestmark = pytest.mark.usefixtures("on_the_cpu")
PLACE = Place("cpu", 1, "a machine")


@pytest.fixture
def out(tmp_path):
    folder = tmp_path / "out"
    folder.mkdir()
    return folder


def job(out, slug="01_a", seed=0, code="old"):
    return Job(slug, f"{slug}.ipynb", "", "quick", seed, out, None, code)


def line(job, status=execute.FINISHED, threads=1):
    return {"lesson": job.slug, "scale": job.scale, "seed": job.seed, "code": job.code, "device": "cpu",
            "threads": threads, "status": status, "seconds": 1.0, "peak_mb": 1, "where": "", "error": ""}


def claimed(job, value):
    return {"row": "S4-20", "sentence": "it grows", "verdict": "holds", "scale": "quick", "seed": job.seed,
            "device": "cpu", "lesson": job.slug, "evidence": {"n": value}, "shown": {"n": str(value)}}


def keep(out, *jobs, threads=1):
    """A ledger in which these jobs have finished, each with its seed as the number that it found."""
    record = {"lessons": [line(each, threads=threads) for each in jobs],
              "rows": [claimed(each, each.seed) for each in jobs]}
    (out / "ledger.json").write_text(json.dumps(record), "utf-8")


def ended(job, status):
    return Ended(job, execute.Outcome(status, 1.0, 1.0, None), PLACE)


def kept(out, name="ledger.json"):
    return json.loads((out / name).read_text("utf-8"))


def test_intervals_hold_seeds_of_one_code_only(out):
    keep(out, job(out, seed=0), job(out, seed=1), job(out, seed=2, code="new"), job(out, seed=3, code="new"))
    RunFolder(out, resume=True).write()
    assert [(each["seeds"], each["evidence"]["n"]["mean"]) for each in kept(out)["across"]] \
        == [([0, 1], 0.5), ([2, 3], 2.5)]


def test_intervals_hold_seeds_of_one_number_of_threads_only(out):
    keep(out, job(out, seed=0), job(out, seed=1))
    record = kept(out)
    record["lessons"][1]["threads"] = 2
    (out / "ledger.json").write_text(json.dumps(record), "utf-8")
    RunFolder(out, resume=True).write()
    assert "across" not in kept(out)


def test_an_interrupted_job_leaves_what_had_finished_by_older_code_and_does_not_count_it(out):
    keep(out, job(out), job(out, "02_b"))
    now = [job(out, code="new"), job(out, "02_b")]
    folder = RunFolder(out, resume=True)
    assert folder.to_do(now, [PLACE]) == now[:1]
    folder.add(ended(now[0], execute.INTERRUPTED))
    assert [(each["code"], each["status"]) for each in kept(out)["lessons"]] == [("old", "finished")] * 2
    assert len(kept(out)["rows"]) == 2
    assert folder.finished(now) == [now[1]], "what is of older code has not finished in this run"


def test_a_job_that_failed_replaces_what_older_code_found(out):
    keep(out, job(out))
    RunFolder(out, resume=True).add(ended(job(out, code="new"), execute.DIED))
    assert [each["status"] for each in kept(out)["lessons"]] == ["died"] and kept(out)["rows"] == []


def test_a_ledger_in_which_something_finished_outlives_two_starts_that_were_stopped(out):
    keep(out, job(out))
    before = kept(out)
    for _ in range(2):
        RunFolder(out, resume=False).add(ended(job(out), execute.INTERRUPTED))
        assert [each["status"] for each in kept(out)["lessons"]] == ["interrupted"]
        assert kept(out, "ledger.before.json") == before


def test_a_page_that_no_run_made_is_not_written_over(toy, tmp_path, out):
    (out / "ledger.html").write_text("<title>My accounts</title>", "utf-8")
    lines = []
    status = run_lessons([toy(tmp_path / "lessons", "01_good", "pass")], "quick", 0, out, echo=lines.append,
                         recorded=tmp_path / "none.jsonl")
    assert status == 2 and "ledger.html was not made by a run" in lines[0]
    assert [path.name for path in out.iterdir()] == ["ledger.html"]


def test_drafts_of_a_killed_run_are_swept_from_the_folders_of_seeds_too(out):
    (out / "seed-2").mkdir()
    (out / "seed-2" / ".course-0123456789abcdef.part.ipynb").write_text("{")
    (out / "seed-2" / "mine.ipynb").write_text("{")
    with RunFolder(out, resume=True).held():
        assert [path.name for path in (out / "seed-2").iterdir()] == ["mine.ipynb"]


@pytest.mark.parametrize("address", ["", " ", "tls://127.0.0.1:1"])
def test_an_address_that_cannot_work_is_told_at_once(toy, tmp_path, out, address):
    lines = []
    status = run_lessons([toy(tmp_path / "lessons", "01_good", "pass")], "quick", 0, out, dask=address,
                         echo=lines.append, recorded=tmp_path / "none.jsonl")
    assert status == 2 and "dask must be the address of a scheduler" in lines[0]


LINE = {"lesson": "01_good", "scale": "quick", "seed": 0, "status": "died"}
DAMAGED = {
    "a list": [], "twice": {"lessons": [LINE, LINE], "rows": []},
    "a seed in words": {"lessons": [LINE | {"seed": "0"}], "rows": []},
    "no status": {"lessons": [{**LINE, "status": None}], "rows": []},
    "no verdict": {"lessons": [LINE], "rows": [LINE]},
}


@pytest.mark.parametrize("text", ["", '{"lessons": [{"les', *map(json.dumps, DAMAGED.values())],
                         ids=["empty", "torn", *DAMAGED])
def test_a_damaged_ledger_is_not_gone_on_with(toy, tmp_path, out, text):
    (out / "ledger.json").write_text(text)
    lines = []
    status = run_lessons([toy(tmp_path / "lessons", "01_good", "pass")], "quick", 0, out, resume=True,
                         echo=lines.append, recorded=tmp_path / "none.jsonl")
    assert status == 2 and "ledger.json" in lines[0] and "--resume" in lines[0]
    assert [path.name for path in out.iterdir()] == ["ledger.json"]
    assert (out / "ledger.json").read_text() == text
