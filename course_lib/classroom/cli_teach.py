"""The commands of `course` for the day of class."""

from pathlib import Path
from typing import Annotated

import typer

from course_lib.classroom.cli_base import LOOK, Wanted, plain_errors, writable

app = typer.Typer(**LOOK)


@app.command()
@plain_errors
def plan(
    weeks: Annotated[int | None, typer.Option(help="Weeks of class.")] = None,
    days: Annotated[int | None, typer.Option(help="Days of a course en bloc.")] = None,
    hours: Annotated[int | None, typer.Option(help="Class hours (45 minutes) in all.")] = None,
    meeting: Annotated[int | None, typer.Option(help="Class hours a meeting. Default: 2; 6 a day.")] = None,
    on: Annotated[str | None, typer.Option(
        metavar="DAYS", help="Such as mon,thu. Default: mon; mon to fri with --days.")] = None,
    start: Annotated[str | None, typer.Option(
        metavar="DATE", help="The first day, such as 2027-03-01.")] = None,
    skip: Annotated[list[str] | None, typer.Option(
        metavar="DATE[..DATE]", help="No class on these days; may be given again.")] = None,
    lesson: Annotated[list[str] | None, typer.Option(help="Only this lesson; may be given again.")] = None,
    known: Annotated[list[str] | None, typer.Option(
        help="A lesson that the class knows; may be given again.")] = None,
    at: Annotated[str, typer.Option(help="When a meeting begins.")] = "09:00",
    pause: Annotated[int, typer.Option(min=0, max=240, help="Minutes between two class hours.")] = 10,
    out: Annotated[Path | None, typer.Option(metavar="FILE.ics", help="Write a calendar file.")] = None,
):
    """Plan a course of the lessons that are built, as text and as a calendar file.

    A lesson comes after those that it needs, and takes whole class hours; the hours that are left are for
    exercises, spread evenly. Exit status 2 says what does not fit.

    \b
    Examples:
      course plan --weeks 14
      course plan --weeks 14 --on mon,thu --meeting 1 --start 2027-03-01 --skip 2027-03-29..2027-04-05
      course plan --days 5 --start 2027-03-01 --out course.ics
      course plan --hours 6 --lesson 3 --lesson 8 --lesson 10
    """
    from course_lib.classroom.plan.command import make_plan

    make_plan(weeks=weeks, days=days, hours=hours, meeting=meeting, on=on, start=start, at=at, pause=pause,
              skip=skip or (), lesson=lesson or (), known=known or (), out=out, echo=typer.echo)


@app.command()
@plain_errors
def insight(
    folder: Annotated[Path, typer.Argument(help="The learners' progress files, at any depth.")],
    names: Wanted = None,
    out: Annotated[Path, typer.Option(help="Where the page goes.")] = Path("runs/insight"),
):
    """What a class thinks before and after a lesson, and where it is stuck: one page, insight.html.

    Reads .progress.json files (learners find theirs in the folder in which they work; any name that ends in
    .json will do) and changes none. Shares of fewer than five learners are not shown. The page names no
    learner and no file, and nothing leaves this machine.

    \b
    Examples:
      course insight handed-in
      course insight handed-in 3 --out runs/monday
    """
    from course_lib.classroom.insight.report import make_insight

    make_insight(folder, writable(out), names, echo=typer.echo, warn=lambda line: typer.echo(line, err=True))


@app.command()
@plain_errors
def pack(
    names: Annotated[list[str] | None, typer.Argument(metavar="LESSONS", help='Such as "3".')] = None,
    out: Annotated[Path, typer.Option(help="A folder for each lesson is made in here.")] = Path("packs"),
    pdf: Annotated[bool, typer.Option(help="Print PDFs (needs a Chromium).")] = True,
    wheels: Annotated[bool, typer.Option(
        "--wheels", help="Instead: what a class installs from without a network.")] = False,
    platform: Annotated[list[str] | None, typer.Option(
        help="With --wheels: linux-cpu, linux-cuda, windows or macos-arm64; may be given again.")] = None,
    python: Annotated[str | None, typer.Option(
        help="With --wheels: the class's Python, such as 3.12. Default: this one's.")] = None,
    extra_index_url: Annotated[list[str] | None, typer.Option(
        metavar="ADDRESS", help="With --wheels: an index besides pip's own; linux-cpu needs one.")] = None,
    dry_run: Annotated[bool, typer.Option(
        "--dry-run", help="With --wheels: only say how much there is to fetch.")] = False,
    check: Annotated[Path | None, typer.Option(
        metavar="DIR", help="With --wheels: compare such a folder with its checksums.")] = None,
):
    """Pack what a teacher needs on the day of class: one folder a lesson, for a machine with no network.

    In it: the instructor's guide (two pages), a handout (one page, black and white), a quiz with its key, on
    paper and for learning platforms, the rubric, the deck, and the stored pictures for when a demo fails.
    Open the file index.html. Nothing is executed. Exit status 1: something is missing, which is said; the
    rest is packed.

    With --wheels: a folder for each platform, with all packages, the course and the page INSTALL.html, from
    which learners install without a network. A stopped run goes on where it was.

    \b
    Examples:
      course pack 3                        packs/03_residual_blocks/
      course pack 3 6 --out /media/stick
      course pack --wheels --platform windows --python 3.12 --out /media/stick
      course pack --wheels --platform linux-cpu --extra-index-url ADDRESS
                                           ADDRESS: the CPU index that PyTorch's page names
      course pack --wheels --check /media/stick/windows-python3.12
    """
    if wheels:
        from course_lib.classroom.wheels.command import pack_wheels

        raise typer.Exit(pack_wheels(out, names=names, platforms=platform, python=python, check=check,
                                     extra_index=extra_index_url or (), dry=dry_run, echo=typer.echo))
    if platform or python or extra_index_url or dry_run or check:
        raise ValueError("--platform, --python, --extra-index-url, --dry-run and --check go with --wheels")
    if not names:
        raise ValueError("name the lessons to pack, as in course pack 3; what a class installs from: "
                         "course pack --wheels")
    from course_lib.classroom.lessons import choose

    chosen = choose(names)
    from course_lib.classroom.pack.pack import make_packs

    raise typer.Exit(make_packs(chosen, writable(out), pdf=pdf, echo=typer.echo))


@app.command()
@plain_errors
def preflight(
    out: Annotated[Path, typer.Option(metavar="FILE", help="The page.")] = Path("preflight.html"),
    wheels: Annotated[list[Path] | None, typer.Option(
        metavar="DIR", help="A folder of course pack --wheels that you bring; may be given again.")] = None,
    source: Annotated[str | None, typer.Option(
        metavar="ADDRESS", help="Where learners get the course (git clone).")] = None,
    reply_to: Annotated[str | None, typer.Option(help="Where their answer goes.")] = None,
    by: Annotated[str | None, typer.Option(metavar="DATE", help="Until when.")] = None,
):
    """A page to mail a week ahead: what to install, how large it is, what to look at, what to send back.

    \b
    Examples:
      course preflight
      course preflight --source ADDRESS --reply-to teacher@school.example --by "Monday, 1 March"
      course preflight --wheels packs/windows-python3.12
    """
    writable(out.parent)
    from course_lib.classroom.preflight import write_preflight

    write_preflight(out, wheels=wheels or (), source=source, reply_to=reply_to, by=by)
    typer.echo(out)


@app.command()
@plain_errors
def rubric(
    names: Wanted = None,
    out: Annotated[Path, typer.Option(help="Where the pages go.")] = Path("rubrics"),
):
    """How to mark a lesson: checks 50 %, written "why" answers 25 %, the critique of one claim 25 %.

    One page a lesson, fit for printing, with what each mark takes, samples, and the lesson's claims.

    \b
    Examples:
      course rubric 3
      course rubric 3 6 --out /media/stick
    """
    from course_lib.classroom.lessons import choose

    chosen = choose(names)
    from course_lib.classroom.rubric import write_rubrics

    write_rubrics(chosen, writable(out), echo=typer.echo)
