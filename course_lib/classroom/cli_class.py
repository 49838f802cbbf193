"""The commands of `course` for those who teach: hand-outs, decks, graded tables."""

import os
from pathlib import Path
from typing import Annotated

import typer

from course_lib.classroom.cli_base import LOOK, Wanted, plain_errors, writable

app = typer.Typer(**LOOK)


@app.command()
@plain_errors
def student(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Made if missing.")],
    names: Wanted = None,
):
    """Write the lessons without their solutions into a folder that you can hand out.

    Only missing files are written; what is there is kept, and said.

    \b
    Examples:
      course student handout            all lessons
      course student handout 0 3        two of them
    """
    from course_lib.classroom.copies import hand_out

    hand_out(folder, names, echo=typer.echo)


@app.command()
@plain_errors
def slides(
    names: Wanted = None,
    out: Annotated[Path, typer.Option(help="The folder for the decks.")] = Path("decks"),
    more: Annotated[bool, typer.Option("--more", help="Also what is for homework or a second hour.")] = False,
    solutions: Annotated[bool, typer.Option("--solutions", help="Exercises with their answers.")] = False,
    pdf: Annotated[bool, typer.Option(help="Print a PDF beside each deck (needs a Chromium).")] = True,
    live: Annotated[str | None, typer.Option(
        metavar="LESSON", help="No deck: open this one lesson in JupyterLab's slideshow mode.")] = None,
):
    """Make a deck of each lesson: one HTML file that works offline from a memory stick, and a PDF.

    Open the HTML file in any browser. Arrows turn the slides, S opens the speaker's view, F fills the screen,
    Escape leaves a slider. Nothing is executed: the pictures are those stored in the lesson. What does not
    fit on its slide is said. Exit status 1: the decks are made, but no browser was found to print the PDFs.

    \b
    Examples:
      course slides                        all lessons, into decks/
      course slides 3 --out /media/stick   one lesson
      course slides 3 --more --solutions   all of it, answers included
      course slides --live 3               run its cells in front of the class
    """
    from course_lib.classroom.lessons import choose, find

    if live is not None:
        if names:
            raise ValueError(f"--live opens one lesson; leave {' '.join(names)} out")
        lesson = find(live)
        from course_lib.classroom.live import open_live

        raise typer.Exit(open_live(lesson, writable(out), more=more, solutions=solutions, echo=typer.echo))
    chosen = choose(names)
    if not chosen:
        raise LookupError("there are no lessons in notebooks/")
    out = writable(out)
    from course_lib.classroom.deck import make_decks

    raise typer.Exit(make_decks(chosen, out, more=more, solutions=solutions, pdf=pdf, echo=typer.echo))


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


@app.command()
@plain_errors
def mutants(names: Wanted = None):
    """Test the checks: each must pass the right answer and refuse typical wrong ones with their own hint.

    Lists every check, its wrong answers ("mutants") and what it says to them. Exit status 1 if a check lets
    one pass, tells another hint than intended, refuses the right answer, or has fewer than three of them.

    \b
    Examples:
      course mutants
      course mutants 3
    """
    from course_lib.classroom.lessons import choose
    from course_lib.exercises import exercise_list
    from course_lib.exercises.mutants import examine, table

    numbers = [lesson.number for lesson in choose(names)] if names else [None]
    chosen = [exercise for number in numbers for exercise in exercise_list(number)]
    if not chosen:
        raise LookupError(f"no exercises in {', '.join(names) if names else 'the course'}")
    reports = [examine(exercise) for exercise in chosen]
    for line in table(reports):
        typer.echo(line)
    raise typer.Exit(int(any(report.problems for report in reports)))


@app.command()
@plain_errors
def ledger(
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Default: runs/ledger.html.")] = None,
    readme: Annotated[bool, typer.Option("--readme", help="Refresh the README's section instead.")] = False,
):
    """Write the ledger as one page: every row of the syllabus, what was claimed of it, and what came out.

    Shows data/ledger.jsonl (what `course accept` has kept) and the pictures stored in the lessons. Nothing is
    run. The page needs no network and prints on A4. With both options both are written.

    \b
    Examples:
      course ledger                        the page: runs/ledger.html
      course ledger --out front.html
      course ledger --readme               authors: after `course accept`
    """
    from course_lib.classroom.front.write import write_page, write_readme

    if readme:
        typer.echo(write_readme())
    if out or not readme:
        out = out or Path("runs") / "ledger.html"
        writable(out.parent)
        typer.echo(write_page(out))
