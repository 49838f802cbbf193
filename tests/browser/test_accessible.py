"""The stored widgets for those who do not see, or have no mouse: what axe-core says, and what the keys reach.

And that both speak when something is taken away.
"""

from functools import cache

import pytest
from accessible import findings
from by_keys import AROUND, EARS, complaints

from course_lib.widgets.stored import REGISTER, deck_html

pytestmark = pytest.mark.browser
HEAD = '<title>A widget</title><script>document.documentElement.lang = "en"</script>'
# What is taken away, and the rules of axe-core of which one must speak.
SPOILS = {
    "label": ("document.querySelectorAll('.course-control label').forEach(node => node.remove())",
              {"label", "select-name"}),
    "contrast": ("document.querySelectorAll('.course-control label').forEach("
                 "node => { node.style.color = '#cccccc'; })", {"color-contrast"}),
    "text alternative": ("document.querySelectorAll('.course-explorer img').forEach("
                         "node => node.removeAttribute('alt'))", {"image-alt"}),
}
# What is taken away from those with a keyboard, and what must be found; the widget, and what is spoilt.
SHUT = {
    "a slider": ("03-grow", "input[type=range]"), "a point": ("12-church", ".course-point"),
    "an image": ("10-network", ".course-thumb:nth-of-type(5)"), "the board": ("13-hunter", ".course-board"),
    "a stake": ("14-court", ".course-stake button:last-child"),
}
SILENT = """() => document.querySelectorAll('[role=status], [aria-live]').forEach(node =>
    Object.defineProperty(node, 'textContent', { get: () => '', set: () => {} }))"""


@cache
def stored(widget: str) -> str:
    """The page of a widget, made once: all its frames are drawn for it."""
    return deck_html(widget)


@pytest.mark.parametrize("widget", REGISTER)
def test_a_stored_widget_has_no_serious_finding(opened, widget):
    sheet, _ = opened(HEAD, stored(widget))
    assert findings(sheet) == {}


@pytest.mark.parametrize("taken", SPOILS)
def test_what_is_taken_away_is_found(opened, taken):
    script, rules = SPOILS[taken]
    sheet, _ = opened(HEAD, stored("03-grow"))
    assert findings(sheet) == {}
    sheet.evaluate(f"() => {{ {script} }}")
    assert rules & set(findings(sheet))


@pytest.fixture
def between(opened):
    """between(widget): its page, with a button before it and one after it; nothing moves by itself there."""
    def show(widget: str):
        before, after = AROUND
        sheet, _ = opened(HEAD, EARS, before, stored(widget), after)
        sheet.emulate_media(reduced_motion="reduce")
        return sheet

    yield show


@pytest.mark.parametrize("widget", REGISTER)
def test_the_keys_alone_reach_and_move_everything_and_each_move_is_told(between, widget):
    assert complaints(between(widget)) == {}


@pytest.mark.parametrize("shut", SHUT)
def test_what_the_keys_do_not_reach_is_found(between, shut):
    widget, selector = SHUT[shut]
    sheet = between(widget)
    sheet.evaluate("selector => { document.querySelector(selector).tabIndex = -1; }", selector)
    assert set(complaints(sheet)) == {"unreached"}


def test_a_move_without_a_word_is_found(between):
    sheet = between("03-grow")
    sheet.evaluate(SILENT)
    assert len(complaints(sheet, patience=500)["silent"]) == 2, "the slider and the box"


def test_a_focus_that_is_not_seen_and_a_trap_are_found(between):
    sheet = between("03-grow")
    sheet.add_style_tag(content="* { outline: none !important; }")
    assert len(complaints(sheet)["unseen"]) == 2
    sheet = between("03-grow")
    sheet.evaluate("""() => document.querySelector('.course-explorer').addEventListener('keydown',
        event => { if (event.key === 'Tab') event.preventDefault(); })""")
    assert "trapped" in complaints(sheet)
