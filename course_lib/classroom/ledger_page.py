"""The ledger as a page: one self-contained HTML file, fit for printing."""

import html
from collections.abc import Iterable

from course_lib.classroom.claims import FAILS, HOLDS, MEASURED, NOT_JUDGED, UNDECIDED
from course_lib.classroom.report import cells, document, table

_CLASS = {HOLDS: "holds", FAILS: "fails", UNDECIDED: "open", MEASURED: "open", NOT_JUDGED: "open"}
TITLE = "Ledger of a run"
SIGN = {HOLDS: "✓", FAILS: "✗", UNDECIDED: "?", MEASURED: "·", NOT_JUDGED: "·"}


def page(lessons: list[dict], rows: list[dict], notes: Iterable[str] = (), across: list[dict] = ()) -> str:
    """The whole page: how each lesson went, what several seeds say, then each claim with its evidence."""
    listed = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
    claims = ("Row", "Title", "Claim", "Verdict", "Evidence", "Source", "Scale", "Device", "Seed", "Date")
    return document(
        TITLE,
        f"<ul>{listed}</ul>\n" if listed else "",
        table("Lessons", ("Lesson", "Seed", "Ended", "Seconds", "Peak memory, MiB"), map(_lesson, lessons)),
        table("Across seeds", ("Row", "Claim", "Verdicts", "Evidence, with 95 % intervals", "Scale", "Device",
                               "Seeds"), map(_across, across)) if across else "",
        table("Claims", claims, map(_claim, rows)),
    )


def _lesson(lesson: dict) -> str:
    ended = f"<td>{html.escape(lesson['status'])}"
    if lesson["where"]:
        ended += f" in {html.escape(lesson['where'])}"
    if lesson["error"]:
        ended += f"<pre>{html.escape(lesson['error'])}</pre>"
    return (cells(lesson["lesson"], lesson.get("seed", "")) + f"{ended}</td>"
            f'<td class="number">{lesson["seconds"]:.1f}</td><td class="number">{lesson["peak_mb"]:.0f}</td>')


def _across(row: dict) -> str:
    verdicts = "<br>".join(mark(verdict, f"{verdict}: {count}") for verdict, count in row["verdicts"].items())
    return (cells(row["row"], row["sentence"]) + f"<td>{verdicts}</td><td>{evidence(shown(row))}</td>"
            + cells(row["scale"], row["device"], ", ".join(map(str, row["seeds"]))))


def _claim(row: dict) -> str:
    device = f"{row['device']} ({row.get('device_name', '')}), threads: {row.get('threads', '?')}"
    return (
        cells(row["row"], row.get("title", ""), row["sentence"])
        + f'<td class="verdict">{mark(row["verdict"])}</td><td>{evidence(shown(row))}</td>'
        + cells(row.get("source", ""), row["scale"], device, row["seed"], row.get("date", ""))
    )


def shown(row: dict) -> dict[str, str]:
    """What a row measured, in the words that the ledger holds for people."""
    return {str(name): str(value) for name, value in (row.get("shown") or row.get("evidence") or {}).items()}


def mark(verdict: str, words: str = "") -> str:
    """A verdict by sign, word and colour, never by colour alone. words: to stand in the verdict's place."""
    look, sign = _CLASS.get(verdict, "open"), SIGN.get(verdict, "?")
    return f'<span class="{look}">{sign} {html.escape(words or verdict)}</span>'


def evidence(figures: dict[str, str]) -> str:
    """What was measured, a line each."""
    return "<br>".join(html.escape(f"{name}: {value}") for name, value in figures.items())
