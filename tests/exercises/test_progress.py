"""The progress file: whole or absent, damaged ones kept, never a reason for a check to fail."""

import functools
import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
from filelock import FileLock

from course_lib.exercises import check, progress, registry
from course_lib.runtime import home

TOY = registry()["00-1"]


@pytest.fixture
def try_it(shown):
    """try_it(answer) checks it and answers the panel's HTML."""
    return lambda answer: shown(check, "00-1", answer)["text/html"]


def counted(own_progress):
    """What the file holds of 00-1: tries, passed."""
    entry = json.loads(own_progress.read_text("utf-8"))["checks"]["00-1"]
    assert progress.tried("00-1") == (entry["tries"], entry["passed"])
    return entry["tries"], entry["passed"]


def test_tries_are_counted_and_a_pass_stays(own_progress, try_it):
    try_it(lambda pixels: pixels)
    assert counted(own_progress) == (1, False)
    try_it(TOY.solution)
    try_it(lambda pixels: pixels)
    assert counted(own_progress) == (3, True)


def test_the_same_answer_again_is_no_new_try(own_progress, try_it):
    for body in ("return pixels", "return pixels", "return pixels / 256", "return pixels"):
        try_it(TOY.answer(TOY.with_body(body)))
    assert counted(own_progress) == (3, False)


def test_the_same_answer_with_another_result_is_a_new_try(own_progress, try_it):
    """It calls a helper that the learner has changed."""
    helper = [lambda pixels: pixels]

    def answer(pixels):
        return helper[0](pixels)

    try_it(answer)
    helper[0] = lambda pixels: pixels / 256
    try_it(answer)
    assert counted(own_progress) == (2, False)


def test_the_same_class_again_is_no_new_try(shown):
    """Before Python 3.13 a class that was defined in a notebook has no source of its own."""
    exercise = registry()["03-1"]
    for body, tries in (("return z", 1), ("return z", 1), ("return F.relu(z)", 2)):
        shown(check, "03-1", exercise.answer(exercise.with_body(body)))
        assert progress.tried("03-1").tries == tries


def test_what_the_check_said_how_often_and_when_it_was_right_is_kept(own_progress, try_it):
    for body in ("return pixels", "return pixels * 1", "return pixels / 255", "return pixels / 254"):
        try_it(TOY.answer(TOY.with_body(body)))
    entry = json.loads(own_progress.read_text("utf-8"))["checks"]["00-1"]
    assert entry["tries"] == 4 and entry["tries_to_right"] == 3
    assert sorted(entry["told"].values(), reverse=True)[0] == 2 and sum(entry["told"].values()) == 3
    begun, right = (datetime.fromisoformat(entry[name]) for name in ("begun", "right"))
    assert begun <= right <= datetime.now(UTC) and begun.tzinfo is not None


def test_an_entry_of_an_older_file_gets_no_beginning_that_nobody_knows(own_progress, try_it):
    own_progress.write_text('{"checks": {"00-1": {"tries": 5, "passed": false}}}', encoding="utf-8")
    try_it(TOY.solution)
    entry = json.loads(own_progress.read_text("utf-8"))["checks"]["00-1"]
    assert "begun" not in entry and entry["tries_to_right"] == 6 and "right" in entry


def test_a_check_that_says_something_new_each_time_does_not_swell_the_file(own_progress):
    for number in range(200):
        progress.record_try("00-1", False, told=f"said {number}")
    entry = json.loads(own_progress.read_text("utf-8"))["checks"]["00-1"]
    assert entry["tries"] == 200 and len(entry["told"]) == progress.SAYINGS


def test_an_answer_without_source_counts_each_time(own_progress, try_it):
    for _ in range(2):
        try_it(functools.partial(pow, exp=2))
    assert counted(own_progress) == (2, False)


@pytest.mark.parametrize("place", ["off", "gone"])
def test_where_no_file_is_kept_the_kernel_remembers(monkeypatch, tmp_path, place, try_it):
    monkeypatch.setenv("COURSE_PROGRESS", "off" if place == "off" else str(tmp_path / "gone" / "p.json"))
    for number in (254, 256):
        try_it(TOY.answer(TOY.with_body(f"return pixels / {number}")))
    assert progress.tried("00-1") == (2, False) and progress.tried("03-1") == (0, False)
    assert not (tmp_path / "gone").exists()


def test_the_file_and_the_kernel_are_not_added_up(own_progress, try_it):
    own_progress.write_text('{"checks": {"00-1": {"tries": 5, "passed": false}}}', encoding="utf-8")
    try_it(lambda pixels: pixels)
    assert counted(own_progress) == (6, False)


COUNT = """
from course_lib.exercises.progress import record_try
notes = {record_try("00-1", False) for _ in range(200)}
assert notes == {""}, notes
"""


def test_two_notebooks_that_write_at_once_lose_no_try(own_progress):
    running = [subprocess.Popen([sys.executable, "-c", COUNT]) for _ in range(2)]
    assert [process.wait(120) for process in running] == [0, 0]
    assert counted(own_progress) == (400, False)


HOLD = """
import sys
from pathlib import Path
from course_lib.exercises import progress
with progress._one_at_a_time(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_lock_is_waited_for_told_and_freed_when_its_process_is_killed(own_progress, monkeypatch, try_it):
    monkeypatch.setattr(progress, "WAIT", 0.1)
    holder = subprocess.Popen([sys.executable, "-c", HOLD, str(own_progress)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    assert holder.stdout.readline().strip() == "held"
    page = try_it(lambda pixels: pixels)
    assert "another notebook does not let go of it" in page and not own_progress.exists()
    holder.kill()
    holder.communicate()
    assert "could not be saved" not in try_it(TOY.solution)
    assert json.loads(own_progress.read_text("utf-8"))["checks"]["00-1"]["tries"] == 1
    assert progress.tried("00-1") == (2, True), "the kernel remembers the one that was not saved"


def test_a_disk_without_locks_is_no_reason_to_keep_nothing(own_progress, monkeypatch, try_it):
    def none_here(*_args, **_kwargs):
        raise NotImplementedError

    monkeypatch.setattr(FileLock, "acquire", none_here)
    assert "could not be saved" not in try_it(TOY.solution)
    assert counted(own_progress) == (1, True)


def test_all_that_stands_beside_the_file_is_hidden(own_progress, try_it):
    try_it(TOY.solution)
    beside = [path.name for path in own_progress.parent.iterdir() if path != own_progress]
    assert all(name.startswith(".") for name in beside)


def test_a_blank_copy_writes_nothing(own_progress, try_it):
    try_it(TOY.stub())
    assert not own_progress.exists()


def test_default_place_is_the_working_folder(tmp_path, monkeypatch, try_it):
    monkeypatch.delenv("COURSE_PROGRESS")
    monkeypatch.chdir(tmp_path)
    try_it(TOY.solution)
    assert (tmp_path / ".progress.json").is_file()


def test_the_courses_own_notebooks_folder_stays_clean(monkeypatch):
    monkeypatch.delenv("COURSE_PROGRESS")
    try:
        monkeypatch.chdir(home() / "notebooks")
    except FileNotFoundError as reason:
        pytest.skip(str(reason))
    assert progress.progress_path() is None


@pytest.mark.parametrize("word", ["off", "", "OFF"])
def test_progress_can_be_switched_off(monkeypatch, tmp_path, word, try_it):
    monkeypatch.setenv("COURSE_PROGRESS", word)
    monkeypatch.chdir(tmp_path)
    try_it(TOY.solution)
    assert not list(tmp_path.rglob("*.json"))


DAMAGED = ["", "{", "[]", "3", '{"checks": []}', '{"checks": {"00-1": {"tries": "many"}}}',
           '{"predictions": {"p": 3}}', '{"predictions": {"p": {"answer": []}}}', "[" * 100_000,
           "\x00\x00"]  # fmt: skip


@pytest.mark.parametrize("text", DAMAGED, ids=[text[:20] for text in DAMAGED])
def test_a_damaged_file_is_kept_aside_with_a_note(own_progress, text, try_it):
    own_progress.write_text(text, encoding="utf-8")
    page = try_it(TOY.solution)
    aside = own_progress.with_name(own_progress.name + ".damaged-1")
    assert aside.read_text("utf-8") == text and aside.name in page
    assert json.loads(own_progress.read_text("utf-8"))["checks"]["00-1"]["passed"] is True


def test_a_second_damaged_file_does_not_replace_the_first(own_progress, try_it):
    for text in ("first {", "second {"):
        own_progress.write_text(text, encoding="utf-8")
        try_it(TOY.solution)
    kept = sorted(own_progress.parent.glob("*.damaged-*"))
    assert [path.read_text("utf-8") for path in kept] == ["first {", "second {"]


def test_bytes_that_are_no_text_are_kept_too(own_progress, try_it):
    own_progress.write_bytes(b"\xff\xfe\x00broken")
    try_it(TOY.solution)
    assert own_progress.with_name(own_progress.name + ".damaged-1").read_bytes() == b"\xff\xfe\x00broken"


def test_unknown_parts_of_a_newer_file_survive(own_progress, try_it):
    own_progress.write_text('{"version": 7, "badges": ["é"]}', encoding="utf-8")
    try_it(TOY.solution)
    record = json.loads(own_progress.read_text("utf-8"))
    assert record["badges"] == ["é"] and record["version"] == 7 and "00-1" in record["checks"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_an_interrupted_write_leaves_the_old_file_whole(own_progress, monkeypatch, step, try_it):
    try_it(TOY.solution)
    before = own_progress.read_text("utf-8")

    def fail(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, step, fail)
        page = try_it(TOY.solution)
    assert "could not be saved (No space left on device)" in page
    assert own_progress.read_text("utf-8") == before
    scraps = {p.name for p in own_progress.parent.iterdir()} - {own_progress.name, ".progress.json.lock"}
    assert not scraps


def test_a_folder_that_is_not_there_is_no_reason_to_fail(monkeypatch, tmp_path, try_it):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "gone" / "p.json"))
    page = try_it(TOY.solution)
    assert "right" in page and "could not be saved" in page


def test_a_folder_in_the_place_of_the_file_is_left_alone(own_progress, try_it):
    own_progress.mkdir()
    assert "could not be saved" in try_it(TOY.solution)
    assert own_progress.is_dir()


def test_a_link_stays_a_link(own_progress, tmp_path, try_it):
    target = tmp_path / "elsewhere.json"
    try:
        own_progress.symlink_to(target)
    except OSError as reason:
        pytest.skip(f"no links here: {reason}")
    try_it(TOY.solution)
    assert own_progress.is_symlink() and json.loads(target.read_text("utf-8"))["checks"]


def test_a_working_folder_that_was_removed_is_no_reason_to_fail(tmp_path, monkeypatch, try_it):
    monkeypatch.delenv("COURSE_PROGRESS")
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    try:
        (tmp_path / "gone").rmdir()
    except OSError as reason:  # Windows
        pytest.skip(str(reason))
    assert "right" in try_it(TOY.solution)
    assert progress.read() == progress.EMPTY


def test_a_file_that_may_not_be_read_is_told_and_not_raised(own_progress, monkeypatch, try_it):
    own_progress.write_text("{}", encoding="utf-8")

    def refuse(*_args, **_kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_text", refuse)
    assert progress.read() == progress.EMPTY
    assert "could not be saved (Permission denied)" in try_it(TOY.solution)


def test_reading_changes_nothing(own_progress):
    own_progress.write_text("{", encoding="utf-8")
    assert progress.read() == progress.EMPTY
    assert own_progress.read_text("utf-8") == "{" and len(list(Path(own_progress.parent).iterdir())) == 1
