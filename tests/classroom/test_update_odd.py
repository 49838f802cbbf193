"""`course update` meets odd things under a name, folders where it may not work, and changes of authors."""

import os
from datetime import date

import pytest

from course_lib.classroom.copies import hand_out

MINE = "return x + 1  # mine"
NEW = "03-new-2026-11-24-nets.ipynb"
LATER = date(2027, 3, 1)

CONFLICT = b'{"cells": [\n<<<<<<< HEAD\n"mine"\n=======\n"theirs"\n>>>>>>> origin/main\n]}'


NO_NOTEBOOKS = [
    CONFLICT, b"\xff\xfe\x00", b"[]", b"3", b"{}", b"null", b"[" * 100_000, b'{"nbformat": 99}',
    b'{"nbformat": 4, "cells": 3}', b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [{}]}',
]


@pytest.mark.parametrize("content", NO_NOTEBOOKS)
def test_a_file_that_is_no_notebook_is_kept_and_said(toy_course, content):
    toy_course.lesson()
    toy_course.work.mkdir()
    (toy_course.work / "03_nets.ipynb").write_bytes(content)
    status, said = toy_course.update()
    assert status == 0 and "cannot be read as a notebook" in said["03_nets.ipynb"]
    assert toy_course.files()["03_nets.ipynb"] == content and toy_course.copy(NEW).cells
    before = toy_course.files()
    assert toy_course.update(LATER)[0] == 0 and toy_course.files() == before


@pytest.mark.parametrize("moment", [b"", b'{"cells": ['], ids=["emptied", "half written"])
def test_a_file_that_is_just_being_saved_is_looked_at_again(worked, monkeypatch, moment):
    """JupyterLab writes in place: for a moment the file is empty, or half there."""
    path = worked.work / "03_nets.ipynb"
    content = path.read_bytes()
    path.write_bytes(moment)
    monkeypatch.setattr("time.sleep", lambda seconds: path.write_bytes(content))
    worked.lesson(prose="new", _03_1="y = x", _03_2="z = x")
    said = worked.update()[1]
    assert path.read_bytes() == content and "with your answers to 03-1" in said[NEW]


def test_a_folder_under_the_lessons_name_is_kept(toy_course):
    toy_course.lesson()
    (toy_course.work / "03_nets.ipynb" / "inside").mkdir(parents=True)
    assert "is not a file" in toy_course.update()[1]["03_nets.ipynb"]
    assert (toy_course.work / "03_nets.ipynb" / "inside").is_dir() and toy_course.copy(NEW).cells


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system makes no pipes")
def test_a_pipe_under_the_lessons_name_does_not_hang_the_update(toy_course):
    toy_course.lesson()
    toy_course.work.mkdir()
    os.mkfifo(toy_course.work / "03_nets.ipynb")
    assert "is not a file" in toy_course.update()[1]["03_nets.ipynb"]


@pytest.mark.parametrize("there", [True, False], ids=["link", "broken link"])
def test_a_link_is_kept_though_what_it_leads_to_is_untouched(toy_course, tmp_path, there):
    toy_course.lesson()
    toy_course.update()
    target = tmp_path / "elsewhere.ipynb"
    (toy_course.work / "03_nets.ipynb").rename(target)
    try:
        (toy_course.work / "03_nets.ipynb").symlink_to(target)
    except OSError:
        pytest.skip("this system makes no links")
    if not there:
        target.unlink()
    before = target.read_bytes() if there else None
    toy_course.lesson(prose="new")
    assert toy_course.update()[1]["03_nets.ipynb"].startswith("kept")
    assert (toy_course.work / "03_nets.ipynb").is_symlink() and toy_course.copy(NEW).cells
    assert not there or target.read_bytes() == before


def test_an_empty_file_holds_nothing_to_lose_and_is_filled(toy_course):
    toy_course.lesson()
    toy_course.work.mkdir()
    (toy_course.work / "03_nets.ipynb").touch()
    assert toy_course.update() == (0, {"03_nets.ipynb": "created"}) and toy_course.copy().cells


def test_a_name_that_is_taken_gets_a_number(worked):
    worked.lesson(prose="new", _03_1="y = x", _03_2="z = x")
    (worked.work / NEW.upper()).write_text("mine", "utf-8")
    said = worked.update()[1]
    assert "answers to 03-1" in said["03-new-2026-11-24-2-nets.ipynb"]
    assert worked.files()[NEW.upper()] == b"mine"


def test_a_lesson_of_another_number_under_this_lessons_name(worked):
    """The learner gave 03's file the name of 05: the record in it says what it is."""
    worked.lesson("05_more.ipynb")
    (worked.work / "03_nets.ipynb").rename(worked.work / "05_more.ipynb")
    before = worked.files()
    said = worked.update()[1]
    assert said["05_more.ipynb"] == "up to date" and said["05-new-2026-11-24-more.ipynb"] == "created"
    assert worked.files()["05_more.ipynb"] == before["05_more.ipynb"]


def test_what_is_not_ours_is_not_looked_at(worked):
    (worked.work / ".ipynb_checkpoints").mkdir()
    names = (".ipynb_checkpoints/03_nets-checkpoint.ipynb", ".~03_nets.ipynb", ".progress.json",
             "my own.ipynb", "notes.txt", ".course-mine.part")
    for name in names:
        (worked.work / name).write_bytes(b"{")
    worked.lesson(prose="new", _03_1="y = x", _03_2="z = x")
    assert set(worked.update()[1]) == {"03_nets.ipynb", NEW}
    assert all((worked.work / name).read_bytes() == b"{" for name in names)


def test_the_dated_name_belongs_to_no_lesson(worked):
    from course_lib.classroom.lessons import lessons

    worked.lesson(prose="new", _03_1="y = x", _03_2="z = x")
    worked.update()
    assert NEW in worked.files() and [lesson.slug for lesson in lessons(worked.work)] == ["03_nets"]
    assert not set('<>:"/\\|?* ') & set(NEW)


# --- where it may not work

def test_the_lessons_themselves_are_refused(toy_course):
    toy_course.lesson()
    before = sorted(toy_course.notebooks.iterdir())
    for folder in (toy_course.notebooks, toy_course.notebooks / "inside"):
        toy_course.work = folder
        with pytest.raises(ValueError, match=r"own lessons.*another folder"):
            toy_course.update()
        with pytest.raises(ValueError, match=r"own lessons.*another folder"):
            hand_out(folder, source=toy_course.notebooks)
    assert sorted(toy_course.notebooks.iterdir()) == before


def test_a_folder_that_is_a_file_is_said(toy_course):
    toy_course.lesson()
    toy_course.work.write_text("mine", "utf-8")
    with pytest.raises(OSError, match=r"cannot write the lessons into .*mon travail.*course update FOLDER"):
        toy_course.update()
    assert toy_course.work.read_text("utf-8") == "mine"


# --- what authors do

def test_reordered_cells_keep_their_answers(worked):
    worked.lesson(_03_2="z = x", _03_1="y = x")
    worked.update()
    assert MINE in worked.answers(NEW)["03-1"] and list(worked.answers(NEW)) == ["03-2", "03-1"]


def test_a_lesson_that_the_author_renamed(worked):
    before = worked.files()
    (worked.notebooks / "03_nets.ipynb").unlink()
    worked.lesson("03_deep_nets.ipynb", prose="new", _03_1="y = x", _03_2="z = x")
    said = worked.update()[1]
    assert "answers to 03-1" in said["03_deep_nets.ipynb"] and "kept" in said["03_nets.ipynb"]
    assert worked.files()["03_nets.ipynb"] == before["03_nets.ipynb"]


def test_a_lesson_that_the_author_removed(worked):
    (worked.notebooks / "03_nets.ipynb").unlink()
    before = worked.files()
    assert worked.update() == (0, {"03_nets.ipynb": "kept; the course has no lesson 03 any more"})
    assert worked.files() == before
