"""How a deck is written: math, pictures, links, odd content, no network; and the command `course slides`."""

import re
import sys
from pathlib import Path

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_output
from PIL import Image
from typer.testing import CliRunner

pytest.importorskip("latex2mathml")
pytest.importorskip("sphinx_revealjs")
sys.path.insert(0, str(Path(__file__).parent))
from toy_lessons import code, html, lesson_of, png, printed, sheets, text

from course_lib.classroom import cli
from course_lib.classroom.deck import make_decks
from course_lib.classroom.deck_html import mathml, safe
from course_lib.classroom.deck_page import deck, lesson_map
from course_lib.classroom.slides import cut


@pytest.fixture
def lesson(tmp_path):
    """Make a lesson of these cells, after its title."""
    return lambda *cells, **wishes: lesson_of(tmp_path, *cells, **wishes)


def page_of(lesson, **wishes):
    return BeautifulSoup(deck(lesson, cut(lesson, **wishes)), "html.parser")


def test_math_is_mathml_and_dollars_in_code_stay(lesson):
    page = page_of(lesson(
        text("Squared: $x^2$ and\n\n$$\\sum_i \\lVert x_i\\rVert$$\n\n`cost = $5` costs \\$5"),
        text("<details><summary>answer</summary>It is $y_1$ for $3.</details>", "-"),
        code('print("$HOME and $x$")', "-", outputs=[printed("$a$ b")])))
    assert [math.get("display") for math in page.select("math")] == ["inline", "block", "inline"]
    assert page.select("msup") and page.select("details math")
    words = sheets(page)[1]
    assert "cost = $5" in words and "$HOME and $x$" in words and "$a$ b" in words and "for $3." in words


def test_outputs_of_other_kinds(lesson):
    def output(**kinds):
        data = {name.replace("_", "/"): value for name, value in kinds.items()}
        return new_output("display_data", data=data)

    live = output(text_html="seen")
    live.data["application/javascript"] = "alert()"
    page = page_of(lesson(text("One"), code("x", outputs=[
        output(text_latex=r"$\displaystyle y^2$", text_plain="y"), output(text_markdown="**bold**"),
        output(image_png="bm90IGEgcGljdHVyZQ=="), live])))
    assert page.select("msup") and page.select("strong") and "seen" in sheets(page)[1]
    assert len(page.select("img")) == 1 and "alert()" not in str(page)


def test_what_cannot_be_drawn_names_the_lesson(lesson):
    with pytest.raises(ValueError, match=r"03_toy.ipynb: .*gone\.png"):
        page_of(lesson(text("![x](attachment:gone.png)")))


@pytest.mark.parametrize("formula", [r"\frac{", "}", r"\nosuchcommand x", ""])
def test_a_formula_that_cannot_be_read_stays_as_it_was_written(formula):
    drawn = mathml(formula, "inline")
    assert BeautifulSoup(drawn, "html.parser").get_text() == formula


def test_aligned_formulas_are_tables():
    for name in ("align", "align*", "aligned", "eqnarray"):
        drawn = mathml(rf"\begin{{{name}}} a &= b \\ c &= d \end{{{name}}}", "block")
        assert "mtable" in drawn and "&amp;" not in drawn and "<mi>&</mi>" not in drawn


def test_pictures_are_inside_with_their_alt_text(lesson, tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "near.png")
    page = page_of(lesson(
        text('![near](near.png) ![far](https://example.org/far.png) ![gone](gone.png)'),
        code("x", "-", outputs=[png(alt='a "dot" & <more>')])))
    assert [image["alt"] for image in page.select("img")] == ["near", 'a "dot" & <more>']
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.select("img"))
    assert "far" in sheets(page)[1] and "gone" in sheets(page)[1]


def test_nothing_asks_for_the_network(lesson):
    markup = ('<style>@import url("https://example.org/x.css"); p { color: red }</style>'
              '<script src="https://example.org/x.js"></script>'
              '<link href="//example.org/y.css" rel="stylesheet">'
              '<p style="background: url(https://example.org/b.png)" onclick="go()">kept</p>'
              '<iframe src="https://example.org"></iframe><img src="//example.org/c.png" alt="seen">'
              '<a href="https://example.org/paper">a link</a>')
    page = page_of(lesson(text("One\n\n" + markup), code("x", "-", outputs=[html(markup)])))
    for part in page.find_all(True):
        outside = [name for name, value in part.attrs.items() if re.match(r"(https?:)?//", str(value))]
        assert outside in ([], ["href"]) and (not outside or part.name == "a"), part
        assert "onclick" not in part.attrs
    assert not page.select("script[src], link[rel=stylesheet], iframe")
    assert all("example.org" not in style.get_text() for style in page.select("style"))
    assert sheets(page)[1].count("kept") == 2 and sheets(page)[1].count("seen") == 2


@pytest.mark.parametrize("odd", [
    "</script></style></section></div>", "<!-- <script>", "]]>", "{{ 7 * 7 }} {% raw %}",
    "\u2028 ünïcødé 汉字 🙂", "<details><summary>open", "a & b < c",
])
def test_odd_words_in_any_place_leave_the_deck_whole(lesson, odd):
    page = page_of(lesson(
        text("One\n\n" + odd), code(f"x = {odd!r}", "-", outputs=[printed(odd), html(odd)]), text("Last")))
    assert len(page.select(".slides > section")) == 3
    assert sheets(page)[2] == "Last"
    assert not page.select("section section")
    script = page.find_all("script")[-1].get_text()
    assert "Reveal.initialize" in script and "49" not in sheets(page)[1]


def test_a_huge_table_is_on_its_slide(lesson):
    row = "|" + " cell |" * 40
    page = page_of(lesson(text("\n".join([row, "|" + "---|" * 40, *[row] * 60]))))
    assert len(page.select("tr")) == 61


def test_papers_named_by_number_become_links(lesson):
    page = page_of(lesson(text("- He et al., arXiv 1512.03385.\n- `arXiv 1409.0575` "
                               "- [arXiv 1603.05027](https://example.org/mine)")))
    links = [(link.get_text(), link["href"]) for link in page.select("section:last-of-type a")]
    assert links == [("arXiv 1512.03385", "https://arxiv.org/abs/1512.03385"),
                     ("arXiv 1603.05027", "https://example.org/mine")]


def test_links_to_notebooks_lead_to_decks_beside_or_nowhere():
    drawn = safe('<a href="03_a.ipynb">A</a> <a href="04_b.ipynb">B</a>', {"03_a"})
    assert 'href="03_a.html"' in drawn and "04_b" not in drawn and "B" in drawn


def test_the_map_on_the_first_slide(lesson):
    page = page_of(lesson(text("One")))
    maps = page.select("nav.lesson-map")
    assert len(maps) == 1 and maps[0].find_parent("section")["id"] == "title"
    assert [stop.get_text() for stop in maps[0].select("[aria-current]")] == ["03"]
    assert len(maps[0].select("li")) == 24
    assert "02 · Convolutional" in maps[0].get_text() and "05 · Shattered" in maps[0].get_text()
    assert 'href="00_start_here.html"' in lesson_map("03", {"00_start_here", "03_residual_blocks"})
    assert "href" not in lesson_map("03", {"03_residual_blocks"})


@pytest.fixture
def course(monkeypatch, lesson):
    toy = lesson(text("One"))
    monkeypatch.setattr("course_lib.classroom.lessons.choose", lambda names: [toy])
    return lambda *words: CliRunner().invoke(cli.app, ["slides", *map(str, words)])


def test_help_has_examples():
    done = CliRunner().invoke(cli.app, ["slides", "--help"])
    assert done.exit_code == 0 and "course slides --live 3" in done.stdout.split("Examples")[1]


def test_the_command_writes_the_deck_and_nothing_else(course, tmp_path):
    out = tmp_path / "deep" / "er"
    done = course("--out", out, "--no-pdf")
    assert done.exit_code == 0 and "2 slides" in done.stdout
    assert [file.name for file in out.iterdir()] == ["03_toy.html"]


def test_without_a_browser_the_deck_is_made_and_the_status_says_that_there_is_no_pdf(
        course, tmp_path, monkeypatch):
    out = tmp_path / "out"
    out.mkdir()
    (out / "03_toy.pdf").write_bytes(b"of an older deck")
    monkeypatch.setenv("COURSE_BROWSER", str(tmp_path / "no-browser-here"))
    done = course("--out", out)
    assert done.exit_code == 1 and "No PDF:" in done.stdout and "playwright install" in done.stdout
    assert [file.name for file in out.iterdir()] == ["03_toy.html"]


def test_what_is_wrong_is_one_line(course, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("", "utf-8")
    done = course("--out", tmp_path / "file" / "x")
    assert done.exit_code == 2 and "cannot write into" in done.stderr and "--out" in done.stderr
    done = course("3", "--live", "3")
    assert done.exit_code == 2 and "--live opens one lesson" in done.stderr
    monkeypatch.setattr("course_lib.classroom.deck.NEEDED", {"no_such_module": "no-such-package"})
    done = course("--out", tmp_path / "y")
    assert done.exit_code == 2 and "no-such-package" in done.stderr and "pip install" in done.stderr
    monkeypatch.undo()
    done = CliRunner().invoke(cli.app, ["slides", "77", "--out", str(tmp_path / "z")])
    assert done.exit_code == 2 and "no lesson '77'" in done.stderr and not (tmp_path / "z").exists()


def test_one_lesson_that_cannot_be_shown_and_no_deck_is_written(lesson, tmp_path):
    good = lesson(text("One"))
    good.notebook  # noqa: B018  (read before the next one takes its file)
    bad = lesson(code("x", count=None))
    with pytest.raises(ValueError, match="course save"):
        make_decks([good, bad], tmp_path / "out", pdf=False)
    assert not (tmp_path / "out").exists()
