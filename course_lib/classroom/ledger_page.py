"""The ledger as a page: one self-contained HTML file, fit for printing."""

import html

from course_lib.classroom.claims import FAILS, HOLDS, MEASURED, NOT_JUDGED, UNDECIDED

_CLASS = {HOLDS: "holds", FAILS: "fails", UNDECIDED: "open", MEASURED: "open", NOT_JUDGED: "open"}
_SIGN = {HOLDS: "✓", FAILS: "✗", UNDECIDED: "?", MEASURED: "·", NOT_JUDGED: "·"}
_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1a1a1a; }
body { margin: auto; padding: 1em 2em; max-width: 78em }
table { border-collapse: collapse; width: 100%; margin: 1em 0 2em }
caption { text-align: left; font-weight: 600; padding: .4em 0 }
th, td { text-align: left; vertical-align: top; padding: .35em .7em; border-bottom: 1px solid #ccc }
th { border-bottom: 2px solid #555 }
td.number { text-align: right; white-space: nowrap }
td.verdict, td:first-child { white-space: nowrap; font-weight: 600 }
.holds { color: #00734d } .fails { color: #b3400a } .open { color: #5c5c5c }
pre { white-space: pre-wrap; font-size: 13px; margin: .3em 0 0 }
@media print {
  body { padding: 0; max-width: none; font-size: 10px }
  thead { display: table-header-group }
  tr { break-inside: avoid }
}
"""


def page(lessons: list[dict], rows: list[dict], notes: list[str] = ()) -> str:
    """The whole page: how each lesson went, then each claim with its evidence."""
    listed = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>Ledger of a run</title>\n<style>{_STYLE}</style>\n</head>\n"
        "<body>\n<h1>Ledger of a run</h1>\n"
        + (f"<ul>{listed}</ul>\n" if listed else "")
        + _table("Lessons", ("Lesson", "Ended", "Seconds", "Peak memory, MiB"), map(_lesson, lessons))
        + _table(
            "Claims",
            ("Row", "Title", "Claim", "Verdict", "Evidence", "Source", "Scale", "Device", "Seed", "Date"),
            map(_claim, rows),
        )
        + "</body>\n</html>\n"
    )


def _table(caption: str, heads, lines) -> str:
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in heads)
    body = "".join(f"<tr>{line}</tr>\n" for line in lines)
    return (f"<table>\n<caption>{caption}</caption>\n<thead><tr>{head}</tr></thead>\n"
            f"<tbody>\n{body}</tbody>\n</table>\n")


def _lesson(lesson: dict) -> str:
    ended = f"<td>{html.escape(lesson['status'])}"
    if lesson["where"]:
        ended += f" in {html.escape(lesson['where'])}"
    if lesson["error"]:
        ended += f"<pre>{html.escape(lesson['error'])}</pre>"
    return (f"<td>{html.escape(lesson['lesson'])}</td>{ended}</td>"
            f'<td class="number">{lesson["seconds"]:.1f}</td><td class="number">{lesson["peak_mb"]:.0f}</td>')


def _claim(row: dict) -> str:
    shown = row.get("shown") or row.get("evidence", {})
    evidence = "<br>".join(f"{html.escape(str(k))}: {html.escape(str(v))}" for k, v in shown.items())
    device = f"{row['device']} ({row.get('device_name', '')}), threads: {row.get('threads', '?')}"
    verdict = row["verdict"]

    def cells(*texts):
        return "".join(f"<td>{html.escape(str(text))}</td>" for text in texts)

    return (
        cells(row["row"], row.get("title", ""), row["sentence"])
        + f'<td class="verdict {_CLASS[verdict]}">{_SIGN[verdict]} {verdict}</td><td>{evidence}</td>'
        + cells(row.get("source", ""), row["scale"], device, row["seed"], row.get("date", ""))
    )
