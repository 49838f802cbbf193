"""course save: what is stored is clean and stable, and what is not stable is not stored."""

import base64
import io

import nbformat
import numpy as np
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from PIL import Image

from course_lib.classroom import save as saving
from course_lib.classroom.anatomy import default_parameters
from course_lib.classroom.running import execute
from course_lib.classroom.save import NotSaved, disagreements, save
from course_lib.classroom.tidy import PICTURE_BYTES, shrink, tidy

NOISY = """\
import sys
print("one")
print("warning: noise", file=sys.stderr)
print("two", [object()])"""
PICTURE = """\
import io
import numpy as np
from PIL import Image
pixels = np.random.default_rng(0).integers(0, 256, (250, 300, 3), dtype=np.uint8)
buffer = io.BytesIO()
Image.fromarray(pixels).save(buffer, "png")
png = __import__("base64").b64encode(buffer.getvalue()).decode()
data = {"image/png": png, "text/plain": "Figure: noise",
        "application/vnd.jupyter.widget-view+json": {"model_id": "abc"}}
display(data, raw=True, metadata={"image/png": {"alt": "noise"}})"""


@pytest.fixture(scope="module")
def stored(tmp_path_factory, toy):
    """A lesson saved with its full check, its notebook before, and the report."""
    folder = tmp_path_factory.mktemp("leçons à garder")
    lesson = toy(folder, "05_toy", NOISY, (PICTURE, ["core", "minutes:3"]),
                 "# NBVAL_CHECK_OUTPUT\nclaim('S4-20', 'it is stable', 'holds', loss=seed + 0.5)", "object()")
    before = nbformat.read(lesson.path, as_version=4)
    before.metadata.update(widgets={"state": {}}, papermill={"a": 1}, title="kept")
    kept = {"slideshow": {"slide_type": "slide"}, "nbgrader": {"grade_id": "e"}}
    before.cells[3].metadata.update(execution={"x": 1}, **kept)
    nbformat.write(before, lesson.path)
    lines: list[str] = []
    save(lesson, echo=lines.append)
    return lesson, before, lines


def test_the_authors_cells_are_kept(stored):
    lesson, before, _ = stored
    after = nbformat.read(lesson.path, as_version=4)
    assert [(c.id, c.source) for c in after.cells] == [(c.id, c.source) for c in before.cells]
    assert after.cells[4].metadata == {"tags": ["core", "minutes:3"]}
    assert after.cells[3].metadata == {"slideshow": {"slide_type": "slide"}, "nbgrader": {"grade_id": "e"}}
    assert after.metadata.title == "kept"
    assert set(after.metadata) == {"kernelspec", "language_info", "title"}
    assert "version" not in after.metadata.language_info


def test_outputs_are_stored_with_counts_and_without_noise(stored):
    after = nbformat.read(stored[0].path, as_version=4)
    code = [cell for cell in after.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == [1, 2, 3, 4, 5, 6]
    assert [(o.name, o.text.split()[:2]) for o in code[2].outputs] == [("stdout", ["one", "two"])]
    assert code[4].outputs[0].metadata["course_claim"]["evidence"] == {"loss": 0.5}, "seed 0 is stored"
    assert code[5].outputs[0].data["text/plain"] == "<object at 0x0>"


def test_pictures_are_small_palette_pngs_with_their_alt_text(stored):
    output = stored[0].notebook.cells[4].outputs[0]
    assert set(output.data) == {"image/png", "text/plain"}
    assert output.metadata == {"image/png": {"alt": "noise"}}
    png = base64.b64decode(output.data["image/png"])
    assert len(png) <= PICTURE_BYTES
    assert Image.open(io.BytesIO(png)).mode == "P"


def test_only_the_notebook_is_written_and_the_report_tells(stored):
    lesson, _, lines = stored
    assert [path.name for path in lesson.path.parent.iterdir()] == ["05_toy.ipynb"]
    assert sum("1 claims" in line and " s, " in line for line in lines) == 4, "3 seeds, and 2 threads"
    assert any("cell [3]" in line and "noise" in line for line in lines), "dropped stderr is told"
    assert any("anatomy" in line for line in lines), "the author hears what the notebook tests will find"
    assert any("number of threads" in line and "cell [3]" in line for line in lines), "an address was printed"


def test_saving_again_gives_the_same_bytes(toy, tmp_path):
    lesson = toy(tmp_path, "05_toy", PICTURE, "claim('S4-20', 'it is stable', 'holds', loss=0.5)", "object()")
    save(lesson, quick_check=False, echo=lambda line: None)
    once = lesson.path.read_bytes()
    assert once.endswith(b"}\n") and b"\r" not in once
    save(lesson, quick_check=False, echo=lambda line: None)
    assert lesson.path.read_bytes() == once


def test_a_verdict_that_depends_on_seed_or_threads_is_not_stored(toy, tmp_path):
    lesson = toy(
        tmp_path, "05_toy", "claim('S4-20', 'for most seeds', 'undecided' if seed == 2 else 'holds', a=1)",
        "import os\none = os.environ['OMP_NUM_THREADS'] == '1'\n"
        "claim('S4-21', 'on one thread', 'holds' if one else 'does not hold', a=1)",
        "claim('S4-22', 'always', 'does not hold', a=seed)",
        "# NBVAL_CHECK_OUTPUT\nprint('the seed is', seed)",
    )
    before = lesson.path.read_bytes()
    with pytest.raises(NotSaved) as told:
        save(lesson, echo=lambda line: None)
    assert lesson.path.read_bytes() == before
    text = str(told.value)
    assert "for most seeds" in text and "on one thread" in text and "the seed is 1" in text
    assert "always" not in text, "what agrees is not in the table"
    rows = {" ".join(line.split()) for line in text.splitlines()}
    assert {"seed 0 holds", "seed 2 undecided", "2 threads does not hold"} <= rows
    assert "undecided at this scale" in text


@pytest.mark.parametrize("runs", [
    {"a": {"x": "holds"}, "b": {"x": "undecided"}}, {"a": {"x": "holds"}, "b": {}},
    {"a": {}, "b": {}, "c": {"x": "holds"}},
])
def test_missing_and_different_outcomes_disagree(runs):
    assert "x" in disagreements(runs)[0]
    assert len(disagreements(runs)) == 1 + len(runs)


def test_a_lesson_that_dies_is_not_stored(toy, tmp_path):
    lesson = toy(tmp_path, "05_toy", "print('fine')", "1 / 0")
    before = lesson.path.read_bytes()
    with pytest.raises(NotSaved, match=r"(?s)died in cell \[4\].*ZeroDivisionError"):
        save(lesson, quick_check=False, echo=lambda line: None)
    assert lesson.path.read_bytes() == before


def test_an_edit_made_while_the_lesson_runs_is_not_lost(toy, tmp_path):
    lesson = toy(tmp_path, "05_toy")
    edited = new_notebook(cells=[new_code_cell("my_new_idea = 1", id="edited")])
    path = str(lesson.path)
    lesson = toy(tmp_path, "05_toy", f"open({path!r}, 'w').write({nbformat.writes(edited)!r})")
    with pytest.raises(NotSaved, match="changed on disk"):
        save(lesson, quick_check=False, echo=lambda line: None)
    assert "my_new_idea" in lesson.path.read_text("utf-8")


NOT_QUICK = ('scale = "full"\nseed = 0', 'scale = "quick"', "scale = str(1)\nseed = 0", "")


@pytest.mark.parametrize("source", NOT_QUICK)
def test_only_a_quick_lesson_can_be_stored(toy, tmp_path, monkeypatch, source):
    monkeypatch.setattr(execute, "execute", None)  # nothing may run
    lesson = toy(tmp_path, "05_toy")
    notebook = nbformat.read(lesson.path, as_version=4)
    notebook.cells[1].source = source
    nbformat.write(notebook, lesson.path)
    before = lesson.path.read_bytes()
    with pytest.raises(NotSaved, match="parameters"):
        save(lesson, echo=lambda line: None)
    assert lesson.path.read_bytes() == before


def test_ctrl_c_stores_nothing(toy, tmp_path, monkeypatch):
    lesson = toy(tmp_path, "05_toy")
    before = lesson.path.read_bytes()
    stopped = execute.Outcome(execute.INTERRUPTED, 1.0, 1.0, None)
    monkeypatch.setattr(saving.execute, "execute", lambda *a, **k: stopped)
    with pytest.raises(KeyboardInterrupt):
        save(lesson, echo=lambda line: None)
    assert lesson.path.read_bytes() == before


def test_default_parameters_are_read_from_the_tagged_cell():
    def tagged(source):
        cell = new_code_cell(source, metadata={"tags": ["parameters"]})
        return new_notebook(cells=[new_code_cell("seed = 9"), cell])

    assert default_parameters(tagged("scale = 'class'  # words\nseed = 4")) == {"scale": "class", "seed": 4}
    assert default_parameters(tagged("import os")) == {}


def test_tidy_merges_streams_and_drops_what_only_a_live_kernel_shows():
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "x"}}
    outputs = [new_output("stream", name="stdout", text="a"), new_output("stream", name="stderr", text="no"),
               new_output("stream", name="stdout", text="b\n"), new_output("display_data", data=view),
               new_output("display_data", data={**view, "text/html": "<b>c</b>"})]
    source = new_notebook(cells=[new_code_cell("1", id="a")])
    ran = new_notebook(cells=[new_code_cell("1", id="a", outputs=outputs, execution_count=1)])
    kept = tidy(source, ran).cells[0].outputs
    assert [o.get("text") or dict(o.data) for o in kept] == ["ab\n", {"text/html": "<b>c</b>"}]
    assert source.cells[0].outputs == [] and len(ran.cells[0].outputs) == 5, "neither is changed"
    with pytest.raises(ValueError, match="same cells"):
        tidy(new_notebook(cells=[new_code_cell("2")]), ran)


def png(pixels) -> bytes:
    out = io.BytesIO()
    Image.fromarray(np.asarray(pixels, dtype=np.uint8)).save(out, "png")
    return out.getvalue()


def test_shrink_keeps_the_size_and_look_of_a_plot():
    plot = np.full((320, 800, 3), 255)
    plot[100:104, 50:700] = (0, 114, 178)
    plot[:, 200:203] = (213, 94, 0)
    small = Image.open(io.BytesIO(shrink(png(plot))))
    assert small.size == (800, 320)
    assert np.array_equal(np.asarray(small.convert("RGB")), plot)


def test_shrink_meets_its_limits_and_leaves_small_ones_alone():
    noise = np.random.default_rng(0).integers(0, 256, (200, 1100, 3))
    once = shrink(png(noise), limit=20_000, width=1000)
    assert len(once) <= 20_000 and Image.open(io.BytesIO(once)).width <= 1000
    assert shrink(once, limit=20_000, width=1000) == once
    clear = Image.open(io.BytesIO(shrink(png(np.zeros((40, 40, 4))))))
    assert np.asarray(clear.convert("RGB")).min() == 255, "white behind it"
