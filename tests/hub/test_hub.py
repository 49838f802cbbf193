"""The class server for real: JupyterHub, accounts of this machine, lesson 03 by every learner at once."""

import nbformat
import pytest
from classroom import LEFT_OUT, NAME, answers

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
            parts = ", ".join(f"{part} {held / 2**20:.0f} MiB" for part, held in pupil.memory.items() if held)
            print(f"\n  memory of one learner of {len(school.pupils)}: {parts}", end="")
