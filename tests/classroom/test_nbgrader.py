"""Schools that use nbgrader take a lesson file as it is: solutions go, the checks give the points.

nbgrader is no part of the tests' environment (it is large); `pip install -e ".[nbgrader]"` lets these run.
"""

import os
import shutil
import subprocess
import sys

import nbformat
import pytest

from course_lib.classroom.copies import student_version
from course_lib.classroom.lessons import find
from course_lib.exercises import exercise_list

pytest.importorskip("nbgrader", reason='nbgrader is not installed: pip install -e ".[nbgrader]"')
SETTINGS = 'c = get_config()\nc.CourseDirectory.course_id = "bbe"\nc.ExecutePreprocessor.timeout = 120\n'


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course folder of nbgrader with lesson 00 released."""
    folder = tmp_path_factory.mktemp("nbgrader")
    (folder / "nbgrader_config.py").write_text(SETTINGS)
    source = folder / "source" / "start"
    source.mkdir(parents=True)
    shutil.copy(find("00").path, source)
    nbgrader(folder, "generate_assignment", "start")
    return folder


def nbgrader(folder, *words):
    path = os.pathsep.join([os.path.dirname(sys.executable), os.environ["PATH"]])  # it calls alembic by name
    env = {**os.environ, "PATH": path, "OMP_NUM_THREADS": "1", "JUPYTER_PREFER_ENV_PATH": "1"}
    done = subprocess.run([sys.executable, "-m", "nbgrader", *words], cwd=folder, env=env, text=True,
                          capture_output=True, timeout=280)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_release_has_our_stubs_and_no_solution(course):
    released = nbformat.read(course / "release" / "start" / find("00").path.name, 4)
    ours = {c.metadata.nbgrader.grade_id: c.source for c in student_version(find("00").notebook).cells
            if c.metadata.get("nbgrader")}
    theirs = {c.metadata.nbgrader.grade_id: c.source for c in released.cells if c.metadata.get("nbgrader")}
    squeezed = {name: source.split() for name, source in theirs.items()}
    assert squeezed == {name: source.split() for name, source in ours.items()}


def test_right_answers_get_the_points_and_wrong_or_missing_ones_do_not(course):
    exercise = exercise_list("00")[0]
    answers = {"anna": exercise.cell, "ben": exercise.with_body(exercise.mutants[0].body), "carla": None}
    for student, cell in answers.items():
        book = nbformat.read(course / "release" / "start" / find("00").path.name, 4)
        for c in book.cells:
            if cell and c.metadata.get("nbgrader", {}).get("grade_id") == exercise.id:
                c.source = cell
        place = course / "submitted" / student / "start"
        place.mkdir(parents=True)
        nbformat.write(book, place / find("00").path.name)
    nbgrader(course, "autograde", "start")
    nbgrader(course, "export", "--to", "grades.csv")
    lines = (course / "grades.csv").read_text().splitlines()
    head = lines[0].split(",")
    scores = {line.split(",")[head.index("student_id")]: float(line.split(",")[head.index("score")])
              for line in lines[1:]}
    assert scores == {"anna": exercise.difficulty, "ben": 0, "carla": 0}
