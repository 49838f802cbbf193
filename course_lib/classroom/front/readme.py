"""The ledger as a section of README.md: a line a lesson, and under it its rows with their claims."""

import re
from urllib.parse import quote

from course_lib.classroom.front.entries import Entry, LessonEntry, RowEntry
from course_lib.classroom.front.words import counts, dates_of, not_run, places
from course_lib.classroom.ledger_page import SIGN

BEGIN = "<!-- ledger: begin (written by `course ledger --readme`; changes made by hand are lost) -->"
END = "<!-- ledger: end -->"


def section(course: list[LessonEntry]) -> str:
    """What stands between the markers, from one line end to the next."""
    entries = [entry for lesson in course for entry in lesson.entries]
    rows = [row for lesson in course for row in lesson.rows]
    lines = [
        "", "",
        f"{sum(row.is_built for row in rows)} of the {len(rows)} rows of the syllabus are built: something about "
        f"them was measured and is in the ledger (newest row: {dates_of(entries)[-1]}). Claims: "
        f"{_counts(entries)}. Not run so far: " + "; ".join(text.rstrip(".") for text in not_run(course)) + ".",
        "", "| Lesson | Rows built | Claims | Run at |", "|---|---|---|---|",
        *map(_table_row, course), "",
        *(line for lesson in course if lesson.entries for line in _fold(lesson)),
    ]
    return "\n".join(lines)


def _table_row(lesson: LessonEntry) -> str:
    name = plain(lesson.title)
    if lesson.lesson:
        name = f"[{name}](notebooks/{quote(lesson.lesson.path.name)})"
    built = f"{lesson.built} of {len(lesson.rows)}" if lesson.rows else "–"
    ran = "; ".join(f"{scale}, {device}" for scale, device in places(lesson.entries))
    nothing = "nothing yet" if lesson.lesson and lesson.rows else "–" if lesson.lesson else "not written yet"
    return f"| {name} | {built} | {_counts(lesson.entries) if lesson.entries else nothing} | {plain(ran) or '–'} |"


def _fold(lesson: LessonEntry) -> list[str]:
    lines = [line for row in lesson.rows for line in _row(row)]
    return ["<details>", f"<summary>{plain(lesson.title)}: rows and claims</summary>", "", *lines, "",
            "</details>", ""]


def _row(row: RowEntry) -> list[str]:
    """A row, then each claim; a sentence that was run in several places has its figures side by side."""
    about, claims, measured = row.about, {}, 0
    for entry in row.entries:
        if entry.is_claim:
            claims.setdefault(entry.name, []).append(entry)
        else:
            measured += len(entry.rows)
    kind = ", ".join([row.state, *about["flags"]])
    more = f"; {measured} measured without a verdict" if measured else ""
    return [f"- **{about['id']}** {plain(about['title'])} ({kind}{more})",
            *(f"  - {'; '.join(map(_result, same))}: {plain(name)}" for name, same in claims.items())]


def _result(entry: Entry) -> str:
    """Verdict, key figure (the first that was measured) and place of a claim."""
    name, figure = next(iter(entry.figures.items()), ("", ""))
    scale, device = entry.rows[0]["scale"], entry.rows[0]["device"]
    verdicts = ", ".join(f"{SIGN[verdict]} {verdict}" + (f" ({n} seeds)" if len(entry.rows) > 1 else "")
                         for verdict, n in entry.verdicts.items())
    return f"**{verdicts}** at {plain(scale)} on {plain(device)}, {plain(name)} {plain(figure)}"


def _counts(entries: list[Entry]) -> str:
    return ", ".join(f"{SIGN.get(verdict, '?')} {words}" for verdict, words in counts(entries))


def plain(text: str) -> str:
    """Text as Markdown that shows exactly these words, also in a table, and on one line."""
    text = re.sub(r"([\\`*|~$<>\[\]]|&(?=[#\w]+;)|(?<!\w)_|_(?!\w))", r"\\\1", " ".join(str(text).split()))
    return text.replace(r"\<", "&lt;").replace(r"\>", "&gt;")
