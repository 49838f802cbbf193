"""`course pack`: what is on paper is what the lesson says, and what is missing or wrong is said."""

import base64
import copy
import csv
import io
import json
import re
import zipfile
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree

import nbformat
import pytest
from bs4 import BeautifulSoup
from PIL import Image
from typer.testing import CliRunner

pytest.importorskip("latex2mathml")
pytest.importorskip("sphinx_revealjs")

from course_lib.classroom import cli
from course_lib.classroom.copies import student_version
from course_lib.classroom.deck_pdf import browser_page
from course_lib.classroom.ledger import claims_in
from course_lib.classroom.lessons import Lesson, find, lessons, tags
from course_lib.classroom.live import live_copy
from course_lib.classroom.pack.guide import plan
from course_lib.classroom.pack.pack import make_packs, print_sheets, write_files
from course_lib.classroom.pack.paper import Sheet, pages_of
from course_lib.classroom.pack.reading import read_texts
from course_lib.classroom.pack.texts import TAGS, WHY
from course_lib.classroom.rubric import write_rubrics
from course_lib.classroom.slides import cut
from course_lib.runtime import home

EVERY = lessons()
WITH_TEXTS = [lesson for lesson in EVERY if read_texts(lesson.notebook)[0].found]


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """The folder of lesson 03 without PDFs, and what was said."""
    out, said = tmp_path_factory.mktemp("packs"), []
    status = make_packs([find("3")], out, pdf=False, echo=said.append)
    return out / "03_residual_blocks", status, said


def words(file: Path) -> str:
    return " ".join(BeautifulSoup(file.read_text("utf-8"), "html.parser").body.get_text(" ").split())


def test_the_folder_is_whole_and_asks_for_nothing_outside(packed):
    folder, status, said = packed
    assert status == 0 and not [line for line in said if "lacks" in line]
    found = {file.name for file in folder.iterdir()} - {"quiz-qti.zip"}
    assert found == {"index.html", "guide.html", "handout.html", "quiz.html", "quiz-key.html", "quiz.csv",
                     "quiz.gift", "rubric.html", "03_residual_blocks.html", "pictures"}
    reached = set()
    for name in ("index.html", "guide.html", "handout.html", "quiz.html", "quiz-key.html", "rubric.html"):
        page = BeautifulSoup((folder / name).read_text("utf-8"), "html.parser")
        assert not page.select("script, link, iframe")
        for part in page.select("[src], [href]"):
            target = part.get("src") or part.get("href")
            if not target.startswith("data:"):
                assert (folder / unquote(target)).is_file(), target
                reached.add(unquote(target))
    assert found - {"index.html", "pictures"} <= reached
    assert {f"pictures/{file.name}" for file in (folder / "pictures").iterdir()} <= reached
    assert all(image.get("alt", "").strip() for image in page.select("img"))


@pytest.mark.parametrize("lesson", EVERY, ids=[lesson.slug for lesson in EVERY])
def test_the_plan_takes_the_minutes_of_the_lesson(lesson):
    cells = json.loads(lesson.path.read_text("utf-8"))["cells"]
    marks = [cell["metadata"]["tags"] for cell in cells if "core" in cell["metadata"]["tags"]]
    minutes = sum(int(tag[8:]) for own in marks for tag in own if tag.startswith("minutes:"))
    rows = plan(lesson, read_texts(lesson.notebook)[0])
    assert sum(row.minutes for row in rows) == minutes > 0
    assert [row.start for row in rows] == [sum(r.minutes for r in rows[:n]) for n in range(len(rows))]


def test_the_plan_is_on_paper_with_each_question_in_its_section(packed):
    page = BeautifulSoup((packed[0] / "guide.html").read_text("utf-8"), "html.parser")
    assert page.select_one(".total").get_text() == "45"
    assert "45 min in class" in find("3").notebook.cells[0].source
    told = {row.select("td")[2].get_text(): row.select("td")[3].get_text() for row in page.select("tbody tr")}
    assert "Question 1" in told["Play: grow a net that is already trained"]
    assert "Question 4" in told["Experiment · The same updates, more layers"]
    assert "Skip if late" in told["Exercise 03-2 · Norm and relu first"] and "Skip" not in told["Recall"]
    assert "Why 03-" not in page.get_text()  # the samples for marking are on the rubric's page
    assert "(10 minutes saved)" in page.get_text() and "a guess, not measured" in page.get_text()


@pytest.mark.parametrize("lesson", WITH_TEXTS, ids=[lesson.slug for lesson in WITH_TEXTS])
def test_every_measured_number_on_paper_is_the_ledgers(lesson, tmp_path):
    make_packs([lesson], tmp_path, pdf=False, echo=lambda line: None)
    files = [tmp_path / lesson.slug / f"{name}.html" for name in ("guide", "handout", "quiz-key")]
    paper = " ".join(map(words, files))
    assert "{{" not in paper
    lines = (home() / "data" / "ledger.jsonl").read_text("utf-8").splitlines()
    ledger = [row for row in map(json.loads, lines) if (row["scale"], row["seed"]) == ("quick", 0)]
    places = re.findall(r"\{\{(S\d+-\d+)(?:#\d+)?: (.+?)\}\}", lesson.path.read_text("utf-8"))
    assert places or not claims_in(lesson.notebook)  # lesson 00 claims nothing
    for row_id, name in places:
        values = [row["shown"][name] for row in ledger
                  if row["lesson"] == lesson.slug and row["row"] == row_id and name in row["shown"]]
        assert values and any(value in paper for value in values), (row_id, name, values)


def test_the_rubric_lies_in_the_pack_and_is_the_one_of_course_rubric(packed, tmp_path):
    write_rubrics([find("3")], tmp_path, echo=lambda line: None)
    page = packed[0] / "rubric.html"
    assert page.read_text("utf-8") == (tmp_path / "03_residual_blocks-rubric.html").read_text("utf-8")
    assert "Marks for 03" in words(page) and "No samples are written" not in words(page)
    listed = BeautifulSoup((packed[0] / "index.html").read_text("utf-8"), "html.parser").select("li")
    told, = [item for item in listed if item.select("a[href='rubric.html']")]
    assert "How to mark it" in told.get_text() and not told.select("a[href='rubric.pdf']")


def test_a_lesson_without_exercises_has_no_rubric(tmp_path):
    notebook = copy.deepcopy(find("3").notebook)
    notebook.cells = [cell for cell in notebook.cells if not {"check", WHY} & set(tags(cell))]
    path = tmp_path / "99_no_exercises.ipynb"
    nbformat.write(notebook, path)
    (tmp_path / "out" / "99_no_exercises").mkdir(parents=True)
    make_packs([Lesson(path)], tmp_path / "out", pdf=False, echo=lambda line: None)
    folder = tmp_path / "out" / "99_no_exercises"
    assert (folder / "guide.html").is_file() and not (folder / "rubric.html").exists()
    assert "rubric" not in (folder / "index.html").read_text("utf-8")


def test_what_is_for_the_teacher_reaches_no_learner_and_no_deck():
    lesson = find("3")
    secret = "Training did not find a solution that exists"
    assert any(secret in cell.source for cell in lesson.notebook.cells)
    slides = cut(lesson, more=True, solutions=True)
    shown = [cell for slide in slides for cell in (*slide.cells, *slide.notes)]
    copies = student_version(lesson.notebook).cells, live_copy(lesson.notebook, solutions=True).cells, shown
    for cells in copies:
        assert cells and not [cell for cell in cells if TAGS & set(tags(cell))]
        assert not any(secret in cell.source for cell in cells)


def test_the_handout_is_grey_and_in_the_lessons_words(packed):
    page = BeautifulSoup((packed[0] / "handout.html").read_text("utf-8"), "html.parser")
    lesson = " ".join(" ".join(cell.source.replace("*", "").split()) for cell in find("3").notebook.cells)
    taken = [" ".join(item.get_text().split()) for item in page.select("h2 + ul li")]
    assert len(taken) == 3 and all(sentence in lesson for sentence in taken)
    assert page.select(".formula math") and len(page.select(".task .room")) == 2
    data = base64.b64decode(page.select_one("figure img")["src"].split(",")[1])
    assert Image.open(io.BytesIO(data)).mode == "L" and page.select_one("figure img")["alt"]


def test_the_quiz_is_the_same_on_paper_in_its_key_and_for_platforms(packed):
    folder = packed[0]
    with (folder / "quiz.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["number"] for row in rows] == list("123456")
    key = words(folder / "quiz-key.html")
    assert "Key: " + ", ".join(f"{row['number']} {row['right']}" for row in rows) in key
    paper = BeautifulSoup((folder / "quiz.html").read_text("utf-8"), "html.parser")
    assert "✓" not in paper.get_text() and not paper.select(".right, .belief")
    blocks = (folder / "quiz.gift").read_text("utf-8").strip().split("\n\n")
    for row, block, item in zip(rows, blocks, paper.select(".item"), strict=True):
        assert row[row["right"]] in item.get_text()
        answers = re.findall(r"^\t([=~])((?:\\.|[^#\\\n])+)", block, re.MULTILINE)
        marks = "".join(sign for sign, _ in answers)
        assert marks.count("=") == 1 and "ABCDE"[marks.index("=")] == row["right"]
        markup = re.sub(r"\\(.)", r"\1", answers[marks.index("=")][1])
        assert BeautifulSoup(markup, "html.parser").get_text() == row[row["right"]]


def test_qti_marks_the_right_answers(packed):
    pytest.importorskip("text2qti", reason="QTI needs text2qti")
    with zipfile.ZipFile(packed[0] / "quiz-qti.zip") as package:
        name = next(name for name in package.namelist() if re.fullmatch(r"(\w+)/\1\.xml", name))
        page = ElementTree.fromstring(package.read(name))
    items = page.findall(".//{*}item")
    rows = list(csv.DictReader((packed[0] / "quiz.csv").read_text("utf-8").splitlines()))
    for item, row in zip(items, rows, strict=True):
        right = next(part.find(".//{*}varequal").text for part in item.findall(".//{*}respcondition")
                     if part.find("{*}setvar") is not None)
        labels = [label.get("ident") for label in item.findall(".//{*}response_label")]
        assert "ABCDE"[labels.index(right)] == row["right"]


def test_the_command_tells_what_is_wrong_in_one_line(tmp_path, monkeypatch):
    course = CliRunner()
    done = course.invoke(cli.app, ["pack", "77", "--out", str(tmp_path / "z")])
    assert done.exit_code == 2 and "no lesson '77'" in done.stderr and not (tmp_path / "z").exists()
    assert course.invoke(cli.app, ["pack"]).exit_code == 2
    monkeypatch.setenv("COURSE_BROWSER", str(tmp_path / "no-browser-here"))
    done = course.invoke(cli.app, ["pack", "3", "--out", str(tmp_path / "packs")])
    assert done.exit_code == 1 and "No PDF:" in done.stdout and "playwright install" in done.stdout
    folder = tmp_path / "packs" / "03_residual_blocks"
    assert (folder / "guide.html").is_file() and not list(folder.glob("*.pdf"))
    assert "guide.pdf" not in (folder / "index.html").read_text("utf-8")


@pytest.mark.browser
@pytest.mark.parametrize("lesson", WITH_TEXTS, ids=[lesson.slug for lesson in WITH_TEXTS])
def test_each_sheet_fits_its_pages_with_nothing_beyond_the_paper(lesson, tmp_path):
    said = []
    (tmp_path / "pictures").mkdir()
    sheets = write_files(lesson, read_texts(lesson.notebook)[0], tmp_path, said.append)
    said.clear()
    assert print_sheets(sheets, True, said.append) == 0 and said == []
    pages = {file.stem: pages_of(file) for file in tmp_path.glob("*.pdf")}
    assert pages == {"guide": 2, "handout": 1, "quiz": 1, "quiz-key": 1}
    with browser_page() as page:
        page.set_viewport_size({"width": 703, "height": 1000})  # what A4 leaves between its margins, 186 mm
        page.emulate_media(media="print")
        for sheet in sheets:
            page.goto(sheet.file.as_uri())
            assert page.evaluate("document.documentElement.scrollWidth") <= 703, sheet.file.name
            assert page.evaluate("[...document.images].every(image => image.naturalWidth > 300)")


@pytest.mark.browser
def test_the_rubric_is_printed_on_as_many_a4_sheets_as_it_needs(tmp_path, monkeypatch):
    monkeypatch.setattr("course_lib.classroom.pack.pack.make_decks", lambda *given, **options: 0)
    assert make_packs([find("3")], tmp_path, echo=lambda line: None) == 0
    folder = tmp_path / "03_residual_blocks"
    boxes = re.findall(rb"/MediaBox\s*\[0 0 (\d+)[\d.]* (\d+)[\d.]*\]", (folder / "rubric.pdf").read_bytes())
    assert len(boxes) == pages_of(folder / "rubric.pdf") > 1 and set(boxes) == {(b"594", b"841")}  # A4
    assert 'href="rubric.pdf"' in (folder / "index.html").read_text("utf-8")
    make_packs([find("3")], tmp_path, pdf=False, echo=lambda line: None)
    assert not (folder / "rubric.pdf").exists()  # an old one goes


@pytest.mark.browser
def test_a_sheet_that_is_too_long_is_printed_and_said(tmp_path):
    said = []
    sheet = Sheet(tmp_path / "guide.html", 2, "Toy", "<p>One line of many.</p>" * 400)
    assert print_sheets([sheet], True, said.append) == 0
    pages = pages_of(tmp_path / "guide.pdf")
    assert pages > 2 and f"guide.pdf has {pages} pages instead of 2" in said[0]
