"""Toy lessons for the tests of decks: short ways to write their cells."""

import base64
import io

import nbformat
from bs4 import BeautifulSoup
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from PIL import Image

from course_lib.classroom.lessons import Lesson

ANSWER = "def f(x):\n    ### BEGIN SOLUTION\n    return secret(x)\n    ### END SOLUTION"
GRADER = {"schema_version": 3, "solution": True, "grade": False, "locked": False, "task": False,
          "grade_id": "03-1"}


def text(source, kind="slide", **more):
    metadata = {"slideshow": {"slide_type": kind}, "tags": ["core"]}
    return new_markdown_cell(source, metadata=metadata, **more)


def code(source, kind="-", *own, outputs=(), count=1, id="", **more):
    metadata = {"slideshow": {"slide_type": kind}, "tags": ["core", *own], **more}
    named = {"id": id} if id else {}
    return new_code_cell(source, metadata=metadata, outputs=list(outputs), execution_count=count, **named)


def html(markup, **metadata):
    return new_output("display_data", data={"text/html": markup, "text/plain": "x"}, metadata=metadata)


def printed(words):
    return new_output("stream", name="stdout", text=words)


def png(width=80, height=32, alt="a dot"):
    file = io.BytesIO()
    Image.new("P", (width, height)).save(file, "png")
    data = {"image/png": base64.b64encode(file.getvalue()).decode(), "text/plain": "x"}
    return new_output("execute_result", data=data, metadata={"image/png": {"alt": alt}}, execution_count=1)


def lesson_of(folder, *cells, title=True):
    """A lesson of these cells, after its title, in a file of its own."""
    first = [text("# 03 · Toy\n\nA promise.", id="title")] if title else []
    path = folder / "03_toy.ipynb"
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    nbformat.write(new_notebook(cells=[*first, *cells], metadata=kernel), path)
    return Lesson(path)


def sheets(page):
    """The words of each slide, notes left out."""
    found = []
    for section in BeautifulSoup(str(page), "html.parser").select(".slides > section"):
        for note in section.select("aside.notes"):
            note.decompose()
        found.append(section.get_text(" ", strip=True))
    return found
