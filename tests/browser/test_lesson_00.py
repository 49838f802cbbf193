"""Lesson 00 as a learner meets it: Run All, the slider, a prediction, a check, the progress, the map."""

import json
import re

import nbformat
import pytest
from harness import PIXELS

from course_lib.classroom.copies import make_copies

pytestmark = pytest.mark.browser
NAME = "00_start_here.ipynb"
CURRENT = "window.jupyterapp.shell.currentWidget?.context?.path"


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
    for neighbour in ("03_next one.ipynb", "03_residual_blocks.ipynb"):
        nbformat.write(nbformat.v4.new_notebook(metadata=copy.metadata), folder / neighbour)
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
    it.run_all()
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
    assert kept["predictions"]["00-light"] == {
        "answer": "one", "confidence": 2, "first": "one", "first_confidence": 2}

    # Which hints are opened is kept as well, the third not before its time.
    for hint in ("A nudge", "How to go about it"):
        page.locator("summary", has_text=hint).click()
    assert page.locator("summary", has_text="Show the template").count() == 0
    for _ in range(100):
        tried = json.loads((folder / ".progress.json").read_text("utf-8"))["checks"].get("00-1", {})
        if tried.get("hints") == [1, 2]:
            break
        page.wait_for_timeout(100)
    assert tried == {"tries": 0, "passed": False, "hints": [1, 2]}

    # The overview knows nothing yet.
    overview = page.get_by_role("region", name="Your progress")
    row = overview.get_by_role("row", name="00-1")
    overview.scroll_into_view_if_needed()
    overview.get_by_text("0 of 1 exercises right, 0 predictions made").wait_for()
    assert "not tried" in row.text_content()

    # A wrong answer gets its hint, the right one passes.
    check = 'check("00-1", to_unit)'
    wrong = it.execute(f"to_unit = lambda pixels: pixels / 256\n{check}\nprint('done')")
    right = it.execute(f"to_unit = lambda pixels: pixels / 255\n{check}\nprint('done')")
    tries = json.loads((folder / ".progress.json").read_text("utf-8"))["checks"]["00-1"]
    assert "done" in wrong and "done" in right and (tries["passed"], tries["tries"]) == (True, 2)
    assert tries["hints"] == [1, 2] and "begun" in tries

    # The overview shows it when asked, and names the next exercise.
    assert "not tried" in row.text_content(), "nothing runs by itself"
    page.get_by_role("button", name="Look again").press("Enter")
    overview.get_by_text("1 of 1 exercises right, 1 prediction made").wait_for()
    assert "✓ right" in row.text_content()
    following = overview.get_by_text("Next:").locator("..")
    assert "03-1, The missing line" in following.text_content()

    # Overview and map: readable on dark, and their links open the neighbours in this JupyterLab.
    atlas = page.get_by_role("navigation", name="Map of the course")
    atlas.scroll_into_view_if_needed()
    for theme, text_is_bright in (("JupyterLab Dark", True), ("JupyterLab Light", False)):
        page.evaluate("theme => jupyterapp.commands.execute('apputils:change-theme', { theme })", theme)
        page.wait_for_timeout(500)
        page.screenshot(path=tmp_path / f"{theme}.png")
        parts = (row, following, atlas, atlas.get_by_role("link").first,
                 atlas.get_by_text("Not built yet").first)
        text = [brightness(part, "color") for part in parts]
        ground = brightness(page.locator(".jp-Notebook").first, "backgroundColor")
        assert min(text) - ground > 80 if text_is_bright else ground - max(text) > 80, (theme, text, ground)
    assert atlas.get_by_role("link").count() == 1 and atlas.get_by_text("Not built yet").count() == 22
    neighbours = page.get_by_role("navigation", name="Open a lesson")
    for links, opened in ((neighbours, "03_residual_blocks.ipynb"), (atlas, "03_next one.ipynb")):
        links.get_by_role("link", name="03 · Depth").press("Enter")
        it.ready(opened)  # to go back at once trips JupyterLab's own drawing of the toolbar now and then
        back = "async path => { await jupyterapp.commands.execute('docmanager:open', { path }); }"
        page.evaluate(back, NAME)  # nothing is returned: a whole notebook panel would be
        page.wait_for_function(f"() => {CURRENT} === '{NAME}'")
    assert len(page.context.pages) == 1
    assert it.errors == []
