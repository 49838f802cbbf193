"""What a check shows: one line of plain text, and the same in HTML with the hints folded under it."""

import html
from dataclasses import dataclass

from course_lib.exercises.exercise import Exercise

RIGHT, NOT_DONE, NOT_YET = "right", "not done yet", "not yet"
_LOOK = {RIGHT: ("✓", "#00734d"), NOT_DONE: ("·", "#5c5c5c"), NOT_YET: ("✗", "#b3400a")}


@dataclass(frozen=True)
class Verdict:
    """What a check found. message: the same on every machine; detail and printed: this run's, HTML only."""

    state: str
    message: str = ""
    detail: str = ""
    printed: str = ""


class Panel:
    """The output of one `check(...)` cell."""

    def __init__(self, exercise: Exercise, verdict: Verdict, note: str = ""):
        self.exercise, self.verdict, self.note = exercise, verdict, note

    def __repr__(self) -> str:
        v = self.verdict
        return f"{self.exercise.id}: {v.state}" + (f". {v.message}" if v.message else "")

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": repr(self), "text/html": self._html()}

    def _html(self) -> str:
        v, e = self.verdict, self.exercise
        sign, colour = _LOOK[v.state]
        parts = [f'<b style="color:{colour}">{sign} {e.id}: {v.state}</b>']
        if v.message:
            parts.append(f"<br>{html.escape(v.message)}")
        if v.detail:
            parts.append(f"<pre>{html.escape(v.detail)}</pre>")
        if v.printed:
            parts.append(fold("What your code printed", f"<pre>{html.escape(v.printed)}</pre>"))
        if v.state == RIGHT:
            parts.append(fold(e.question, f"<p>{html.escape(e.why)}</p>"))
        else:
            parts.append(self._ladder())
        if self.note:
            parts.append(f"<br><i>{html.escape(self.note)}</i>")
        style = f"border-left:4px solid {colour};padding:4px 12px;margin:4px 0"
        return f'<div role="status" style="{style}">{"".join(parts)}</div>'

    def _ladder(self) -> str:
        """Three rungs, each folded inside the one before it."""
        hints = self.exercise.hints
        template = fold("Show the template", f"<pre>{html.escape(hints.template)}</pre>")
        method = fold("How to go about it", f"<p>{html.escape(hints.method)}</p>{template}")
        return fold("A nudge", f"<p>{html.escape(hints.nudge)}</p>{method}")


def fold(summary: str, inside: str) -> str:
    """One folded paragraph; `inside` is HTML, `summary` is text."""
    return f"<details><summary>{html.escape(summary)}</summary>{inside}</details>"
