"""The church window in a real JupyterLab: the kernel knows where the point is, and may die meanwhile."""

import json

import pytest

pytestmark = pytest.mark.browser
CELL = "from course_lib.widgets.church_window import church_window\nglass = church_window()\nglass"
STATE = "import json; print(json.dumps([glass.digit, glass.draw, glass.point, glass.answer()]))"


def test_it_lives_in_jupyterlab_and_outlives_its_kernel(in_lab, tmp_path):
    it = in_lab("glass.ipynb", CELL)
    page = it.page
    point = page.locator(".course-point")
    point.wait_for()
    shape = point.evaluate("node => getComputedStyle(node).borderRadius")
    assert shape == "50%", "JupyterLab leaves the point its shape"

    def state() -> list:
        page.wait_for_timeout(300)
        return json.loads(it.execute(STATE))

    def line() -> str:
        return page.locator(".course-says").inner_text()

    # The keys are not taken by JupyterLab, and the kernel knows where they led.
    for key in ("ArrowRight", "Shift+ArrowUp", "ArrowLeft", "ArrowLeft"):
        point.press(key)
    digit, draw, where, (label, sure) = state()
    assert (digit, draw) == (2, 0) and where == [0.06, 0.1] and label == 3
    assert line() == f"The net says {label} ({sure} %), every pixel moved by at most 0.16."
    page.get_by_role("combobox", name="Digit").select_option("6")
    page.get_by_role("button", name="Another random direction").click()
    assert state()[:2] == [6, 1]

    # Moves that follow each other quickly are not taken back by the kernel's answers.
    for key in ["ArrowLeft"] * 20 + ["ArrowRight"] * 15:
        point.press(key)
    assert state()[2] == [0.0, 0.1], "to the rim, and 15 steps back"

    # What is set in code is seen.
    it.execute("glass.digit = 5; glass.point = [0.1, -0.099]; glass.draw = 2")
    page.wait_for_function("() => document.querySelector('.course-value').textContent === '3 of 3'")
    name = "point: 0.10 along the gradient's sign, -0.10 along random signs"
    page.wait_for_function("name => document.querySelector('.course-point').ariaLabel === name", arg=name)
    label, sure = state()[3]
    assert line().startswith(f"The net says {label} ({sure} %)")

    # Readable in the dark, whole in a narrow window.
    page.evaluate("jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
    page.wait_for_function("() => !document.querySelector('#jupyterlab-splash')")
    page.set_viewport_size({"width": 700, "height": 800})
    page.wait_for_timeout(300)
    page.screenshot(path=tmp_path / "dark and narrow.png")
    widget = page.locator(".course-church")
    assert widget.evaluate("node => node.scrollWidth <= node.clientWidth + 1")
    assert it.errors == []

    # The kernel dies, and the window stays open.
    it.execute("import os; os._exit(1)", wait=False)
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()
    before = line()
    page.get_by_role("button", name="Back to the clean image").click()
    assert line() != before and line().endswith("at most 0.00.")
