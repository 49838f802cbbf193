"""`course student` and `course update` from the command line, on toy lessons."""

import json

import nbformat
import pytest
from typer.testing import CliRunner

from course_lib.classroom import cli, copies, lessons, origin
from course_lib.classroom.copies import student_copy


@pytest.fixture
def course(toy_course, monkeypatch, tmp_path):
    """Run `course WORDS` where the toy lessons are the course's: (exit status, output)."""
    home = toy_course.notebooks.parent
    toy_course.notebooks.rename(home / "notebooks")
    toy_course.notebooks = home / "notebooks"
    for module in (copies, lessons):
        monkeypatch.setattr(module, "home", lambda: home)
    monkeypatch.chdir(tmp_path)
    toy_course.lesson("00_start.ipynb")
    toy_course.lesson(_03_1="y = x")

    def run(*words):
        done = CliRunner().invoke(cli.app, [str(word) for word in words], prog_name="course")
        assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
        return done.exit_code, done.output

    return run


def made(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_teacher_hands_out_lessons_without_solutions(course, tmp_path):
    status, said = course("student", "hand out")
    assert status == 0 and said.count("created") == 2 and str(tmp_path / "hand out") in said
    assert made(tmp_path / "hand out") == ["00_start.ipynb", "03_nets.ipynb"]
    text = (tmp_path / "hand out" / "03_nets.ipynb").read_text("utf-8")
    assert "SOLUTION" not in text and "'solution'" not in text and "NotImplementedError" in text


def test_only_the_named_lessons_are_handed_out(course, tmp_path):
    assert course("student", "out", "3")[0] == 0 and made(tmp_path / "out") == ["03_nets.ipynb"]
    status, said = course("student", "out", "7")
    assert status == 2 and "no lesson '7'" in said


def test_what_is_there_is_kept_and_said(course, tmp_path):
    course("student", "out")
    (tmp_path / "out" / "00_start.ipynb").write_text("mine", "utf-8")
    (tmp_path / "out" / "03_nets.ipynb").unlink()
    status, said = course("student", "out")
    assert status == 0 and "00_start.ipynb: kept" in said and "03_nets.ipynb: created" in said
    assert "course update" in said and (tmp_path / "out" / "00_start.ipynb").read_text("utf-8") == "mine"


def test_a_kept_file_that_holds_solutions_is_pointed_at(course, toy_course, tmp_path):
    (tmp_path / "out").mkdir()
    lesson = toy_course.notebooks / "03_nets.ipynb"
    (tmp_path / "out" / "03_nets.ipynb").write_bytes(lesson.read_bytes())
    assert "03_nets.ipynb: kept as it was; IT HOLDS SOLUTIONS" in course("student", "out")[1]
    assert (tmp_path / "out" / "03_nets.ipynb").read_bytes() == lesson.read_bytes()


@pytest.mark.parametrize("folder", ["notebooks", "notebooks/inside"])
@pytest.mark.parametrize("command", ["student", "update"])
def test_the_lessons_own_folder_is_refused(course, toy_course, command, folder):
    before = made(toy_course.notebooks)
    status, said = course(command, folder)
    assert status == 2 and "own lessons, with their solutions; name another folder" in said
    assert said.count("\n") == 1 and made(toy_course.notebooks) == before


@pytest.mark.parametrize("words", [("3",), ("0", "3")])
def test_a_forgotten_folder_is_noticed(course, tmp_path, words):
    status, said = course("student", *words)
    assert status == 2 and f"course student handout {words[0]}" in said
    assert not (tmp_path / words[0]).exists()


def test_a_learner_updates_what_a_teacher_handed_out(course, toy_course, tmp_path):
    toy_course.work = tmp_path / "mine"
    course("student", "mine", "3")
    toy_course.answer("03-1", "return 3")
    toy_course.lesson(prose="better", _03_1="y = x")
    status, said = course("update", "mine")
    assert status == 0 and "00_start.ipynb: created" in said and "with your answers to 03-1" in said
    assert len(made(tmp_path / "mine")) == 3
    assert course("update", "mine")[0] == 0 and len(made(tmp_path / "mine")) == 3


def test_a_file_that_fails_gives_status_1(course, toy_course, tmp_path):
    course("student", "mine")
    toy_course.lesson(prose="better", _03_1="y = x")
    (tmp_path / "mine" / "03_nets.ipynb").chmod(0o444)
    status, said = course("update", "mine")
    assert status == 1 and "03_nets.ipynb: NOT UPDATED (the file is read-only)" in said


def test_without_a_folder_the_learners_own_is_updated(course, tmp_path, monkeypatch):
    monkeypatch.setattr("course_lib.classroom.lab.DEFAULT_FOLDER", tmp_path / "work")
    assert course("update")[0] == 0 and made(tmp_path / "work") == ["00_start.ipynb", "03_nets.ipynb"]


def test_help_names_both_with_examples(course):
    for name in ("student", "update"):
        status, said = course(name, "--help")
        assert status == 0 and f"course {name}" in said.split("Example")[1]
        assert f"\n  {name} " in course("--help")[1]


def test_a_copy_says_which_lesson_it_is_and_each_exercise_its_stub(toy_course):
    def published(**change):
        toy_course.lesson(**{"prose": "p", "_03_1": "y = x", **change})
        return student_copy(lessons.find("3", toy_course.notebooks))

    copy = published()
    nbformat.validate(copy)
    assert copy.metadata.course == {"lesson": "03", "version": origin.version_of(copy.cells)}
    assert [origin.stub_version(cell) for cell in copy.cells] == ["", "", origin.version_of(copy.cells[2:])]
    assert json.loads(nbformat.writes(published())) == json.loads(nbformat.writes(copy))
    prose, given = published(prose="other"), published(_03_1="y = 2")
    assert len({c.metadata.course.version for c in (copy, prose, given)}) == 3
    assert origin.stub_version(prose.cells[2]) == origin.stub_version(copy.cells[2])
    assert origin.stub_version(given.cells[2]) != origin.stub_version(copy.cells[2])
