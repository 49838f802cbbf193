"""`course update`: what is the learner's stays, what is new arrives, and each file gets its line."""

import copy
import json
import os
from datetime import date

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_output

from course_lib.classroom.copies import hand_out

MINE = "return x + 1  # mine"
NEW = "03-new-2026-11-24-nets.ipynb"
LATER = date(2027, 3, 1)


def test_everything_is_created_in_a_new_folder(toy_course):
    toy_course.lesson(_03_1="y = x")
    toy_course.lesson("05_more.ipynb")
    assert toy_course.update() == (0, {"03_nets.ipynb": "created", "05_more.ipynb": "created"})
    assert sorted(toy_course.files()) == ["03_nets.ipynb", "05_more.ipynb"], "no lock, no drafts"
    assert toy_course.update() == (0, {"03_nets.ipynb": "up to date", "05_more.ipynb": "up to date"})


def test_an_untouched_lesson_is_replaced_and_keeps_its_rights(toy_course):
    toy_course.lesson()
    toy_course.update()
    (toy_course.work / "03_nets.ipynb").chmod(0o640)
    mode = (toy_course.work / "03_nets.ipynb").stat().st_mode
    toy_course.lesson(prose="A better idea.")
    status, said = toy_course.update()
    assert status == 0 and said["03_nets.ipynb"].startswith("replaced by the new version")
    assert "A better idea." in toy_course.copy().cells[1].source
    assert (toy_course.work / "03_nets.ipynb").stat().st_mode == mode
    assert list(toy_course.files()) == ["03_nets.ipynb"]


def test_a_touched_lesson_is_kept_and_the_new_one_laid_beside_it_with_the_answers(worked):
    worked.lesson(prose="Better.", _03_1="y = x", _03_2="z = x")
    before = worked.files()
    status, said = worked.update()
    assert status == 0 and set(said) == {"03_nets.ipynb", NEW}
    assert said["03_nets.ipynb"] == f"kept as you left it; the new version is {NEW}"
    assert said[NEW] == "the new version, with your answers to 03-1"
    assert worked.files()["03_nets.ipynb"] == before["03_nets.ipynb"]
    laid = worked.copy(NEW)
    nbformat.validate(laid)
    assert laid.cells[1].source == "Better." and laid.cells[2].source == f"def f(x):\n    y = x\n    {MINE}"
    assert "NotImplementedError" in laid.cells[3].source


def test_a_second_update_changes_nothing_also_on_another_day(worked):
    worked.lesson(prose="Better.", _03_1="y = x", _03_2="z = x")
    worked.update()
    before = worked.files()
    status, said = worked.update(LATER)
    assert worked.files() == before and status == 0
    assert said[NEW] == "up to date" and NEW in said["03_nets.ipynb"]


def test_an_answer_whose_exercise_changed_is_not_carried_and_that_is_said(worked):
    worked.answer("03-2", "return 2")
    worked.lesson(_03_1="y = x * x", _03_2="z = x", _03_3="a = x")
    said = worked.update()[1][NEW]
    assert "with your answers to 03-2;" in said
    assert "not carried: 03-1 (the exercise has changed; your answer is in 03_nets.ipynb)" in said
    assert "not carried: 03-3 (nothing of yours has this id)" in said
    assert MINE not in worked.answers(NEW)["03-1"] and "return 2" in worked.answers(NEW)["03-2"]


def test_a_stub_left_as_it_is_is_no_answer(worked):
    worked.lesson(_03_1="y = x", _03_2="z = x * x")
    said = worked.update()[1][NEW]
    assert "03-2" not in said
    assert "z = x * x" in worked.answers(NEW)["03-2"]


def layout(notebook, work):
    """The same notebook as another program would save it."""
    text = json.dumps(notebook, indent=4, sort_keys=True, ensure_ascii=True)
    (work / "03_nets.ipynb").write_text(text, "utf-8")


def test_saved_again_in_another_layout_is_untouched(toy_course):
    toy_course.lesson(prose="é", _03_1="y = x")
    toy_course.update()
    again = toy_course.copy()
    again.metadata.language_info = {"name": "python", "version": "3.14"}
    for number, cell in enumerate(again.cells):
        cell.id = f"other-{number}"
        cell.metadata.collapsed = True
        if cell.cell_type == "code":
            cell.execution_count = 7
        else:
            cell.attachments = {}
    layout(again, toy_course.work)
    toy_course.lesson(prose="better")
    assert toy_course.update()[1]["03_nets.ipynb"].startswith("replaced")


def with_output(notebook):
    notebook.cells[2].outputs = [new_output("stream", text="an hour of training")]


def with_a_note(notebook):
    notebook.cells.append(new_markdown_cell("my note"))


def with_a_picture(notebook):
    notebook.cells[1].attachments = {"a.png": {"image/png": "aGk="}}


def without_a_cell(notebook):
    del notebook.cells[1]


def in_another_order(notebook):
    notebook.cells.reverse()


def without_a_record(notebook):
    del notebook.metadata["course"]


TOUCHES = [with_output, with_a_note, with_a_picture, without_a_cell, in_another_order, without_a_record]


@pytest.mark.parametrize("touch", TOUCHES)
def test_whatever_a_learner_did_counts_as_touched(toy_course, touch):
    toy_course.lesson(_03_1="y = x")
    toy_course.update()
    toy_course.edit(touch)
    before = toy_course.files()
    toy_course.lesson(prose="new", _03_1="y = x")
    assert toy_course.update()[0] == 0
    after = toy_course.files()
    assert after["03_nets.ipynb"] == before["03_nets.ipynb"] and NEW in after


def test_a_copy_without_a_record_is_up_to_date_if_it_equals_the_present_version(toy_course):
    toy_course.lesson()
    toy_course.update()
    toy_course.edit(without_a_record)
    before = toy_course.files()
    assert toy_course.update() == (0, {"03_nets.ipynb": "up to date"}) and toy_course.files() == before


def test_a_touched_file_of_the_present_version_is_left_alone(worked):
    before = worked.files()
    assert worked.update() == (0, {"03_nets.ipynb": "up to date"}) and worked.files() == before


def test_an_answer_from_a_copy_without_records_stays_where_it_is(worked):
    def forget(notebook):
        del notebook.metadata["course"], notebook.cells[2].metadata["course"]

    worked.edit(forget)
    worked.lesson(prose="new", _03_1="y = x", _03_2="z = x")
    assert "not carried: 03-1 (03_nets.ipynb does not say which version it answers" in worked.update()[1][NEW]


# --- what learners do with files and cells

def test_a_renamed_file_is_kept_and_the_new_version_gets_the_lessons_name(worked):
    (worked.work / "03_nets.ipynb").rename(worked.work / "my nets.ipynb")
    worked.lesson(prose="new", _03_1="y = x", _03_2="z = x")
    said = worked.update()[1]
    assert set(worked.files()) == {"my nets.ipynb", "03_nets.ipynb"}
    assert "with your answers to 03-1" in said["03_nets.ipynb"] and "kept" in said["my nets.ipynb"]


def test_a_renamed_file_of_the_present_version_is_enough(worked):
    (worked.work / "03_nets.ipynb").rename(worked.work / "my nets.ipynb")
    assert worked.update() == (0, {"my nets.ipynb": "up to date"})


def test_a_second_copy_is_kept_and_its_answers_are_carried_though_the_first_is_untouched(worked):
    os.rename(worked.work / "03_nets.ipynb", worked.work / "03_nets-Copy1.ipynb")
    hand_out(worked.work, source=worked.notebooks, echo=lambda line: None)
    before = worked.files()
    worked.lesson(prose="new", _03_1="y = x", _03_2="z = x")
    said = worked.update()[1]
    assert said["03_nets.ipynb"].startswith("replaced") and "answers to 03-1" in said[NEW]
    assert worked.files()["03_nets-Copy1.ipynb"] == before["03_nets-Copy1.ipynb"]
    assert MINE in worked.answers(NEW)["03-1"] and MINE not in worked.answers("03_nets.ipynb")["03-1"]
    again = worked.files()
    assert worked.update(LATER)[0] == 0 and worked.files() == again


def test_an_untouched_second_copy_is_kept_under_its_name(toy_course):
    toy_course.lesson()
    toy_course.update()
    (toy_course.work / "mine.ipynb").write_bytes(toy_course.files()["03_nets.ipynb"])
    toy_course.lesson(prose="new")
    said = toy_course.update()[1]
    assert said["03_nets.ipynb"].startswith("replaced") and len(toy_course.files()) == 2
    assert said["mine.ipynb"] == "kept as you left it; the new version is 03_nets.ipynb"


def newer(work, name):
    """Let a file be the one that was written last."""
    latest = max(path.stat().st_mtime_ns for path in work.iterdir())
    os.utime(work / name, ns=(latest + 10**9, latest + 10**9))


@pytest.mark.parametrize("last", ["03_nets.ipynb", NEW])
def test_of_several_files_the_one_worked_in_last_gives_the_answer(worked, last):
    worked.lesson(prose="new", _03_1="y = x", _03_2="z = x")
    worked.update()
    worked.edit(lambda n: setattr(n.cells[2], "source", n.cells[2].source + " and better"), NEW)
    newer(worked.work, last)
    worked.lesson(prose="newest", _03_1="y = x", _03_2="z = x")
    said = worked.update(LATER)[1]
    latest = "03-new-2027-03-01-nets.ipynb"
    assert "answers to 03-1" in said[latest] and len(worked.files()) == 3
    assert ("and better" in worked.answers(latest)["03-1"]) == (last == NEW)


def test_an_answer_that_only_an_older_file_has_is_carried_too(worked):
    worked.lesson(prose="new", _03_1="y = x", _03_2="z = x")
    worked.update()
    worked.edit(without_a_cell, NEW)
    worked.edit(lambda n: n.cells.pop(1), NEW)  # the cell of 03-1
    newer(worked.work, NEW)
    worked.lesson(prose="newest", _03_1="y = x", _03_2="z = x")
    worked.update(LATER)
    assert MINE in worked.answers("03-new-2027-03-01-nets.ipynb")["03-1"]


def test_a_split_answer_is_carried_in_its_parts(worked):
    def split(notebook):
        cell = notebook.cells[2]
        second = copy.deepcopy(cell)
        cell.source, second.source, second.id = "first = 1", "second = 2", "second"
        notebook.cells.insert(3, second)

    worked.edit(split)
    for day in (date(2026, 11, 24), LATER):  # the parts stay parts
        worked.lesson(prose=str(day), _03_1="y = x", _03_2="z = x")
        worked.update(day)
        laid = worked.copy(f"03-new-{day}-nets.ipynb")
        nbformat.validate(laid)
        assert [c.source for c in laid.cells[2:4]] == ["first = 1", "second = 2"] and len(laid.cells) == 5
        assert len({cell.id for cell in laid.cells}) == 5


STUB = "def f(x):\n    y = x\n    # YOUR CODE HERE\n    raise NotImplementedError()"


@pytest.mark.parametrize("source", ["", STUB], ids=["blank", "stub"])
def test_of_a_doubled_cell_the_part_that_was_left_as_it_was_is_not_carried(worked, source):
    def double(notebook):
        doubled = copy.deepcopy(notebook.cells[2])
        doubled.source, doubled.id = source, "doubled"
        notebook.cells.insert(2, doubled)

    worked.edit(double)
    worked.lesson(prose="new", _03_1="y = x", _03_2="z = x")
    worked.update()
    assert len(worked.copy(NEW).cells) == 4 and MINE in worked.answers(NEW)["03-1"]


def test_an_answer_whose_id_is_lost_stays_in_the_file_and_that_is_said(worked):
    worked.edit(lambda n: n.cells[2].metadata.clear())
    worked.lesson(prose="new", _03_1="y = x", _03_2="z = x")
    assert "not carried: 03-1 (nothing of yours has this id)" in worked.update()[1][NEW]
    assert MINE in worked.copy().cells[2].source


@pytest.mark.parametrize("metadata", [
    {"nbgrader": 3}, {"nbgrader": {"solution": True, "grade_id": ["03-1"]}}, {"course": "mine"},
    {"nbgrader": {"solution": True}, "course": {"stub": 1}},
])
def test_odd_metadata_stops_nothing(worked, metadata):
    worked.edit(lambda n: n.cells[2].metadata.update(metadata))
    worked.edit(lambda n: n.metadata.update({"course": {"lesson": 3, "version": None}}))
    worked.lesson(prose="new", _03_1="y = x")
    assert worked.update()[0] == 0 and NEW in worked.files()


def test_the_picture_in_a_written_answer_comes_along(toy_course):
    toy_course.lesson()

    def ask(prose):
        lesson = nbformat.read(toy_course.notebooks / "03_nets.ipynb", 4)
        words = "### BEGIN SOLUTION\nbecause\n### END SOLUTION"
        graded = {"nbgrader": {"grade_id": "03-why", "solution": True}}
        lesson.cells = [new_markdown_cell(prose), new_markdown_cell(words, metadata=graded)]
        nbformat.write(lesson, toy_course.notebooks / "03_nets.ipynb")

    ask("Why?")
    toy_course.update()
    picture = {"a.png": {"image/png": "aGk="}}
    toy_course.edit(lambda n: n.cells[1].update(source="See ![](attachment:a.png)", attachments=picture))
    ask("Why so?")
    assert "answers to 03-why" in toy_course.update()[1][NEW]
    assert toy_course.copy(NEW).cells[1].attachments == picture
