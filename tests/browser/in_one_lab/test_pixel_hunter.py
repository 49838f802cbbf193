"""The pixel hunter in a real JupyterLab: the kernel knows what is painted, and is not needed for it."""

import json

import pytest

pytestmark = pytest.mark.browser
CELL = "from course_lib.widgets.pixel_hunter import pixel_hunter\nhunter = pixel_hunter()\nhunter"
STATE = """import json, torch
answer = hunter.model(hunter.image()).argmax(1).item()
print(json.dumps([hunter.digit, hunter.pixels, hunter.painted, answer]))"""


def test_it_lives_in_jupyterlab_and_outlives_its_kernel(in_lab, tmp_path):
    it = in_lab("hunter.ipynb", CELL)
    page, status = it.page, it.page.locator(".course-status")
    board = page.locator(".course-board")
    board.wait_for()

    def state() -> list:
        page.wait_for_timeout(300)
        return json.loads(it.execute(STATE))

    # JupyterLab does not take the keys, and the kernel knows what they paint.
    board.focus()
    for key in ("ArrowLeft", "ArrowUp", "Enter", "ArrowDown", "Space", "Enter"):
        page.keyboard.press(key)
    *known, answer = state()
    assert known == [0, 3, [[13, 13, 1]]] and answer != 7
    assert status.inner_text().startswith(f"Flipped: net says {answer} ("), "browser and kernel agree"
    page.get_by_role("button", name="Truth map").click()
    board.press("Enter")
    assert page.locator(".course-count").is_visible(), "the map stays while one paints"
    assert len(state()[2]) == 2

    # What is set in code is seen, and ends a replay.
    page.get_by_role("button", name="Watch evolution").click()
    it.execute("hunter.digit, hunter.painted, hunter.pixels = 2, [[0, 0, 1], [1, 1, 0.5]], 1")
    page.wait_for_function("() => /1 of 1/.test(document.querySelector('.course-status').textContent)")
    assert page.locator(".course-title").inner_text() == "Digit 3 of 6: a 4"
    page.get_by_role("button", name="Next digit").click()
    assert state()[:3] == [3, 1, []]

    # Readable in the dark, whole in a narrow window.
    page.get_by_role("button", name="Watch evolution").click()
    page.evaluate("jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
    page.wait_for_function("() => !document.querySelector('#jupyterlab-splash')")
    page.set_viewport_size({"width": 700, "height": 1000})
    page.wait_for_timeout(300)
    page.screenshot(path=tmp_path / "dark and narrow.png")
    assert page.locator(".course-hunter").evaluate("node => node.scrollWidth <= node.clientWidth + 1")
    assert it.errors == []

    # The kernel dies, and the game goes on.
    it.execute("import os; os._exit(1)", wait=False)
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()
    page.get_by_role("button", name="Watch evolution").click()
    board.press("Enter")
    assert "1 of 1 pixel painted" in status.inner_text()
