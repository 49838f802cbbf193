"""Lesson 00 as a learner meets it: Run All, the slider, a prediction, a check, the map."""

import json
import re

import nbformat
import pytest
from harness import PIXELS

from course_lib.classroom.copies import make_copies

pytestmark = pytest.mark.browser
NAME = "00_start_here.ipynb"


@pytest.fixture
def learner(lab, tmp_path, monkeypatch):
    """JupyterLab on a learner's folder: the copy of lesson 00, and a neighbour for the map to lead to."""
    monkeypatch.delenv("COURSE_PROGRESS", raising=False)
    folder = tmp_path / "my lessons é"
    (path, made), = make_copies(folder, ["00"])
    assert made == "created"
    copy = nbformat.read(path, as_version=4)
    parameters = next(cell for cell in copy.cells if "parameters" in cell.metadata.tags)
    parameters.source = parameters.source.replace("quick", "smoke")  # without the doctor, who takes seconds
    shown = next(cell for cell in copy.cells if cell.source.startswith("course_map("))
    shown.source = 'course_map(["00_start_here.ipynb", "03_next one.ipynb"])'
    nbformat.write(copy, path)
    nbformat.write(nbformat.v4.new_notebook(metadata=copy.metadata), folder / "03_next one.ipynb")
    with lab(folder) as it:
        it.open_notebook(NAME)
        yield it, folder


def brightness(node, kind: str) -> float:
    """Mean of red, green and blue, 0 to 255, of a computed colour."""
    colour = node.evaluate("(node, kind) => getComputedStyle(node)[kind]", kind)
    return sum(float(value) for value in re.findall(r"[\d.]+", colour)[:3]) / 3


def test_a_learner_goes_through_lesson_00(learner, tmp_path):
    it, folder = learner
    page = it.page
    it.run_all(60)
    told = {cell["source"]: json.dumps(cell["outputs"]) for cell in it.cells()}
    assert "00-1: not done yet" in told['# NBVAL_CHECK_OUTPUT\ncheck("00-1", to_unit)']

    # Play: the keyboard dims the light, and the seven becomes a one.
    widget = page.locator(".course-explorer")
    image, slider = widget.get_by_role("img"), widget.get_by_role("slider", name="Light")
    slider.scroll_into_view_if_needed()
    bright = image.evaluate(PIXELS)
    page.screenshot(path=tmp_path / "bright.png")
    source, light = image.get_attribute("src"), slider.get_attribute("aria-valuetext")
    slider.press("Home")
    page.wait_for_function("old => document.querySelector('.course-explorer img').src !== old", arg=source)
    assert image.evaluate(PIXELS) != bright
    assert (light, slider.get_attribute("aria-valuetext")) == ("1", "0.05")
    page.screenshot(path=tmp_path / "dark.png")

    # A prediction is kept in the learner's own folder.
    page.get_by_role("radio", name="One and the same digit").check()
    page.get_by_role("radio", name="fairly sure").check()
    page.get_by_role("button", name="Keep my prediction").click()
    page.get_by_text("Kept. The lesson comes back to it").wait_for()
    kept = json.loads((folder / ".progress.json").read_text("utf-8"))
    assert kept["predictions"]["00-light"] == {"answer": "one", "confidence": 2, "first": "one"}

    # A wrong answer gets its hint, the right one passes.
    check = 'check("00-1", to_unit)'
    wrong = it.execute(f"to_unit = lambda pixels: pixels / 256\n{check}\nprint('done')")
    right = it.execute(f"to_unit = lambda pixels: pixels / 255\n{check}\nprint('done')")
    tries = json.loads((folder / ".progress.json").read_text("utf-8"))["checks"]["00-1"]
    assert "done" in wrong and "done" in right and tries == {"passed": True, "tries": 2}

    # The map: readable on dark, one built lesson, and its link opens the neighbour in this JupyterLab.
    atlas = page.get_by_role("navigation", name="Map of the course")
    atlas.scroll_into_view_if_needed()
    for theme, text_is_bright in (("JupyterLab Dark", True), ("JupyterLab Light", False)):
        page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
        page.wait_for_timeout(500)
        page.screenshot(path=tmp_path / f"{theme}.png")
        parts = (atlas, atlas.get_by_role("link").first, atlas.get_by_text("Not built yet").first)
        text = [brightness(part, "color") for part in parts]
        ground = brightness(page.locator(".jp-Notebook").first, "backgroundColor")
        assert min(text) - ground > 80 if text_is_bright else ground - max(text) > 80, (theme, text, ground)
    assert atlas.get_by_role("link").count() == 1 and atlas.get_by_text("Not built yet").count() == 22
    atlas.get_by_role("link", name="03 · Depth").press("Enter")
    page.wait_for_function(
        "() => window.jupyterapp.shell.currentWidget?.context?.path === '03_next one.ipynb'", timeout=20_000)
    assert len(page.context.pages) == 1
    assert it.errors == []
