"""`course lab --projector`: code of 20 px, 7:1 on its background, no side bars, own settings apart."""

import json

import harness
import pytest

from course_lib.classroom import lab as laboratory
from course_lib.classroom import projector

pytestmark = pytest.mark.browser
CODE = '''\
# a comment that is read
@decorator
class Net(Module):
    """What it does."""
    size: int = 3 + 0x1F
    def forward(self, x: list, *more, flag=None) -> bool:
        if not flag and x[0] >= 1.5e-3 or x is None:
            raise ValueError(f"too {x!r} small \\\\n") from None
        return [len(y) ** 2 for y in self.items.keys() if y != "word"] @ (lambda z: ~z)
%timeit forward(1)
'''
# Each piece of text under a selector: its colour, what lies behind it (the nearest background that is not
# see-through), its size; opacity on the way counts as a fault of its own.
TEXTS = """selector => [...document.querySelectorAll(selector)].flatMap(root => {
    const found = [], walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const text = walk.currentNode.textContent.trim(), own = walk.currentNode.parentElement;
        if (!text || !own.checkVisibility()) continue;
        let behind = own, opacity = 1;
        for (let part = own; part; part = part.parentElement) opacity *= getComputedStyle(part).opacity;
        while (behind && getComputedStyle(behind).backgroundColor === 'rgba(0, 0, 0, 0)')
            behind = behind.parentElement;
        found.push({ text, opacity, size: getComputedStyle(own).fontSize, colour: getComputedStyle(own).color,
                     background: behind ? getComputedStyle(behind).backgroundColor : 'rgb(255, 255, 255)' });
    }
    return found;
})"""


def luminance(colour):
    """Relative luminance (WCAG 2) of a colour as a browser tells it."""
    parts = [float(part) for part in colour.split("(")[1].rstrip(")").split(",")]
    assert len(parts) == 3 or parts[3] == 1, f"{colour} is see-through"
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
              for part in (value / 255 for value in parts[:3])]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(text):
    dark, light = sorted([luminance(text["colour"]), luminance(text["background"])])
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_of_contrast_is_right():
    def of(colour, background):
        return contrast({"colour": colour, "background": background})

    assert of("rgb(0, 0, 0)", "rgb(255, 255, 255)") == pytest.approx(21)
    assert of("rgb(255, 255, 255)", "rgb(118, 118, 118)") == pytest.approx(4.54, abs=0.01)


@pytest.fixture
def shown(lab, tmp_path, monkeypatch):
    """The page of a lesson, opened as `course lab --projector` opens it, by someone who likes the dark."""
    work, home = tmp_path / "work", tmp_path / "home"
    work.mkdir()
    harness.write_notebook(work / "a.ipynb", CODE)
    settings = home / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    mine = settings / "themes.jupyterlab-settings"
    mine.write_text(json.dumps({"theme": "JupyterLab Dark", "overrides": {"code-font-size": "9px"}}), "utf-8")
    before = mine.read_bytes()
    environment = laboratory.environment(projector.CONFIG, laboratory.CONFIG)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", environment["JUPYTER_CONFIG_PATH"])
    real = harness._environment
    monkeypatch.setattr(harness, "_environment", lambda scratch: real(scratch) | {
        "JUPYTER_CONFIG_DIR": str(home), "JUPYTERLAB_SETTINGS_DIR": str(home / "lab" / "user-settings")})
    with lab(work, *projector.words(work)) as it:
        it.open_notebook("a.ipynb", reset=False)
        yield it
    assert mine.read_bytes() == before


def test_a_class_can_read_it_from_the_last_row(shown):
    page = shown.page
    page.evaluate("() => { window.jupyterapp.commands.execute('notebook:run-all-cells'); }")
    page.locator(".jp-OutputArea-output", has_text="NameError").first.wait_for()
    page.wait_for_function("() => document.querySelectorAll('.jp-CodeCell .cm-line span').length > 30")
    code = page.evaluate(TEXTS, ".jp-CodeCell .cm-line")
    assert {text["size"] for text in code} == {"20px"}
    assert len({text["colour"] for text in code}) >= 6  # it is still coloured
    traces = page.evaluate(TEXTS, ".jp-OutputArea-output pre")
    assert "NameError" in " ".join(text["text"] for text in traces)
    poor = [(round(contrast(text), 1), text) for text in code + traces
            if contrast(text) < 7 or text["opacity"] < 1]
    assert not poor, poor


def test_the_side_bars_are_away_and_come_back_when_they_are_asked_for(shown):
    page = shown.page
    bars = page.locator(".jp-SideBar:visible, #jp-left-stack:visible, #jp-right-stack:visible")
    assert page.locator(".jp-SideBar").count() >= 2 and bars.count() == 0
    assert page.locator("#jp-main-dock-panel").bounding_box()["width"] >= 1270
    page.keyboard.press("Escape")
    page.keyboard.press("Control+Shift+F")
    page.locator(".jp-FileBrowser:visible").first.wait_for()
    page.locator(".jp-DirListing-item", has_text="a.ipynb").wait_for()
