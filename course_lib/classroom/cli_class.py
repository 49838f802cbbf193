"""The commands of `course` for those who teach: hand-outs, decks, graded tables."""

import typer

from course_lib.classroom.cli_base import LOOK, Wanted, plain_errors

app = typer.Typer(**LOOK)


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
