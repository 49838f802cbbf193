"""The church window in a real browser: its pictures and words against Python's, mouse, finger and keys."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from course_lib.widgets.church_window import COLOURS, DIGITS, DRAWS, START, STEPS, church_window
from course_lib.widgets.stored import deck_html

pytestmark = pytest.mark.browser
EARS = "<script>heard = []; document.addEventListener('keydown', event => heard.push(event.key));</script>"
LINE = r"The net says (\d) \((\d+) %\), every pixel moved by at most (\d\.\d\d)\."
PIXELS = """canvas => {
    const { data } = canvas.getContext('2d').getImageData(0, 0, 28, 28);
    return [...data].filter((_, k) => k % 4 === 0);
}"""
# The fill under the middle of every place, row by row from the top.
FILLS = """([n]) => {
    const box = document.querySelector('.course-frame').getBoundingClientRect();
    const paths = [...document.querySelectorAll('.course-plane [data-class]')];
    const svg = paths[0].ownerSVGElement;
    return [...Array(n * n).keys()].map(k => {
        const spot = svg.createSVGPoint();
        [spot.x, spot.y] = [k % n + 0.5, Math.floor(k / n) + 0.5];
        const hit = paths.filter(path => path.isPointInFill(spot));
        return hit.map(path => [Number(path.dataset.class), path.getAttribute('fill')]);
    });
}"""


@pytest.fixture(scope="module")
def made():
    return church_window()


@pytest.fixture
def twin(made):
    """The window in Python, at the beginning."""
    made.digit, made.draw, made.point = DIGITS[0], 0, START
    return made


@pytest.fixture(scope="module")
def piece():
    return deck_html("12-church")


def spot(sheet, across: float, up: float) -> tuple[float, float]:
    """Where a place of the plane is on the screen."""
    box = sheet.locator(".course-frame").bounding_box()
    return box["x"] + box["width"] * (across + 0.31) / 0.62, box["y"] + box["height"] * (0.31 - up) / 0.62


def pull(sheet, *places: tuple[float, float]) -> None:
    """Take the point where it is and let go at the last of the places."""
    box = sheet.locator(".course-point").bounding_box()
    sheet.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    sheet.mouse.down()
    for place in places:
        sheet.mouse.move(*spot(sheet, *place), steps=3)
    sheet.mouse.up()


def agrees(sheet, twin) -> None:
    """Words, images and the point's place are those of the window in Python."""
    label, sure, most = re.fullmatch(LINE, sheet.get_by_role("status").inner_text()).groups()
    clean = twin.windows[twin.digit].x
    assert (int(label), int(sure)) == twin.answer()
    assert float(most) == pytest.approx((twin.image() - clean).abs().max().item(), abs=0.0051)
    captions = sheet.locator(".course-church figcaption").all_inner_texts()
    assert captions[1] == f"at the point: {label} ({sure} %)"
    assert captions[0].startswith(f"clean: {twin.windows[twin.digit].planes[0][0][15, 15]} (")
    for canvas, image in zip(sheet.locator("canvas").all(), (clean, twin.image()), strict=True):
        assert np.abs(np.array(canvas.evaluate(PIXELS)) - 255 * image.numpy().ravel()).max() <= 0.51
    box = sheet.locator(".course-point").bounding_box()
    middle = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    assert np.allclose(middle, spot(sheet, *twin.point), atol=1)
    assert sheet.locator(".course-wrong").count() == (int(label) != twin.digit)


def test_a_page_without_a_kernel_shows_the_story_and_asks_for_nothing(opened, piece, twin):
    sheet, requests = opened(piece)
    agrees(sheet, twin)
    assert sheet.locator(".course-wrong").count() == 1
    box = sheet.locator(".course-church").bounding_box()
    assert box["width"] <= 1200 and box["height"] <= 540
    assert len(requests) == 1 and requests[0].startswith("file:")


def test_every_plane_has_the_colours_borders_and_numbers_of_its_answers(opened, piece, twin):
    sheet, _ = opened(piece)
    n = len(STEPS)
    for digit, draw in ((2, 0), (4, 0), (6, 1), (5, 1)):
        sheet.get_by_role("combobox", name="Digit").select_option(str(digit))
        while sheet.locator(".course-value").inner_text() != f"{draw + 1} of {DRAWS}":
            sheet.get_by_role("button", name="Another random direction").click()
        classes = twin.windows[digit].planes[draw][0]
        for hit, label in zip(sheet.evaluate(FILLS, [n]), classes[::-1].flat, strict=True):
            assert hit == [[label, "white" if label == digit else COLOURS[label]]]
        steps = sheet.locator(".course-border").get_attribute("d").count("M")
        assert steps == sum((np.diff(classes, axis=axis) != 0).sum() for axis in (0, 1)) > 20
        numbers = sheet.locator(".course-number").evaluate_all(
            "nodes => nodes.map(node => [node.textContent, node.getAttribute('x'), node.getAttribute('y')])")
        assert {int(text) for text, *_ in numbers} == set(np.unique(classes).tolist())
        assert all(classes[int(n - float(y)), int(float(x))] == int(text) for text, x, y in numbers)


def test_the_point_is_dragged_and_everything_follows(opened, piece, twin):
    sheet, _ = opened(piece)
    for digit, places in ((2, [(0.0, 0.0)]), (3, [(0.1, 0.2), (0.24, -0.1)]), (6, [(-0.1, 0.3)])):
        sheet.get_by_role("combobox", name="Digit").select_option(str(digit))
        pull(sheet, *places)
        twin.digit, twin.point = digit, places[-1]
        agrees(sheet, twin)
    pull(sheet, (5.0, -5.0))
    twin.point = [0.3, -0.3]
    agrees(sheet, twin)
    sheet.mouse.move(*spot(sheet, 0, 0))
    agrees(sheet, twin)  # let go is let go
    sheet.mouse.click(*spot(sheet, -0.119, 0.045))
    twin.point = [-0.12, 0.04]
    agrees(sheet, twin)  # a click is enough, and it goes to a place at which the net was asked
    sheet.mouse.click(*spot(sheet, 0, -0.37))
    agrees(sheet, twin)  # the axes are no place


def test_a_finger_drags_the_point(opened, piece, twin):
    sheet, _ = opened(piece)
    finger = sheet.context.new_cdp_session(sheet)
    finger.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    for kind, place in (("touchStart", START), ("touchMove", (0.1, 0.1)), ("touchMove", (0.2, 0.24))):
        x, y = spot(sheet, *place)
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [{"x": x, "y": y}]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    finger.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
    twin.point = [0.2, 0.24]
    agrees(sheet, twin)


def test_everything_is_reached_and_moved_by_keys_that_the_page_does_not_hear(opened, piece, twin):
    sheet, _ = opened(EARS, piece)
    walk = []
    for _ in range(4):
        sheet.keyboard.press("Tab")
        walk.append(sheet.evaluate("() => document.activeElement.tagName"))
    assert walk == ["SELECT", "BUTTON", "BUTTON", "BUTTON"]
    for key in ("ArrowLeft", "Shift+ArrowUp", "ArrowDown", "ArrowLeft"):
        sheet.keyboard.press(key)
    twin.point = [START[0] - 0.04, 0.08]
    agrees(sheet, twin)
    name = sheet.evaluate("() => document.activeElement.ariaLabel")
    assert name == "point: 0.04 along the gradient's sign, 0.08 along random signs"
    for _ in range(9):
        sheet.keyboard.press("Shift+ArrowRight")
    twin.point = [0.3, 0.08]
    agrees(sheet, twin)
    sheet.get_by_role("button", name="Another random direction").press("Enter")
    twin.draw = 1
    agrees(sheet, twin)
    sheet.get_by_role("combobox", name="Digit").press("ArrowDown")
    twin.digit = 3
    agrees(sheet, twin)
    sheet.get_by_role("button", name="Back to the clean image").press("Enter")
    twin.point = [0, 0]
    agrees(sheet, twin)
    for _ in range(2):
        sheet.get_by_role("button", name="Another random direction").press("Space")
    assert sheet.locator(".course-value").inner_text() == f"1 of {DRAWS}", "and round again"
    assert set(sheet.evaluate("heard")) <= {"Tab", "Shift"}
    sheet.locator(".course-point").press("Escape")
    assert sheet.evaluate("() => document.activeElement.tagName") == "BODY"


def test_two_windows_on_a_page_and_a_narrow_one(opened, piece, twin):
    sheet, _ = opened(piece, piece)
    windows = sheet.locator(".course-church")
    before = windows.nth(1).get_by_role("status").inner_text()
    windows.nth(0).locator(".course-point").press("ArrowLeft")
    windows.nth(0).get_by_role("combobox").select_option("5")
    assert windows.nth(0).get_by_role("status").inner_text() != before
    assert windows.nth(1).get_by_role("status").inner_text() == before, "only its own"
    ids = sheet.evaluate("() => [...document.querySelectorAll('[id]')].map(node => node.id)")
    assert len(set(ids)) == len(ids) == 2
    sheet.set_viewport_size({"width": 420, "height": 900})
    assert windows.nth(0).evaluate("node => node.scrollWidth <= node.clientWidth + 1")
    assert windows.nth(1).locator(".course-frame").bounding_box()["width"] > 250


def test_on_a_slide_it_takes_the_room_that_is_left_and_nothing_done_to_it_turns_it(page, tmp_path):
    pytest.importorskip("latex2mathml")
    pytest.importorskip("sphinx_revealjs")
    from course_lib.classroom.deck import make_decks

    sys.path.insert(0, str(Path(__file__).parents[1] / "classroom"))
    from toy_lessons import code, html, lesson_of, text

    def shown(id):
        return code("glass", "-", "hide-input", outputs=[html("a still picture", course_widget=id)])

    # The game beside it: the styles of both meet in one page.
    toy = lesson_of(tmp_path, text("## A heading\n\nAnd a line of words."), shown("12-church"), text("next"),
                    shown("10-network"))
    make_decks([toy], tmp_path, pdf=False, echo=lambda line: None)
    sheet, errors = page
    sheet.set_viewport_size({"width": 1280, "height": 720})
    sheet.goto((tmp_path / "03_toy.html").as_uri())
    sheet.wait_for_function("() => window.Reveal?.isReady()")
    sheet.evaluate("Reveal.slide(1)")
    sheet.screenshot(path=tmp_path / "slide.png")
    window = sheet.locator("section.present .course-church")
    whole, glass = window.bounding_box(), window.locator(".course-frame").bounding_box()
    assert whole["y"] + whole["height"] < 680 and glass["height"] > 300
    assert glass["width"] == pytest.approx(glass["height"], abs=1)
    images = [canvas.bounding_box() for canvas in window.locator("canvas").all()]
    line = window.get_by_role("status").bounding_box()
    assert all(box["y"] + box["height"] <= line["y"] for box in images), "nothing lies over the line"
    svg = window.locator(".course-plane svg").bounding_box()
    assert svg["y"] + svg["height"] <= line["y"] + 1

    point = window.locator(".course-point")
    for key in ("ArrowLeft", "ArrowRight", "ArrowUp", "Space", "Enter", "n"):
        point.press(key)
        assert sheet.evaluate("Reveal.getIndices().h") == 1, key
    x, y = spot(sheet, 0.1, 0)
    finger = sheet.context.new_cdp_session(sheet)
    finger.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for k in range(1, 8):
        at = [{"x": x - 20 * k, "y": y}]
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": at})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    finger.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
    assert sheet.evaluate("Reveal.getIndices().h") == 1 and errors == []
    assert point.get_attribute("aria-label").startswith("point: -0.1")
