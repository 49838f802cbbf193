"""You are the network in a real JupyterLab: the kernel knows every move, and is not needed for one."""

import json

import numpy as np
import pytest

from course_lib.widgets.network_game import beginning, loss_and_forces

pytestmark = pytest.mark.browser
CELL = "from course_lib.widgets.network_game import network_game\ngame = network_game()\ngame"
STATE = "import json; print(json.dumps([game.points, game.labels, game.margin, game.negatives]))"


def loss(page) -> float:
    return float(page.locator(".course-loss").inner_text().split()[1])


def finish(page) -> None:
    page.get_by_role("button", name="Let gradients finish").click()
    page.wait_for_function("""() => /^(Finished|Collapsed)/.test(
        document.querySelector('.course-game .course-note').textContent)""")


def test_it_lives_in_jupyterlab_and_outlives_its_kernel(in_lab, tmp_path):
    it = in_lab("game.ipynb", CELL)
    page = it.page
    first = page.locator(".course-thumb").first
    first.wait_for()
    shapes = page.locator(".course-thumb").evaluate_all(
        "nodes => nodes.map(node => getComputedStyle(node).borderRadius)")
    assert shapes == ["0px"] * 4 + ["50%"] * 4 + ["30% 0px"] * 4, "JupyterLab leaves them their shapes"

    def state() -> tuple:
        page.wait_for_timeout(300)
        return json.loads(it.execute(STATE))

    # The keys are not taken by JupyterLab, and the kernel knows where they led.
    for key in ("ArrowRight", "ArrowDown", "Shift+ArrowRight"):
        first.press(key)
    known = state()
    assert np.allclose(known[0][0] - beginning()[0], [0.6, -0.1])
    assert loss_and_forces(*known)[0] == pytest.approx(loss(page), abs=6e-4)

    # Moves that follow each other quickly are not taken back by the kernel's answers.
    for key in ["ArrowLeft"] * 20 + ["ArrowRight"] * 15:
        page.keyboard.press(key)
    assert np.allclose(state()[0][0] - beginning()[0], [0.1, -0.1])
    assert f"4, image 1: {beginning()[0][0] + 0.1:.1f}" in first.get_attribute("aria-label")

    page.get_by_role("slider", name="Margin").press("ArrowRight")
    assert state()[2] == pytest.approx(2.1)

    # What is set in code is seen.
    it.execute("game.points = [[0, 0], *game.points[1:]]; game.margin = 1.0; game.negatives = False")
    page.wait_for_function("() => document.querySelector('.course-value').textContent === '1.0'")
    assert "4, image 1: 0.0, 0.0" in first.get_attribute("aria-label")
    assert page.get_by_role("checkbox", name="All pairs similar").is_checked()
    finish(page)
    assert loss_and_forces(*state())[0] < 1e-4

    # Readable in the dark, whole in a narrow window.
    page.evaluate("jupyterapp.commands.execute('apputils:change-theme', { theme: 'JupyterLab Dark' })")
    page.wait_for_function("() => !document.querySelector('#jupyterlab-splash')")
    page.get_by_role("button", name="Reset").click()
    assert state()[0] == beginning().tolist() and state()[2:] == [2.0, True]
    assert page.locator(".course-value").inner_text() == "2.0"
    page.set_viewport_size({"width": 700, "height": 800})
    page.wait_for_timeout(300)
    page.screenshot(path=tmp_path / "dark and narrow.png")
    widget = page.locator(".course-game")
    assert widget.evaluate("node => node.scrollWidth <= node.clientWidth + 1")
    assert it.errors == []

    # The kernel dies, and the game goes on.
    it.execute("import os; os._exit(1)", wait=False)
    page.get_by_role("dialog").get_by_role("button", name="Ok").click()
    first.press("ArrowLeft")
    assert f"4, image 1: {beginning()[0][0] - 0.1:.1f}" in first.get_attribute("aria-label")
    finish(page)
    assert loss(page) == 0
