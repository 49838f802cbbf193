"""The teacher's texts of a lesson: what is wrong or missing in them is named, and the anatomy counts them."""

import copy
import re

import nbformat
import pytest

pytest.importorskip("latex2mathml")
pytest.importorskip("sphinx_revealjs")

from course_lib.classroom.anatomy import has_valid_tags, has_whole_texts_for_the_teacher
from course_lib.classroom.lessons import Lesson, find, tags
from course_lib.classroom.pack.pack import make_packs
from course_lib.classroom.pack.texts import TAGS


def changed(tmp_path, change) -> Lesson:
    """Lesson 03 after `change` has edited its notebook."""
    notebook = nbformat.read(find("3").path, as_version=4)
    change(notebook)
    path = tmp_path / "03_residual_blocks.ipynb"
    nbformat.write(notebook, path)
    return Lesson(path)


def edit(cell_id, before, after):
    def change(notebook):
        cell = next(cell for cell in notebook.cells if cell.id == cell_id)
        assert before in cell.source
        cell.source = cell.source.replace(before, after)
    return change


def metadata(cell_id, **values):
    def change(notebook):
        next(cell for cell in notebook.cells if cell.id == cell_id).metadata.update(values)
    return change


WRONG = [
    (edit("pack-question-1", "- [x]", "- [ ]"), "one of them right"),
    (edit("pack-question-1", "  *Belief:* a shortcut is a disturbance.\n", ""), "*Belief:*"),
    (edit("pack-question-2", "**Why.**", "**Because.**"), "**Why.** is missing"),
    (edit("pack-question-2", "65 %", "most"), "must be a share"),
    (edit("pack-question-4", "{{S4-20: loss, deep - shallow}}", "{{S4-20: loss}}"), "no stored evidence"),
    (edit("pack-question-4", "{{S4-20: loss, deep - shallow}}", "7.31"), "7.31 are typed"),
    (edit("pack-question-3", "S4-21#1", "S4-21"), "write S4-21#1"),
    (edit("pack-quiz-6", "{{options: A}}", "{{options: D}}"), "no dictionary with the entry 'D'"),
    (edit("pack-quiz-3", "`F`", "$F$"), "between dollars"),
    (edit("pack-short", "- 4 min", "- 5 min"), "31 in all, not 30"),
    (edit("pack-late", "`idea-3`", "`exit-run`"), "saves less than 10 minutes"),
    (edit("pack-demos", "`grow`", "`growing`"), "has the id 'growing'"),
    (edit("pack-handout", "`idea-2`", "`idea-1`"), "**Formulas.** names"),
    (edit("pack-handout", "`curves`", "`units`"), "**Picture.** names"),
    (edit("pack-handout", "2. Someone", "   Someone"), "two items, not 1"),
    (edit("pack-board", "- Left", "Left"), "has words before its list"),
    (edit("pack-board", "- Left", "**Left.** a\n\n- Left"), "**Board.** needs a list"),
    (edit("pack-quiz-1", "**Why.** Over", "**Why.**\n\n- Over"), "**Why.** holds no list"),
    (edit("pack-quiz-1", "*Belief:*", "*Beleif:*"), "*Beleif:* is not known"),
    (edit("pack-misconceptions", "  *Reply:* Look", "  Look"), "*Reply:*"),
    (metadata("pack-quiz-1", tags=["core", "pack:quiz"]), "with the tag teacher"),
    (metadata("pack-quiz-1", slideshow={"slide_type": "slide"}), "slide type skip"),
]


@pytest.mark.parametrize(("change", "told"), WRONG, ids=[told for _, told in WRONG])
def test_a_text_that_is_wrong_names_its_lesson_and_cell_and_nothing_is_written(change, told, tmp_path):
    with pytest.raises(ValueError, match=re.escape(told)) as error:
        make_packs([changed(tmp_path, change)], tmp_path / "out", pdf=False)
    assert re.match(r"03_residual_blocks\.ipynb, cell pack-[\w-]+ \(pack:\w+\): ", str(error.value))
    assert not (tmp_path / "out").exists()


def test_a_sample_that_is_wrong_names_its_lesson_and_cell_and_nothing_is_written(tmp_path):
    wrong = changed(tmp_path, edit("samples-03-2", "- 1:", "- 2:"))
    told = r"^03_residual_blocks\.ipynb, cell samples-03-2 \(pack:why\): there is no sample for the mark 1"
    with pytest.raises(ValueError, match=told):
        make_packs([wrong], tmp_path / "out", pdf=False)
    assert not (tmp_path / "out").exists()


def test_an_exercise_without_samples_is_named_and_the_rubric_is_packed(tmp_path):
    def strip(notebook):
        notebook.cells = [cell for cell in notebook.cells if cell.id != "samples-03-4"]

    said = []
    assert make_packs([changed(tmp_path, strip)], tmp_path / "out", pdf=False, echo=said.append) == 1
    assert [line for line in said if "lacks" in line] == [
        "03_residual_blocks still lacks samples for the why of 03-4"]
    assert "No samples are written" in (
        tmp_path / "out" / "03_residual_blocks" / "rubric.html").read_text("utf-8")


def test_without_its_texts_a_lesson_is_told_what_it_lacks_and_the_rest_is_packed(tmp_path):
    def strip(notebook):
        away = TAGS - {"pack:question"}
        notebook.cells = [cell for cell in notebook.cells
                          if not away & set(tags(cell)) and cell.id != "pack-question-2"]

    said = []
    assert make_packs([changed(tmp_path, strip)], tmp_path / "out", pdf=False, echo=said.append) == 1
    told = next(line for line in said if "lacks" in line)
    assert "1 of 4 cells with the tag pack:question" in told and "6 of 6 cells with the tag pack:quiz" in told
    folder = tmp_path / "out" / "03_residual_blocks"
    assert {file.name for file in folder.iterdir()} == {
        "index.html", "guide.html", "rubric.html", "03_residual_blocks.html", "pictures"}
    assert "pack:handout" in (folder / "index.html").read_text("utf-8")
    guide = (folder / "guide.html").read_text("utf-8")
    assert "pack:handout" in guide and "Question 3" in guide and "Question 4" not in guide


def test_the_anatomy_counts_the_texts():
    def problems(change):
        notebook = copy.deepcopy(find("3").notebook)
        change(notebook)
        return [*has_whole_texts_for_the_teacher(notebook, "03"), *has_valid_tags(notebook, "03")]

    def place(notebook, name):
        return [cell.id for cell in notebook.cells].index(name)

    assert problems(lambda notebook: None) == []
    assert problems(lambda notebook: notebook.cells.pop(place(notebook, "pack-quiz-2"))) == [
        "lacks 1 of 6 cells with the tag pack:quiz"]
    assert "2 cells with the tag pack:board; 1 are wanted" in problems(
        lambda notebook: notebook.cells.append(notebook.cells[place(notebook, "pack-board")]))
    misspelt = problems(metadata("pack-quiz-1", tags=["teacher", "pack:quizz"]))
    assert any("unknown tags ['pack:quizz']" in problem for problem in misspelt)


def test_a_lesson_shorter_than_half_an_hour_needs_one_question_and_nothing_to_skip():
    def problems(minutes, *away):
        notebook = copy.deepcopy(find("3").notebook)
        notebook.cells = [cell for cell in notebook.cells if cell.id not in away]
        for cell in notebook.cells:
            cell.metadata.tags = [tag for tag in tags(cell) if not tag.startswith("minutes:")]
        notebook.cells[0].metadata.tags.append(f"minutes:{minutes}")
        return [*has_whole_texts_for_the_teacher(notebook, "03")]

    away = ["pack-question-2", "pack-question-3", "pack-question-4", "pack-short", "pack-late"]
    assert problems(29, *away) == []
    assert problems(30, *away) == ["lacks 3 of 4 cells with the tag pack:question",
                                   "lacks 1 of 1 cells with the tag pack:short",
                                   "lacks 1 of 1 cells with the tag pack:late"]
    assert "1 cells with the tag pack:short; 0 are wanted" in problems(29, *away[:3])
    assert "2 cells with the tag pack:question; 1 are wanted" in problems(29, *away[1:])
    assert "lacks 1 of 1 cells with the tag pack:question" in problems(29, "pack-question-1", *away)
    assert "lacks 1 of 6 cells with the tag pack:quiz" in problems(29, "pack-quiz-1", *away)
