"""The betting court in a browser: stakes, columns, eps, marks and score against Python's; keys; slides."""

import re
import sys
from pathlib import Path

import pytest
from court_sample import EPS, sample

from course_lib.widgets.betting_court import betting_court
from course_lib.widgets.stored import REGISTER, Stored, deck_html
from course_lib.widgets.verdicts import KNOWLEDGE, MASKED, WEAKER, marks, percent

pytestmark = pytest.mark.browser
EARS = "<script>heard = []; document.addEventListener('keydown', event => heard.push(event.key));</script>"
CELLS = """nodes => nodes.map(node => [node.ariaLabel, node.innerText.replace(/\\s+/g, ' ').trim(),
    parseFloat(node.querySelector('i').style.width), getComputedStyle(node).backgroundImage !== 'none',
    getComputedStyle(node).backgroundColor])"""
FOCUS = "() => document.activeElement.ariaLabel"
# The sizes of all letters that are shown.
SIZES = """nodes => nodes
    .filter(node => [...node.childNodes].some(part => part.nodeType === 3 && part.data.trim()))
    .map(node => parseFloat(getComputedStyle(node).fontSize))"""
RED = "rgb(213, 94, 0)"


@pytest.fixture
def piece(monkeypatch):
    monkeypatch.setitem(REGISTER, "14-court", Stored(lambda dpi: betting_court(sample(), dpi)))
    return deck_html("14-court")


@pytest.fixture(scope="module")
def twin():
    return betting_court(sample())


def press(sheet, name: str, times: int = 1) -> None:
    for _ in range(times):
        sheet.get_by_role("button", name=name, exact=True).click()


def stake(sheet, name: str, points: int) -> None:
    press(sheet, f"one point more on {name}", points)


def status(sheet) -> str:
    return sheet.get_by_role("status").inner_text()


def score(sheet) -> str:
    return sheet.locator(".course-score").inner_text()


def agrees(sheet, twin, opened: int, eps: float) -> None:
    """Every cell says, shows and marks what Python does; what is closed tells nothing."""
    shares = twin.verdicts.at(eps)
    marked = marks(shares, KNOWLEDGE, shares if eps == 1 else None)
    cells = sheet.locator(".course-cell").evaluate_all(CELLS)
    assert len(cells) == shares.size
    for k, (label, text, bar, hatched, colour) in enumerate(cells):
        (row, column), known = divmod(k, 3), KNOWLEDGE[k % 3]
        if column >= opened:
            assert (label, text, bar) == (f"{known}: not open yet", "?", 0)
            continue
        share, mark = percent(shares[row, column]), marked[row][column]
        told = "not evidence" if column == 0 else mark
        assert label == f"{known}: {share}" + (f", {told}" if told else "")
        sign = {"": "", MASKED: " × masked", WEAKER: " ▲ weaker"}[mark]
        assert text == share + (" not evidence" if column == 0 else sign)
        assert bar == pytest.approx(100 * shares[row, column])
        assert hatched == (column == 0) and (colour == RED) == (mark == MASKED)
    seen = {mark for line in marked for mark in line[:opened]} - {""}
    legend = sheet.locator(".course-legend span:visible").all_inner_texts()
    assert {text[2:] for text in legend} == seen


def test_the_first_view_tempts_and_asks_for_nothing(opened, piece, twin):
    sheet, requests = opened(piece)
    agrees(sheet, twin, 1, 0.2)
    assert sheet.locator(".course-claim").inner_text().startswith("Stake 10 points on the defences")
    assert score(sheet) == "Points to stake: 10 of 10"
    assert "public" in status(sheet) and sheet.get_by_role("button", name="Open the court").is_visible()
    box = sheet.locator(".course-court").bounding_box()
    assert box["width"] <= 1200 and box["height"] <= 540
    assert len(requests) == 1 and requests[0].startswith("file:")


def test_columns_open_one_by_one_and_only_the_last_settles_the_stakes(opened, piece, twin):
    sheet, _ = opened(piece)
    stake(sheet, "Halftone dots", 6)
    assert status(sheet) == "Halftone dots: 6 staked, 4 left."
    press(sheet, "Open the court")
    agrees(sheet, twin, 2, 0.2)
    assert score(sheet) == "Points to stake: 4 of 10"
    press(sheet, "one point less on Halftone dots", 2)  # a column that does not count may change a mind
    stake(sheet, "PGD training", 6)
    sheet.get_by_role("button", name="one point more on Rounded input").press("Enter")  # it says why not
    assert status(sheet) == "All 10 points are staked: take some back first."
    press(sheet, "Open the last column")
    agrees(sheet, twin, 3, 0.2)

    twin.stakes, twin.opened = [0] * 4 + [4] + [0] * 7 + [6, 0], 3
    best = 10 * max(twin.verdicts.at(0.2)[:, 2])
    told = f"Score at eps 0.20: {twin.score():.1f} (best bet: {best:.1f})"
    assert score(sheet) == told
    assert status(sheet) == (f"By the hatched column your 10 points are worth {twin.worth('transfer'):.1f} "
                             f"at eps 0.20; the adaptive attacker leaves {twin.score():.1f}. "
                             "Now move eps to 1.")
    row = sheet.locator(".course-row", has_text="PGD training")
    assert row.locator(".course-stake").inner_text() == f"6 → {6 * twin.verdicts.at(0.2)[12, 2]:.1f}"
    assert sheet.get_by_role("button", name=re.compile("one point")).count() == 0, "the bets are closed"
    assert sheet.get_by_role("button", name="The court is open").is_disabled()
    sheet.get_by_role("slider", name="eps").press("Home")
    assert score(sheet) == told, "it is judged at one eps, wherever the slider is"

    press(sheet, "Reset")
    agrees(sheet, twin, 1, 0.2)
    assert score(sheet) == "Points to stake: 10 of 10"


def test_the_slider_moves_all_open_columns_and_at_1_what_stands_is_red_and_says_why(opened, piece, twin):
    sheet, _ = opened(piece)
    slider = sheet.get_by_role("slider", name="eps")
    slider.press("End")
    agrees(sheet, twin, 1, 1)
    assert "stand" not in status(sheet), "nothing is said of columns that are closed"
    press(sheet, "Open the court")
    agrees(sheet, twin, 2, 1)
    assert status(sheet) == "At eps = 1 any image can become any other, yet 2 marked cells stand."
    assert sheet.locator(".course-legend span:visible").all_inner_texts() == [f"× {MASKED}"]
    press(sheet, "Open the last column")
    assert status(sheet).startswith("At eps = 1")
    for eps in reversed(EPS[:-1]):
        slider.press("ArrowLeft")
        assert slider.get_attribute("aria-valuetext") == f"{eps:.2f}"
        if eps in (0.95, 0.6, 0.2, 0):
            agrees(sheet, twin, 3, eps)
    assert status(sheet) == "Nothing was staked, so nothing is left. Now move eps to 1."


def test_everything_is_done_with_keys_that_the_page_does_not_hear(opened, piece, twin):
    sheet, _ = opened(EARS, piece)
    walk = []
    for _ in range(5):
        sheet.keyboard.press("Tab")
        walk.append(sheet.evaluate(f"{FOCUS} ?? document.activeElement.innerText"))
    assert walk[:3] == ["Open the court", "Reset", ""]
    assert walk[3:] == ["one point more on No defence", "one point more on Mean of ten nets"]
    for key in ("Enter", "Space", "Shift+Tab", "Enter"):  # two points, and one back with the button before
        sheet.keyboard.press(key)
    assert status(sheet) == "Mean of ten nets: 1 staked, 9 left."
    sheet.keyboard.press("Enter")
    assert sheet.evaluate(FOCUS) == "one point more on Mean of ten nets", "the other one is off now"
    for _ in range(12):
        sheet.keyboard.press("Enter")
    assert status(sheet).startswith("All 10") and score(sheet) == "Points to stake: 0 of 10"
    sheet.get_by_role("button", name="Open the court").focus()
    sheet.keyboard.press("Enter")
    sheet.keyboard.press("Enter")
    assert sheet.evaluate("() => document.activeElement.type") == "range", "what comes next has the keys"
    sheet.keyboard.press("End")
    agrees(sheet, twin, 3, 1)
    assert set(sheet.evaluate("heard")) <= {"Tab", "Shift"}
    sheet.keyboard.press("Escape")
    assert sheet.evaluate("() => document.activeElement.tagName") == "BODY"


def test_letters_are_large_enough_and_nothing_is_cut_on_any_screen(opened, piece, twin):
    sheet, _ = opened(twin.to_html())
    stake(sheet, "Halftone dots", 10)
    press(sheet, "Open the court")
    press(sheet, "Open the last column")
    for wide, high in ((1280, 540), (1024, 540), (860, 800), (700, 900), (610, 1000), (390, 1800)):
        sheet.set_viewport_size({"width": wide, "height": 768})
        for key in ("End", "Home"):
            sheet.get_by_role("slider", name="eps").press(key)
            assert sheet.locator(".course-court").bounding_box()["height"] <= high
            cut = sheet.locator(".course-court, .course-court *").evaluate_all(
                "nodes => nodes.filter(node => node.scrollWidth > node.clientWidth + 1 && node.clientWidth)"
                ".map(node => node.outerHTML)")
            assert cut == []
            assert min(sheet.locator(".course-court *").evaluate_all(SIZES)) >= 14
    opened(piece)
    sizes = sheet.locator(".course-court *").evaluate_all(SIZES)
    assert len(sizes) > 80 and min(sizes) * 1024 / 1280 >= 14, "a slide of 1280 on a screen of 1024"


def test_the_longest_words_keep_their_line_on_a_slide(opened, monkeypatch):
    found = sample()
    found["accuracy"] = {known: [[0.995] * len(EPS)] * 14 for known in KNOWLEDGE}
    monkeypatch.setitem(REGISTER, "14-court", Stored(lambda dpi: betting_court(found, dpi)))
    sheet, _ = opened(deck_html("14-court"))
    sheet.set_viewport_size({"width": 1200, "height": 720})  # a slide leaves 1184
    press(sheet, "Open the court")
    press(sheet, "Open the last column")
    sheet.get_by_role("slider", name="eps").press("End")
    assert sheet.locator(".course-cell.course-masked b").first.inner_text() == "100 %"
    assert sheet.locator(".course-court").bounding_box()["height"] <= 540


def test_two_courts_on_a_page_know_nothing_of_each_other(opened, piece):
    sheet, _ = opened(piece, piece)
    courts = sheet.locator(".course-court")
    courts.nth(0).get_by_role("button", name="one point more on Halftone dots").click()
    courts.nth(0).get_by_role("button", name="Open the court").click()
    assert courts.nth(1).locator(".course-score").inner_text() == "Points to stake: 10 of 10"
    assert courts.nth(1).locator(".course-cell.course-closed").count() == 28
    ids = sheet.evaluate("() => [...document.querySelectorAll('[id]')].map(node => node.id)")
    assert len(set(ids)) == len(ids) == 2


def test_on_a_slide_it_is_whole_and_no_key_turns_the_page(page, piece, tmp_path):
    pytest.importorskip("latex2mathml")
    pytest.importorskip("sphinx_revealjs")
    from course_lib.classroom.deck import make_decks

    sys.path.insert(0, str(Path(__file__).parents[1] / "classroom"))
    from toy_lessons import code, html, lesson_of, text

    shown = code("court", "-", "hide-input", outputs=[html("a still picture", course_widget="14-court")])
    toy = lesson_of(tmp_path, text("## A heading"), shown)
    make_decks([toy], tmp_path, pdf=False, echo=lambda line: None)
    sheet, errors = page
    sheet.set_viewport_size({"width": 1280, "height": 720})
    sheet.goto((tmp_path / "03_toy.html").as_uri())
    sheet.wait_for_function("() => window.Reveal?.isReady()")
    sheet.evaluate("Reveal.slide(1)")
    sheet.screenshot(path=tmp_path / "slide.png")
    court = sheet.locator("section.present .course-court")
    box = court.bounding_box()
    assert box["height"] <= 540 and box["y"] + box["height"] < 680
    more = court.get_by_role("button", name="one point more on Halftone dots")
    for key in ("ArrowRight", "ArrowLeft", "Space", "Enter", "n"):
        more.press(key)
        assert sheet.evaluate("Reveal.getIndices().h") == 1, key
    assert court.locator(".course-score").inner_text() == "Points to stake: 8 of 10"
    court.get_by_role("slider").press("ArrowRight")
    assert court.get_by_role("slider").get_attribute("aria-valuetext") == "0.25"
    assert sheet.evaluate("Reveal.getIndices().h") == 1 and errors == []
