"""What axe-core says of the pages that the course makes for teachers."""

import sys
from pathlib import Path

import pytest
from accessible import findings

pytest.importorskip("latex2mathml")
pytest.importorskip("sphinx_revealjs")
sys.path.insert(0, str(Path(__file__).parents[1] / "classroom"))
from made_up_class import hand_in, record

from course_lib.classroom.front.write import write_page
from course_lib.classroom.insight.report import make_insight
from course_lib.classroom.lessons import find
from course_lib.classroom.pack.pack import index, write_files, write_pages
from course_lib.classroom.pack.paper import write_sheet
from course_lib.classroom.pack.reading import read_texts
from course_lib.classroom.preflight import write_preflight
from course_lib.classroom.rubric import page as rubric_page

pytestmark = pytest.mark.browser
LESSON = find("8")  # its sheets hold formulas and pictures
PACK = ("guide", "handout", "quiz", "quiz-key", "rubric", "index")
# What is taken away, on which page, and the rule of axe-core that must speak.
SPOILS = {
    "text alternative": ("handout", "document.querySelector('img').removeAttribute('alt')", "image-alt"),
    "contrast": ("guide", "document.querySelector('li').style.color = '#bbbbbb'", "color-contrast"),
    "language": ("quiz", "document.documentElement.removeAttribute('lang')", "html-has-lang"),
    "title": ("rubric", "document.title = ''", "document-title"),
    "list": ("index", "document.querySelectorAll('ul').forEach(node => {"
             " node.replaceWith(...node.children); })", "listitem"),
    "words of a link": ("index", "document.querySelector('a').textContent = ''", "link-name"),
}


@pytest.fixture(scope="module")
def pages(tmp_path_factory):
    """The folder with every page but the decks."""
    folder = tmp_path_factory.mktemp("pages")
    (folder / "pictures").mkdir()
    texts, _ = read_texts(LESSON.notebook)
    for sheet in write_files(LESSON, texts, folder, echo=lambda line: None):
        write_sheet(sheet)
    write_pages({folder / "rubric.html": rubric_page(LESSON)})
    (folder / "index.html").write_text(index(LESSON, texts, folder), "utf-8")
    write_page(folder / "ledger.html")
    write_preflight(folder / "preflight.html", source="https://example.org/it", reply_to="me", by="Monday")
    make_insight(hand_in(folder / "class", [record(n) for n in range(9)]), folder, echo=lambda line: None)
    return folder


def look_at(sheet, file):
    sheet.set_viewport_size({"width": 1280, "height": 900})
    sheet.context.set_offline(True)
    sheet.goto(file.as_uri())
    return sheet


@pytest.mark.parametrize("name", [*PACK, "ledger", "preflight", "insight"])
def test_a_page_has_no_serious_finding(page, pages, name):
    sheet = look_at(page[0], pages / f"{name}.html")
    if name == "ledger":  # every lesson's table is made alike, and axe would look at them for a minute
        sheet.evaluate("""() => document.querySelectorAll('main > :not([aria-labelledby="lesson-03"])')
            .forEach(part => part.remove())""")
        assert sheet.locator("tr").count() > 6
    assert findings(sheet) == {}


@pytest.mark.parametrize("taken", SPOILS)
def test_what_is_taken_away_is_found(page, pages, taken):
    name, script, rule = SPOILS[taken]
    sheet = look_at(page[0], pages / f"{name}.html")
    sheet.evaluate(f"() => {{ {script} }}")
    assert rule in findings(sheet)
