"""You are the network in a real browser: its arithmetic against Python's, mouse, finger and keys."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

from course_lib.widgets.network_game import (
    MARGIN,
    MARGINS,
    beginning,
    let_gradients_finish,
    loss_and_forces,
    network_game,
)
from course_lib.widgets.page import script
from course_lib.widgets.stored import deck_html

pytestmark = pytest.mark.browser
EARS = "<script>heard = []; document.addEventListener('keydown', event => heard.push(event.key));</script>"
MODULE = """async ([source, body, given]) => {
    const address = URL.createObjectURL(new Blob([source], { type: "text/javascript" }));
    const game = await import(address);
    return new Function("game", "given", body)(game, given);
}"""


@pytest.fixture(scope="module")
def game():
    return network_game()


@pytest.fixture(scope="module")
def piece():
    return deck_html("10-network")


def thumbs(sheet):
    return sheet.locator(".course-thumb")


def points(sheet) -> np.ndarray:
    """Where the images are drawn, in the plane."""
    places = sheet.evaluate("""() => {
        const plane = document.querySelector('.course-stage > svg').getBoundingClientRect();
        return [...document.querySelectorAll('.course-thumb')].map(thumb => {
            const box = thumb.getBoundingClientRect();
            const x = (box.left + box.right) / 2 - plane.left, y = (box.top + box.bottom) / 2 - plane.top;
            return [x / plane.width, y / plane.height]; }); }""")
    return (np.array(places) - 0.5) * [10, -4.8]


def loss(sheet) -> list[float]:
    """[loss, pull, push] as the page says it."""
    return [float(number) for number in re.findall(r"\d+\.\d+", sheet.locator(".course-loss").inner_text())]


def finish(sheet) -> None:
    sheet.get_by_role("button", name="Let gradients finish").click()
    sheet.wait_for_function("""() => /^(Finished|Collapsed|Unlike)/.test(
        document.querySelector('.course-note').textContent)""")


def test_the_browser_and_python_find_the_same_loss_forces_and_end(page, game):
    sheet, errors = page
    source = script("game", "network_game")
    rng = np.random.default_rng(0)
    for margin, negatives in ((0.5, True), (2.0, True), (3.0, True), (2.0, False)):
        crowd = rng.uniform(-1, 1, (12, 2)) * [4.7, 2.1]
        crowd[1], crowd[5] = crowd[0], crowd[0]  # like and unlike on one point
        given = [crowd.tolist(), game.labels, margin, negatives]
        found = sheet.evaluate(MODULE, [source, "return game.lossAndForces(...given)", given])
        value, forces = loss_and_forces(crowd, game.labels, margin, negatives)
        assert found["loss"] == pytest.approx(value, abs=1e-12)
        assert found["pull"] + found["push"] == pytest.approx(value, abs=1e-12)
        assert np.allclose(found["forces"], forces, atol=1e-12) and found["stuck"] is negatives
        body = "let [z, ...more] = given; const c = more.pop(); " \
               "for (let k = 0; k < 25; k++) z = game.step(z, ...more, c); return z"
        end = sheet.evaluate(MODULE, [source, body, [*given, game.content | {"rate": 0.5}]])
        for _ in range(25):
            crowd = np.clip(crowd + 0.5 * loss_and_forces(crowd, game.labels, margin, negatives)[1],
                            [-4.7, -2.1], [4.7, 2.1])
        assert np.allclose(end, crowd, atol=1e-9)
    assert errors == []


def test_a_page_without_a_kernel_shows_the_beginning_and_asks_for_nothing(opened, piece, game):
    sheet, requests = opened(piece)
    assert thumbs(sheet).count() == 12 and np.allclose(points(sheet), beginning(), atol=0.01)
    value, forces = loss_and_forces(beginning(), game.labels, MARGIN)
    shown = loss(sheet)
    assert shown[0] == pytest.approx(value, abs=6e-4) and sum(shown[1:]) == pytest.approx(value, abs=2e-3)
    ways = sheet.evaluate("""() => [...document.querySelectorAll('.course-arrow')].map(path => {
        const [x, y, u, v] = path.getAttribute('d').match(/-?[\\d.]+/g).map(Number);
        return [u - x, y - v];
    })""")
    ways, forces = (v / np.hypot(*v.T)[:, None] for v in (np.array(ways), forces))
    assert np.allclose(ways, forces, atol=1e-3), "arrows lie along the forces"
    box = sheet.locator(".course-game").bounding_box()
    assert box["width"] <= 1200 and box["height"] <= 600
    looks = thumbs(sheet).evaluate_all("""nodes => nodes.map(node => {
        const { borderTopColor, borderTopStyle, borderRadius } = getComputedStyle(node);
        return `${borderTopColor} ${borderTopStyle} ${borderRadius}`;
    })""")
    assert len(set(looks)) == len({look.partition(")")[2] for look in looks}) == 3, "not by colour alone"
    assert len(requests) == 1 and requests[0].startswith("file:")


def test_an_image_is_dragged_with_its_loss_and_margin(opened, piece, game):
    sheet, _ = opened(piece)
    box = thumbs(sheet).nth(3).bounding_box()
    x, y, circle = box["x"] + 20, box["y"] + 20, sheet.locator(".course-margin")
    assert circle.get_attribute("r") == "0"
    sheet.mouse.move(x, y)
    sheet.mouse.down()
    sheet.mouse.move(x - 100, y - 50, steps=3)
    expected = beginning()
    expected[3] += [-1, 0.5]
    assert np.allclose(points(sheet), expected, atol=0.02)
    assert loss(sheet)[0] == pytest.approx(loss_and_forces(expected, game.labels, MARGIN)[0], abs=0.01)
    held = sheet.evaluate("() => document.activeElement.ariaLabel")
    assert held == f"digit 4, image 4: {expected[3][0]:.1f}, {expected[3][1]:.1f}"
    assert circle.get_attribute("r") == "200"
    centre = [float(circle.get_attribute(name)) for name in ("cx", "cy")]
    assert np.allclose(centre, [500 + 100 * expected[3][0], 240 - 100 * expected[3][1]], atol=2)
    sheet.mouse.move(5000, -5000)
    sheet.mouse.up()
    assert np.allclose(points(sheet)[3], [4.7, 2.1], atol=0.02), "it cannot leave the plane"
    sheet.mouse.move(600, 300)
    assert np.allclose(points(sheet)[3], [4.7, 2.1], atol=0.02), "let go is let go"
    assert circle.get_attribute("r") == "200"
    sheet.keyboard.press("Escape")
    assert circle.get_attribute("r") == "0"


def test_a_finger_drags_an_image(opened, piece):
    sheet, _ = opened(piece)
    box = thumbs(sheet).first.bounding_box()
    x, y = box["x"] + 30, box["y"] + 30
    finger = sheet.context.new_cdp_session(sheet)
    finger.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for k in range(1, 6):
        at = [{"x": x - 12 * k, "y": y + 8 * k}]
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": at})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    finger.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
    assert np.allclose(points(sheet)[0] - beginning()[0], [-0.6, -0.4], atol=0.03)


def test_everything_is_reached_and_moved_by_keys_that_the_page_does_not_hear(opened, piece):
    sheet, _ = opened(EARS, piece)
    walk = []
    for _ in range(16):
        sheet.keyboard.press("Tab")
        walk.append(sheet.evaluate("() => document.activeElement.ariaLabel?.slice(0, 7) ?? 'control'"))
    assert walk == ["control"] * 4 + ["digit 4"] * 4 + ["digit 7"] * 4 + ["digit 9"] * 4
    last = thumbs(sheet).last
    for key in ("ArrowLeft", "ArrowUp", "ArrowUp", "Shift+ArrowLeft"):
        sheet.keyboard.press(key)
    assert np.allclose(points(sheet)[11] - beginning()[11], [-0.6, 0.2], atol=0.02)
    assert sheet.get_by_role("status").inner_text() == f"Digit 9: loss {loss(sheet)[0]:.3f}"
    assert last.evaluate("node => getComputedStyle(node).outlineStyle") == "solid"
    before = points(sheet)
    sheet.get_by_role("slider", name="Margin").press("End")
    assert sheet.locator(".course-value").inner_text() == f"{MARGINS[1]:.1f}"
    sheet.get_by_role("checkbox").press("Space")
    assert sheet.get_by_role("checkbox").is_checked() and loss(sheet)[2] == 0
    assert np.array_equal(points(sheet), before)
    sheet.get_by_role("button", name="Reset").press("Enter")
    assert np.allclose(points(sheet), beginning(), atol=0.01) and loss(sheet)[2] > 0
    assert sheet.locator(".course-value").inner_text() == f"{MARGIN:.1f}"
    assert set(sheet.evaluate("heard")) <= {"Tab", "Shift"}
    thumbs(sheet).first.press("Escape")
    assert sheet.evaluate("() => document.activeElement.tagName") == "BODY"


def test_gradients_finish_before_ones_eyes_collapse_and_lead_out_again(opened, piece, game):
    sheet, _ = opened(piece)
    sheet.get_by_role("button", name="Let gradients finish").click()
    sheet.wait_for_function("() => +document.querySelector('.course-loss').textContent.split(' ')[1] < 6")
    middle = loss(sheet)[0]
    finish(sheet)
    assert 0.05 < middle < 6, "it was seen on its way"
    assert np.allclose(points(sheet), let_gradients_finish(beginning(), game.labels, MARGIN), atol=0.02)
    assert loss(sheet)[0] == 0 and "like digits together" in sheet.get_by_role("status").inner_text()
    sheet.get_by_role("checkbox", name="All pairs similar").check()
    assert loss(sheet)[0] > 1, "pairs that were content are pulled now"
    finish(sheet)
    assert np.ptp(points(sheet), 0).max() < 0.02 and loss(sheet) == [0, 0, 0]
    assert sheet.get_by_role("status").inner_text().startswith("Collapsed")
    sheet.get_by_role("checkbox", name="All pairs similar").uncheck()
    assert loss(sheet)[0] > 1
    finish(sheet)
    assert loss(sheet)[0] == 0 and np.ptp(points(sheet), 0).max() > 1


def test_a_hand_stops_the_gradients(opened, piece):
    sheet, _ = opened(piece)
    sheet.get_by_role("button", name="Let gradients finish").click()
    thumbs(sheet).first.press("ArrowUp")
    before = points(sheet)
    sheet.wait_for_timeout(300)
    assert np.array_equal(points(sheet), before)


def test_unlike_digits_on_one_point_have_no_gradient_and_it_says_so(opened, piece):
    sheet, _ = opened(piece)
    for k in range(12):
        box = thumbs(sheet).nth(k).bounding_box()
        sheet.mouse.move(box["x"] + 20, box["y"] + 20)
        sheet.mouse.down()
        sheet.mouse.move(5000, -5000)  # all into one corner
        sheet.mouse.up()
    finish(sheet)
    assert sheet.get_by_role("status").inner_text().startswith("Unlike digits on one very point")


def test_two_games_on_a_page_and_those_who_want_no_motion(opened, piece):
    sheet, _ = opened(piece, piece)
    sheet.emulate_media(reduced_motion="reduce")
    games = sheet.locator(".course-game")
    assert games.count() == 2
    second = games.nth(1).locator(".course-loss").inner_text()
    games.nth(0).get_by_role("button", name="Let gradients finish").click()
    sheet.wait_for_timeout(100)
    assert games.nth(0).locator(".course-loss").inner_text().startswith("loss 0.000"), "all at once"
    assert games.nth(1).locator(".course-loss").inner_text() == second, "only its own"
    sheet.emulate_media(reduced_motion="no-preference")
    ids = sheet.evaluate("() => [...document.querySelectorAll('[id]')].map(node => node.id)")
    assert len(set(ids)) == len(ids) == 4


def test_on_a_slide_it_takes_the_room_that_is_left_and_nothing_done_to_it_turns_it(page, tmp_path):
    pytest.importorskip("latex2mathml")
    pytest.importorskip("sphinx_revealjs")
    from course_lib.classroom.deck import make_decks

    sys.path.insert(0, str(Path(__file__).parents[1] / "classroom"))
    from toy_lessons import code, html, lesson_of, text

    def shown():
        return code("game", "-", "hide-input", outputs=[html("a still picture", course_widget="10-network")])

    toy = lesson_of(tmp_path, text("## A heading\n\nAnd a line of words."), shown(), text("next"), shown())
    make_decks([toy], tmp_path, pdf=False, echo=lambda line: None)
    sheet, errors = page
    sheet.set_viewport_size({"width": 1280, "height": 720})
    sheet.goto((tmp_path / "03_toy.html").as_uri())
    sheet.wait_for_function("() => window.Reveal?.isReady()")
    sheet.evaluate("Reveal.slide(1)")
    game = sheet.locator("section.present .course-game")
    plane, whole = game.locator(".course-stage").bounding_box(), game.bounding_box()
    assert whole["y"] + whole["height"] < 680 and plane["height"] > 380
    assert plane["width"] / plane["height"] == pytest.approx(25 / 12, abs=0.02)

    first = game.locator(".course-thumb").first
    before = first.bounding_box()
    finger = sheet.context.new_cdp_session(sheet)
    finger.send("Emulation.setTouchEmulationEnabled", {"enabled": True})
    x, y = before["x"] + 20, before["y"] + 20
    finger.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    for k in range(1, 11):
        at = [{"x": x - 20 * k, "y": y}]
        finger.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": at})
    finger.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    finger.send("Emulation.setTouchEmulationEnabled", {"enabled": False})
    assert first.bounding_box()["x"] == pytest.approx(before["x"] - 200, abs=3)
    for key in ("ArrowLeft", "ArrowRight", "ArrowUp", "Space", "Enter", "n"):
        first.press(key)
        assert sheet.evaluate("Reveal.getIndices().h") == 1, key
    reached = set()
    for _ in range(20):
        sheet.keyboard.press("Tab")
        reached.add(sheet.evaluate("() => document.activeElement.closest('section')?.className ?? 'present'"))
    assert reached == {"present"}, "the Tab key never reaches an image on a slide that is not seen"
    first.focus()
    sheet.keyboard.press("PageDown")
    assert sheet.evaluate("Reveal.getIndices().h") == 2 and errors == [], "a clicker turns the slide"
