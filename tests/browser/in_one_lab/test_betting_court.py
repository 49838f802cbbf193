"""The betting court in a real JupyterLab: the kernel knows the stakes, and is not needed to settle them."""

import json

import pytest
from court_sample import sample

pytestmark = pytest.mark.browser
CELL = """from course_lib.widgets.betting_court import betting_court
court = betting_court("court.json")
court"""
STATE = "import json; print(json.dumps([court.stakes, court.opened, court.eps, court.score()]))"


def test_it_lives_in_jupyterlab_and_outlives_its_kernel(in_lab, tmp_path):
    it = in_lab("court.ipynb", CELL, files={"court.json": json.dumps(sample())})
    page = it.page
    score = page.locator(".course-score")
    score.wait_for()

    def state() -> list:
        page.wait_for_timeout(300)
        return json.loads(it.execute(STATE))

    # The keys are not taken by JupyterLab, and the kernel knows what they did.
    more = page.get_by_role("button", name="one point more on PGD training")
    for key in ("Enter", "Space", "Enter"):
        more.press(key)
    slider = page.get_by_role("slider", name="eps")
    for key in ("ArrowRight", "ArrowUp", "ArrowLeft"):
        slider.press(key)
    stakes = [0] * 12 + [3, 0]
    assert state() == [stakes, 1, 0.25, None]

    # What is set in code is seen.
    it.execute("court.eps = 0.2; court.stakes = [1] * 10 + [0] * 4; court.opened = 3")
    page.wait_for_function("() => /^Score/.test(document.querySelector('.course-score').textContent)")
    stakes, opened, eps, left = state()
    assert (sum(stakes), opened, eps) == (10, 3, 0.2)
    assert score.inner_text().startswith(f"Score at eps 0.20: {left:.1f} ")

    # Readable in the dark, whole in a narrow window.
    slider.press("End")
    page.evaluate("jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
    page.wait_for_function("() => !document.querySelector('#jupyterlab-splash')")
    page.wait_for_timeout(300)
    page.set_viewport_size({"width": 1024, "height": 768})
    page.screenshot(path=tmp_path / "dark.png")
    page.set_viewport_size({"width": 700, "height": 1000})
    page.wait_for_timeout(300)
    page.screenshot(path=tmp_path / "dark and narrow.png")
    assert page.locator(".course-court").evaluate("node => node.scrollWidth <= node.clientWidth + 1")
    assert it.errors == []

    # The kernel dies, and the court goes on.
    it.execute("import os; os._exit(1)", wait=False)
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()
    page.get_by_role("button", name="Reset").click()
    more.press("Enter")
    assert score.inner_text() == "Points to stake: 9 of 10"
