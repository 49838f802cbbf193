"""The ring around what has the focus: at least 3 to 1 against the page, on white and on JupyterLab's dark."""

import re

import pytest

from course_lib.runtime import home
from course_lib.widgets.page import FILES

THEME = home() / "slides" / "theme" / "deck.css"
LIGHT, DARK = "#ffffff", "#111111"  # --jp-layout-color0 of JupyterLab's two themes
# Parts that lie on white whatever the theme is.
ON_WHITE = (".course-thumb",)
RULE = re.compile(r"([^{}]*:focus[^{}]*)\{([^}]*)\}")
NAMED = {"black": "#000000"}


def rings() -> list[tuple[str, str, str]]:
    """(file, selector, colour) of every rule about focus that gives an outline a colour."""
    found = []
    for file in (*sorted(FILES.glob("*.css")), THEME):
        rules = re.sub(r"/\*.*?\*/", "", file.read_text("utf-8"), flags=re.DOTALL)
        for selector, body in RULE.findall(rules):
            colours = re.findall(r"outline(?:-color)?:[^;]*?(#[0-9a-f]{6}|black)\b", body, re.IGNORECASE)
            assert len(colours) == len(re.findall(r"outline(?:-color)?:", body)), f"{file.name}: {body}"
            found += [(file.name, selector.strip(), NAMED.get(colour, colour)) for colour in colours]
    return found


def luminance(colour: str) -> float:
    """WCAG's relative luminance of "#rrggbb"."""
    parts = [int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5)]
    linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_contrast_is_that_of_wcag():
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#56b4e9", LIGHT) < 3 < contrast("#767676", LIGHT), "the ring that once was here"


def test_every_ring_is_seen_on_both_pages():
    found = rings()
    assert {file for file, *_ in found} >= {"explorer.css", "pixel_hunter.css", "network_game.css",
                                            "church_window.css", "deck.css"}
    for file, selector, colour in found:
        pages = (LIGHT,) if any(part in selector for part in ON_WHITE) else (LIGHT, DARK)
        for page in pages:
            assert contrast(colour, page) >= 3, f"{file}, {selector}: {colour} on {page}"
