"""What is on a deck, with toy lessons: which cells, as what, and what is left out."""

import sys
from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_markdown_cell, new_output, new_raw_cell

pytest.importorskip("latex2mathml")
pytest.importorskip("sphinx_revealjs")
sys.path.insert(0, str(Path(__file__).parent))
from toy_lessons import ANSWER, GRADER, code, html, lesson_of, png, printed, sheets, text

from course_lib.classroom import slides
from course_lib.classroom.deck_page import deck
from course_lib.classroom.slides import cut


@pytest.fixture
def lesson(tmp_path):
    """Make a lesson of these cells, after its title."""
    return lambda *cells, **wishes: lesson_of(tmp_path, *cells, **wishes)


def page_of(lesson, **wishes):
    return BeautifulSoup(deck(lesson, cut(lesson, **wishes)), "html.parser")


def test_cells_land_by_their_slide_type_and_track(lesson):
    toy = lesson(
        code("setup()", "skip"), text("One"), text("and on", "-"), text("step", "fragment"),
        text("Two", "subslide"),
        new_raw_cell("raw words", metadata={"tags": ["core"]}),
        new_markdown_cell("Homework", metadata={"slideshow": {"slide_type": "slide"}, "tags": ["more"]}),
        text("goes on", "fragment"))
    usual, more = sheets(page_of(toy)), sheets(page_of(toy, more=True))
    assert len(usual) == 4 and len(more) == 4
    assert "One" in usual[1] and "and on" in usual[1] and "step" in usual[1]
    assert usual[2] == "Two"
    assert usual[3] == "goes on"  # not a step of a slide that has another subject
    assert "Homework" in more[3] and "goes on" in more[3]
    words = " ".join(usual)
    assert "setup" not in words and "raw words" not in words and "Homework" not in words


def test_steps_are_reveals_and_the_rest_is_there_at_once(lesson):
    page = page_of(lesson(text("One"), text("later", "fragment"), text("now", "-"), text("next")))
    step, = page.select(".fragment")
    assert "later" in step.get_text() and "now" in step.get_text()
    assert not page.select(".slides section section"), "slides stand in one row"


def test_teachers_cells_are_notes_of_their_slide_and_of_no_step(lesson):
    teacher = new_markdown_cell("Say **this**.", metadata={"tags": ["teacher"]})
    empty = new_markdown_cell("", metadata={"tags": ["teacher"]})
    page = page_of(lesson(text("One"), text("step", "fragment"), teacher, empty, text("A hint", "notes"),
                          text("Two")))
    section = page.select(".slides > section")[1]
    notes = section.select("aside.notes")
    assert [note.get_text().strip() for note in notes] == ["Say this.", "A hint"]
    assert notes[0].select("strong") and not section.select(".fragment aside")
    assert not any("Say" in words for words in sheets(page))


def test_an_exercise_shows_its_stub_and_with_solutions_the_answer_and_its_panel(lesson):
    toy = lesson(
        text("Exercise"), code(ANSWER, "fragment", "exercise", nbgrader=GRADER, outputs=[printed("42!")]),
        code('# NBVAL_CHECK_OUTPUT\ncheck("03-1", f)', "-", "check", outputs=[html("<b>03-1: right</b>")]))
    whole = deck(toy, cut(toy))
    assert "YOUR CODE HERE" in whole and "NotImplementedError" in whole
    assert "secret" not in whole and "42!" not in whole and "03-1: right" not in whole
    page = page_of(toy, solutions=True)
    shown = page.select(".code")[0].get_text()
    assert shown.strip() == "def f(x):\n    return secret(x)"
    assert "03-1: right" in sheets(page)[1]
    assert "check(" not in sheets(page)[1] and "SOLUTION" not in sheets(page)[1]


def test_hidden_halves_markers_and_noise(lesson):
    bar = new_output("display_data", data={"text/plain": "  0%|          | 0/12"})
    warned = new_output("stream", name="stderr", text="a warning")
    page = page_of(lesson(
        text("One"), code("plot()", "-", "hide-input", outputs=[printed("picture")]),
        code("# NBVAL_CHECK_OUTPUT\nshown()", "-", "hide-output", outputs=[printed("hidden")]),
        code("loop()", "-", outputs=[bar, warned, printed("done")])))
    words = sheets(page)[1].replace(" ", "")
    assert "picture" in words and "plot" not in words
    assert "shown()" in words and "hidden" not in words and "NBVAL" not in words
    assert "done" in words and "0%" not in words and "warning" not in words


def test_the_lesson_and_its_file_are_as_before(lesson):
    toy = lesson(text("One"), code(ANSWER, "fragment", "exercise", nbgrader=GRADER),
                 code("x", "-", outputs=[png()]))
    before, notebook = toy.path.read_bytes(), nbformat.from_dict(toy.notebook)
    copy = nbformat.reads(nbformat.writes(notebook), 4)
    deck(toy, cut(toy, more=True, solutions=True))
    assert toy.path.read_bytes() == before and toy.notebook == copy


def test_slides_have_ids_of_their_own(lesson):
    toy = lesson(text("One", id="a"), text("Two", id="b"), text("Three", id="a-b"))
    toy.notebook.cells[2].id = "a"
    ids = [section["id"] for section in page_of(toy).select(".slides > section")]
    assert ids[:2] == ["title", "a"] and len(set(ids)) == 4


def test_a_widget_takes_the_place_of_its_picture_where_it_is_known(lesson, monkeypatch):
    fragment = '<div class="toy-widget"><script>const drawn = "</p>";</script></div>'
    monkeypatch.setattr(slides, "deck_html", {"03-toy": fragment}.__getitem__)
    known, unknown = png(alt="known"), png(alt="unknown")
    known.metadata.course_widget, unknown.metadata.course_widget = "03-toy", "03-nobody"
    page = page_of(lesson(text("One"), code("a", "-", outputs=[known]), code("b", "-", outputs=[unknown])))
    assert fragment in str(page.select_one(".widget"))
    assert [image["alt"] for image in page.select("img")] == ["unknown"]


def test_a_lesson_that_was_never_run_says_so(lesson):
    with pytest.raises(ValueError, match=r"03_toy.ipynb has cells without stored outputs.*course save 03"):
        cut(lesson(code("x", count=None)))
    assert len(cut(lesson(code("", count=None), code("# a", "-")))) == 1


@pytest.mark.parametrize("cells", [(), (new_markdown_cell("x", metadata={"tags": ["teacher"]}),),
                                   (code("x", "skip"),)])
def test_a_lesson_with_nothing_on_its_deck_says_so(lesson, cells):
    with pytest.raises(ValueError, match=r"03_toy.ipynb has nothing on its deck"):
        cut(lesson(*cells, title=False))
