"""The instructor's guide: two pages with the plan by the minute and what the teacher says, asks and draws."""

import re
from dataclasses import dataclass, field
from html import escape

from course_lib.classroom.ledger import claims_in
from course_lib.classroom.lessons import Lesson, minutes, tags
from course_lib.classroom.pack.paper import bullets, line, words
from course_lib.classroom.pack.pictures import Picture
from course_lib.classroom.pack.reading import heading
from course_lib.classroom.pack.texts import ALL_TAGS, Question, Texts

LETTERS = "ABCDE"
_FOR_THE_TEACHER = re.compile(r"^\*For the teacher\.\*\s*")


@dataclass
class Row:
    """A line of the plan: a core section of the lesson, with its minutes and what belongs to it."""

    place: int  # of its cell in the lesson
    name: str  # the cell's id
    start: int
    minutes: int
    title: str
    notes: list[str] = field(default_factory=list)


def plan(lesson: Lesson, texts: Texts) -> list[Row]:
    """The lesson by the minute: one row for each core cell that takes time, from its tag `minutes:N`.

    Questions, demonstrations and the teacher's notes stand in the row of the section that they belong to.
    """
    rows, start, cells = [], 0, lesson.notebook.cells
    for place, cell in enumerate(cells):
        if takes := minutes(cell):
            rows.append(Row(place, cell.get("id", ""), start, takes, heading(cell)))
            start += takes
    for place, cell in enumerate(cells):
        if rows and "teacher" in tags(cell) and not ALL_TAGS & set(tags(cell)):
            row_of(rows, place).notes.append(line(_FOR_THE_TEACHER.sub("", cell.source)))
    places = {cell.get("id"): place for place, cell in enumerate(cells)}
    for number, demo in reversed([*enumerate(texts.demos, 1)]):
        if rows and "core" in tags(cells[places[demo.name]]):
            row_of(rows, places[demo.name]).notes.insert(0, f"<b>Demo {number}.</b>")
    for number, question in reversed([*enumerate(texts.questions, 1)]):
        if rows:
            row_of(rows, question.place).notes.insert(0, f"<b>Question {number}.</b>")
    late = {step.name for step in texts.late}
    for row in rows:
        if row.name in late:
            row.notes.append("<b>Skip if late.</b>")
    return rows


def row_of(rows: list[Row], place: int) -> Row:
    """The row to which the cell at this place belongs: the last that begins before it."""
    return [row for row in rows if row.place <= place][-1] if rows[0].place <= place else rows[0]


def guide(lesson: Lesson, texts: Texts, pictures: list[Picture]) -> str:
    """The HTML of the guide. What the lesson has no text for is left out, and named at the foot."""
    rows = plan(lesson, texts)
    board = _listed("Board", [line(text) for text in texts.board])
    misconceptions = _listed("Misconceptions", [
        f'{line(item.text)}<br>→ {line(item.parts["Reply"])}' for item in texts.misconceptions])
    short = _listed("30 minutes without laptops", [
        f"<b>{step.minutes} min</b> {line(step.text)}" for step in texts.short])
    asked = "".join(_question(number, each) for number, each in enumerate(texts.questions, 1))
    return (f"<h1>{escape(lesson.title)}</h1><p>For the instructor. {_promise(lesson)}</p>"
            f'{_plan(rows)}{_late(texts, rows)}<div class="two">{board}{_demos(texts, pictures)}</div>'
            f'<div class="two">{misconceptions}{short}</div>'
            + (f"<h2>Questions: vote, talk in pairs, vote again</h2><p>In italics: what someone believes who "
               f'answers so.</p><div class="questions">{asked}</div>' if asked else "")
            + _foot(lesson, texts))


def _promise(lesson: Lesson) -> str:
    bold = re.search(r"^\*\*(.+?)\*\*$", lesson.notebook.cells[0].source, re.MULTILINE)
    return line(bold[1]) if bold else ""


def _plan(rows: list[Row]) -> str:
    lines = "".join(
        f'<tr><td class="number">{row.start}–{row.start + row.minutes}</td>'
        f'<td class="number">{row.minutes}</td>'
        f"<td>{line(row.title)}</td><td>{' '.join(row.notes)}</td></tr>" for row in rows)
    total = sum(row.minutes for row in rows)
    return ('<h2>The lesson by the minute</h2><table><thead><tr><th class="number">from – to</th>'
            '<th class="number">min</th><th class="what">what</th><th>for you</th></tr></thead>'
            f'<tbody>{lines}<tr><td></td><td class="number"><b class="total">{total}</b></td>'
            "<td><b>minutes in all</b></td><td></td></tr></tbody></table>")


def _late(texts: Texts, rows: list[Row]) -> str:
    titles = {row.name: row.title for row in rows}
    saved = sum(step.minutes for step in texts.late)
    return _listed(f"If 10 minutes late, skip ({saved} minutes saved)", [
        f"<b>{line(titles.get(step.name, step.name))}</b> ({step.minutes} min): {line(step.text)}"
        for step in texts.late])


def _demos(texts: Texts, pictures: list[Picture]) -> str:
    files = {picture.cell: picture.name for picture in pictures}
    return _listed("Demos, in order", [
        f"<b>{escape(step.name)}</b>: {line(step.text)}"
        + (f" <i>If it fails:</i> pictures/{escape(files[step.name])}" if step.name in files else "")
        for step in texts.demos], "ol")


def _listed(title: str, items: list[str], tag: str = "ul") -> str:
    return f"<section><h2>{title}</h2>{bullets(items, tag)}</section>" if items else ""


def _question(number: int, question: Question) -> str:
    return (f'<div class="question"><b>Question {number}.</b> {words(question.ask)}'
            f"{answers(question, key=True)}"
            f"<p><b>Wrong: about {question.wrong} %</b> (a guess, not measured)</p>"
            f"<b>Then say.</b> {line(question.why)}"
            f"<p><b>If 30-70 % are right.</b> {line(question.follow_up)}</p></div>")


def answers(question: Question, key: bool = False, box: str = "") -> str:
    """The answers with their letters; key: the right one marked, the beliefs behind the wrong ones told."""
    items = []
    for letter, option in zip(LETTERS, question.options, strict=False):
        sign = "✓ " if key and option.right else box
        belief = option.parts.get("Belief", "") if key else ""
        told = f' <span class="belief">{line(belief)}</span>' if belief else ""
        mark = ' class="right"' if key and option.right else ""
        items.append(f'<li{mark}><span class="letter">{sign}{letter}</span>{line(option.text)}{told}</li>')
    return f'<ol class="answers">{"".join(items)}</ol>'


def _foot(lesson: Lesson, texts: Texts) -> str:
    where = sorted({f"{claim['scale']}, seed {claim['seed']}, {claim['device']}"
                    for claim in claims_in(lesson.notebook)})
    lines = [f"Numbers: the course's ledger, else the stored outputs ({'; '.join(where)})."] if where else []
    if texts.missing():
        lines.append(f"This lesson still lacks: {escape(', '.join(texts.missing()))}.")
    return f'<p class="foot">{" ".join(lines)}</p>'
