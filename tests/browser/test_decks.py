"""Every slide of every deck in a real browser: from its file, offline, at two screen sizes; and the PDFs."""

import re
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import harness
import pytest
from accessible import findings

pytest.importorskip("latex2mathml")
pytest.importorskip("sphinx_revealjs")
sys.path.insert(0, str(Path(__file__).parents[1] / "classroom"))
from toy_lessons import code, html, lesson_of, text

from course_lib.classroom import slides
from course_lib.classroom.deck import make_decks
from course_lib.classroom.deck_pdf import PRINTABLE
from course_lib.classroom.lessons import find, lessons
from course_lib.widgets import Explorer, Slider

pytestmark = pytest.mark.browser
LESSONS = lessons()
SIZES = [(1280, 720), (1024, 768)]
SMALLEST = 14  # pixels, as drawn
# What is wrong on the slide that is shown: [what, where] pairs.
LOOK = """smallest => {
    const slide = Reveal.getCurrentSlide(), found = [];
    const name = part => `${part.tagName} ${part.textContent.trim().slice(0, 40)}`;
    const frame = slide.getBoundingClientRect(), scale = Reveal.getScale();
    if (frame.left < -1 || frame.top < -1 || frame.right > innerWidth + 1 || frame.bottom > innerHeight + 1)
        found.push(['the slide leaves the screen', slide.id]);
    for (const part of [slide, ...slide.querySelectorAll('*')]) {
        if (part.closest('aside.notes') || !part.checkVisibility({ visibilityProperty: true })) continue;
        const box = part.getBoundingClientRect();
        if (!box.width || !box.height) continue;
        if (box.left < frame.left - 1 || box.right > frame.right + 1 || box.top < frame.top - 1
            || box.bottom > frame.bottom + 1) found.push(['outside', name(part)]);
        const style = getComputedStyle(part);
        const clips = part.tagName === 'PRE' || `${style.overflowX}${style.overflowY}` !== 'visiblevisible';
        const more = [part.scrollWidth - part.clientWidth, part.scrollHeight - part.clientHeight];
        if (clips && part.clientWidth && Math.max(...more) > 1 && !part.closest('math, select'))
            found.push(['cut off', name(part)]);
        const words = [...part.childNodes].some(node => node.nodeType === 3 && node.data.trim());
        // Indices of formulas are small by their nature; the formula's own letters are measured.
        const to = part.ownerSVGElement && part.getScreenCTM();  // a drawing has a scale of its own
        const drawn = parseFloat(style.fontSize) * (to ? Math.hypot(to.a, to.b) : scale);
        if (words && !part.closest('msub, msup, msubsup, style, script, option') && drawn < smallest)
            found.push([`letters of ${drawn.toFixed(1)} px`, name(part)]);
        if (part.tagName === 'IMG' && (box.height < 90 * scale || !part.naturalWidth))
            found.push(['a picture too small to see', part.alt]);
    }
    const words = [...slide.querySelectorAll('p, li, summary, pre, td, h1, h2, h3')].filter(part =>
        part.checkVisibility() && !part.closest('aside'));
    const foot = document.querySelector('.slide-number').getBoundingClientRect();
    for (const part of words) {
        const box = part.getBoundingClientRect();
        if (box.bottom > foot.top + 1 && box.left < foot.right) found.push(['over the number', name(part)]);
    }
    return found;
}"""
GO = """number => {
    Reveal.slide(number);
    Reveal.getCurrentSlide().querySelectorAll('.fragment').forEach(step => step.classList.add('visible'));
    return Reveal.getCurrentSlide().id;
}"""


def made(chosen, folder) -> list[str]:
    """Make decks and PDFs; what was said. In a thread of its own: one thread cannot hold two browsers."""
    said = []
    with ThreadPoolExecutor(1) as thread:
        assert thread.submit(make_decks, chosen, folder, echo=said.append).result() == 0
    return said


@pytest.fixture(scope="session")
def decks(tmp_path_factory):
    """The folder with all decks and PDFs, and what the command said."""
    if reason := harness.missing():
        pytest.skip(reason)
    folder = tmp_path_factory.mktemp("decks")
    return folder, made(LESSONS, folder)


@pytest.fixture
def opened(page):
    """Open a deck from its file with the network off: (page, errors, addresses asked for)."""
    sheet, errors = page
    asked = []
    sheet.on("request", lambda request: asked.append(request.url))

    def open_it(file, size=SIZES[0], query=""):
        sheet.context.set_offline(True)
        sheet.set_viewport_size({"width": size[0], "height": size[1]})
        sheet.goto(file.as_uri() + query)
        sheet.wait_for_function("() => window.Reveal?.isReady()")
        sheet.add_style_tag(content=".fragment { transition: none !important; }")  # measured at once
        return sheet, errors, asked

    return open_it


def slide_count(sheet) -> int:
    return sheet.evaluate("() => Reveal.getTotalSlides()")


def place(sheet) -> int:
    return sheet.evaluate("() => Reveal.getIndices().h")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.slug for lesson in LESSONS])
def test_every_slide_is_whole_and_readable_and_asks_for_nothing(decks, opened, lesson, size):
    sheet, errors, asked = opened(decks[0] / f"{lesson.slug}.html", size)
    wrong = []
    for number in range(slide_count(sheet)):
        name = sheet.evaluate(GO, number)
        wrong += [(number + 1, name, *what) for what in sheet.evaluate(LOOK, SMALLEST)]
        if sheet.evaluate("""() => {
            const folds = [...Reveal.getCurrentSlide().querySelectorAll('details')];
            folds.forEach(fold => { fold.open = true; });
            return folds.length;
        }"""):
            wrong += [(number + 1, name, "folds open", *what) for what in sheet.evaluate(LOOK, SMALLEST)]
        assert sheet.evaluate("() => Reveal.getCurrentSlide().querySelector('.sheet').innerText.trim()"), name
    assert wrong == [] and errors == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert [url for url in asked if url.startswith("file:")] == [(decks[0] / f"{lesson.slug}.html").as_uri()]


@pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.slug for lesson in LESSONS])
def test_a_control_keeps_its_keys_and_gives_them_back(decks, opened, lesson):
    sheet, errors, _ = opened(decks[0] / f"{lesson.slug}.html")
    tried = 0
    for number in range(slide_count(sheet)):
        sheet.evaluate(GO, number)
        controls = sheet.locator("section.present :is(input, select, summary):not([hidden] *)")
        for control in controls.all():
            control.focus()
            for key in ("ArrowRight", "ArrowLeft", "ArrowDown", "Space", "Enter"):
                sheet.keyboard.press(key)
                assert place(sheet) == number, f"{key} in a control turned slide {number + 1}"
            sheet.keyboard.press("Escape")
            assert sheet.evaluate("() => document.activeElement === document.body && !Reveal.isOverview()")
            tried += 1
    assert tried and errors == []
    sheet.keyboard.press("ArrowLeft")
    assert place(sheet) == slide_count(sheet) - 2, "outside of controls the arrows turn the slides"


@pytest.mark.parametrize("number", ["00", "08", "14"])  # they have every kind of slide
def test_a_deck_has_no_serious_finding_and_a_text_alternative_that_is_taken_away_is_found(
        decks, opened, number):
    sheet, _, _ = opened(decks[0] / f"{find(number).slug}.html", query="?print-pdf")  # all slides at once
    sheet.wait_for_function(PRINTABLE)  # until then reveal.js goes on hiding slides
    shown = sheet.evaluate("""() => [...document.querySelectorAll('section')].filter(slide => {
        slide.hidden = false;  // reveal.js tells screen readers of one slide only
        slide.removeAttribute('aria-hidden');
        return slide.checkVisibility();
    }).length""")
    assert shown == slide_count(sheet)
    assert findings(sheet) == {}
    sheet.evaluate("() => document.querySelector('section img').removeAttribute('alt')")
    assert set(findings(sheet, "section:has(img:not([alt]))")) == {"image-alt"}


@pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.slug for lesson in LESSONS])
def test_a_pdf_has_one_page_a_slide(decks, opened, lesson):
    sheet, _, _ = opened(decks[0] / f"{lesson.slug}.html")
    pages = re.findall(rb"/Type\s*/Page\b", (decks[0] / f"{lesson.slug}.pdf").read_bytes())
    assert len(pages) == slide_count(sheet) > 5


def test_the_command_said_what_it_made_and_every_slide_fits(decks):
    said = "\n".join(decks[1])
    for lesson in LESSONS:
        assert f"{lesson.slug}.html" in said and f"{lesson.slug}.pdf" in said
    assert "does not fit" not in said


@pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.slug for lesson in LESSONS])
def test_the_papers_of_a_lesson_are_links_on_its_last_slide(decks, opened, lesson):
    named = {n for cell in lesson.notebook.cells for n in re.findall(r"arXiv (\d{4}\.\d{4,5})", cell.source)}
    sheet, _, _ = opened(decks[0] / f"{lesson.slug}.html")
    sheet.evaluate(GO, slide_count(sheet) - 1)
    links = sheet.locator("section.present a").evaluate_all("links => links.map(link => link.href)")
    assert {f"https://arxiv.org/abs/{number}" for number in named} <= set(links)


def test_folds_are_closed_and_open_by_key_and_by_click(decks, opened):
    sheet, errors, _ = opened(decks[0] / f"{LESSONS[-1].slug}.html")
    sheet.evaluate("() => Reveal.slide(Reveal.getSlides().findIndex(s => s.querySelector('details')))")
    fold = sheet.locator("section.present details").first
    assert not fold.evaluate("fold => fold.open")
    fold.locator("summary").focus()
    sheet.keyboard.press("Space")
    assert fold.evaluate("fold => fold.open")
    fold.locator("summary").click()
    assert not fold.evaluate("fold => fold.open") and errors == []


def test_the_speakers_view_opens_from_a_file_and_follows(opened, tmp_path):
    toy = lesson_of(tmp_path, text("One"), text("Say this", "notes"), text("Two"), text("Say that", "notes"))
    make_decks([toy], tmp_path, pdf=False, echo=lambda line: None)
    sheet, errors, _ = opened(tmp_path / "03_toy.html")
    sheet.keyboard.press("ArrowRight")
    with sheet.context.expect_page() as window:
        sheet.keyboard.press("s")
    speaker = window.value
    notes = speaker.locator(".speaker-controls-notes .value")
    notes.filter(has_text="Say this").wait_for()
    sheet.bring_to_front()
    sheet.keyboard.press("ArrowRight")
    notes.filter(has_text="Say that").wait_for()
    speaker.close()
    assert errors == []


def draw(depth):
    import numpy as np

    return np.full((32, 80, 3), 20 * depth, dtype=np.uint8)


def test_a_widget_on_a_slide_answers_and_a_clicker_still_turns(opened, tmp_path, monkeypatch):
    page = Explorer(draw, alt="Grey.", depth=Slider(1, 9, value=4)).to_html()
    monkeypatch.setattr(slides, "deck_html", {"03-toy": page}.__getitem__)
    stored = html("a still picture", course_widget="03-toy")
    toy = lesson_of(tmp_path, text("One"), code("x", outputs=[stored]), text("Two"))
    make_decks([toy], tmp_path, pdf=False, echo=lambda line: None)
    sheet, errors, _ = opened(tmp_path / "03_toy.html")
    sheet.evaluate(GO, 1)
    before = sheet.locator("section.present img").first.evaluate(harness.PIXELS)
    sheet.locator("section.present input").focus()
    sheet.keyboard.press("ArrowRight")
    sheet.wait_for_function("() => document.querySelector('section.present .course-value').innerText === '5'")
    sheet.wait_for_function("""([code, before]) =>
        eval(code)(document.querySelector('section.present img')) !== before""", arg=[harness.PIXELS, before])
    assert place(sheet) == 1
    sheet.keyboard.press("PageDown")
    assert place(sheet) == 2 and errors == []
    sheet.keyboard.press("PageUp")
    assert place(sheet) == 1


def test_what_does_not_fit_is_said(tmp_path):
    if reason := harness.missing():
        pytest.skip(reason)
    folds = "<details><summary>long</summary>" + "<p>word</p>" * 20 + "</details>"
    toy = lesson_of(tmp_path, text("\n\n".join(["too long"] * 30), id="long"), text("fits"),
                    text("|" + " wide |" * 60 + "\n|" + "---|" * 60, id="wide"), text(folds, id="folded"))
    complaints = [line for line in made([toy], tmp_path) if "does not fit" in line]
    assert [re.search(r"#(\w+)", line)[1] for line in complaints] == ["long", "wide", "folded"]
    assert "slide 2 " in complaints[0] and "when its folds are open" in complaints[2]
