"""The class server for real: JupyterHub, accounts of this machine, lesson 03 by every learner at once."""

import sys
from pathlib import Path

import nbformat
import pytest
from classroom import LEFT_OUT, NAME, answers

from course_lib.classroom.hub.learner import FIRST_TO_GO

NEWS = "lab/api/settings/@jupyterlab/apputils-extension:notification"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_every_learner_runs_the_lesson_in_an_own_copy(school, capsys):
    for pupil in school.pupils:
        folder = pupil.account.folder
        book = nbformat.read(folder / NAME, as_version=4)
        code = [cell for cell in book.cells if cell.cell_type == "code" and cell.source.strip()]
        assert all(cell.execution_count for cell in code)
        assert not [o for cell in code for o in cell.outputs if o.output_type == "error"]
        passed = {name for name, entry in pupil.progress().items() if entry["passed"]}
        assert passed == set(answers()) - {LEFT_OUT}
        assert (folder / NAME).owner() == pupil.account.name
    with capsys.disabled():
        for pupil in school.pupils:
            parts = ", ".join(f"{part} {held / 2**20:.0f} MiB" for part, held in pupil.memory.items())
            whole = f"{parts}; {pupil.seconds:.0f} s of a core"
            print(f"\n  one learner of {len(school.pupils)}: {whole}", end="")


def test_the_server_opens_on_the_first_lesson_without_news_and_with_the_course_at_hand(school):
    for pupil in school.pupils:
        assert pupil.browser.first_page.split("?")[0].endswith("/lab/tree/00_start_here.ipynb")
    pupil = school.pupils[0]
    answer = pupil.browser.session.get(pupil.browser.address + NEWS, timeout=60)
    settings = answer.json()["schema"]["properties"]
    assert settings["fetchNews"]["default"] == "false" and not settings["checkForUpdates"]["default"]
    ask = pupil.kernel.value
    assert ask("__import__('os').environ['OMP_NUM_THREADS']") == "1"
    assert ask("__import__('os').getcwd()") == str(pupil.account.folder)
    assert ask("__import__('shutil').which('course')") == str(Path(sys.executable).with_name("course"))


def test_a_cell_that_takes_all_memory_fails_and_its_kernel_goes_on(school):
    pupil = school.pupils[0]
    assert pupil.kernel.value("len(bytearray(4 * 2**30))").startswith("MemoryError")
    assert pupil.kernel.value("len(bytearray(2**28))") == str(2**28)
    for process in (pupil.server_process(), pupil.kernel_process()):  # these go first, not the hub
        assert int(Path(f"/proc/{process.pid}/oom_score_adj").read_text()) > 0
    hub = Path(f"/proc/{school.hub.process.pid}/oom_score_adj").read_text()
    assert int(hub) < FIRST_TO_GO


def test_an_update_sees_which_lessons_are_open(school):
    ask = "__import__('course_lib.classroom.open_in_lab').classroom.open_in_lab.is_open"
    for pupil in school.pupils:
        for name, answer in ((NAME, "True"), ("00_start_here.ipynb", "False")):
            assert pupil.kernel.value(f"{ask}(__import__('pathlib').Path('{name}'))") == answer
