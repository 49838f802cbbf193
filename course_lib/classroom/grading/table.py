"""The table of `course check`: as CSV for a spreadsheet, as HTML to read."""

import csv
import html
import io
from collections import defaultdict
from pathlib import Path

from course_lib.classroom.files import write as write_file
from course_lib.classroom.grading.grade import NOT_ANSWERED, Row
from course_lib.classroom.report import cells, document, table

_HEADS = ("student", "exercise", "passed", "message", "file")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a cell that begins so is run by a spreadsheet


def write(rows: list[Row], out: Path, note: str = "") -> str:
    """Write grades.csv and grades.html into the folder `out`, and say so in one line."""
    write_file(out / "grades.csv", "\ufeff" + to_csv(rows))  # the mark tells Excel that it is UTF-8
    write_file(out / "grades.html", to_html(rows, note))
    students, passed = {row.student for row in rows}, sum(row.passed for row in rows)
    return f"{len(students)} students, {passed} answers passed: grades.csv and grades.html are in {out}"


def to_csv(rows: list[Row]) -> str:
    """One line a student and exercise. What a spreadsheet would take for a formula gets a quote mark."""
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\n")
    lines.writerow(_HEADS)
    for row in rows:
        message = row.message or row.state
        lines.writerow([_harmless(row.student), row.exercise, "yes" if row.passed else "no",
                        _harmless(message), _harmless(row.file)])
    return out.getvalue()


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def to_html(rows: list[Row], note: str = "") -> str:
    """A page: who passed what at a glance, then every message."""
    exercises = sorted({row.exercise for row in rows if row.exercise})
    by_student: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        by_student[row.student][row.exercise] = row
    overview = (
        cells(student) + "".join(_mark(found.get(name) or found.get("")) for name in exercises)
        + f'<td class="number">{sum(r.passed for r in found.values())}</td>'
        for student, found in by_student.items()
    )
    details = (cells(row.student, row.exercise) + _mark(row) + cells(row.message, row.file) for row in rows)
    return document(
        "Checked answers",
        f"<p>{html.escape(note)}</p>\n" if note else "",
        table("Overview", ("Student", *exercises, "Passed"), overview),
        table("Every answer", ("Student", "Exercise", "Result", "Message", "File"), details),
    )


def _mark(row: Row | None) -> str:
    if row is None:
        return "<td></td>"
    look, sign = ("open", "·") if row.state == NOT_ANSWERED else ("fails", "✗")
    look, sign = ("holds", "✓") if row.passed else (look, sign)
    return f'<td class="verdict {look}">{sign} {html.escape(row.state)}</td>'
