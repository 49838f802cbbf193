"""The progress file: whole or absent, damaged ones kept, never a reason for a check to fail."""

import json
import os
from pathlib import Path

import pytest

from course_lib.exercises import check, progress, registry
from course_lib.runtime import home

TOY = registry()["00-1"]


@pytest.fixture
def try_it(shown):
    """try_it(answer) checks it and answers the panel's HTML."""
    return lambda answer: shown(check, "00-1", answer)["text/html"]


def test_tries_are_counted_and_a_pass_stays(own_progress, try_it):
    try_it(lambda pixels: pixels)
    try_it(TOY.solution)
    try_it(lambda pixels: pixels)
    record = json.loads(own_progress.read_text("utf-8"))
    assert record["checks"] == {"00-1": {"tries": 3, "passed": True}}


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
           '{"predictions": {"p": 3}}', "\x00\x00"]  # fmt: skip


@pytest.mark.parametrize("text", DAMAGED)
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
    assert [p.name for p in own_progress.parent.iterdir()] == [own_progress.name], "no scraps"


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


def test_reading_changes_nothing(own_progress):
    own_progress.write_text("{", encoding="utf-8")
    assert progress.read() == progress.EMPTY
    assert own_progress.read_text("utf-8") == "{" and len(list(Path(own_progress.parent).iterdir())) == 1
