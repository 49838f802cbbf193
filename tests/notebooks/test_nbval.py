"""Every lesson runs with no network, and its claims and checks come out as stored."""

import shutil
import socket
import threading

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, output_from_msg

from course_lib.classroom.claims import METADATA_KEY, Claim
from course_lib.classroom.lessons import lessons

LESSONS = lessons()


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.slug for lesson in LESSONS])
def test_a_lesson_runs_offline_and_agrees_with_its_stored_outputs(lesson, nbval, tmp_path):
    folder = tmp_path / "a copy, somewhere else"  # a lesson must not depend on its folder
    folder.mkdir()
    shutil.copy(lesson.path, folder)
    done = nbval(folder)
    cells = sum(cell.cell_type == "code" for cell in lesson.notebook.cells)
    assert done.returncode == 0, done.stdout[-6000:]
    assert f"{cells} passed" in done.stdout, "every cell is run"
    assert [path.name for path in folder.iterdir()] == [lesson.path.name], "a lesson leaves no files behind"


# The tests of the tests: isolation isolates, a false output is found.

# The address is one that is kept for documentation (RFC 5737).
OUT = """\
import socket
socket.socket(socket.AF_INET, socket.SOCK_DGRAM).connect(("192.0.2.1", 80))"""
INSIDE = """\
import socket
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname(), timeout=10).close()
print(socket.getaddrinfo("localhost", 80)[0][0] is not None)"""


@pytest.fixture
def machine_port():
    """A port of this machine's own loopback on which somebody answers."""
    server = socket.create_server(("127.0.0.1", 0))

    def answer():
        while True:
            try:
                server.accept()[0].close()
            except OSError:
                return

    threading.Thread(target=answer, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


@pytest.mark.slow
@pytest.mark.parametrize("isolation", ["namespace", "hook"])
def test_a_notebook_reaches_only_its_own_loopback(isolation, nbval, namespaces, machine_port, tmp_path):
    if isolation == "namespace" and not namespaces:
        pytest.skip("network namespaces are not permitted here; the audit hook is used instead")
    inside = f"import socket\nsocket.create_connection(('127.0.0.1', {machine_port}), timeout=10)"
    name = "import socket\nsocket.getaddrinfo('example.org', 80)"
    cells = [new_code_cell(source) for source in (INSIDE, OUT, inside, name)]
    nbformat.write(new_notebook(cells=cells), tmp_path / "toy.ipynb")
    done = nbval(tmp_path, isolation)
    results = outcomes(done)
    assert results[0] == "PASSED", done.stdout
    assert results[1] == "FAILED" and results[3] == "FAILED", done.stdout
    if isolation == "namespace":
        assert results[2] == "FAILED", "the machine's loopback is not the namespace's"
    else:
        assert "offline test: no connection to 192.0.2.1" in done.stdout
        assert "offline test: no look-up of example.org" in done.stdout


@pytest.mark.slow
def test_nbval_finds_a_false_verdict_and_overlooks_numbers(nbval, tmp_path):
    """Stored outputs as a claim writes them; the run says "holds" with gap 0.5 in every cell."""
    stored = [
        record(), record(shown={"gap": "0.7"}, evidence={"gap": 0.7}), record(verdict="does not hold"),
        record(sentence="Deeper is better"), record(row="S4-21"), record(verdict="undecided"),
    ]
    notebook = new_notebook(cells=[*map(claim_cell, stored), claim_cell(record(), kept=False)])
    nbformat.write(notebook, tmp_path / "toy.ipynb")
    done = nbval(tmp_path)
    assert outcomes(done) == ["PASSED"] * 2 + ["FAILED"] * 5, done.stdout
    assert done.returncode == 1


def record(**changes) -> dict:
    return {"row": "S4-20", "sentence": "Deeper is worse", "verdict": "holds", "evidence": {"gap": 0.5},
            "shown": {"gap": "0.5"}, "source": "", "scale": "quick", "seed": 0, "device": "cpu", **changes}


def claim_cell(stored: dict, kept: bool = True) -> nbformat.NotebookNode:
    """A cell that makes the claim of `record()`, with the output that `stored` would have left."""
    run = f"from course_lib.classroom.claims import Claim\ndisplay(Claim({record()!r}))"
    source = f"# NBVAL_CHECK_OUTPUT\n{run}"
    data, metadata = Claim(stored)._repr_mimebundle_()
    assert metadata == {METADATA_KEY: stored}
    message = {"header": {"msg_type": "display_data"}, "content": {"data": data, "metadata": metadata}}
    return new_code_cell(source, execution_count=1, outputs=[output_from_msg(message)] if kept else [])


def outcomes(done) -> list[str]:
    """PASSED or FAILED for each code cell, from pytest's summary."""
    found = {}
    for line in done.stdout.splitlines():
        word, _, rest = line.partition(" ")
        if word in ("PASSED", "FAILED") and "::Cell " in rest:
            found[int(rest.split("::Cell ")[1].split()[0])] = word
    return [found[number] for number in sorted(found)]
