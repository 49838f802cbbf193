"""The ledger as a section of README.md: a line a lesson, and under it its rows with their claims."""

import html
import re
from collections.abc import Iterable
from urllib.parse import quote

from course_lib.classroom.front.entries import Entry, LessonEntry, RowEntry, judged
from course_lib.classroom.front.words import counts, dates_of, not_run, places
from course_lib.classroom.ledger_page import SIGN

BEGIN = "<!-- ledger: begin (written by `course ledger --readme`; changes made by hand are lost) -->"
END = "<!-- ledger: end -->"
KEY_LENGTH = 80  # letters of key figures a claim


def section(course: list[LessonEntry]) -> str:
    """What stands between the markers, from one line end to the next."""
    entries = [entry for lesson in course for entry in lesson.entries]
    rows = [row for lesson in course for row in lesson.rows]
    lines = [
        "", "",
        f"**{sum(row.is_built for row in rows)} of the {len(rows)} rows** of the syllabus are built: "
        f"something about them was measured and is recorded. {judged(entries)} claims, each with a verdict "
        f"at each scale that it was run at: {_counts(entries)}. Newest: "
        f"{dates_of(entries)[-1]}.",
        "", "What has not been run:", "", *(f"- {plain(text)}" for text in not_run(course)),
        "", "| Lesson | Rows built | Verdicts | Run at |", "|---|---|---|---|",
        *map(_table_row, course), "",
        *(line for lesson in course if lesson.entries
          for line in _fold(f"{lesson.title}: rows and claims", map(_row, lesson.rows))),
    ]
    rest = [lesson for lesson in course if lesson.rows and not lesson.entries]
    if rest:
        lines += _fold("Rows of the lessons of which nothing is recorded yet", map(_titles, rest))
    return "\n".join(lines)


def _table_row(lesson: LessonEntry) -> str:
    name = plain(lesson.title)
    if lesson.lesson:
        name = f"[{name}](notebooks/{quote(lesson.lesson.path.name)})"
    built = f"{lesson.built} of {len(lesson.rows)}" if lesson.rows else "–"
    nothing = "nothing yet" if lesson.lesson and lesson.rows else "–" if lesson.lesson else "not written yet"
    told = _counts(lesson.entries) if lesson.entries else nothing
    return f"| {name} | {built} | {told} | {_places(lesson.entries) or '–'} |"


def _fold(summary: str, lines: Iterable[str]) -> list[str]:
    return ["<details>", f"<summary>{html.escape(summary)}</summary>", "", *lines, "", "</details>", ""]


def _titles(lesson: LessonEntry) -> str:
    """All rows of a lesson on one line."""
    rows = "; ".join(f"**{row.about['id']}** {plain(row.about['title'])}" for row in lesson.rows)
    return f"- {plain(lesson.title)} ({_states(lesson)}): {rows}"


def _states(lesson: LessonEntry) -> str:
    return ", ".join(dict.fromkeys(row.state for row in lesson.rows))


def _row(row: RowEntry) -> str:
    """A row, then a line for each claim; a sentence that was run in several places has them side by side."""
    about, claims, measured = row.about, {}, 0
    for entry in row.entries:
        if entry.is_claim:
            claims.setdefault(entry.name, {}).setdefault(_result(entry), []).append(entry)
        else:
            measured += len(entry.rows)
    more = [f"{measured} measured without a verdict"] if measured else []
    state = ", ".join([row.state, *about["flags"], *more])
    lines = [f"- **{about['id']}** {plain(about['title'])} ({state})"]
    for name, results in claims.items():
        told = "; ".join(f"{result} ({_places(same)})" for result, same in results.items())
        lines.append(f"  - {plain(name)}: {told}")
    return "\n".join(lines)


def _result(entry: Entry) -> str:
    """The verdict of a claim and its key figures: those with an interval first, as many as are short."""
    seeds = f" of {len(entry.rows)} seeds"
    verdicts = ", ".join(f"{SIGN[verdict]} {verdict}" + (f" in {n}{seeds}" if len(entry.rows) > 1 else "")
                         for verdict, n in entry.verdicts.items())
    figures = sorted(entry.figures.items(), key=lambda figure: " [" not in figure[1])
    told = [f"{name}: {value}" for name, value in figures]
    short = [text for n, text in enumerate(told) if n == 0 or len("; ".join(told[:n + 1])) <= KEY_LENGTH]
    more = ["…"] if len(short) < len(told) else []
    return ", ".join([f"**{verdicts}**", plain("; ".join(short + more))] if told else [f"**{verdicts}**"])


def _places(entries: list[Entry]) -> str:
    return plain("; ".join(f"{scale}, {device}" for scale, device in places(entries)))


def _counts(entries: list[Entry]) -> str:
    return ", ".join(f"{SIGN.get(verdict, '?')} {n} {word}" for verdict, n, word in counts(entries))


def plain(text: str) -> str:
    """Text as Markdown that shows exactly these words, also in a table, and on one line."""
    text = re.sub(r"([\\`*|~$<>\[\]]|&(?=[#\w]+;)|(?<!\w)_|_(?!\w))", r"\\\1", " ".join(str(text).split()))
    return text.replace(r"\<", "&lt;").replace(r"\>", "&gt;")
