"""Show the source of a piece of the library in a lesson."""

import inspect

from IPython.display import Code, display


def show(thing) -> None:
    """Print the source of a class or function of the library, with its docstring, in colour.

    Raises TypeError for something that has no Python source.
    """
    try:
        source = inspect.getsource(thing)
    except (TypeError, OSError) as error:
        raise TypeError(f"show needs a class or function written in Python, got {thing!r}") from error
    display(Code(inspect.cleandoc("\n" + source) if source[0] == " " else source.rstrip(), language="python"))
