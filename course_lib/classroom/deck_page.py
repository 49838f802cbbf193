"""From slides to one HTML file: nbconvert's reveal exporter with the theme of slides/theme."""

import base64
import importlib.util
import struct
from collections.abc import Set
from functools import cache
from html import escape
from pathlib import Path

import nbformat
from jinja2 import pass_context
from nbconvert.exporters import SlidesExporter
from nbconvert.filters.markdown_mistune import InvalidNotebook, MarkdownWithMath
from pygments.formatters import HtmlFormatter

from course_lib.classroom.deck_html import Renderer, safe
from course_lib.classroom.lessons import Lesson
from course_lib.classroom.slides import WIDGET, Slide
from course_lib.runtime import home
from course_lib.widgets.course_map import STOPS

WIDTH, HEIGHT = 1280, 720  # the base size; a smaller screen shows all of it, scaled
LONG_LINE, MANY_LINES = 94, 15  # code beyond this is set a little smaller, at the smallest size allowed
LEAST_HEIGHT = 200  # a picture never shrinks below this, unless it is a strip
ENLARGED = 1.6  # a stored picture is drawn at most so much larger than it is


class DeckExporter(SlidesExporter):
    """A notebook made by `assemble` -> one HTML file that asks for nothing else."""

    template_name = "theme"
    exclude_anchor_links = True
    embed_images = True

    def __init__(self, decks: Set[str] = frozenset(), **options):
        self.decks = decks  # the lessons that have a deck beside this one
        super().__init__(extra_template_basedirs=[str(home() / "slides")], **options)

    @pass_context
    def markdown2html(self, context, source: str) -> str:
        cell, metadata = context.get("cell", {}), context.get("resources", {}).get("metadata", {})
        renderer = Renderer(escape=False, attachments=cell.get("attachments", {}), embed_images=True,
                            path=metadata.get("path", ""), exclude_anchor_links=True)
        return safe(MarkdownWithMath(renderer=renderer).render(source), self.decks)

    def default_filters(self):
        yield from super().default_filters()
        yield "output_html", self.output_html
        yield "picture", picture
        yield "code_class", code_class

    def output_html(self, output: nbformat.NotebookNode) -> str:
        """A widget of ours as it is, with its script; anything else without."""
        markup = output.data["text/html"]
        return markup if output.metadata.get(WIDGET) else safe(markup, self.decks)


def deck(lesson: Lesson, slides: list[Slide], decks: Set[str] = frozenset()) -> str:
    """The deck as text of an HTML file.

    decks: the lessons (03_residual_blocks) whose decks lie beside it; the map links to them.
    Raises ValueError that names the lesson if a cell cannot be drawn, such as one whose attachment is gone.
    """
    resources = {"deck": {
        "title": lesson.title, "width": WIDTH, "height": HEIGHT, **reveal(),
        "colours": HtmlFormatter(style="default").get_style_defs(".deck .highlight"),
        "css": (home() / "slides" / "theme" / "deck.css").read_text("utf-8"),
        "script": (home() / "slides" / "theme" / "deck.js").read_text("utf-8"),
    }, "metadata": {"name": lesson.slug, "path": str(lesson.path.parent)}}
    try:
        return DeckExporter(decks).from_notebook_node(assemble(lesson, slides, decks), resources)[0]
    except InvalidNotebook as error:
        raise ValueError(f"{lesson.path.name}: {str(error).strip()}") from error


def assemble(lesson: Lesson, slides: list[Slide], decks: Set[str] = frozenset()) -> nbformat.NotebookNode:
    """The slides as one notebook for the exporter: the map on the first, an id for each.

    A slide's notes come before its later steps, else reveal takes them for notes of a step.
    """
    cells, ids = [], set()
    for number, slide in enumerate(slides):
        first, *rest = slide.cells
        name = first.get("id") or f"slide-{number + 1}"
        while name in ids:
            name += "-"
        ids.add(name)
        first.id = first.metadata.slide_id = name
        if number == 0:
            rest.append(_map_cell(lesson, decks))
        for note in slide.notes:
            note.metadata.slideshow = {"slide_type": "notes"}
        cells += [first, *slide.notes, *rest]
    return nbformat.v4.new_notebook(cells=cells, metadata=lesson.notebook.metadata)


def lesson_map(number: str, decks: Set[str] = frozenset()) -> str:
    """Where this lesson stands: a row of all lessons, and what it needs and leads to."""
    files = {name.split("_")[0]: f"{name}.html" for name in decks}
    row = []
    for stop in ("00", *(stop.number for stop in STOPS)):
        if stop == number:
            row.append(f'<li aria-current="step">{stop}</li>')
        elif stop in files:
            row.append(f'<li><a href="{escape(files[stop])}">{stop}</a></li>')
        else:
            row.append(f"<li>{stop}</li>")
    return (f'<nav class="lesson-map" aria-label="Where this lesson stands"><ol>{"".join(row)}</ol>'
            f"<p>{_neighbours(number)}</p></nav>")


def _neighbours(number: str) -> str:
    stops = {stop.number: stop for stop in STOPS}
    own = stops.get(number)
    if own is None:
        return f"{len(STOPS)} lessons follow"
    before = f"after {own.needs} · {escape(stops[own.needs].title)}" if own.needs else "needs no other lesson"
    after = [f"{s.number} · {escape(s.title)}" for s in STOPS if s.needs == number]
    return before + (f"<br>leads to {', '.join(after)}" if after else "")


def _map_cell(lesson: Lesson, decks: Set[str]) -> nbformat.NotebookNode:
    drawn = nbformat.v4.new_output("display_data", data={"text/html": lesson_map(lesson.number, decks)})
    cell = nbformat.v4.new_code_cell("", outputs=[drawn])
    cell.metadata = nbformat.from_dict({"transient": {"remove_source": True}})
    return cell


@cache
def reveal() -> dict[str, str]:
    """reveal.js 5 with its speaker view, from the package that brings it."""
    # Found, not imported: that would load Sphinx.
    folder = Path(importlib.util.find_spec("sphinx_revealjs").origin).parent / "_static" / "revealjs"
    files = {"reveal_css": "dist/reveal.css", "reveal_js": "dist/reveal.js",
             "notes_js": "plugin/notes/notes.js"}
    texts = {name: (folder / file).read_text("utf-8") for name, file in files.items()}
    # Within a script of a page "<!--" may begin a comment that swallows the script's end.
    return {name: text.replace("<!--", "<\\!--") for name, text in texts.items()}


def picture(output: nbformat.NotebookNode, kind: str) -> str:
    """A stored picture with its alt text; how far it may grow and shrink is known before it is decoded."""
    data = output.data[kind]
    alt = output.get("metadata", {}).get(kind, {}).get("alt") or "Picture without a description"
    if kind == "image/svg+xml":
        data = base64.b64encode("".join(data).encode("utf-8")).decode("ascii")
    data, size, least = "".join(data.split()), "", LEAST_HEIGHT
    if kind == "image/png" and data.startswith("iVBORw0KGgo") and len(data) > 32:
        width, height = struct.unpack(">II", base64.b64decode(data[:32])[16:24])
        size = f' style="max-width:{round(ENLARGED * width)}px;max-height:{round(ENLARGED * height)}px"'
        least = min(least, round(height * WIDTH / width))
    return (f'<div class="picture" style="min-height:{least}px">'
            f'<img alt="{escape(alt)}" src="data:{kind};base64,{data}"{size}></div>')


def code_class(source: str) -> str:
    """The class for code that needs the smaller letters, else nothing."""
    lines = source.splitlines() or [""]
    return "small" if len(lines) > MANY_LINES or max(map(len, lines)) > LONG_LINE else ""
