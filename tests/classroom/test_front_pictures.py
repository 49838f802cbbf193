"""Thumbnails of the ledger page: the right picture of the lesson, small, described, and a link."""

import base64
import io
import json

import pytest
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbformat.v4 import writes as write_notebook
from PIL import Image

from course_lib.classroom.claims import syllabus
from course_lib.classroom.front.entries import course
from course_lib.classroom.front.page import page
from course_lib.classroom.front.pictures import BYTES, WIDTH, pictures, thumbnail
from course_lib.classroom.lessons import Lesson, lessons


def picture(colour, alt, size=(600, 300)):
    packed = io.BytesIO()
    Image.new("RGB", size, colour).save(packed, "png")
    data = {"image/png": base64.b64encode(packed.getvalue()).decode("ascii"), "text/plain": "a picture"}
    return new_output("display_data", data=data, metadata={"image/png": {"alt": alt}})


def said(row, sentence):
    record = {"row": row, "sentence": sentence, "verdict": "holds", "scale": "quick", "seed": 0}
    return new_output("display_data", data={"text/plain": sentence}, metadata={"course_claim": record})


@pytest.fixture
def lesson(tmp_path):
    """Claims before, between and beside two pictures."""
    outputs = ([said("S4-20", "early")], [picture("red", 'a "red" <square>')], [said("S4-20", "one")],
               [said("S4-20", "two"), picture("blue", "a blue square")], [said("S4-21", "three")])
    cells = [new_markdown_cell("# 03 · Toy\n\nrows S4-20, S4-21"),
             *(new_code_cell("x", outputs=each) for each in outputs)]
    path = tmp_path / "nötebooks" / "03_toy.ipynb"
    path.parent.mkdir()
    path.write_text(write_notebook(new_notebook(cells=cells)), "utf-8")
    return Lesson(path)


def test_a_claim_has_the_last_picture_at_or_before_its_cell(lesson):
    found = pictures(lesson)
    assert {sentence: shown.alt for (_, sentence), shown in found.items()} == {
        "one": 'a "red" <square>', "two": "a blue square", "three": "a blue square"}


def test_each_picture_of_a_row_is_shown_once_described_and_leads_to_the_lesson(lesson, tmp_path):
    common = {"row": "S4-20", "verdict": "holds", "scale": "quick", "seed": 0, "device": "cpu",
              "lesson": "03_toy", "shown": {"a": "1"}}
    rows = [{**common, "sentence": name} for name in ("two", "one", "not in the lesson", "early")]
    record = tmp_path / "ledger.jsonl"
    record.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    soup = BeautifulSoup(page(course(record, lesson.path.parent), tmp_path), "html.parser")
    images = soup.find_all("img")
    assert [image["alt"] for image in images] == ['Lesson 03: a "red" <square>', "Lesson 03: a blue square"]
    assert all(image.find_parent("tbody")["id"] == "S4-20" for image in images)
    assert all(image.parent["href"] == "n%C3%B6tebooks/03_toy.ipynb" for image in images)
    claims = [line.find_all("td")[1].text for line in soup.select("tr.claim")]
    assert claims == ["early", "one", "two", "not in the lesson"], "in the lesson's order"


def test_a_thumbnail_is_a_small_palette_png_of_the_same_shape():
    address, width, height = thumbnail(picture("red", "", (960, 480)).data["image/png"])
    assert address.startswith("data:image/png;base64,") and (width, height) == (WIDTH, WIDTH // 2)
    packed = base64.b64decode(address.partition(",")[2])
    with Image.open(io.BytesIO(packed)) as image:
        assert image.mode == "P" and image.width <= 2 * WIDTH
        assert image.convert("RGB").getpixel((50, 50)) == (255, 0, 0)


def test_every_stored_picture_of_the_course_gets_a_small_thumbnail():
    named = {row for lesson in lessons() for row, _ in pictures(lesson)}
    assert {row for row, about in syllabus().items() if about["lesson"] in ("03", "10", "14")} <= named
    for lesson in lessons():
        for shown in set(pictures(lesson).values()):
            assert shown.alt.strip() and len(thumbnail(shown.data)[0]) <= 4 / 3 * BYTES + 40
