"""Whose notebook it is, which cell is the answer, what a worker's words count for, and the two tables."""

import csv
import io
import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook

from course_lib.classroom.grading import grade as grading
from course_lib.classroom.grading import sandbox, submissions
from course_lib.classroom.grading.grade import Row
from course_lib.classroom.grading.submissions import collect
from course_lib.classroom.grading.table import to_csv, to_html
from course_lib.exercises import exercise_list

EXERCISE = exercise_list("00")[0]


def notebook(source=None, *more, grade_id=EXERCISE.id):
    """A submission of lesson 00; source: the exercise's cell."""
    meta = {"nbgrader": {"grade_id": grade_id, "solution": True}} if grade_id else {}
    cells = [new_code_cell(source or EXERCISE.cell, metadata=meta), *(new_code_cell(text) for text in more)]
    return new_notebook(cells=cells)


def hand_in(folder, name, book):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(book, path)
    return path


# Collecting: which file is whose, and which cell is the answer


def names(folder, lessons=None):
    return [(s.student, s.file) for s in collect(folder, lessons)]


def test_one_folder_or_one_file_a_student_and_hidden_folders_left_out(tmp_path):
    for name in (
        "anna/00_start.ipynb",
        "ben/deep/00_x.ipynb",
        "carla 00.ipynb",
        "anna/.ipynb_checkpoints/00_start.ipynb",
    ):
        hand_in(tmp_path, name, notebook())
    assert sorted(names(tmp_path)) == [
        ("anna", "anna/00_start.ipynb"),
        ("ben", "ben/deep/00_x.ipynb"),
        ("carla 00", "carla 00.ipynb"),
    ]


def test_lessons_are_told_by_their_exercises_and_then_by_the_file_name(tmp_path):
    hand_in(tmp_path, "a/anything.ipynb", notebook())
    hand_in(tmp_path, "b/03_residual.ipynb", notebook("x = 1", grade_id=""))
    assert [len(s.exercises) for s in collect(tmp_path)] == [1, len(exercise_list("03"))]
    assert names(tmp_path, ["00"]) == [("a", "a/anything.ipynb")]
    with pytest.raises(ValueError, match=r"no notebook in .* has exercises of lesson 17"):
        collect(tmp_path, ["17"])


@pytest.mark.parametrize(
    "text", ["", "<<<<<<< HEAD\n{}", "[" * 100_000, '{"cells": 3}', '{"cells": [{}]}', "[]", "\xff"]
)
def test_what_is_no_notebook_is_said_and_the_others_go_on(tmp_path, text):
    (tmp_path / "bad.ipynb").write_text(text, encoding="latin-1")
    hand_in(tmp_path, "good.ipynb", notebook())
    bad, good = collect(tmp_path)
    assert bad.problem and not good.problem and "\n" not in bad.problem


def test_links_and_huge_files_are_not_read(tmp_path, monkeypatch):
    path = hand_in(tmp_path, "real.ipynb", notebook())
    (tmp_path / "link.ipynb").symlink_to(path)
    assert [bool(s.problem) for s in collect(tmp_path)] == [True, False]
    monkeypatch.setattr(submissions, "LARGEST", 10)
    assert all("without outputs" in s.problem for s in collect(tmp_path) if s.student == "real")


def test_the_last_filled_cell_is_the_answer_and_a_blank_one_yields_to_a_new_cell(tmp_path):
    stub = EXERCISE.with_body("# YOUR CODE HERE\nraise NotImplementedError()")
    twice = notebook()
    twice.cells += [*notebook("def to_unit(p):\n    return p / 255.0").cells, *notebook(stub).cells]
    hand_in(tmp_path, "twice.ipynb", twice)
    hand_in(tmp_path, "own.ipynb", notebook(stub, "def to_unit(p):\n    return p / 255"))
    hand_in(tmp_path, "gone.ipynb", notebook("x = 1", grade_id="00-9"))
    found = {s.student: s.answers for s in collect(tmp_path)}
    assert found == {"twice": {"00-1": 1}, "own": {"00-1": 1}, "gone": {}}


def test_parameters_are_made_small(tmp_path):
    book = notebook()
    book.cells.insert(0, new_code_cell('scale = "full"', metadata={"tags": ["parameters"]}))
    hand_in(tmp_path, "a.ipynb", book)
    assert collect(tmp_path)[0].cells[0].splitlines()[-1] == 'scale = "smoke"'


def test_the_best_of_several_notebooks_counts():
    rows = [
        Row("anna", "00-1", False, "not answered", "", "a/2.ipynb"),
        Row("anna", "00-1", True, "right", "", "a/3.ipynb"),
        Row("anna", "00-1", False, "not yet", "", "a/1.ipynb"),
        Row("ben", "00-1", False, "not answered", "", "b/2.ipynb"),
        Row("ben", "00-1", False, "not yet", "why", "b/3.ipynb"),
    ]
    assert [(r.student, r.file) for r in grading.best(rows)] == [("anna", "a/3.ipynb"), ("ben", "b/3.ipynb")]


def test_verdicts_out_of_order_or_twice_count_for_nothing():
    def heard(*records):
        lines = "\n".join(json.dumps({"key": "k", **record}) for record in records)
        return grading._heard(sandbox.Ended(sandbox.ENDED, 0, lines.encode(), 1.0), "k", ["a", "b"], 9, 9)[0]

    a, b = ({"exercise": name, "state": "right", "message": ""} for name in "ab")
    assert heard(a, b, {"end": True}) == {"a": ("right", ""), "b": ("right", "")}
    assert set(heard(a)) == {"a"}
    for odd in ((b, a), (a, a), (a, b, b), (a, {"end": True, "key": "x"}), (a, b, {"end": True}, a)):
        assert heard(*odd) == {}


# The tables

ROWS = [
    Row("=anna()", "00-1", True, "right", "", "=anna()/x.ipynb"),
    Row("<b>ben", "00-1", False, "not yet", 'Look, "here";\tthere', "ben/x.ipynb"),
    Row("carla", "", False, "cannot be read", "-1", "carla.ipynb"),
]


def test_csv_comes_back_and_holds_no_formula():
    lines = list(csv.DictReader(io.StringIO(to_csv(ROWS))))
    assert [line["student"] for line in lines] == ["'=anna()", "<b>ben", "carla"]
    assert [line["passed"] for line in lines] == ["yes", "no", "no"]
    assert lines[1]["message"] == 'Look, "here";\tthere' and lines[2]["message"] == "'-1"


def test_html_escapes_and_counts():
    page = to_html(ROWS, "a <note>")
    assert "<b>ben" not in page and "&lt;b&gt;ben" in page and "a &lt;note&gt;" in page
    assert page.count("✓ right") == 2 and '<td class="number">1</td>' in page
