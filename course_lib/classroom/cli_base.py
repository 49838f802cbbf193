"""What all commands of `course` share: how errors are told, and the arguments that several take."""

import functools
import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer

# Plain text: it looks the same in every terminal, and on Windows.
LOOK = {"rich_markup_mode": None, "pretty_exceptions_enable": False, "add_completion": False}
# What goes wrong in a learner's hands. Anything else is our mistake and shows its traceback.
_EXPECTED = (LookupError, ValueError, OSError, ImportError)
Wanted = Annotated[list[str] | None, typer.Argument(metavar="LESSONS", help='Such as "3". None: all.')]


def message(error: BaseException) -> str:
    """One line about an error: the text that its author wrote, without Python's decoration."""
    if isinstance(error, OSError) and error.strerror:
        return ": ".join(str(part) for part in (error.strerror, error.filename) if part)
    if isinstance(error, ImportError):
        return f"{error}\nThe environment looks broken. To find out what and how to cure it: course doctor"
    return str(error.args[0]) if error.args else type(error).__name__


def plain_errors(command):
    """Wrap a command: what goes wrong is said once, on stderr, with exit status 2 and no traceback."""

    @functools.wraps(command)
    def wrapped(*args, **kwargs):
        try:
            return command(*args, **kwargs)
        except KeyboardInterrupt:
            typer.echo("\ncourse: stopped. What was finished is kept.", err=True)
            raise typer.Exit(130) from None
        except _EXPECTED as error:
            if os.environ.get("COURSE_DEBUG"):
                raise
            typer.echo(f"course: {message(error)}", err=True)
            raise typer.Exit(2) from None

    return wrapped


def writable(folder: Path) -> Path:
    """The folder, made if missing; OSError with the cure if nothing can be written there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError as error:
        raise OSError(
            f"cannot write into {folder} ({error.strerror or error}); choose another folder: --out FOLDER"
        ) from error
