"""The ledger page in a real browser: from its file, offline; at two widths; by keyboard; printed on A4."""

import re
import zlib
from collections import Counter
from itertools import pairwise

import pytest

from course_lib.classroom.claims import syllabus
from course_lib.classroom.front.write import write_page

pytestmark = pytest.mark.browser
A4 = (595, 842)  # points
# Texts smaller than this many pixels, and what leaves the window to the right.
LOOK = """smallest => [...document.querySelectorAll('body *')].filter(part => {
    const words = [...part.childNodes].some(node => node.nodeType === 3 && node.data.trim());
    const box = part.getBoundingClientRect();
    return words && box.width > 1 && part.checkVisibility()
        && (box.right > innerWidth + 1 || parseFloat(getComputedStyle(part).fontSize) < smallest);
}).map(part => part.outerHTML.slice(0, 120))"""
# WCAG 2: the contrast of every text against the ground behind it.
PALE = """() => {
    const light = colour => colour.match(/[\\d.]+/g).slice(0, 3).map(v => v / 255)
        .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
        .reduce((sum, v, k) => sum + v * [0.2126, 0.7152, 0.0722][k], 0);
    const ground = part => {
        for (; part; part = part.parentElement) {
            const colour = getComputedStyle(part).backgroundColor;
            if (!/, 0\\)$/.test(colour)) return colour;
        }
        return 'rgb(255, 255, 255)';
    };
    return [...document.querySelectorAll('body *')].filter(part => part.innerText?.trim()).filter(part => {
        const pair = [light(getComputedStyle(part).color), light(ground(part))].sort((a, b) => b - a);
        return (pair[0] + 0.05) / (pair[1] + 0.05) < 4.5;
    }).map(part => part.outerHTML.slice(0, 120));
}"""


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    out = tmp_path_factory.mktemp("le dossier") / "ledger.html"
    write_page(out)
    return out


@pytest.fixture
def opened(page, front):
    """opened(width, height) -> the page, offline, from its file; nothing may have gone wrong in the end."""
    sheet, errors = page
    asked = []
    sheet.on("request", lambda request: asked.append(request.url))

    def open_it(width, height):
        sheet.context.set_offline(True)
        sheet.set_viewport_size({"width": width, "height": height})
        sheet.goto(front.as_uri())
        return sheet

    yield open_it
    assert errors == [] and {url for url in asked if not url.startswith("data:")} == {front.as_uri()}


@pytest.mark.parametrize("size", [(1280, 900), (400, 800)], ids=["desk", "phone"])
def test_it_is_whole_and_readable_offline(opened, size):
    sheet = opened(*size)
    assert sheet.locator("h1").inner_text() == "Build, Break, Explain: the ledger"
    assert sheet.evaluate(LOOK, 12) == [] and sheet.evaluate(PALE) == []
    assert sheet.evaluate("() => document.documentElement.scrollWidth") <= size[0]
    broken = "() => [...document.images].filter(image => !image.naturalWidth || !image.alt.trim()).length"
    assert sheet.evaluate("() => document.images.length") > 40 and sheet.evaluate(broken) == 0


@pytest.mark.parametrize("width", [1280, 400], ids=["desk", "phone"])
def test_a_screen_reader_hears_tables_headings_and_lessons(opened, width):
    sheet = opened(width, 800)
    assert sheet.get_by_role("heading", level=2, name="03 ·").count() == 1
    assert sheet.get_by_role("navigation", name="Lessons").get_by_role("link").count() == 24
    table = sheet.get_by_role("table", name="Rows of lesson 03, with their claims")
    assert table.get_by_role("columnheader").all_inner_texts() == [
        "Verdict", "Claim", "Our figures", "The source's figure", "Scale, device, seed, date"]
    rows = [about for about in syllabus().values() if about["lesson"] == "03"]
    assert table.get_by_role("rowheader").count() == len(rows) == 6
    assert table.get_by_role("cell").count() == 5 * table.locator("tr:has(td)").count() > 50
    assert sheet.evaluate("""() => [...document.querySelectorAll('th')].every(head => head.scope)""")


def test_the_keyboard_reaches_every_link_and_the_lessons(opened):
    sheet = opened(1280, 900)
    sheet.keyboard.press("Tab")
    assert sheet.evaluate("() => document.activeElement.hash") == "#lessons"
    sheet.get_by_role("navigation").get_by_role("link", name="14 ·").focus()
    sheet.keyboard.press("Enter")
    sheet.wait_for_function("() => location.hash === '#lesson-14'")
    assert abs(sheet.evaluate("() => document.getElementById('lesson-14').getBoundingClientRect().top")) < 5


# Inks that nothing else has, to find heads and rows on the printed pages.
HEAD, ROW = ".0039 .0078 .0118", ".0157 .0196 .0235"
INK = """@media print {
  .claims thead th:first-child { background: rgb(1, 2, 3) !important }
  .claims tbody tr > :first-child { background: rgb(4, 5, 6) !important }
}"""


def printed(pdf: bytes) -> list[Counter]:
    """For each page of a PDF that Chromium wrote, how many rectangles are filled in which colour."""
    pages = []
    for start in re.finditer(rb"stream\r?\n", pdf):
        try:
            lines = zlib.decompressobj().decompress(pdf[start.end():]).decode("latin-1").splitlines()
        except zlib.error:
            continue  # a picture or a font
        fills, colour = Counter(), ""
        for line, after in pairwise([*lines, ""]):
            if line.endswith(" rg"):
                colour = " ".join(line.split()[-4:-1])
            fills[colour] += line.endswith(" re") and after == "f"
        pages += [fills] if fills[colour] or colour else []
    return pages


def test_it_prints_on_a4_with_heads_on_each_page_and_no_row_cut(opened):
    sheet = opened(1280, 900)
    sheet.add_style_tag(content=INK)
    pdf = sheet.pdf(prefer_css_page_size=True, print_background=True)
    boxes = re.findall(rb"/MediaBox\s*\[\s*0 0 ([\d.]+) ([\d.]+)\s*\]", pdf)
    assert 15 <= len(boxes) <= 45, f"{len(boxes)} pages"
    assert all(abs(float(width) - A4[0]) < 2 and abs(float(height) - A4[1]) < 2 for width, height in boxes)
    pages = printed(pdf)
    with_rows = [fills for fills in pages if fills[ROW]]
    assert len(with_rows) > 10 and all(fills[HEAD] for fills in with_rows)
    rows = sheet.locator(".claims tbody tr").count()
    assert sum(fills[ROW] for fills in pages) == rows > 200, "a row that is cut is painted twice"
