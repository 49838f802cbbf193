"""Judge submissions, each in a fresh interpreter, and put what comes out of it into rows."""

import json
import secrets
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

from course_lib.classroom.grading import sandbox
from course_lib.classroom.grading.submissions import Submission, collect, plain
from course_lib.exercises.check import SECONDS
from course_lib.exercises.panel import NOT_DONE, RIGHT

NOT_ANSWERED, NOT_JUDGED, UNREADABLE = "not answered", "not judged", "cannot be read"
WORKER = "course_lib.classroom.grading.worker"
MEGABYTE = 2**20


@dataclass(frozen=True)
class Row:
    """One line of the table. exercise is empty where a whole notebook cannot be read."""

    student: str
    exercise: str
    passed: bool
    state: str
    message: str
    file: str


def grade(
    folder: Path,
    lessons: list[str] | None = None,
    *,
    seconds: float = 60.0,
    memory: int = 4096 * MEGABYTE,
    jobs: int = 2,
    trust: bool = False,
    told: Callable[[Submission, list[Row], float], None] = lambda *_: None,
) -> list[Row]:
    """Judge every notebook below `folder`: a row for each student and exercise.

    lessons: numbers such as "03"; all if None. seconds, memory (bytes): what one notebook may take. jobs: how
    many at once. trust: without the sandbox. told(submission, rows, seconds) is called as each is done. Of
    several notebooks of one student the best answer to each exercise counts.
    After Ctrl-C nothing is left running. Raises sandbox.NoSandbox if there is none, FileNotFoundError or
    ValueError if there is nothing to judge.
    """
    submissions = collect(folder, lessons)
    if not trust:
        sandbox.must_work()
    rows: list[Row] = []
    pool, stop = ThreadPoolExecutor(jobs), threading.Event()
    try:
        tasks = {pool.submit(_judge, s, seconds, memory, trust, stop): s for s in submissions}
        for task in as_completed(tasks):
            found, took = task.result()
            rows += found
            told(tasks[task], found, took)
    finally:  # also after Ctrl-C, and then without waiting for the rest
        stop.set()
        pool.shutdown(cancel_futures=True)
    return best(rows)


def _judge(
    submission: Submission, seconds: float, memory: int, trust: bool, stop: threading.Event
) -> tuple[list[Row], float]:
    """The rows of one notebook, and the seconds it took."""
    if submission.problem:
        return [Row(submission.student, "", False, UNREADABLE, submission.problem, submission.file)], 0.0
    wanted = [(e.id, submission.answers[e.id]) for e in submission.exercises if e.id in submission.answers]
    if not wanted:
        return list(_rows(submission, {}, "")), 0.0
    key = secrets.token_hex(16)
    job = {"cells": submission.cells, "seconds": min(SECONDS, seconds / 3), "memory": memory, "key": key,
           "answers": [{"exercise": name, "cell": at} for name, at in wanted]}
    ended = sandbox.run(WORKER, json.dumps(job), seconds=seconds, memory=memory, trust=trust, stop=stop)
    said, problem = _heard(ended, key, [name for name, _ in wanted], seconds, memory)
    return list(_rows(submission, said, problem)), ended.seconds


def _heard(ended: sandbox.Ended, key: str, wanted: list[str], seconds: float, memory: int):
    """(exercise -> (state, message), why the rest has none), if the worker spoke in its proper order."""
    said: dict[str, tuple[str, str]] = {}
    over = False
    for line in ended.output.decode("utf-8", "replace").splitlines():
        try:
            record = json.loads(line)
            fits = record["key"] == key and not over
            if fits and record.get("end"):
                over = len(said) == len(wanted)
                continue
            fits = fits and record["exercise"] == wanted[len(said)]
            said[record["exercise"]] = (str(record["state"]), plain(str(record["message"]))[:500])
        except (ValueError, KeyError, TypeError, IndexError, RecursionError):
            fits = False
        if not fits:
            return {}, "Something in this notebook writes where only verdicts belong: not judged."
    if over:
        return said, ""
    return said, {
        sandbox.ENDED: "Python ended before this was judged: something in the notebook makes it exit.",
        sandbox.TIMED_OUT: f"Stopped after {seconds:.0f} s: something in it does not come to an end.",
        sandbox.TOO_BIG: f"Stopped: it took more than {memory // MEGABYTE} MB of memory.",
        sandbox.TOO_MANY: "Stopped: it starts ever more processes.",
    }[ended.how]


def _rows(submission: Submission, said: dict[str, tuple[str, str]], problem: str) -> Iterator[Row]:
    for exercise in submission.exercises:
        if exercise.id not in submission.answers:
            state, message = NOT_ANSWERED, "Its cell is not in the notebook."
        elif exercise.id in said:
            state, message = said[exercise.id]
            state = NOT_ANSWERED if state == NOT_DONE else state
        else:
            state, message = NOT_JUDGED, problem
        yield Row(submission.student, exercise.id, state == RIGHT, state, message, submission.file)


def best(rows: list[Row]) -> list[Row]:
    """One row a student and exercise: the passed one if there is one, else one that was answered."""
    rank = {RIGHT: 0, NOT_ANSWERED: 2}
    best: dict[tuple[str, str, str], Row] = {}
    for row in sorted(rows, key=lambda r: (rank.get(r.state, 1), r.file)):
        best.setdefault((row.student, row.exercise, "" if row.exercise else row.file), row)
    return [best[key] for key in sorted(best)]
