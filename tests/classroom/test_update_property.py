"""Whatever learners and authors do to their files, in any order: an update loses no line of the learner's."""

import copy
import itertools
import json
import re
import tempfile
from datetime import date, timedelta
from pathlib import Path

import nbformat
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from nbformat.v4 import new_markdown_cell, new_output
from toy_course import ToyCourse, answer

from course_lib.classroom import origin
from course_lib.classroom.copies import student_version

EXERCISES = ("03-1", "03-2", "03-3")
ANSWERED = re.compile(r"def f\(x\):\n    y = .*\n    return \d+  # mine")
MINE = re.compile(rb"my note \d+|my output \d+|return \d+  # mine|theirs \d+")
pick = st.integers(0, 10)
exercises = st.sampled_from(EXERCISES)


def lines_of_mine(files):
    """What the learner wrote or computed, wherever it stands."""
    return {line for text in files.values() for line in MINE.findall(text)}


class Term(RuleBasedStateMachine):
    """A learner and an author at work; from time to time the learner updates."""

    def __init__(self):
        super().__init__()
        self.scratch = tempfile.TemporaryDirectory()
        self.course = ToyCourse(Path(self.scratch.name))
        self.counter, self.today = itertools.count(1), date(2026, 11, 24)
        self.name, self.prose, self.given = "03_nets.ipynb", "prose", dict.fromkeys(EXERCISES[:2], "y = x")
        self.saving, origin._SAVING = origin._SAVING, 0

    def teardown(self):
        if self.course.work.exists():
            self.updates()
        origin._SAVING = self.saving
        self.scratch.cleanup()

    @initialize()
    def begin(self):
        self.publish()
        self.course.update(self.today)

    # --- the author

    def publish(self):
        for path in self.course.notebooks.iterdir():
            path.unlink()
        self.course.lesson(self.name, self.prose, **self.given)

    @rule()
    def prose_changes(self):
        self.prose = f"prose {next(self.counter)}"
        self.publish()

    @rule(name=exercises)
    def exercise_changes_or_comes(self, name):
        self.given[name] = f"y = {next(self.counter)} * x"
        self.publish()

    @rule(name=exercises)
    def exercise_goes(self, name):
        self.given.pop(name, None)
        self.publish()

    @rule()
    def exercises_change_places(self):
        self.given = dict(reversed(self.given.items()))
        self.publish()

    @rule(name=st.sampled_from(["03_nets.ipynb", "03_deep_nets.ipynb"]))
    def lesson_is_renamed(self, name):
        self.name = name
        self.publish()

    # --- the learner

    def notebooks(self):
        return sorted(self.course.work.glob("*.ipynb"))

    def learner_edits(self, which, change):
        """Edit one of the notebooks, if it can be read."""
        path = self.notebooks()[which % len(self.notebooks())]
        try:
            notebook = nbformat.read(path, as_version=4)
        except ValueError:
            return
        if notebook.cells:
            change(notebook)
            nbformat.write(notebook, path)

    @rule(which=pick, name=exercises)
    def answers(self, which, name):
        self.learner_edits(which, lambda n: answer(n, name, f"return {next(self.counter)}  # mine"))

    @rule(which=pick)
    def notes(self, which):
        note = new_markdown_cell(f"my note {next(self.counter)}")
        self.learner_edits(which, lambda n: n.cells.append(note))

    @rule(which=pick)
    def runs(self, which):
        output = new_output("stream", text=f"my output {next(self.counter)}")

        def change(notebook):
            for cell in notebook.cells:
                if cell.cell_type == "code":
                    cell.outputs = [output]

        self.learner_edits(which, change)

    @rule(which=pick, cell=pick)
    def splits(self, which, cell):
        def change(notebook):
            first = notebook.cells[cell % len(notebook.cells)]
            second = copy.deepcopy(first)
            middle = len(first.source) // 2
            first.source, second.source = first.source[:middle], first.source[middle:]
            second.id = f"split-{next(self.counter)}"
            notebook.cells.insert(notebook.cells.index(first) + 1, second)

        self.learner_edits(which, change)

    @rule(which=pick, cell=pick)
    def deletes_a_cell(self, which, cell):
        self.learner_edits(which, lambda n: n.cells.pop(cell % len(n.cells)))

    @rule(which=pick, cell=pick)
    def loses_metadata(self, which, cell):
        self.learner_edits(which, lambda n: n.cells[cell % len(n.cells)].metadata.clear())

    @rule(which=pick)
    def loses_the_record(self, which):
        self.learner_edits(which, lambda n: n.metadata.pop("course", None))

    @rule(which=pick)
    def saves_in_another_layout(self, which):
        path = self.notebooks()[which % len(self.notebooks())]
        try:
            path.write_text(json.dumps(json.loads(path.read_text("utf-8")), sort_keys=True), "utf-8")
        except ValueError:
            return

    @rule(which=pick)
    def copies_a_file(self, which):
        path = self.notebooks()[which % len(self.notebooks())]
        path.with_name(f"{path.stem}-Copy{next(self.counter)}.ipynb").write_bytes(path.read_bytes())

    @rule(which=pick, back=st.booleans())
    def renames_a_file(self, which, back):
        path = self.notebooks()[which % len(self.notebooks())]
        target = path.with_name(self.name if back else f"my {next(self.counter)}.ipynb")
        if not target.exists():
            path.rename(target)

    @precondition(lambda self: len(self.notebooks()) > 1)
    @rule(which=pick)
    def deletes_a_file(self, which):
        self.notebooks()[which % len(self.notebooks())].unlink()

    @rule(which=pick)
    def pulls_into_a_conflict(self, which):
        path = self.notebooks()[which % len(self.notebooks())]
        text = path.read_text("utf-8")
        theirs = f"theirs {next(self.counter)}"
        path.write_text(f"<<<<<<< mine\n{text}\n=======\n{theirs}\n>>>>>>> theirs", "utf-8")

    # --- and what must hold

    @rule()
    def updates_in_between(self):
        self.updates()

    @rule()
    def updates(self):
        before = self.course.files()
        copies = {path.name: origin.examine(path) for path in self.notebooks()}
        status, said = self.course.update(self.today)
        assert status == 0
        after = self.course.files()
        assert lines_of_mine(before) <= lines_of_mine(after)
        student = student_version(nbformat.read(self.course.notebooks / self.name, as_version=4))
        present = origin.version_of(student.cells)
        own = copies.get(self.name)
        untouched = own and not own.problem and not own.touched and own.lesson == "03"
        for name, content in before.items():  # what a learner may have touched is the same, byte for byte
            if not (name == self.name and untouched):
                assert after[name] == content, name
        if untouched:
            assert origin.examine(self.course.work / self.name).content == present
        lines = {name for name, old in copies.items() if old.lesson == "03"} | (set(after) - set(before))
        assert lines <= set(said), "one line for each file"
        self.answers_were_carried(before, after, copies, student, present)
        self.today += timedelta(days=1)
        assert self.course.update(self.today)[0] == 0
        assert self.course.files() == after, "a second update changes nothing"

    def answers_were_carried(self, before, after, copies, student, present):
        """In what was laid down. An answer begins with its stub's first lines, which tell the version."""
        new = sorted(set(after) - set(before))
        made = [old for old in copies.values() if old.lesson == "03" or old.name == self.name]
        if any(present in (old.version, old.content) for old in made):
            assert new == [], "the present version is there already"
            return
        if not new:
            return
        assert len(new) == 1
        laid = self.course.answers(new[0])
        worked_in = [old for old in made if old.touched and not old.problem]
        worked_in.sort(key=lambda old: (old.changed, old.name))
        for cell in student.cells:
            name, top = origin.exercise_id(cell), cell.source.partition("# YOUR CODE")[0]
            tried = worked_in[-1].answers.get(name, []) if name and worked_in else []
            if len(tried) == 1 and "course" in tried[0].metadata and ANSWERED.fullmatch(tried[0].source):
                carried = laid[name] == tried[0].source
                assert carried == tried[0].source.startswith(top + "return")

    @invariant()
    def nothing_of_ours_stays(self):
        assert not [path for path in self.course.work.glob(".course*")]


Term.TestCase.settings = settings(max_examples=100, stateful_step_count=25, deadline=None,
                                  suppress_health_check=list(HealthCheck))
TestTerm = Term.TestCase
