"""The teacher's page: what a class thinks before and after, and where it is stuck. It names no learner."""

import html
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from course_lib.classroom.insight.count import (
    OTHER,
    SMALL,
    Opinion,
    Share,
    Stuck,
    hardest_first,
    moved,
    opinion,
    stuck,
)
from course_lib.classroom.insight.gather import Class
from course_lib.classroom.insight.questions import Asked
from course_lib.classroom.report import cells, document, table
from course_lib.exercises import Exercise

TITLE = "What the class thinks, and where it is stuck"
_HOW = (
    "One file is one learner; what is in it twice is a copy and counts once, if it holds a time.",
    f"A share of fewer than {SMALL} learners is not shown, so that nobody can be recognised in it. In "
    "brackets: the 95 % interval (Wilson) for classes like this one; with few learners it is wide, and a "
    "difference inside it is no news.",
    "Before: the first answer to the prediction. After: the answer that the lesson asks for at its end, "
    "before it shows the right one. Files of an older course have no answer after, and no first confidence.",
    "Hints: how many opened the nudge, the method and the template before their answer was right. A file "
    "knows it where the browser could tell the kernel (JupyterLab, Notebook 7); others are not counted here.",
    "Minutes run from the first try to the first right answer, pauses included; the work before the first "
    "try is not in them, and files of an older course have no times.",
    "A right answer is evidence of code, not of understanding.",
)


@dataclass(frozen=True)
class LessonView:
    """One lesson: its title, its predictions, its exercises."""

    title: str
    asked: Sequence[Asked]
    exercises: Sequence[Exercise]


def page(found: Class, lessons: Iterable[LessonView]) -> str:
    """The whole page as one HTML file that loads nothing. Lessons that nobody worked in are left out."""
    parts = [f"<p>{html.escape(counted(found))} How to read the numbers stands at the end.</p>\n"]
    for lesson in lessons:
        asked = [one for one in lesson.asked if any(one.id in who.predictions for who in found.learners)]
        work = [stuck(one, found.learners) for one in lesson.exercises
                if any(one.id in who.checks for who in found.learners)]
        if asked or work:
            parts.append(f"<h2>{html.escape(lesson.title)}</h2>\n")
            parts += [_prediction(one, found) for one in asked]
            parts += [_work(hardest_first(work))] if work else []
    rules = "".join(f"<li>{html.escape(line)}</li>" for line in _HOW)
    return document(TITLE, *parts, f"<h2>How to read this page</h2>\n<ul>{rules}</ul>\n")


def counted(found: Class) -> str:
    """Who is counted and what was left out, in one line."""
    left = [f"{what}: {number}" for number, what in (
        (found.copies, "copies"), (found.empty, "empty records"),
        (len(found.skipped), "damaged or foreign files")) if number]
    people = "1 learner is" if len(found.learners) == 1 else f"{len(found.learners)} learners are"
    few = f" Fewer than {SMALL}: no shares are shown." if len(found.learners) < SMALL else ""
    return f"{people} counted.{few}" + (f" Left out: {'; '.join(left)}." if left else "")


def _prediction(asked: Asked, found: Class) -> str:
    before, after = (opinion(asked, found.learners, late) for late in (False, True))
    mended, lost = moved(asked, found.learners)
    keys = list(dict.fromkeys((*before.answers, *after.answers)))
    lines = [_answer(asked, key, before, after) for key in keys]
    facts = (
        ("Said to be sure, of all", before.sure, after.sure),
        ("Wrong, of those who said to be sure", before.sure_wrong, after.sure_wrong))
    lines += [f'<td colspan="2">{html.escape(name)}</td>' + cells(one, two) + "<td></td>"
              for name, one, two in facts]
    told = (f"<p>Of those wrong before, right after: {html.escape(str(mended))}. "
            f"Of those right before, wrong after: {html.escape(str(lost))}.</p>\n")
    heads = ("Answer", "What it rests on", "Before", "After", "Before (outlined) and after (filled)")
    return table(f"{asked.id}: {asked.question}", heads, lines) + told


def _answer(asked: Asked, key: str, before: Opinion, after: Opinion) -> str:
    one, two = (view.answers.get(key, Share(0, view.n)) for view in (before, after))
    sign = "✓ " if key == asked.right else ""
    name = "another answer (an older version of the lesson)" if key == OTHER else asked.choices[key]
    text = f'<td style="white-space:normal">{html.escape(sign + name)}</td>'
    bars = f"<td>{_bar(one, False)}{_bar(two, True)}</td>"
    return text + cells(asked.beliefs.get(key, ""), one, two) + bars


def _bar(share: Share, filled: bool) -> str:
    """A bar for the eye; the number stands beside it in words."""
    if not share.told:
        return ""
    paint = "background:#0072b2;" if filled else ""
    return (f'<span aria-hidden="true" style="display:block;box-sizing:border-box;height:10px;margin:3px 0;'
            f'width:{1.4 * 100 * share.k / share.n:.0f}px;border:1px solid #0072b2;{paint}'
            'print-color-adjust:exact"></span>')


def _work(found: Sequence[Stuck]) -> str:
    lines = (
        cells(one.exercise.id, one.exercise.title, one.right, _typical(one.tries), _typical(one.minutes),
              _opened(one.hints), f"{one.cause[0]} (told to {one.cause[1]})" if one.cause else "")
        for one in found
    )
    heads = ("No.", "Exercise", "Right", "Tries to right", "Minutes to right",
             "Opened: nudge, method, template", "What the checks said to most")
    return table("Exercises, the hardest first (tries and minutes: medians of those who got it right)", heads,
                 lines)


def _opened(hints: Sequence[Share]) -> str:
    """How many opened each of the three hints."""
    return f"{', '.join(str(one.k) for one in hints)} of {hints[0].n}" if hints[0].told else "not shown"


def _typical(value: tuple[float, int] | None) -> str:
    return f"{value[0]:.3g} (of {value[1]})" if value else "not shown"
