"""The commands of `course` for those who teach: hand-outs, decks, graded tables."""

import os
from pathlib import Path
from typing import Annotated

import typer

from course_lib.classroom.cli_base import LOOK, plain_errors, writable

app = typer.Typer(**LOOK)


@app.command()
@plain_errors
def check(
    words: Annotated[list[str], typer.Argument(metavar="[LESSONS] FOLDER", help='Such as "3 handed-in".')],
    out: Annotated[Path, typer.Option(help="Where the tables go.")] = Path("runs/check"),
    seconds: Annotated[float, typer.Option(min=5, help="Seconds that one notebook may take.")] = 60,
    memory: Annotated[int, typer.Option(min=1500, help="MB that one notebook may take.")] = 4096,
    jobs: Annotated[int | None, typer.Option(min=1, help="Notebooks at once. Default: one a core.")] = None,
    trust: Annotated[bool, typer.Option("--trust", help="Without bubblewrap, with your own rights.")] = False,
):
    """Judge submitted notebooks with the exercises' own checks: grades.csv and grades.html.

    FOLDER holds one folder a student, or one notebook a student. Each notebook gets a fresh Python that runs
    the exercise cells and what they use, not the rest, shut in by bubblewrap: no network, no files of yours,
    limits on time, memory and processes. It stops damage and tricks; a student who forges a verdict inside
    Python with great care could still raise the mark of their own notebook.

    \b
    Examples:
      course check handed-in               every lesson found in it
      course check 3 handed-in --out marks
    """
    from course_lib.classroom.grading.grade import best, grade
    from course_lib.classroom.grading.table import write
    from course_lib.classroom.lessons import choose

    *names, folder = words
    numbers = [lesson.number for lesson in choose(names)]
    out, done = writable(out), []

    def told(submission, rows, took):
        done.extend(rows)
        passed = sum(row.passed for row in rows)
        what = submission.problem or f"{passed} of {len(rows)} passed"
        typer.echo(f"{submission.file:<50} {took:5.1f} s   {what}")

    try:
        grade(Path(folder), numbers, seconds=seconds, memory=memory * 2**20,
              jobs=jobs or os.cpu_count() or 1, trust=trust, told=told)
    finally:  # after Ctrl-C too: what was finished is kept
        if done:
            typer.echo(write(best(done), out, "Judged without isolation (--trust)." if trust else ""))
