"""The widget in a real JupyterLab: keyboard, pixels, a busy kernel, an error, dark colours, a dead kernel."""

import json
import re

import pytest
from harness import PIXELS

pytestmark = pytest.mark.browser
CELL = '''
import time
import numpy as np
from course_lib.widgets import Button, Choice, Explorer, Slider, Stage, Toggle, figure

fig, (left, right) = figure(2)
left.set(xlim=(0, 10), ylim=(-1, 1), xlabel="time", title="Wave")
right.set(xlim=(-0.5, 0.5), ylim=(0, 10), title="Height")
line, = left.plot([], [])
bar, = right.bar([0], [0])
stage = Stage(fig, [line, bar])
x, drawn, grown, pause = np.linspace(0, 10, 200), [], [0], [0]

def draw(beats, kind, flip):
    drawn.append(beats)
    time.sleep(pause[0])
    if beats == 9 and flip:
        raise ValueError("nine beats cannot be flipped")
    line.set_data(x, getattr(np, kind)(beats * x) * (-1 if flip else 1))
    bar.set_height(beats / 2 + grown[0])
    return stage.picture()

def grow(**settings):
    grown[0] += 1

explorer = Explorer(draw, alt=lambda beats, kind, flip: f"A {kind} wave of {beats} beats.",
                    beats=Slider(1, 20, value=5), kind=Choice(["sin", "cos"]),
                    flip=Toggle(False, "Upside down"), grow=Button("Grow", grow))
explorer
'''
MOVED = "explorer.set(beats=6)\nassert explorer.settings['beats'] == 6"


def contrast(page, selector: str) -> float:
    """WCAG contrast of an element's text against the notebook's background."""
    colours = page.locator(selector).first.evaluate("""node => [
        getComputedStyle(node).color, getComputedStyle(node.closest('.jp-Notebook')).backgroundColor]""")
    light = []
    for colour in colours:
        rgb = [float(v) / 255 for v in re.findall(r"[\d.]+", colour)[:3]]
        linear = [v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4 for v in rgb]
        light.append(0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05)
    return max(light) / min(light)


def test_a_widget_lives_in_jupyterlab(in_lab, tmp_path):
    it = in_lab("a learner's copy é/01 wave.ipynb", CELL, MOVED)
    page = it.page
    widget = page.locator(".course-explorer")
    image, slider = widget.get_by_role("img"), widget.get_by_role("slider", name="Beats")
    note = widget.get_by_role("status")

    def shows(text: str) -> None:
        page.wait_for_function("text => document.querySelector('.course-explorer img').alt === text",
                               arg=text)

    def says(words: str) -> None:
        page.wait_for_function("words => document.querySelector('.course-note').textContent.includes(words)",
                               arg=words)

    # The picture is there, told in words, and where the second cell's `set` moved it.
    shows("A sin wave of 6 beats.")
    first = image.evaluate(PIXELS)
    assert image.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [800, 320]

    # Every control answers to the keyboard, and the kernel knows.
    slider.press("ArrowRight")
    shows("A sin wave of 7 beats.")
    second = image.evaluate(PIXELS)
    assert second != first
    page.wait_for_function("() => document.querySelector('.course-told').textContent === "
                           "'A sin wave of 7 beats.'")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    shows("A cos wave of 7 beats.")
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    page.wait_for_timeout(300)
    assert it.execute("print(explorer.settings)").strip() == "{'beats': 7, 'kind': 'cos', 'flip': True}"
    page.keyboard.press("Space")
    widget.get_by_role("combobox", name="Kind").select_option("sin")
    shows("A sin wave of 7 beats.")
    assert image.evaluate(PIXELS) == second, "the same setting, the same pixels"

    # A drag over slow pictures: one is asked for at its beginning and one at its end.
    it.execute("drawn.clear(); pause[0] = 0.8")
    slider.focus()
    for _ in range(12):
        page.keyboard.press("ArrowRight")
    says("Drawing")
    shows("A sin wave of 19 beats.")
    drawn = json.loads(it.execute("pause[0] = 0; print(drawn)"))
    assert 19 in drawn and len(drawn) <= 6, f"the drag queued up work: {drawn}"

    # A button acts, and pictures are drawn anew.
    before = image.evaluate(PIXELS)
    widget.get_by_role("button", name="Grow").press("Enter")
    page.wait_for_function("() => document.querySelector('.course-note').textContent === ''")
    assert it.execute("print(grown)").strip() == "[1]" and image.evaluate(PIXELS) != before

    # An error in the picture function is a line to read, and the next setting works.
    it.execute("explorer.set(beats=8)")
    shows("A sin wave of 8 beats.")
    widget.get_by_role("checkbox", name="Upside down").press("Space")
    slider.press("ArrowRight")
    says("nine beats")
    page.screenshot(path=tmp_path / "error.png")
    slider.press("ArrowRight")
    shows("A sin wave of 10 beats.")
    assert note.text_content() == ""

    # Readable on light and on dark.
    parts = (".course-control label", ".course-value", ".course-control button", ".course-note")
    for theme in ("JupyterLab Dark", "JupyterLab Light"):
        page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
        page.wait_for_function("() => !document.querySelector('#jupyterlab-splash')")
        note.scroll_into_view_if_needed()
        page.screenshot(path=tmp_path / f"{theme}.png")
        assert all(contrast(page, part) >= 4.5 for part in parts), theme

    # In a narrow window nothing sticks out.
    page.set_viewport_size({"width": 620, "height": 800})
    page.wait_for_timeout(300)
    page.screenshot(path=tmp_path / "narrow.png")
    assert widget.evaluate("node => node.scrollWidth <= node.clientWidth + 1")
    assert it.errors == []

    # The kernel dies: a note says so, the last picture stays, pictures seen before still show.
    it.execute("import os; os._exit(1)", wait=False)
    says("run this cell again")
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()
    slider.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    shows("A sin wave of 8 beats.")
    assert note.text_content() == ""
    it.run_all()
    shows("A sin wave of 6 beats.")
