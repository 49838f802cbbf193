"""The map of the course: all lessons, their order, and links that open a neighbour."""

import re
from html.parser import HTMLParser

import pytest

from course_lib.classroom.claims import syllabus
from course_lib.widgets.course_map import STOPS, course_map


class Page(HTMLParser):
    """The links, the tags, and for each lesson the chain of lessons around it."""

    def __init__(self, markup):
        super().__init__()
        self.links, self.tags, self.open, self.chain = {}, [], [], {}
        self.lists, self.href, self.last = [], None, {}
        self.feed(markup)
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        if tag != "br":
            self.open.append(tag)
        if tag == "a":
            self.href = dict(attributes)["href"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag, "tags close in order"
        self.href = None if tag == "a" else self.href

    def handle_data(self, text):
        if found := re.match(r"(\d\d) · ", text):
            depth = self.open.count("ul")
            self.last[depth] = found[1]
            self.chain[found[1]] = self.last.get(depth - 1, "")
            if self.href:
                self.links[found[1]] = self.href


@pytest.fixture
def page():
    return lambda *notebooks: Page(course_map(notebooks)._repr_mimebundle_()["text/html"])


def test_every_lesson_of_the_syllabus_stands_on_the_map_once():
    assert [stop.number for stop in STOPS] == [f"{n:02}" for n in range(1, 24)]
    assert {row["lesson"] for row in syllabus().values()} <= {stop.number for stop in STOPS}
    assert len({stop.title for stop in STOPS}) == len(STOPS)
    assert all(stop.line and stop.line[0].isupper() and not stop.line.endswith(".") for stop in STOPS)


def test_arrows_are_the_prerequisites(page):
    wanted = {"03": "02", "04": "03", "05": "03", "06": "02", "07": "06", "19": "06", "09": "08", "11": "10",
              "13": "12", "14": "12", "15": "12", "17": "02", "21": "03"}
    chain = page().chain
    assert {number: before for number, before in chain.items() if before} == wanted
    assert sorted(chain) == [stop.number for stop in STOPS]


def test_only_built_lessons_are_links_and_the_others_say_so(page):
    assert page().links == {}
    built = page("00_start_here.ipynb", "03_residual_blocks.ipynb", "08_a b.ipynb")
    assert built.links == {"03": "03_residual_blocks.ipynb", "08": "08_a%20b.ipynb"}
    bundle = course_map(["03_residual_blocks.ipynb"])._repr_mimebundle_()
    assert bundle["text/html"].count("Not built yet") == bundle["text/plain"].count("(not built yet)") == 22
    assert "03  Depth, degradation and residual blocks\n" in bundle["text/plain"]


def test_links_stay_in_the_folder(tmp_path, page):
    assert page(tmp_path / "03_x.ipynb").links == {"03": "03_x.ipynb"}


def test_no_script_no_style_sheet_and_no_fixed_text_colour(page):
    markup = course_map(["03_x.ipynb"])._repr_mimebundle_()["text/html"]
    assert not {"script", "style", "link"} & set(page("03_x.ipynb").tags)
    assert not re.search(r"[\";]color:|background", markup), "colours come from the page, light or dark"


@pytest.mark.parametrize("name", ["24_more.ipynb", "notes.ipynb", "03_residual.py"])
def test_a_file_that_is_no_lesson_is_named(name):
    with pytest.raises(ValueError, match=re.escape(name)):
        course_map([name])
