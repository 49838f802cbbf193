"""The head of the ledger page: the course in a few lines, what holds, what does not, what was not run."""

import html

from course_lib.classroom.claims import FAILS, HOLDS, MEASURED, UNDECIDED
from course_lib.classroom.front.entries import MIXED, LessonEntry, judged, tally
from course_lib.classroom.front.words import WORDS, built, dates_of, not_run, places, where
from course_lib.classroom.ledger_page import mark
from course_lib.classroom.report import cells, table

_COURSE = ("A hands-on course on how deep vision networks are built, broken, explained and shrunk. Its "
           "conclusions are run, not asserted: each is a claim about a row of the syllabus, judged by the "
           "lesson itself. This page lists every row, what was claimed of it, and what came out.")
_READING = (
    ("built", "The ledger holds a claim or a measurement of the row, and the lesson that made it is there. "
              "It does not say that the source's figure was reached: that is what the verdicts are for."),
    ("✓ holds", "What was measured supports the sentence, at the scale that is named and no other."),
    ("✗ does not hold", "It speaks against the sentence. A result like the others; the sentence stays."),
    ("? undecided", "The interval touches the threshold: this many seeds cannot tell."),
    ("· measured", "A figure without a verdict."),
    ("0.8 [0.6, 1], 3 seeds", "Mean and 95 % interval (Student's t) over that many seeds inside the run. "
                              "Where a claim was run with several base seeds: over those. It reaches "
                              "equally far up and down, so with few seeds perhaps past what is possible."),
    ("quick, class, full", "Scales: a minute on a laptop; minutes, five seeds; the source's own scale."),
    ("core, strong, paper", "How much the syllabus wants the row: a topic that the course is about; one that "
                            "its sources describe; one that an abstract or an aside names."),
    ("Second reading", "What a second look at the source corrected, or asked of whoever writes the lesson."),
    ("from the paper", "The figure is not in the course's source but known from the original paper."),
    ("approx", "The form is right, constants are uncertain."),
    ("reconstruction", "The source is only an abstract: a working design in its spirit."),
    ("own choice", "The source leaves it open."),
)


def head(course: list[LessonEntry]) -> str:
    """Everything above the first lesson."""
    entries = [entry for lesson in course for entry in lesson.entries]
    rows = [row for lesson in course for row in lesson.rows]
    newest = dates_of(entries)[-1]
    of_kind = []
    for kind in dict.fromkeys(["core", "strong", "paper", *(row.about["priority"] for row in rows)]):
        same = [row for row in rows if row.about["priority"] == kind]
        of_kind.append(f"{sum(row.is_built for row in same)} of {len(same)} {kind}")
    facts = [
        f"Rows built: {sum(row.is_built for row in rows)} of {len(rows)} ({', '.join(of_kind)}).",
        f"Lessons written: {sum(lesson.lesson is not None for lesson in course)} of {len(course)}.",
        f"Claims judged: {judged(entries)}, each at one scale or more, with a verdict at each.",
        f"Newest measurement: {newest}.",
    ]
    machines = {f"{row['device']} ({row.get('device_name', 'unnamed')})" for e in entries for row in e.rows}
    facts += [f"Measured on: {'; '.join(sorted(machines))}."] if machines else []
    return (
        f'<p>{_COURSE} <a class="screen" href="#lessons">To the lessons.</a></p>\n{_list(facts)}'
        + _verdicts(course) + "<h2>What does not hold, or is undecided</h2>\n" + _doubts(course)
        + f"<h2>What has not been run</h2>\n{_list(not_run(course))}"
        + "<h2>How to read it</h2>\n<dl>"
        + "".join(f"<dt>{html.escape(word)}</dt><dd>{html.escape(text)}</dd>\n" for word, text in _READING)
        + "</dl>\n<p>A picture is the last one that the lesson shows before the claim; it may be about the "
          "row before. It links to the lesson's notebook file; "
          "<code>course lab</code> opens the lessons in JupyterLab.</p>\n" + _navigation(course)
    )


def _verdicts(course: list[LessonEntry]) -> str:
    """How many claims have which verdict, at each scale and device."""
    entries = [entry for lesson in course for entry in lesson.entries]
    pairs = places(entries)
    columns = [tally(entry for entry in entries if (entry.rows[0]["scale"], entry.rows[0]["device"]) == pair)
               for pair in pairs]
    shown = [verdict for verdict in WORDS
             if verdict in (HOLDS, FAILS, UNDECIDED, MEASURED) or any(column[verdict] for column in columns)]
    lines = (f'<th scope="row">{mark(verdict)}</th>' + cells(*(column[verdict] for column in columns))
             for verdict in shown)
    heads = ("Verdict", *(f"{scale}, {device}" for scale, device in pairs))
    if not pairs:
        return "<p>The ledger is empty: nothing has been measured.</p>\n"
    return table("Claims and measurements in the ledger, by scale and device", heads, lines)


def _doubts(course: list[LessonEntry]) -> str:
    lines = [
        f'<li>{mark(entry.outcome)}: <a href="#{row.about["id"]}">{row.about["id"]}</a> '
        f"{html.escape(entry.name)} ({html.escape(where(entry))})</li>\n"
        for lesson in course for row in lesson.rows for entry in row.entries
        if entry.outcome in (FAILS, UNDECIDED, MIXED)
    ]
    return f'<ul class="doubts">\n{"".join(lines)}</ul>\n' if lines else "<p>No claim so far.</p>\n"


def _navigation(course: list[LessonEntry]) -> str:
    links = "".join(
        f'<li><a href="#lesson-{lesson.number}">{html.escape(lesson.title)}</a>, {built(lesson)}</li>\n'
        for lesson in course)
    return f'<nav aria-labelledby="lessons">\n<h2 id="lessons">Lessons</h2>\n<ul>\n{links}</ul>\n</nav>\n'


def _list(lines: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{html.escape(line)}</li>\n" for line in lines) + "</ul>\n"
