"""A small course and a learner's folder, for the tests of updates."""

from datetime import date

import nbformat
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from course_lib.classroom.update import update

KERNEL = {"name": "python3", "display_name": "Python 3", "language": "python"}


class ToyCourse:
    """An author's notebooks/ and a learner's work/ side by side, and the update from one to the other."""

    def __init__(self, folder):
        self.notebooks, self.work = folder / "les leçons", folder / "mon travail"
        self.notebooks.mkdir(parents=True)

    def lesson(self, name="03_nets.ipynb", prose="An idea.", **exercises):
        """Write a lesson: its exercises, each its id (with _ for -) and the line that is given."""
        cells = [new_markdown_cell(f"# {name[:2]} · A toy", id="title"), new_markdown_cell(prose, id="prose")]
        cells += [exercise(key.strip("_").replace("_", "-"), given) for key, given in exercises.items()]
        nbformat.write(new_notebook(cells=cells, metadata={"kernelspec": KERNEL}), self.notebooks / name)

    def update(self, today=date(2026, 11, 24)):
        """(exit status, {file: what was said about it})."""
        said: list[str] = []
        status = update(self.work, source=self.notebooks, today=today, echo=said.append)
        return status, dict(line[2:].split(": ", 1) for line in said if line[:2] == "  ")

    def copy(self, name="03_nets.ipynb"):
        return nbformat.read(self.work / name, as_version=4)

    def edit(self, change, name="03_nets.ipynb"):
        """Let `change` edit the learner's notebook in place."""
        notebook = self.copy(name)
        change(notebook)
        nbformat.write(notebook, self.work / name)

    def answer(self, exercise_id, text, name="03_nets.ipynb"):
        self.edit(lambda notebook: answer(notebook, exercise_id, text), name)

    def answers(self, name):
        """The sources of the exercise cells, by id."""
        cells = [c for c in self.copy(name).cells if "nbgrader" in c.metadata]
        return {c.metadata.nbgrader.grade_id: c.source for c in cells}

    def files(self):
        """Every file of the learner, with its bytes."""
        return {path.name: path.read_bytes() for path in self.work.iterdir() if path.is_file()}


def exercise(exercise_id, given):
    source = f"def f(x):\n    {given}\n    ### BEGIN SOLUTION\n    return 'solution'\n    ### END SOLUTION"
    graded = {"grade_id": exercise_id, "solution": True, "grade": False, "schema_version": 3}
    return new_code_cell(source, metadata={"nbgrader": graded}, id=f"answer-{exercise_id}")


def answer(notebook, exercise_id, text):
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("grade_id") == exercise_id:
            cell.source = cell.source.replace("# YOUR CODE HERE\n    raise NotImplementedError()", text)
