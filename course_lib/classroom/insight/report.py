"""`course insight FOLDER`: from a folder of progress files to the teacher's page and a few lines."""

from collections.abc import Callable
from pathlib import Path

from course_lib.classroom.files import write
from course_lib.classroom.insight.count import hardest_first, opinion, stuck
from course_lib.classroom.insight.gather import Class, gather
from course_lib.classroom.insight.page import LessonView, counted, page
from course_lib.classroom.insight.questions import questions
from course_lib.classroom.lessons import choose
from course_lib.exercises import exercise_list


def make_insight(folder: Path, out: Path, names: list[str] | None = None, *,
                 echo: Callable[[str], None] = print, warn: Callable[[str], None] = print) -> None:
    """Write insight.html into `out` and say the main numbers.

    names: lessons, all if None. warn gets a line for each file that was left out, with its path: it is for
    the terminal, the page has none. Raises what `gather` raises.
    """
    views = [LessonView(lesson.title, questions(lesson), exercise_list(lesson.number))
             for lesson in choose(names)]
    found = gather(folder)
    for path, why in found.skipped:
        warn(f"left out: {path}: {why}")
    echo(counted(found))
    for line in summary(found, views):
        echo(line)
    write(out / "insight.html", page(found, views))
    echo(f"insight.html is in {out}. It names no learner.")


def summary(found: Class, views: list[LessonView]) -> list[str]:
    """A line for each prediction, and one for the hardest exercise of each lesson."""
    lines = []
    for view in views:
        for asked in view.asked:
            before, after = (opinion(asked, found.learners, late).answers[asked.right]
                             for late in (False, True))
            if before.n or after.n:
                lines.append(f"{asked.id}: right before {before}, after {after}")
        work = [stuck(one, found.learners) for one in view.exercises]
        work = [one for one in hardest_first(work) if one.right.told]
        if work:
            lines.append(f"{work[0].exercise.id} is the hardest of its lesson: right {work[0].right}")
    return lines
