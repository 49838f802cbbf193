"""A4 pages: HTML that needs nothing else, and the PDF beside it, in letters as large as the pages allow."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from html import escape
from pathlib import Path

from nbconvert.filters.markdown_mistune import MarkdownWithMath

from course_lib.classroom.deck_html import Renderer, safe
from course_lib.classroom.deck_pdf import PATIENCE, write_pdf
from course_lib.classroom.files import write

SIZES = (11, 10.5, 10, 9.5, 9, 8.5)  # points; the last is the smallest that paper may have


@dataclass
class Sheet:
    """What is printed: its file (HTML), the pages it may take, and the HTML inside <body>."""

    file: Path
    pages: int
    title: str
    body: str


def words(markdown: str) -> str:
    """A teacher's text as HTML, formulas as MathML."""
    renderer = Renderer(escape=False, attachments={}, embed_images=True, path="", exclude_anchor_links=True)
    return safe(MarkdownWithMath(renderer=renderer).render(markdown)).strip()


def line(markdown: str) -> str:
    """A text of one paragraph as HTML without the paragraph."""
    return re.sub(r"^<p>(.*)</p>$", r"\1", words(markdown), flags=re.DOTALL)


def bullets(items: Iterable[str], tag: str = "ul") -> str:
    """A list of HTML items."""
    return f"<{tag}>" + "".join(f"<li>{item}</li>" for item in items) + f"</{tag}>"


def document(sheet: Sheet, size: float = SIZES[2]) -> str:
    """The whole HTML file, its letters of this size in points."""
    style = Path(__file__).with_name("paper.css").read_text("utf-8")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{escape(sheet.title)}</title>\n<style>{style}\nbody {{ font-size: {size}pt }}</style>\n"
        f"</head>\n<body>\n{sheet.body}\n</body>\n</html>\n"
    )


def write_sheet(sheet: Sheet) -> None:
    """The HTML alone; an old PDF beside it goes."""
    write(sheet.file, document(sheet))
    sheet.file.with_suffix(".pdf").unlink(missing_ok=True)


def print_sheet(page, sheet: Sheet, echo: Callable[[str], None] = print) -> None:
    """HTML and PDF, in the largest letters with which it fits its pages; what does not fit is said.

    page: from `deck_pdf.browser_page`.
    """
    pdf = sheet.file.with_suffix(".pdf")
    for size in SIZES:
        write(sheet.file, document(sheet, size))
        page.goto(sheet.file.resolve().as_uri(), timeout=PATIENCE)
        write_pdf(page, pdf)
        if pages_of(pdf) <= sheet.pages:
            return
    echo(f"  does not fit: {pdf.name} has {pages_of(pdf)} pages instead of {sheet.pages}, in letters of "
         f"{SIZES[-1]} points; shorten the lesson's texts for it")


def pages_of(pdf: Path) -> int:
    """How many pages a PDF of the browser has."""
    return len(re.findall(rb"/Type\s*/Page\b", pdf.read_bytes()))
