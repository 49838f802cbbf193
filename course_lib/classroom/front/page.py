"""The ledger page: every row of the syllabus and what was measured of it, in one HTML file."""

import html
import os
from pathlib import Path
from urllib.parse import quote

from course_lib.classroom.front.entries import Entry, LessonEntry, RowEntry
from course_lib.classroom.front.head import head
from course_lib.classroom.front.pictures import pictures, thumbnail
from course_lib.classroom.front.style import STYLE
from course_lib.classroom.front.words import built, counts, where
from course_lib.classroom.ledger_page import SIGN, evidence, mark, shown
from course_lib.classroom.lessons import Lesson
from course_lib.classroom.report import document, table

TITLE = "Build, Break, Explain: the ledger"
_HEADS = ("Verdict", "Claim", "Our figures", "The source's figure", "Scale, device, seed, date")


def page(course: list[LessonEntry], beside: Path) -> str:
    """The whole page. beside: the folder it will lie in; links to the lessons start there."""
    parts = "".join(_lesson(entry, beside) for entry in course)
    return document(TITLE, head(course), f"<main>\n{parts}</main>\n", style=STYLE)


def address(lesson: Lesson, beside: Path) -> str:
    """The relative address of a lesson's file for a page in the folder `beside`."""
    try:
        return quote(Path(os.path.relpath(lesson.path, beside)).as_posix())
    except ValueError:  # on another drive of a Windows machine
        return lesson.path.resolve().as_uri()


def _lesson(entry: LessonEntry, beside: Path) -> str:
    name = f"lesson-{entry.number}"
    said = [built(entry)]
    if entry.entries:
        said += [mark(verdict, f"{n} {word}") if n else f"{SIGN[verdict]} {n} {word}"
                 for verdict, n, word in counts(entry.entries)]
    if entry.lesson:
        said.append(f'<a href="{address(entry.lesson, beside)}">{html.escape(entry.lesson.path.name)}</a>')
    else:
        said.append("not written yet")
    body = ""
    if entry.entries:
        body = _claims_table(entry, beside)
    elif entry.rows:
        heads = ("Row", "Title", "The source's figure", "State")
        body = table(f"Rows of lesson {entry.number}", heads, map(_plain_row, entry.rows), look="plain")
    return (f'<section aria-labelledby="{name}">\n<h2 id="{name}">{html.escape(entry.title)}</h2>\n'
            f'<p class="sum">{"; ".join(said)}</p>\n{body}</section>\n')


def _plain_row(row: RowEntry) -> str:
    about = row.about
    texts = (about["title"], _source(about), _state(row))
    return (f'<th id="{about["id"]}" scope="row">{about["id"]}</th>'
            + "".join(f"<td>{html.escape(text)}</td>" for text in texts))


def _claims_table(entry: LessonEntry, beside: Path) -> str:
    heads = "".join(f'<th role="columnheader" scope="col">{name}</th>' for name in _HEADS)
    seen = pictures(entry.lesson) if entry.lesson else {}
    link = address(entry.lesson, beside) if entry.lesson else ""
    bodies = "".join(_row(row, entry.number, seen, link) for row in entry.rows)
    return ('<table class="claims" role="table">\n'
            f"<caption>Rows of lesson {entry.number}, with their claims</caption>\n"
            f'<thead role="rowgroup"><tr role="row">{heads}</tr></thead>\n{bodies}</table>\n')


def _row(row: RowEntry, number: str, seen: dict, link: str) -> str:
    """One row of the syllabus: what it is, its pictures, and a line for each claim and measurement."""
    about = row.about
    told = [f"<b>{about['id']} {html.escape(about['title'])}</b>",
            f'<span class="kind">{html.escape(_state(row))}</span>',
            f"The source's figure: {html.escape(_source(about))}"]
    if about.get("note"):
        told.append(f"Second reading: {html.escape(about['note'])}")
    keys = dict.fromkeys((r["row"], r["sentence"]) for entry in row.entries for r in entry.rows)
    images = "".join(_picture(picture, number, link)
                     for picture in dict.fromkeys(seen[key] for key in keys if key in seen))
    images = f'<span class="pictures">{images}</span>' if images else ""
    lines = "".join(map(_line, row.entries))
    return (f'<tbody id="{about["id"]}" role="rowgroup">\n'
            f'<tr class="row" role="row"><th role="rowheader" scope="rowgroup" colspan="{len(_HEADS)}">'
            f'{images}{"<br>".join(told)}</th></tr>\n{lines}</tbody>\n')


def _line(entry: Entry) -> str:
    name = html.escape(entry.name)
    if entry.units:
        name += f'<br><span class="units">one figure a unit: seeds {", ".join(entry.units)}</span>'
    sources = dict.fromkeys(row.get("source", "") for row in entry.rows)
    place, _, day = where(entry).rpartition(" · ")
    cells = {
        "Verdict": _verdict(entry), "Claim": name, "Our figures": _figures(entry),
        "Source": "<br>".join(html.escape(source) for source in sources if source),
        "Measured": f"{html.escape(place)}<br>{html.escape(day)}",
    }
    kind = "claim" if entry.is_claim else "measured"
    return f'<tr class="{kind}" role="row">' + "".join(
        f'<td role="cell" data-label="{label}">{cell}</td>' for label, cell in cells.items()) + "</tr>\n"


def _verdict(entry: Entry) -> str:
    if entry.units or len(entry.rows) == 1:
        return mark(entry.outcome)
    return "<br>".join(mark(verdict, f"{verdict}: {n} of {len(entry.rows)} seeds")
                       for verdict, n in entry.verdicts.items())


def _figures(entry: Entry) -> str:
    told = evidence(entry.figures)
    if entry.units or len(entry.rows) == 1:
        return told
    single = "".join(f"<li>seed {row['seed']}, {row['verdict']}: {evidence(shown(row))}</li>"
                     for row in entry.rows)
    return f'{told}<ul class="seeds">{single}</ul>'


def _picture(picture, number: str, link: str) -> str:
    data, width, height = thumbnail(picture.data)
    alt = html.escape(f"Lesson {number}: {picture.alt}")
    return f'<a href="{link}"><img src="{data}" width="{width}" height="{height}" alt="{alt}"></a>'


def _source(about: dict) -> str:
    figure = about["source_figure"]
    return "it states none" if figure == "none" else figure


def _state(row: RowEntry) -> str:
    """Built or not, the row's priority, and its flags; what these mean stands in the head."""
    return " · ".join([row.state, row.about["priority"], *row.about["flags"]])
