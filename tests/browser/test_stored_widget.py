"""Widgets on a page without a kernel: offline, from a file, beside each other, in a slide show."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from harness import PIXELS

from course_lib.widgets import Button, Choice, Explorer, Slider, Toggle
from course_lib.widgets.stored import deck_html

pytestmark = pytest.mark.browser
EARS = "<script>heard = []; document.addEventListener('keydown', event => heard.push(event.key));</script>"


@pytest.fixture(scope="module")
def toy():
    """A widget with a control of each kind, every setting in a grey of its own."""
    def draw(depth, kind, norm):
        return np.full((360, 800, 3), depth * 20 + 5 * (kind == "skip") + 2 * norm, np.uint8)

    explorer = Explorer(draw, alt=lambda depth, kind, norm: f"{depth}, {kind}, {norm}",
                        depth=Slider(1, 9, value=3), kind=Choice(["plain", "skip"]), norm=Toggle(),
                        go=Button("Go", print))
    return f'<div class="course-deck">{explorer.to_html()}</div>'


@pytest.fixture(scope="module")
def grow():
    return deck_html("03-grow")


def test_several_widgets_stand_on_one_page_and_ask_for_nothing(opened, toy, grow):
    sheet, requests = opened(EARS, grow, toy, grow)
    widgets = sheet.locator(".course-explorer")
    assert widgets.count() == 3 and sheet.get_by_role("button").count() == 0
    ids = sheet.evaluate("() => [...document.querySelectorAll('[id]')].map(node => node.id)")
    assert len(set(ids)) == len(ids) >= 7
    pictures = [widgets.nth(k).get_by_role("img") for k in range(3)]
    before = [picture.evaluate(PIXELS) for picture in pictures]
    assert before[0] == before[2] != before[1]
    widgets.nth(2).get_by_role("slider", name="layers").press("ArrowRight")
    after = [picture.evaluate(PIXELS) for picture in pictures]
    assert after[:2] == before[:2] and after[2] != before[2], "only the one that was moved moves"
    widgets.nth(0).get_by_role("checkbox", name="train on").press("Space")
    assert pictures[0].evaluate(PIXELS) != before[0] and pictures[2].evaluate(PIXELS) == after[2]
    assert len(requests) == 1 and requests[0].startswith("file:")


def test_every_control_answers_to_its_keys_and_the_page_around_does_not_hear_them(opened, toy):
    sheet, _ = opened(EARS, toy)
    slider, choice, toggle = (sheet.get_by_role(role) for role in ("slider", "combobox", "checkbox"))

    def press(control, key):
        control.press(key)
        return sheet.get_by_role("img").get_attribute("alt")

    assert press(slider, "ArrowRight") == "4, plain, False"
    assert press(slider, "ArrowDown") == "3, plain, False"
    assert press(slider, "End") == "9, plain, False"
    assert press(slider, "Home") == "1, plain, False"
    assert press(slider, "PageUp") != "1, plain, False"
    assert press(slider, "PageDown") == "1, plain, False"
    assert press(choice, "ArrowDown") == "1, skip, False" and press(choice, "p") == "1, plain, False"
    assert press(toggle, "Space") == "1, plain, True"
    assert sheet.evaluate("heard") == []


def test_a_control_is_left_with_tab_and_escape_and_then_the_page_has_its_keys(opened, toy):
    sheet, _ = opened(EARS, "<button>before</button>", toy, "<button>after</button>")
    focus = "() => document.activeElement.type ?? document.activeElement.tagName"
    sheet.get_by_role("button", name="before").focus()
    walk = []
    for _ in range(4):
        sheet.keyboard.press("Tab")
        walk.append(sheet.evaluate(focus))
    assert walk == ["range", "select-one", "checkbox", "submit"]
    sheet.keyboard.press("ArrowRight")
    for role in ("slider", "combobox", "checkbox"):
        sheet.get_by_role(role).press("Escape")
        assert sheet.evaluate(focus) == "BODY"
        sheet.keyboard.press("ArrowRight")
    assert sheet.evaluate("heard") == ["Tab"] * 4 + ["ArrowRight"] * 4
    assert sheet.get_by_role("img").get_attribute("alt") == "3, plain, False"


def test_focus_is_seen(opened, toy):
    sheet, _ = opened(toy)
    sheet.keyboard.press("Tab")
    style = sheet.get_by_role("slider").evaluate("node => getComputedStyle(node).outline")
    assert "rgb(0, 114, 178)" in style and "3px" in style


def test_it_fits_a_slide_and_is_read_from_the_last_row(opened, toy, grow):
    sheet, _ = opened(f'<div style="width:1200px">{grow}{toy}</div>')
    for k in range(2):
        box = sheet.locator(".course-deck").nth(k).bounding_box()
        assert 1000 < box["width"] <= 1200 and box["height"] <= 600
    picture = sheet.get_by_role("img").first.evaluate("node => [node.width, node.naturalWidth]")
    assert picture == [1200, 1200], "not enlarged, so not blurred"
    sizes = sheet.evaluate("""() => [...document.querySelectorAll('.course-explorer, .course-explorer *')]
        .map(node => parseFloat(getComputedStyle(node).fontSize))""")
    assert min(sizes) >= 18


def test_its_style_stays_inside(opened, toy):
    outside = "<section><img alt='x'><label>a</label><select><option>b</select><button>c</button></section>"
    look = """() => [...document.querySelectorAll('body, section, section *')].map(node => {
        const style = getComputedStyle(node);
        return ['font', 'color', 'margin', 'padding', 'display', 'border', 'width'].map(name => style[name]);
    })"""
    bare = opened(outside)[0].evaluate(look)
    assert opened(outside, toy)[0].evaluate(look) == bare


def test_settings_that_are_not_stored_are_told(opened):
    explorer = Explorer(lambda n: np.full((9, 9, 3), n, np.uint8), alt="x", n=Slider(1, 9))
    sheet, _ = opened(explorer.to_html({"n": [2, 5]}))
    assert sheet.get_by_text("N: 2 of 9 settings are stored here.").is_visible()
    sheet.get_by_role("slider").press("End")
    assert sheet.locator(".course-value").text_content() == "5"


def swipe(sheet, x: float, y: float, to: float) -> None:
    """A finger across the screen."""
    finger = sheet.context.new_cdp_session(sheet)
    finger.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for k in range(1, 11):
        points = [{"x": x + (to - x) * k / 10, "y": y}]
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": points})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    finger.send("Emulation.setTouchEmulationEnabled", {"enabled": False})


def test_nothing_done_to_a_widget_turns_the_slide(opened, toy, grow):
    if importlib.util.find_spec("sphinx_revealjs") is None:
        pytest.skip("reveal.js is not installed (pip install sphinx-revealjs)")
    found = importlib.util.find_spec("sphinx_revealjs").submodule_search_locations[0]
    reveal = Path(found) / "_static" / "revealjs" / "dist"
    look = "".join(f'<link rel="stylesheet" href="{(reveal / name).as_uri()}">'
                   for name in ("reveal.css", "theme/white.css"))
    slides = "".join(f"<section>{piece}</section>" for piece in ("first", toy, grow, "last"))
    start = "deck = new Reveal({ width: 1280, height: 720, margin: 0 }); deck.initialize();"
    sheet, _ = opened(look, f'<div class="reveal"><div class="slides">{slides}</div></div>',
                      f'<script src="{(reveal / "reveal.js").as_uri()}"></script><script>{start}</script>')
    sheet.wait_for_function("() => deck.isReady()")

    def at() -> int:
        sheet.wait_for_timeout(50)
        return sheet.evaluate("() => deck.getIndices().h")

    sheet.keyboard.press("ArrowRight")
    assert at() == 1
    widget = sheet.locator("section.present .course-explorer")
    slider, picture = widget.get_by_role("slider"), widget.get_by_role("img")
    for control, keys in (("slider", ["ArrowLeft", "ArrowRight", "PageDown", "PageUp", "Home", "End"]),
                          ("combobox", ["ArrowDown", "ArrowUp", "n", "p", "s", "Space", "Escape"]),
                          ("checkbox", ["Space", "Escape"])):
        for key in keys:
            widget.get_by_role(control).press(key)
            assert at() == 1 and not sheet.evaluate("() => deck.isOverview()"), f"{key} on the {control}"
    alt, box = picture.get_attribute("alt"), slider.bounding_box()
    swipe(sheet, box["x"] + box["width"] - 9, box["y"] + box["height"] / 2, box["x"] + 40)
    assert at() == 1 and picture.get_attribute("alt") != alt, "the finger moved the slider"
    swipe(sheet, 900, 500, 300)
    assert at() == 2, "a swipe over the picture turns the slide"
    sheet.keyboard.press("ArrowLeft")
    assert at() == 1
    reached = set()
    for _ in range(10):
        sheet.keyboard.press("Tab")
        reached.add(sheet.evaluate("() => document.activeElement.closest('section')?.className ?? 'present'"))
    assert reached == {"present"}, "the Tab key never reaches the controls of a slide that is not seen"
