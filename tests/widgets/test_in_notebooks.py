"""Widgets under the notebook runners: outputs are stored, and strict nbval agrees with them."""

import os
import subprocess
import sys

import nbclient
import nbformat
import pytest

pytestmark = pytest.mark.slow
CELLS = ['''
import numpy as np
from course_lib.widgets import Explorer, Slider, figure, with_alt
drawn = []
def draw(depth):
    drawn.append(depth)
    return np.full((8, 8, 3), depth, np.uint8)
explorer = Explorer(draw, alt="A grey square.", id="01-grey", depth=Slider(1, 9))
explorer
''', '''
seen = []
explorer.observe(lambda change: seen.append(change["new"]["depth"]), "settings")
explorer.set(depth=4)
assert seen == [4] and explorer.picture()[0, 0, 0] == 4
''', '''
import time
time.sleep(0.3)
''', '''
assert drawn == [1, 4, 6, 9], "the strip of the stored output; nobody looks, so nothing is drawn ahead"
fig, ax = figure()
with_alt(fig, "Empty axes.")
''']


def test_widgets_run_and_store_stable_outputs(tmp_path):
    metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    cells = [nbformat.v4.new_code_cell(cell.strip()) for cell in CELLS]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=metadata)
    nbclient.NotebookClient(notebook, timeout=60).execute()
    shown, = notebook.cells[0].outputs
    assert shown.data["text/plain"] == "Explorer: A grey square." and "image/png" in shown.data
    assert shown.metadata["course_widget"] == "01-grey"
    assert shown.metadata["image/png"]["alt"] == "Strip of 4 pictures (Depth: 1, 4, 6, 9). A grey square."
    assert notebook.cells[3].outputs[0].data["text/plain"] == "Figure: Empty axes."
    path = tmp_path / "widgets é.ipynb"
    nbformat.write(notebook, path)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--nbval",
               "--nbval-cell-timeout", "60", "--rootdir", str(tmp_path), str(path)]
    result = subprocess.run(command, cwd=tmp_path, env=os.environ | {"PYTHONUTF8": "1"}, capture_output=True,
                            text=True, encoding="utf-8")
    assert result.returncode == 0 and "4 passed" in result.stdout, result.stdout[-3000:]
