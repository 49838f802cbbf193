"""The pixel hunter in a real browser: its net against torch, mouse, finger, keys, truth and evolution."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from course_lib.widgets.pixel_hunter import paint, pixel_hunter
from course_lib.widgets.stored import deck_html

pytestmark = pytest.mark.browser
EARS = "<script>heard = []; document.addEventListener('keydown', event => heard.push(event.key));</script>"


@pytest.fixture(scope="module")
def hunter():
    return pixel_hunter()


@pytest.fixture(scope="module")
def piece():
    return deck_html("13-hunter")


def centre(sheet, row: int, column: int) -> tuple[float, float]:
    """Where a pixel is on the page; the board has a rim of 4."""
    box = sheet.locator(".course-board").first.bounding_box()
    side = (box["width"] - 8) / 28
    return box["x"] + 4 + (column + 0.5) * side, box["y"] + 4 + (row + 0.5) * side


def click(sheet, row: int, column: int) -> None:
    sheet.mouse.click(*centre(sheet, row, column))


def colour(sheet, row: int, column: int) -> list[int]:
    """What is drawn in the middle of a pixel."""
    return sheet.locator(".course-board").first.evaluate("""(node, [i, j]) => {
        const { data } = node.getContext('2d').getImageData(28 * j + 14, 28 * i + 14, 1, 1);
        return [...data].slice(0, 3);
    }""", [row, column])


def status(sheet) -> str:
    return sheet.get_by_role("status").first.inner_text()


def bars(sheet) -> list[float]:
    """The ten probabilities as they are drawn."""
    return sheet.locator(".course-bar i").evaluate_all(
        "nodes => nodes.map(node => parseFloat(node.style.width) / 100)")


def expected(hunter, digit: int, *pixels) -> list[float]:
    with torch.no_grad():
        return hunter.model(paint(hunter.x[digit:digit + 1], pixels)).softmax(1)[0].tolist()


def press(sheet, name: str) -> None:
    sheet.get_by_role("button", name=name).click()


def test_a_page_without_a_kernel_shows_the_first_digit_and_asks_for_nothing(opened, piece, hunter):
    sheet, requests = opened(piece)
    assert np.allclose(bars(sheet), expected(hunter, 0), atol=1e-4)
    assert status(sheet) == "Net says 7 (69 %) · 0 of 3 pixels painted"
    box = sheet.locator(".course-hunter").bounding_box()
    assert box["width"] <= 1200 and box["height"] <= 540
    for place in ((0, 0), (8, 10), (12, 15)):
        assert colour(sheet, *place) == [round(255 * hunter.x[0, 0][place].item())] * 3
    assert len(requests) == 1 and requests[0].startswith("file:")


def test_a_click_paints_white_then_black_then_nothing_within_the_budget(opened, piece, hunter):
    sheet, _ = opened(piece)
    grey = next(place for place in hunter.x[0, 0].nonzero().tolist() if hunter.x[0, 0][tuple(place)] < 0.9)
    was = colour(sheet, *grey)
    for answer, painted in (([255] * 3, [(*grey, 1)]), ([0] * 3, [(*grey, 0)]), (was, [])):
        click(sheet, *grey)
        assert colour(sheet, *grey) == answer
        assert np.allclose(bars(sheet), expected(hunter, 0, *painted), atol=1e-4)
        assert f"{len(painted)} of 3 pixels painted" in status(sheet)
    click(sheet, 0, 0)  # it is black: white, and then as it was
    assert colour(sheet, 0, 0) == [255] * 3
    click(sheet, 0, 0)
    assert colour(sheet, 0, 0) == [0] * 3 and "0 of 3" in status(sheet)

    for column in (0, 13, 27):
        click(sheet, 27, column)
    click(sheet, 26, 1)
    assert status(sheet) == "3 of 3 pixels painted: undo one, or allow more."
    assert colour(sheet, 26, 1) == [0] * 3
    press(sheet, "Undo")
    assert "2 of 3" in status(sheet)
    assert colour(sheet, 27, 27) == [0] * 3 and colour(sheet, 27, 13) == [255] * 3
    sheet.get_by_role("slider", name="Pixels").press("Home")
    assert "1 of 1 pixel painted" in status(sheet) and colour(sheet, 27, 13) == [0] * 3
    press(sheet, "Clear")
    assert sheet.evaluate("() => document.activeElement.tagName") == "CANVAS"
    assert "0 of 1" in status(sheet) and np.allclose(bars(sheet), expected(hunter, 0), atol=1e-4)


def test_one_pixel_of_the_truth_map_flips_the_digit(opened, piece, hunter):
    sheet, _ = opened(piece)
    black, row, column = np.argwhere(hunter.maps[0] == hunter.maps[0].min())[0].tolist()
    assert black == 1, "white flips it"
    click(sheet, row, column)
    answer = int(np.argmax(expected(hunter, 0, (row, column, 1))))
    assert status(sheet).startswith(f"Flipped: net says {answer} (")
    assert status(sheet).endswith("not 7 · 1 of 3 pixels painted")
    assert "course-flipped" in sheet.locator(".course-board").get_attribute("class")


def test_a_finger_paints(opened, piece):
    sheet, _ = opened(piece)
    x, y = centre(sheet, 3, 25)
    finger = sheet.context.new_cdp_session(sheet)
    finger.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    sheet.wait_for_function("() => document.querySelector('.course-status').textContent.includes('1 of 3')")
    finger.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
    assert colour(sheet, 3, 25) == [255] * 3


def test_everything_is_done_with_keys_that_the_page_does_not_hear(opened, piece):
    sheet, _ = opened(EARS, piece)
    walk = []
    for _ in range(5):
        sheet.keyboard.press("Tab")
        walk.append(sheet.evaluate(
            "() => document.activeElement.textContent || document.activeElement.tagName"))
    assert walk == ["INPUT", "Truth map", "Watch evolution", "Next digit", "CANVAS"]
    for key in ("ArrowLeft", "ArrowUp", "ArrowUp", "Enter"):
        sheet.keyboard.press(key)
    assert colour(sheet, 12, 13) == [255] * 3 and "1 of 3" in status(sheet)
    assert sheet.locator(".course-where").inner_text() == "Row 13, column 14: painted white."
    sheet.keyboard.press("Space")
    assert colour(sheet, 12, 13) == [0] * 3 and "0 of 3" in status(sheet)
    for _ in range(30):
        sheet.keyboard.press("ArrowRight")
    assert sheet.locator(".course-where").inner_text() == "Row 13, column 28: black."
    assert set(sheet.evaluate("heard")) == {"Tab"}
    sheet.keyboard.press("Escape")
    assert sheet.evaluate("() => document.activeElement.tagName") == "BODY"


def test_the_truth_map_counts_what_flips_and_says_so_where_nothing_does(opened, piece, hunter):
    sheet, _ = opened(piece)
    for digit, truth in enumerate(hunter.maps):
        press(sheet, "Truth map")
        count, flips = sheet.locator(".course-count").inner_text(), int((truth < 0).sum())
        assert count.startswith(f"{flips} of 1,568 one-pixel images flip this digit")
        assert ("no single black or white pixel does" in count) == (flips == 0)
        worst = truth.min(0)
        for row, column in (divmod(int(worst.argmin()), 28), (0, 0), (20, 4)):
            lead = worst[row, column]
            if lead >= 0:
                share = min(1, max(0, 1 - lead / hunter.content["digits"][digit]["lead"]))
                heat = [255 - share * (255 - whole) for whole in (213, 94, 0)]
                assert np.abs(np.array(colour(sheet, row, column)) - heat).max() < 2
            else:
                assert colour(sheet, row, column) == [255 * int(truth[:, row, column].argmin())] * 3
            sheet.mouse.move(*centre(sheet, row, column))
            black, white = ("flips it" if v < 0 else f"leaves a lead of {v:.1f}"
                            for v in truth[:, row, column])
            assert sheet.locator(".course-where").inner_text() == \
                f"Row {row + 1}, column {column + 1}: white {white}, black {black}."
        press(sheet, "Next digit")
    assert sheet.locator(".course-title").inner_text() == "Digit 1 of 6: a 7"
    press(sheet, "Truth map")
    click(sheet, 0, 0)
    assert sheet.locator(".course-count").is_visible() and "1 of 3" in status(sheet), "one paints on it too"


def test_evolution_is_seen_on_its_way_to_its_end(opened, piece, hunter):
    sheet, _ = opened(piece)
    press(sheet, "Next digit")
    click(sheet, 0, 0)
    sheet.get_by_role("slider", name="Pixels").press("Home")
    press(sheet, "Watch evolution")
    replay = hunter.replays[1][1]
    for said in ("generation [1-5],", "^Flipped"):
        sheet.wait_for_function(
            "said => RegExp(said).test(document.querySelector('.course-status').textContent)", arg=said)
    end = [tuple(pixel) for pixel in replay.best[-1].tolist()]
    assert np.allclose(bars(sheet), expected(hunter, 1, *end), atol=1e-4)
    asked = 1 + 50 * len(replay.scores)
    assert status(sheet).endswith(f"generation {len(replay.scores) - 1}, {asked} queries")
    dial = sheet.get_by_role("slider", name="Generation")
    dial.press("Home")
    first = [tuple(pixel) for pixel in replay.best[0].tolist()]
    assert np.allclose(bars(sheet), expected(hunter, 1, *first), atol=1e-4)
    assert "generation 0" in status(sheet)
    row, column, _ = replay.members[0, 0, 0]
    sky = sheet.locator(".course-board").evaluate("""(node, [x, y]) => {
        const data = node.getContext('2d').getImageData(Math.round(x) - 7, Math.round(y) - 7, 14, 14).data;
        return [...Array(196).keys()].some(k => data[4 * k] === 86 && data[4 * k + 1] === 180);
    }""", [(int(column) + 0.5) * 28 / 9, (int(row) + 0.5) * 28 / 9])
    assert sky, "a dot for a member"
    press(sheet, "Watch evolution")
    assert "1 of 1 pixel painted" in status(sheet)
    assert colour(sheet, 0, 0) == [255] * 3, "what was painted is there"


def test_the_search_can_be_stepped_by_hand_and_no_clock_moves_it_then(opened, piece):
    sheet, _ = opened(piece)
    press(sheet, "Next digit")
    sheet.get_by_role("slider", name="Pixels").press("Home")
    press(sheet, "Watch evolution")
    dial = sheet.get_by_role("slider", name="Generation")
    for generation, key in ((0, "Home"), (1, "ArrowRight"), (2, "ArrowRight"), (1, "ArrowLeft")):
        dial.press(key)
        for _ in range(2):
            assert f"generation {generation}, " in status(sheet) and dial.input_value() == f"{generation}"
            sheet.wait_for_timeout(450)  # the clock's step is 200 ms
        told = sheet.locator(".course-told").text_content()
        assert re.fullmatch(r"Digit 2 of 6: a 9\. Log odds of the true digit: .?\d+\.\d\.", told)


def test_where_evolution_fails_it_says_so_and_those_who_want_no_motion_see_the_end(opened, piece, hunter):
    sheet, _ = opened(piece)
    sheet.emulate_media(reduced_motion="reduce")
    for _ in range(5):
        press(sheet, "Next digit")
    press(sheet, "Watch evolution")
    found = status(sheet)
    sheet.emulate_media(reduced_motion="no-preference")
    assert re.match(r"No flip after generation 60, 3,051 queries: net still says 4 \(", found)
    click(sheet, 5, 5)
    assert status(sheet).endswith("0 of 3 pixels painted"), "a click leads back"


def test_two_hunters_on_a_page_do_not_know_each_other(opened, piece):
    sheet, _ = opened(piece, piece)
    hunters = sheet.locator(".course-hunter")
    hunters.nth(1).get_by_role("button", name="Next digit").click()
    titles = [hunters.nth(k).locator(".course-title").inner_text() for k in range(2)]
    assert titles == ["Digit 1 of 6: a 7", "Digit 2 of 6: a 9"]
    ids = sheet.evaluate("() => [...document.querySelectorAll('[id]')].map(node => node.id)")
    assert len(set(ids)) == len(ids) == 4


def test_on_a_slide_it_fits_and_its_keys_do_not_turn_it(page, tmp_path):
    pytest.importorskip("latex2mathml")
    pytest.importorskip("sphinx_revealjs")
    from course_lib.classroom.deck import make_decks

    sys.path.insert(0, str(Path(__file__).parents[1] / "classroom"))
    from toy_lessons import code, html, lesson_of, text

    def shown():
        return code("hunt", "-", "hide-input", outputs=[html("a still picture", course_widget="13-hunter")])

    toy = lesson_of(tmp_path, text("## A heading\n\nAnd a line of words."), shown(), text("next"), shown())
    make_decks([toy], tmp_path, pdf=False, echo=lambda line: None)
    sheet, errors = page
    sheet.set_viewport_size({"width": 1280, "height": 720})
    sheet.goto((tmp_path / "03_toy.html").as_uri())
    sheet.wait_for_function("() => window.Reveal?.isReady()")
    sheet.evaluate("Reveal.slide(1)")
    whole = sheet.locator("section.present .course-hunter")
    for name in ("Truth map", "Watch evolution"):
        whole.get_by_role("button", name=name).click()
        box = whole.bounding_box()
        assert box["y"] + box["height"] < 690 and box["width"] <= 1200
    whole.get_by_role("button", name="Watch evolution").click()
    board = whole.locator(".course-board")
    assert board.bounding_box()["width"] > 350
    board.focus()
    for key in ("ArrowLeft", "ArrowRight", "ArrowUp", "Space", "Enter"):
        sheet.keyboard.press(key)
        assert sheet.evaluate("Reveal.getIndices().h") == 1, key
    reached = set()
    for _ in range(12):
        sheet.keyboard.press("Tab")
        reached.add(sheet.evaluate("() => document.activeElement.closest('section')?.className ?? 'present'"))
    assert reached == {"present"}
    board.focus()
    sheet.keyboard.press("PageDown")
    assert sheet.evaluate("Reveal.getIndices().h") == 2 and errors == [], "a clicker turns the slide"
