"""The commands of `course` for the day of class."""

from pathlib import Path
from typing import Annotated

import typer

from course_lib.classroom.cli_base import LOOK, plain_errors, writable

app = typer.Typer(**LOOK)


@app.command()
@plain_errors
def pack(
    names: Annotated[list[str], typer.Argument(metavar="LESSONS", help='Such as "3".')],
    out: Annotated[Path, typer.Option(help="A folder for each lesson is made in here.")] = Path("packs"),
    pdf: Annotated[bool, typer.Option(help="Print PDFs (needs a Chromium).")] = True,
):
    """Pack what a teacher needs on the day of class: one folder a lesson, for a machine with no network.

    In it: the instructor's guide (two pages), a handout (one page, black and white), a quiz with its key, on
    paper and for learning platforms, the deck, and the stored pictures for when a demo fails. Open the file
    index.html. Nothing is executed. Exit status 1: something is missing, which is said; the rest is packed.

    \b
    Examples:
      course pack 3                        packs/03_residual_blocks/
      course pack 3 6 --out /media/stick
    """
    from course_lib.classroom.lessons import choose

    chosen = choose(names)
    from course_lib.classroom.pack.pack import make_packs

    raise typer.Exit(make_packs(chosen, writable(out), pdf=pdf, echo=typer.echo))
