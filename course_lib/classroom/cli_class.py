"""The commands of `course` for those who teach: hand-outs, decks, graded tables."""

from pathlib import Path
from typing import Annotated

import typer

from course_lib.classroom.cli_base import LOOK, Wanted, plain_errors, writable

app = typer.Typer(**LOOK)


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
