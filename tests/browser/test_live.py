"""A lesson in JupyterLab's slideshow mode: it starts by itself, the arrows turn, a cell runs in front."""

import sys
from pathlib import Path

import nbformat
import pytest
from jupyter_core.paths import jupyter_path

sys.path.insert(0, str(Path(__file__).parents[1] / "classroom"))
from toy_lessons import code, lesson_of, text

from course_lib.classroom.live import CONFIG, EXTENSION, live_copy

pytestmark = pytest.mark.browser
SHOWN = "() => [...document.querySelectorAll('.jp-Cell.jp-deck-mod-visible')].map(cell => cell.innerText)"


def test_the_slideshow_starts_turns_and_runs(lab, tmp_path, monkeypatch):
    if not any(Path(place, EXTENSION).is_dir() for place in jupyter_path("labextensions")):
        pytest.skip("jupyterlab-slideshow is not installed")
    toy = lesson_of(tmp_path, text("Second", "subslide"), code("print(6 * 7)", "fragment", count=None))
    nbformat.write(live_copy(toy.notebook), toy.path)
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(CONFIG))
    with lab(tmp_path) as it:
        it.open_notebook("03_toy.ipynb")
        it.page.wait_for_function(f"() => ({SHOWN})().length === 1")
        assert "Toy" in it.page.evaluate(SHOWN)[0]
        it.page.locator("p", has_text="A promise.").click()
        it.page.keyboard.press("ArrowRight")
        it.page.wait_for_function(f"() => ({SHOWN})()[0]?.includes('Second')")
        it.page.keyboard.press("ArrowRight")
        it.page.wait_for_function(f"() => ({SHOWN})().length === 2")
        it.page.keyboard.press("Shift+Enter")
        it.page.get_by_text("42", exact=True).wait_for()
        letters = it.page.locator(".jp-deck-mod-visible p, .jp-deck-mod-visible code").first
        assert float(letters.evaluate("part => parseFloat(getComputedStyle(part).fontSize)")) >= 18
        assert it.errors == []
