"""A rubric: the three parts of a mark, samples with clear errors, nothing typed that stands elsewhere."""

import copy
import html
import re

import nbformat
import pytest
from typer.testing import CliRunner

from course_lib.classroom import anatomy, cli
from course_lib.classroom.copies import student_version
from course_lib.classroom.lessons import find, lessons, tags
from course_lib.classroom.pack.rubric_texts import problems, samples
from course_lib.classroom.pack.texts import WHY
from course_lib.classroom.rubric import checked, claims, mark, rubric
from course_lib.classroom.slides import cut
from course_lib.exercises import exercise_list

WITH_EXERCISES = [lesson for lesson in lessons() if exercise_list(lesson.number)]


def text_of(lesson):
    return html.unescape(re.sub(r"<[^>]+>", " ", "".join(rubric(lesson))))


def written(source, **metadata):
    cell = nbformat.v4.new_markdown_cell(source, metadata={
        "tags": ["teacher", "minutes:0", WHY], "slideshow": {"slide_type": "skip"}, **metadata})
    cell["id"] = "the-cell"
    return nbformat.v4.new_notebook(cells=[cell])


GOOD = """**Why 03-1.**

- 2: "It leaves x
  alone."
  *Because:* the cause.
- 0: "It is so."
  *Because:* none.
- 1: "The sum."
  *Because:* half.
"""


def test_a_mark_is_half_checks_and_a_quarter_each_of_the_written_parts():
    assert mark(3, 3, 4, 2, 6) == 100 and mark(0, 3, 0, 2, 0) == 0
    assert (mark(3, 3, 0, 2, 0), mark(0, 3, 4, 2, 0), mark(0, 3, 0, 2, 6)) == (50, 25, 25)
    assert mark(1.5, 3, 1, 2, 3) == 25 + 6.25 + 12.5
    for wrong, name in (((4, 3, 0, 2, 0), "points"), ((1, 3, 5, 2, 0), "whys"), ((1, 3, 1, 2, 7), "critique"),
                        ((0, 0, 0, 2, 0), "points"), ((-1, 3, 0, 2, 0), "points")):
        with pytest.raises(ValueError, match=f"^{name} must be"):
            mark(*wrong)


@pytest.mark.parametrize("lesson", WITH_EXERCISES, ids=lambda lesson: lesson.number)
def test_every_lesson_has_a_rubric_with_its_points_its_questions_and_its_claims_of_the_ledger(lesson):
    text, work = text_of(lesson), checked(lesson)
    core = [one for one in work if one.core]
    assert f"50 x points / {sum(one.points for one in work)}" in text
    assert f"50 x points / {sum(one.points for one in core)}" in text and all(one.points > 0 for one in work)
    assert f"25 x marks / {2 * len(core)}" in text
    for exercise in exercise_list(lesson.number):
        assert exercise.question in text and exercise.why in text
    assert claims(lesson) or lesson.number == "00"
    for row in claims(lesson):
        assert row["sentence"] in text and row["verdict"] in text
        assert all(f"{name}: {value}" in text for name, value in row["shown"].items())
    assert "evidence of code, not of understanding" in text and "Help from an AI" in text


def test_samples_are_read_lowest_mark_first():
    found, wrong = samples(written(GOOD), "03")
    assert not wrong and list(found) == ["03-1"]
    assert [(one.mark, one.text, one.because) for one in found["03-1"]] == [
        (0, '"It is so."', "none."), (1, '"The sum."', "half."), (2, '"It leaves x alone."', "the cause.")]
    assert problems(written(GOOD), "03") == [f"lacks a cell with the tag {WHY} for 03-2, 03-3, 03-4, 03-5"]
    assert problems(nbformat.v4.new_notebook(), "03") == []


@pytest.mark.parametrize("source, told", [
    (GOOD.replace("03-1", "04-1"), "there is no exercise 04-1"), (GOOD.replace("- 1:", "- 2:"), "the mark 1"),
    (GOOD.replace("  *Because:* half.\n", ""), "needs its *Because:*"),
    (GOOD.replace("- 0:", "- zero:"), "begins with its mark"), ("Samples.", "must begin with a label"),
    (GOOD.replace("**Why 03-1.**", "**Why.**"), "such as **Why 03-1.**"),
    (GOOD + "\n**Why 03-2.**\n\n- 0: x\n", "nothing but its list"), ("", "must begin with a label"),
])
def test_a_sample_that_is_not_written_as_it_must_be_is_named_with_its_cell(source, told):
    found, wrong = samples(written(source), "03")
    assert not found and len(wrong) == 1
    assert wrong[0].startswith("cell the-cell (pack:why): ") and told in wrong[0]
    assert problems(written(source), "03") == wrong


def test_a_cell_that_learners_or_the_class_could_see_is_refused():
    for metadata in ({"tags": ["core", WHY]}, {"slideshow": {"slide_type": "slide"}}):
        _, (wrong,) = samples(written(GOOD, **metadata), "03")
        assert "must" in wrong
    twice = written(GOOD)
    twice.cells.append(twice.cells[0])
    assert "in another cell already" in samples(twice, "03")[1][0]


def test_the_samples_of_lesson_03_are_whole_stand_behind_their_checks_and_reach_no_learner_and_no_deck():
    lesson = find("3")
    found, wrong = samples(lesson.notebook, "03")
    assert not wrong and list(found) == [exercise.id for exercise in exercise_list("03")]
    text = text_of(lesson)
    for each in found.values():
        assert all(sample.text in text and sample.because in text for sample in each)
    assert "No samples are written" not in text
    cells = lesson.notebook.cells
    assert len({cell["id"] for cell in cells}) == len(cells)
    for place, cell in enumerate(cells):
        if WHY in tags(cell):
            before, name = cells[place - 1], cell.source.split(".**")[0].removeprefix("**Why ")
            assert "check" in tags(before) and f'check("{name}"' in before.source
    assert not any("**Why 03" in cell.source for cell in student_version(lesson.notebook).cells)
    slides = cut(lesson, more=True, solutions=True)
    shown = [cell for slide in slides for cell in (*slide.cells, *slide.notes)]
    assert not any("**Why 03" in cell.source for cell in shown)


def test_the_anatomy_of_a_lesson_tells_an_author_of_missing_samples():
    notebook = copy.deepcopy(find("3").notebook)
    assert not list(anatomy.has_whole_texts_for_the_teacher(notebook, "03"))
    notebook.cells = [cell for cell in notebook.cells if not cell.source.startswith("**Why 03-4.**")]
    assert list(anatomy.has_whole_texts_for_the_teacher(notebook, "03")) == [
        f"lacks a cell with the tag {WHY} for 03-4"]


@pytest.mark.parametrize("command", ["plan", "insight", "rubric"])
def test_help_gives_examples(command):
    done = CliRunner().invoke(cli.app, [command, "--help"], prog_name="course")
    assert done.exit_code == 0 and f"course {command}" in done.output.split("Examples:")[1]


def test_the_command_writes_a_page_and_names_what_has_no_samples_yet(tmp_path):
    done = CliRunner().invoke(cli.app, ["rubric", "3", "--out", str(tmp_path)], prog_name="course")
    assert done.exit_code == 0, done.output
    page = (tmp_path / "03_residual_blocks-rubric.html").read_text("utf-8")
    assert "<h1>Marks for 03 · Depth" in page and not re.search(r"https?:|<script|src=", page)
    assert CliRunner().invoke(cli.app, ["rubric", "99", "--out", str(tmp_path)]).exit_code == 2
