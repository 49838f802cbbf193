"""The commands of `course` for those who teach: hand-outs, decks, graded tables."""

from pathlib import Path
from typing import Annotated

import typer

from course_lib.classroom.cli_base import LOOK, Wanted, plain_errors

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
