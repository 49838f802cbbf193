"""The commands of `course` for those who teach: hand-outs, decks, graded tables."""

import typer

from course_lib.classroom.cli_base import LOOK

app = typer.Typer(**LOOK)
