"""An update while JupyterLab is open: neither the learner's unsaved text nor the new version is lost."""

import sys
from pathlib import Path

import nbformat
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "classroom"))
from toy_course import ToyCourse

pytestmark = pytest.mark.browser


def type_into_the_exercise(it, name, text):
    it.open_notebook(name)
    it.page.locator(".jp-CodeCell .cm-content").first.click()
    it.page.keyboard.press("Control+End")
    it.page.keyboard.type(text)


def test_an_update_under_an_open_notebook(lab, tmp_path):
    course = ToyCourse(tmp_path)
    names = ("03_nets.ipynb", "05_more.ipynb")
    for name in names:
        course.lesson(name, prose="old", **{f"_{name[:2]}_1": "y = x"})
    course.update()
    with lab(course.work) as it:
        # From a kernel or terminal of this JupyterLab: the update sees that the notebook is open.
        type_into_the_exercise(it, names[0], "\nmine = 3")
        for name in names:
            course.lesson(name, prose="better", **{f"_{name[:2]}_1": "y = x"})
        told = it.execute(
            "from pathlib import Path; from course_lib.classroom.update import update\n"
            f"print('status', update(Path({str(course.work)!r}), source=Path({str(course.notebooks)!r})))")
        assert f"{names[0]}: NOT UPDATED (it is open in JupyterLab" in told and "status 1" in told
        assert f"{names[1]}: replaced" in told
        it.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
        assert it.page.locator(".jp-Dialog").count() == 0
        assert "mine = 3" in course.answers(names[0])["03-1"]

        # Where it cannot see that, JupyterLab itself asks before it writes over the new version.
        type_into_the_exercise(it, names[1], "\nmine = 5")
        course.lesson(names[1], prose="best", _05_1="y = x")
        assert course.update()[1][names[1]].startswith("replaced")
        it.page.keyboard.press("Control+s")
        it.page.get_by_role("button", name="Overwrite").click()
        it.page.wait_for_function("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
        assert "mine = 5" in course.answers(names[1])["05-1"]
        assert it.errors == []
    assert course.update()[0] == 0
    for name, prose in zip(names, ("better", "best"), strict=True):
        new = f"{name[:2]}-new-2026-11-24-{name[3:]}"
        laid = nbformat.read(course.work / new, as_version=4)
        assert laid.cells[1].source == prose and f"mine = {int(name[:2])}" in laid.cells[2].source
        assert course.copy(name).cells[2].source == laid.cells[2].source
