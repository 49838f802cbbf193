"""What the games tell a screen reader besides their status line: against Python's numbers."""

import numpy as np
import pytest
from court_sample import EPS, sample

from course_lib.widgets.betting_court import betting_court
from course_lib.widgets.church_window import STEPS, church_window
from course_lib.widgets.network_game import MARGIN, beginning, loss_and_forces, network_game
from course_lib.widgets.pixel_hunter import pixel_hunter
from course_lib.widgets.verdicts import KNOWLEDGE

pytestmark = pytest.mark.browser


def told(sheet, part: str) -> str:
    """What is told once it holds this part: it comes after a moment's rest."""
    region = sheet.locator(".course-told", has_text=part)
    region.wait_for(state="attached")
    return region.text_content().replace("\N{MINUS SIGN}", "-")


def test_nothing_is_told_before_the_first_move(opened):
    sheet, _ = opened(church_window().to_html(), network_game().to_html(), betting_court(sample()).to_html(),
                      pixel_hunter().to_html())
    sheet.wait_for_timeout(500)
    assert sheet.locator(".course-told").all_text_contents() == [""] * 4


@pytest.mark.parametrize("digit", [3, 5])
def test_the_church_window_tells_the_place_and_how_far_the_next_answers_are(opened, digit):
    window = church_window()
    sheet, _ = opened(window.to_html())
    sheet.get_by_role("combobox", name="Digit").select_option(str(digit))
    sheet.get_by_role("button", name="Back to the clean image").click()
    classes, middle = window.windows[digit].planes[window.draw][0], len(STEPS) // 2
    words = []
    for line in (classes[middle, middle:], classes[middle:, middle]):
        ahead = np.flatnonzero(line != line[0])
        words.append("it does not change")
        if len(ahead):
            words[-1] = f"the answer changes at {STEPS[middle + ahead[0]]:.2f}, to {line[ahead[0]]}"
    assert told(sheet, "The point is at 0.00 along the gradient's sign and 0.00 along random signs 1. ") \
        .endswith(f"Further along the gradient's sign {words[0]}; further along the random signs {words[1]}.")
    sheet.locator(".course-point").press("ArrowLeft")
    assert f"is at {STEPS[middle - 1]:.2f} along the gradient's sign" in told(sheet, "at \N{MINUS SIGN}0.02")


def test_the_network_game_tells_the_arrow_of_what_is_moved_and_the_loss_of_a_setting(opened):
    game = network_game()
    sheet, _ = opened(game.to_html())
    sheet.locator(".course-thumb").nth(1).press("ArrowUp")
    at = beginning().copy()
    at[1] += [0, 0.1]
    force = loss_and_forces(at, game.labels, MARGIN, True)[1][1]
    ways = ["right" if force[0] > 0 else "left", "up" if force[1] > 0 else "down"]
    way = " and ".join(way for way, v in zip(ways, force, strict=True) if abs(v) >= np.hypot(*force) / 3)
    assert told(sheet, "The force on it") == (f"At {at[1, 0]:.1f}, {at[1, 1]:.1f}. The force on it is "
                                              f"{np.hypot(*force):.2f}, {way}.")
    sheet.get_by_role("slider", name="Margin").press("Home")
    value = loss_and_forces(at, game.labels, 0.5, True)[0]
    found = told(sheet, "Loss")
    assert found.startswith(f"Loss {value:.3f}: pull ") and found.endswith("; margin 0.5.")
    sheet.get_by_role("checkbox").press("Space")
    value = loss_and_forces(at, game.labels, 0.5, False)[0]
    assert told(sheet, "similar") == f"Loss {value:.3f}: pull {value:.3f}, push 0.000; all pairs similar."


def test_the_court_tells_what_each_open_column_leaves_at_this_eps(opened):
    court = betting_court(sample())
    sheet, _ = opened(court.to_html())
    slider = sheet.get_by_role("slider", name="eps")
    slider.press("Home")
    shares = court.verdicts.at(EPS[0])
    names = [defence["name"] for defence in court.content["defences"]]

    def column(known: str) -> str:
        found = shares[:, KNOWLEDGE.index(known)]
        low, high = (round(100 * float(v)) for v in (found.min(), found.max()))
        return f"{known} from {low} % to {high} %, highest for {names[int(found.argmax())]}"

    first = told(sheet, f"At eps {EPS[0]:.2f}")
    assert first == f"At eps {EPS[0]:.2f} the attackers leave: {column('transfer')}."
    sheet.get_by_role("button", name="Open the court").click()
    assert column("white-box") in told(sheet, "white-box") and "adaptive" not in told(sheet, "white-box")


def test_the_hunter_tells_the_digit_and_what_the_truth_map_comes_to(opened):
    hunter = pixel_hunter()
    sheet, _ = opened(hunter.to_html())
    sheet.get_by_role("button", name="Truth map").press("Enter")
    count = sheet.locator(".course-count").inner_text()
    assert told(sheet, "Truth map") == ("Digit 1 of 6: a 7. Truth map: " + count +
                                        " On the digit the arrow keys tell each pixel.")
    assert count.startswith("59 of 1,568 one-pixel images flip")
