"""What an explorer leaves behind without a kernel: its stored output, and a piece of page."""

import base64

import numpy as np
import pytest

from course_lib.widgets import Choice, Explorer, Slider, decode
from course_lib.widgets.strip import strip


def pixels(depth, kind="plain"):
    return np.full((4, 6, 3), depth + (100 if kind == "skip" else 0), np.uint8)


def make(**more):
    """An explorer, and the settings that it has drawn."""
    drawn = []

    def draw(**settings):
        drawn.append(settings)
        return pixels(**settings)

    controls = {"depth": Slider(1, 5, value=3), "kind": Choice(["plain", "skip"])}
    return Explorer(draw, alt="Loss against depth.", **controls, **more), drawn


def test_equal_pictures_are_stored_once_in_a_page():
    same = Explorer(lambda depth: pixels(1), alt="x", depth=Slider(1, 9))
    assert same.to_html().count("data:image/") == 1


def test_what_a_setting_is_called_cannot_end_the_script_of_a_page():
    named = Explorer(lambda kind: pixels(1), alt="</script><b>x</b>", kind=Choice(["</script>", "<!--"]))
    page = named.to_html()
    assert page.count("</script>") == 2 and "<!--" not in page


def stored(explorer):
    """(picture, text, metadata) of the stored output."""
    data, metadata = explorer._repr_mimebundle_()
    return decode(base64.b64decode(data["image/png"])), data["text/plain"], metadata


def test_stored_output_is_a_strip_with_the_present_setting_and_a_text_without_addresses():
    explorer, drawn = make(id="01-loss")
    explorer.set(kind="skip")
    data, _ = explorer._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    picture, text, metadata = stored(explorer)
    assert text == repr(explorer) == "Explorer: Loss against depth."
    assert metadata["course_widget"] == "01-loss"
    assert metadata["image/png"]["alt"] == "Strip of 4 pictures (Depth: 1, 3, 4, 5). Loss against depth."
    assert [(d["depth"], d["kind"]) for d in drawn[2:]] == [(1, "skip"), (4, "skip"), (5, "skip")]
    shown = strip([pixels(d, "skip") for d in (1, 3, 4, 5)],
                  [f"Depth: {d} · Kind: skip" for d in (1, 3, 4, 5)])
    assert picture.shape == shown.shape and np.abs(picture.astype(int) - shown).max() <= 2
    assert explorer.settings == {"depth": 3, "kind": "skip"}, "it went nowhere"


def test_stored_output_tells_the_alt_text_of_the_present_setting():
    told = Explorer(pixels, alt=lambda depth: f"Depth {depth}.", depth=Slider(1, 5, label="How deep"))
    told.set(depth=4)
    _, text, metadata = stored(told)
    assert text == "Explorer with How deep"
    assert metadata == {"image/png": {"alt": "Strip of 4 pictures (How deep: 1, 2, 4, 5). Depth 4."}}


@pytest.mark.parametrize("reason", ["slow", "not live", "no control", "one value", "errors elsewhere"])
def test_stored_output_is_one_picture_where_a_strip_is_too_dear_or_says_nothing(monkeypatch, reason):
    def draw(depth=3):
        if reason == "errors elsewhere" and depth != 3:
            raise ValueError("only three")
        return pixels(depth)

    if reason == "slow":
        monkeypatch.setattr("course_lib.widgets.explorer.TOO_SLOW", -1)
    controls = {"no control": {}, "one value": {"depth": Slider(3, 3)}}
    chosen = controls.get(reason, {"depth": Slider(1, 5, value=3)})
    picture, _, metadata = stored(Explorer(draw, alt="A square.", live=reason != "not live", **chosen))
    assert np.array_equal(picture, pixels(3)) and metadata == {"image/png": {"alt": "A square."}}


def test_a_strip_stops_at_the_first_slow_picture(monkeypatch):
    clock = iter(range(1000))  # every picture takes a second
    explorer, drawn = make()
    monkeypatch.setattr("course_lib.widgets.explorer.time.perf_counter", lambda: next(clock))
    picture, _, _ = stored(explorer)
    assert len(drawn) == 2 and np.array_equal(picture, pixels(3))
