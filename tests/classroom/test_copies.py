"""Learner's copies: no solution leaks, no file is ever overwritten, stubs run."""

import os
import threading
from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_lib.classroom import copies
from course_lib.classroom.copies import make_copies, student_version
from course_lib.classroom.lessons import lessons

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
EXERCISE = """\
import torch

class Block(torch.nn.Module):
    def forward(self, x):
        y = self.conv(x)
        ### BEGIN SOLUTION
        secret = y + x
        return secret
        ### END SOLUTION

print("after")"""


def lesson(*cells):
    return new_notebook(cells=[new_markdown_cell("# 07 · A lesson"), *cells])


def exercise(source=EXERCISE, **metadata):
    return new_code_cell(source, metadata=metadata, execution_count=4,
                         outputs=[new_output("stream", name="stdout", text="secret output")])


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "les leçons"
    folder.mkdir()
    for name in ("00_start.ipynb", "07_blocks.ipynb"):
        nbformat.write(lesson(exercise()), folder / name)
    return folder


def test_the_stub_stands_at_the_indentation_of_begin():
    cell = student_version(lesson(exercise())).cells[1]
    assert cell.source == """\
import torch

class Block(torch.nn.Module):
    def forward(self, x):
        y = self.conv(x)
        # YOUR CODE HERE
        raise NotImplementedError()

print("after")"""
    compile(cell.source, "cell", "exec")


def test_outputs_counts_and_widget_state_are_gone_and_the_lesson_is_unchanged():
    notebook = lesson(exercise(nbgrader={"solution": True, "grade_id": "07-1"}, execution={"t": "2026"}))
    notebook.metadata.widgets = {"application/vnd.jupyter.widget-state+json": {"state": {"secret": 1}}}
    before = nbformat.writes(notebook)
    student = student_version(notebook)
    assert nbformat.writes(notebook) == before
    assert "secret" not in nbformat.writes(student)
    cell = student.cells[1]
    assert cell.outputs == [] and cell.execution_count is None
    assert "widgets" not in student.metadata and "execution" not in cell.metadata
    assert cell.metadata.nbgrader.grade_id == "07-1"  # nbgrader still finds its cells


@pytest.mark.parametrize("tag", ["teacher", "solution"])
def test_cells_for_teachers_are_left_out(tag):
    answer = new_markdown_cell("the answer", metadata={"tags": ["more", tag]})
    notebook = lesson(answer, exercise(tags=["core"]))
    assert [c.cell_type for c in student_version(notebook).cells] == ["markdown", "code"]
    assert "the answer" not in nbformat.writes(student_version(notebook))


@pytest.mark.parametrize("begin, end", [("# begin solution", "#END SOLUTION"),
                                        ("###BEGIN SOLUTION  # x", "### End Solution")])
def test_a_misspelt_marker_does_not_give_the_solution_away(begin, end):
    body = f"def f():\n    {begin}\n    secret = 1\n    {end}"
    assert "secret" not in student_version(lesson(exercise(body))).cells[1].source


@pytest.mark.parametrize("body, words", [
    ("### BEGIN SOLUTION\nx = 1", "without an ### END"),
    ("x = 1\n### END SOLUTION", "without a ### BEGIN"),
    ("### BEGIN SOLUTION\n### BEGIN SOLUTION\n### END SOLUTION", "second"),
])
def test_unbalanced_markers_name_the_cell(body, words):
    with pytest.raises(ValueError, match=rf"cell 2 \(07-3\).*{words}"):
        student_version(lesson(exercise(body, nbgrader={"solution": True, "grade_id": "07-3"})))


def test_a_solution_cell_without_markers_is_refused():
    with pytest.raises(ValueError, match=r"cell 2 \(07-4\).*no ### BEGIN SOLUTION"):
        student_version(lesson(exercise("secret = 1", nbgrader={"solution": True, "grade_id": "07-4"})))


_LINE = st.text(st.characters(codec="utf-8", exclude_characters="#\n"))


@given(st.lists(st.tuples(st.lists(_LINE, max_size=3), st.integers(0, 3)), max_size=4))
def test_what_stands_outside_the_markers_stays(parts):
    source, expected = [], []
    for around, depth in parts:
        indent = "    " * depth
        source += [*around, f"{indent}### BEGIN SOLUTION", "SECRET", f"{indent}### END SOLUTION"]
        expected += [*around, f"{indent}# YOUR CODE HERE", f"{indent}raise NotImplementedError()"]
    student = student_version(lesson(new_code_cell("\n".join(source))))
    assert student.cells[1].source == "\n".join(expected)


def test_copies_are_created_then_kept(source, tmp_path):
    work = tmp_path / "mon travail" / "cours"
    assert [(p.name, what) for p, what in make_copies(work, source=source)] == [
        ("00_start.ipynb", "created"), ("07_blocks.ipynb", "created")]
    mine = work / "07_blocks.ipynb"
    assert "secret" not in mine.read_text("utf-8")
    mine.write_bytes(b"my own work")
    (work / "00_start.ipynb").unlink()
    assert [what for _, what in make_copies(work, source=source)] == ["created", "kept"]
    assert mine.read_bytes() == b"my own work"
    assert sorted(p.name for p in work.iterdir()) == ["00_start.ipynb", "07_blocks.ipynb"]  # no drafts left


def test_only_the_named_lessons(source, tmp_path):
    assert [p.name for p, _ in make_copies(tmp_path / "w", ["7"], source=source)] == ["07_blocks.ipynb"]
    with pytest.raises(LookupError, match="no lesson '9'"):
        make_copies(tmp_path / "w", ["9"], source=source)


@pytest.mark.parametrize("there", [True, False], ids=["link", "broken link"])
def test_a_link_is_a_learners_file_too(source, tmp_path, there):
    work, target = tmp_path / "work", tmp_path / "elsewhere.ipynb"
    work.mkdir()
    if there:
        target.write_text("mine", "utf-8")
    try:
        (work / "07_blocks.ipynb").symlink_to(target)
    except OSError:
        pytest.skip("this system makes no links")
    assert dict((p.name, what) for p, what in make_copies(work, source=source))["07_blocks.ipynb"] == "kept"
    assert target.exists() == there and (not there or target.read_text("utf-8") == "mine")


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
def test_a_file_that_appears_meanwhile_is_kept(source, tmp_path, monkeypatch, links):
    """The file comes after we looked and before we write: the last step itself must refuse."""
    if not links:
        monkeypatch.setattr(copies.os, "link", _no_links)
    monkeypatch.setattr(copies.os.path, "lexists", lambda path: False)
    work = tmp_path / "work"
    work.mkdir()
    (work / "07_blocks.ipynb").write_text("mine", "utf-8")
    assert [what for _, what in make_copies(work, source=source)] == ["created", "kept"]
    assert (work / "07_blocks.ipynb").read_text("utf-8") == "mine"
    assert nbformat.read(work / "00_start.ipynb", 4).cells
    assert len(list(work.iterdir())) == 2


def _no_links(*_):
    raise OSError("this disk has no hard links")


def test_many_at_once_make_one_whole_file(source, tmp_path):
    results = []

    def make():
        results.extend(make_copies(tmp_path / "w", ["7"], source=source))

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(what for _, what in results) == ["created"] + ["kept"] * 5
    assert nbformat.read(tmp_path / "w" / "07_blocks.ipynb", 4).cells


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
def test_a_full_disk_leaves_nothing_half_written(source, tmp_path, monkeypatch, links):
    def full(_):
        raise OSError(28, "No space left on device")

    if not links:
        monkeypatch.setattr(copies.os, "link", _no_links)
    monkeypatch.setattr(copies.os, "fsync", full)
    with pytest.raises(OSError, match=r"cannot write the lessons into .*No space left.*--folder"):
        make_copies(tmp_path / "w", source=source)
    assert os.listdir(tmp_path / "w") == []


def test_a_folder_that_cannot_be_made_is_named(source, tmp_path):
    (tmp_path / "file").write_text("", "utf-8")
    with pytest.raises(OSError, match=r"cannot write the lessons into .*file.*--folder"):
        make_copies(tmp_path / "file" / "work", source=source)


@pytest.mark.parametrize("lesson", lessons(NOTEBOOKS), ids=lambda lesson: lesson.slug)
def test_the_real_lessons_make_copies_that_compile(lesson):
    student = student_version(lesson.notebook)
    nbformat.validate(student)
    code = [c for c in student.cells if c.cell_type == "code"]
    stubs = sum("raise NotImplementedError()" in c.source for c in code)
    marked = sum("### BEGIN SOLUTION" in c.source for c in lesson.notebook.cells if c.cell_type == "code")
    assert stubs == marked
    for cell in code:
        assert "SOLUTION" not in cell.source and not cell.outputs
        compile(cell.source, cell.id, "exec")
