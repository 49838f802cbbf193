"""The `course` command. Each command imports what it needs: help and doctor work when torch does not."""

import contextlib
import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from course_lib.classroom import cli_class, cli_teach
from course_lib.classroom.cli_base import LOOK, Wanted, plain_errors, writable

app = typer.Typer(no_args_is_help=True, **LOOK)
data_app = typer.Typer(**LOOK)
app.add_typer(data_app, name="data")


class Scale(StrEnum):
    """How big a run is (the scales of course_lib.runtime, which would load torch)."""

    smoke = "smoke"
    quick = "quick"
    class_ = "class"
    full = "full"


@app.callback()
def main(debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False):
    """Build, Break, Explain: open, run and check the lessons.

    \b
    Start here:
      course lab              open the lessons in JupyterLab
      course update           bring new and corrected lessons into your copies
      course doctor           find out what is wrong, and the command that cures it
    \b
    `python -m course_lib` is the same as `course`.
    """
    if debug:
        os.environ["COURSE_DEBUG"] = "1"
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(AttributeError, ValueError):
            stream.reconfigure(errors="replace")  # an old Windows console cannot show every sign


Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Default: 8888, or the next free one.")]


@app.command()
@plain_errors
def lab(
    port: Port = None,
    browser: Annotated[bool, typer.Option(help="Open the browser.")] = True,
    folder: Annotated[Path | None, typer.Option(help="Where your copies are. Default: work/.")] = None,
    projector: Annotated[bool, typer.Option(
        "--projector", help="For a class to read: large code, high in contrast, no side bars.")] = False,
):
    """Open the lessons in JupyterLab, in your own copies.

    Copies that are missing are made; a file that is there is never overwritten. Ctrl-C ends it.

    \b
    Examples:
      course lab
      course lab --port 8890 --no-browser
      course lab --projector
    """
    from course_lib.classroom.lab import open_lab

    raise typer.Exit(open_lab(folder, port=port, browser=browser, projector=projector))


@app.command()
@plain_errors
def update(
    folder: Annotated[Path | None, typer.Argument(help="Where your copies are. Default: work/.")] = None,
):
    """Bring new and corrected lessons into your copies; nothing of yours is lost.

    A lesson that you have not touched is replaced. One that you have worked in is kept, and the new version
    laid beside it, with your answers where the exercise is the same. Exit status 1 if a file failed.

    \b
    Examples:
      course update
      course update my-lessons
    """
    from course_lib.classroom.lab import DEFAULT_FOLDER
    from course_lib.classroom.update import update as bring

    raise typer.Exit(bring(folder or DEFAULT_FOLDER, echo=typer.echo))


@app.command()
@plain_errors
def lessons():
    """List the lessons."""
    from course_lib.classroom.lessons import lessons as every

    for lesson in every():
        typer.echo(f"{lesson.number}  {lesson.slug:32}  {lesson.title}")


@app.command()
@plain_errors
def run(
    names: Wanted = None,
    scale: Annotated[Scale, typer.Option(help="How big.")] = Scale.quick,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="The base seed.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Default: runs/SCALE-SEED.")] = None,
    timeout: Annotated[float | None, typer.Option(min=1, help="Seconds a lesson may take.")] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Each lesson with so many base seeds.")] = 1,
    workers: Annotated[int | None, typer.Option(min=1, help="So many lessons at once, here.")] = None,
    dask: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Workers of this scheduler.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Leave out what has finished in --out.")] = False,
):
    """Run lessons from top to bottom and collect their claims.

    Writes executed copies, ledger.json and ledger.html into the output folder and changes nothing else.
    Exit status 1 if a lesson dies or a verdict flips against the recorded one.

    \b
    Examples:
      course run                          every lesson, quick
      course run 3 --scale class          one lesson, five seeds
      course run 0 3 --seed 7 --out mine
      course run --seeds 3 --workers 2    three base seeds, intervals across them
      course run --dask tcp://HOST:8786   on the workers of a dask scheduler
      course run --workers 2 --resume     go on where a run was stopped
    """
    from course_lib.classroom.lessons import choose

    chosen = choose(names)
    if not chosen:
        raise LookupError("there are no lessons in notebooks/")
    out = writable(out or Path("runs") / f"{scale.value}-{seed}")
    from course_lib.classroom.running.run import run_lessons

    raise typer.Exit(run_lessons(chosen, scale.value, seed, out, seeds=seeds, workers=workers, dask=dask,
                                 resume=resume, timeout=timeout, echo=typer.echo))


@app.command()
@plain_errors
def accept(folder: Annotated[Path, typer.Argument(help="The output folder of `course run`.")]):
    """Copy the claims of a run into data/ledger.jsonl, the record of what was measured.

    \b
    Example:
      course accept runs/quick-0
    """
    from course_lib.classroom.ledger import accept as accept_rows

    typer.echo(f"{accept_rows(folder)} rows written to data/ledger.jsonl; to bring the README up to date: "
               "course ledger --readme")


@app.command()
@plain_errors
def save(
    names: Annotated[list[str], typer.Argument(metavar="LESSONS", help='Such as "3".')],
    quick_check: Annotated[bool, typer.Option(help="First see that seeds and threads agree.")] = True,
):
    """Run lessons at quick and store their outputs in notebooks/ (for authors).

    \b
    Example:
      course save 3
    """
    from course_lib.classroom.lessons import choose

    chosen = choose(names)
    from course_lib.classroom.save import save as save_lesson

    for lesson in chosen:
        save_lesson(lesson, quick_check=quick_check, echo=typer.echo)


@data_app.callback(invoke_without_command=True)
@plain_errors
def data(context: typer.Context):
    """The data sets: list, verify, fetch. Without a word more: list.

    \b
    Examples:
      course data
      course data verify
      course data fetch mnist
    """
    if context.invoked_subcommand is None:
        data_list()


@data_app.command("list")
@plain_errors
def data_list():
    """List the data sets with their sizes and licences."""
    from course_lib.data import sets
    from course_lib.data.manifest import vector_sets

    for info in sets():
        shape = "x".join(str(n) for n in info.shape)
        counts = "; ".join(
            f"{size}: " + " + ".join(f"{n:,} {split}" for split, n in splits.items())
            for size, splits in info.images.items()
        )
        typer.echo(f"{info.name:15} {shape}, {len(info.classes)} classes; {counts}")
        typer.echo(f"{'':15} licence: {info.licence}")
    for info in vector_sets():
        counts = "; ".join(f"{size}: {n:,} words" for size, n in info.words.items())
        typer.echo(f"{info.name:15} {info.dim} numbers a word; {counts}")
        typer.echo(f"{'':15} licence: {info.licence}")


@data_app.command("verify")
@plain_errors
def data_verify(name: Annotated[str | None, typer.Argument(help="A data set. None: all.")] = None):
    """Compare the files with their checksums. Exit status 1 if one differs; nothing is changed."""
    from course_lib.data import verify

    problems = verify(name)
    for problem in problems:
        typer.echo(f"course: {problem}", err=True)
    if problems:
        raise typer.Exit(1)
    typer.echo("The data is there and its checksums agree.")


@data_app.command("fetch")
@plain_errors
def data_fetch(name: Annotated[str, typer.Argument(help="A data set, such as mnist.")]):
    """Download a full data set into the cache, and check it."""
    from course_lib.data import fetch

    typer.echo(f"{name}: {fetch(name) or 'ready'}")


@app.command()
@plain_errors
def doctor(
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port to look at.")] = 8888,
    report: Annotated[bool, typer.Option(
        "--report", help="Instead: a few lines to send to your teacher, without names and paths.")] = False,
):
    """Examine this machine; each failure names the one command that cures it. Exit status 1 if one failed."""
    if report:
        from course_lib.classroom.doctor_report import print_report

        raise typer.Exit(print_report(port=port, echo=typer.echo))
    from course_lib.classroom.doctor import doctor as examine

    raise typer.Exit(examine(port=port, echo=typer.echo))


app.add_typer(cli_class.app)
app.add_typer(cli_teach.app)
