"""Every stored lesson has the anatomy of a lesson; and each rule, shown a broken toy, is known to bite."""

import copy
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_lib.classroom.anatomy import MARKER, RULES, code_cells, problems, rows_named
from course_lib.classroom.ledger import claims_in, compare
from course_lib.classroom.lessons import lessons
from course_lib.classroom.tidy import tidy

LESSONS = lessons()


def test_there_are_lessons():
    assert LESSONS, "notebooks/ holds no lesson"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.slug for lesson in LESSONS])
def test_a_lesson(lesson, rule):
    assert list(rule(lesson.notebook, lesson.number)) == []


@pytest.mark.parametrize("lesson", LESSONS, ids=[lesson.slug for lesson in LESSONS])
def test_stored_claims_agree_with_the_ledger(lesson):
    flips, _ = compare([{**record, "lesson": lesson.slug} for record in claims_in(lesson.notebook)])
    assert flips == []


def test_ruff_finds_nothing_in_the_lessons():
    folder = Path(__file__).parents[2] / "notebooks"
    command = [sys.executable, "-m", "ruff", "check", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout


# The tests of the rules.

PIXEL = ("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABAQMAAAAl21bKAAAAA1BMVEX///+nxBvIAAAACklEQVR4nGNgAAAAAgAB"
         "SK+kcQAAAABJRU5ErkJggg==")
EMBEDDED = "data:image/png;base64," + "A" * 150_000
ANSWER = "def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION"
GRADER = {"schema_version": 3, "solution": True, "grade": False, "locked": False, "task": False,
          "grade_id": "3-1"}
GRADED = {**GRADER, "solution": False, "grade": True, "locked": True, "grade_id": "3-1-check", "points": 2}


def toy():
    """A small lesson with nothing wrong: title, parameters, picture, exercise, check, claim."""
    record = {"row": "S4-20", "sentence": "x", "verdict": "holds", "scale": "quick", "seed": 0}
    picture = new_output("display_data", data={"image/png": PIXEL, "text/plain": "Figure: dot"},
                         metadata={"image/png": {"alt": "a dot"}})
    said = new_output("display_data", data={"text/plain": "S4-20: x"}, metadata={"course_claim": record})
    cells = [
        new_markdown_cell("# 03 · Toy\n45 min in class · rows S4-20..S4-20", metadata={"tags": ["core"]}),
        new_code_cell('scale = "quick"\nseed = 0', metadata={"tags": ["core", "parameters"]}),
        new_code_cell("show()", metadata={"tags": ["core", "minutes:45"]}, outputs=[picture]),
        new_code_cell(ANSWER, metadata={"tags": ["more", "exercise"], "nbgrader": GRADER}),
        new_code_cell(f'{MARKER}\ncheck("3-1", f)', metadata={"tags": ["more", "check"], "nbgrader": GRADED}),
        new_code_cell(f'{MARKER}\nclaim("S4-20", "x")', metadata={"tags": ["core"]}, outputs=[said]),
    ]
    for count, cell in enumerate(cells[1:], 1):
        cell.execution_count = count
    notebook = new_notebook(cells=cells)
    return tidy(notebook, notebook)


def broken_rules(notebook) -> set[str]:
    """The names of the rules that find something."""
    return {rule.__name__ for rule in RULES if list(rule(notebook, "03"))}


def test_the_toy_has_nothing_wrong():
    assert broken_rules(toy()) == set()
    assert problems(toy(), "03") == []
    assert len(problems(toy(), "04")) == 1, "the title says 03"


def strip(notebook):
    for _, cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None


def edit(position, **changes):
    def apply(notebook):
        cell = notebook.cells[position]
        for name, value in changes.items():
            if name == "add_tags":
                cell.metadata["tags"] += value
            elif name == "nbgrader":
                cell.metadata["nbgrader"] = {**GRADER, **value}
            else:
                cell[name] = value
    return apply


def picture(data, metadata):
    return edit(2, outputs=[new_output("display_data", data=data, metadata=metadata)])


BREAKS = [
    ("stripped of its outputs", strip, "is_executed"),
    ("one cell not run", edit(5, execution_count=None), "is_executed"),
    ("run out of order", edit(2, execution_count=7), "is_executed"),
    ("stored error", edit(2, outputs=[new_output("error", ename="E", evalue="e")]), "is_executed"),
    ("stderr kept", edit(2, outputs=[new_output("stream", name="stderr", text="x")]), "is_tidy"),
    ("widget state", lambda n: n.metadata.update(widgets={}), "is_tidy"),
    ("another default", edit(1, source='scale = "full"\nseed = 0'), "has_parameters"),
    ("no parameters", edit(1, metadata={"tags": ["core"]}), "has_parameters"),
    ("another title", edit(0, source="# Toy\n45 min, S4-20"), "has_a_title"),
    ("no minutes told", edit(0, source="# 03 · Toy\nS4-20"), "has_a_title"),
    ("unknown tag", edit(2, add_tags=["cores"]), "has_valid_tags"),
    ("no track", edit(2, metadata={"tags": ["minutes:4"]}), "has_valid_tags"),
    ("two tracks", edit(2, add_tags=["more"]), "has_valid_tags"),
    ("too many minutes", edit(0, metadata={"tags": ["core", "minutes:1"]}), "fits_the_hour"),
    ("no minutes", edit(2, metadata={"tags": ["core"]}), "fits_the_hour"),
    ("too long", edit(2, source="x = 1\n" * 26), "is_readable"),
    ("installs", edit(2, source="!pip install x"), "is_readable"),
    ("installs by magic", edit(2, source="%pip install x"), "is_readable"),
    ("hides warnings", edit(2, source="import warnings\nwarnings.filterwarnings('ignore')"), "is_readable"),
    ("sleeps", edit(2, source="import time\ntime.sleep(1)"), "is_readable"),
    ("no points", edit(4, metadata={"tags": ["more", "check"]}), "has_graded_checks"),
    ("points of nothing", edit(4, nbgrader={**GRADED, "points": 0}), "has_graded_checks"),
    ("another exercise's points", edit(4, nbgrader={**GRADED, "grade_id": "3-2-check"}), "has_graded_checks"),
    ("check not compared", edit(4, source='check("3-1", f)'), "has_marked_checks"),
    ("claim not compared", edit(5, source='x = 1\nclaim("S4-20", "x", holds=True)'), "has_marked_checks"),
    ("a row without a claim", edit(0, source="# 03 · Toy\n45 min · rows S4-19..S4-20"), "claims_its_rows"),
    ("unknown row", edit(0, source="# 03 · Toy\n45 min · rows S9-99, S4-20"), "claims_its_rows"),
    ("no alt", picture({"image/png": PIXEL}, {}), "has_small_described_pictures"),
    ("empty alt", picture({"image/png": PIXEL}, {"image/png": {"alt": " "}}), "has_small_described_pictures"),
    ("img without alt", picture({"text/html": '<img src="x">'}, {}), "has_small_described_pictures"),
    ("large jpeg", picture({"image/jpeg": "AAAA" * 40_000}, {"image/jpeg": {"alt": "x"}}),
     "has_small_described_pictures"),
    ("large embedded", picture({"text/html": f'<img alt="x" src="{EMBEDDED}">'}, {}),
     "has_small_described_pictures"),
    ("solution outside", edit(3, source="### BEGIN SOLUTION\nf = abs\n### END SOLUTION"),
     "has_whole_exercises"),
    ("half outside", edit(3, source=ANSWER.replace("    ### END", "g = 1\n### END")), "has_whole_exercises"),
    ("no end", edit(3, source="def f(x):\n    ### BEGIN SOLUTION\n    return x"), "has_whole_exercises"),
    ("not graded", edit(3, metadata={"tags": ["more", "exercise"]}), "has_whole_exercises"),
    ("no grade id", edit(3, nbgrader={"grade_id": ""}), "has_whole_exercises"),
    ("no check", edit(4, source="1"), "has_whole_exercises"),
    ("check of another", edit(3, nbgrader={"grade_id": "3-2"}), "has_whole_exercises"),
]


@pytest.mark.parametrize(("change", "rule"), [pytest.param(*case[1:], id=case[0]) for case in BREAKS])
def test_each_rule_bites(change, rule):
    broken = copy.deepcopy(toy())
    change(broken)
    assert rule in broken_rules(nbformat.from_dict(broken))


def test_rows_are_read_from_a_title():
    assert rows_named("rows S4-18..S4-20, S1-01 · needs 02") == ["S4-18", "S4-19", "S4-20", "S1-01"]
    assert rows_named("rows S4-08–S4-10") == ["S4-08", "S4-09", "S4-10"]
    assert rows_named("no rows") == []
