"""What a check shows: one line of plain text, and the same in HTML with the hints folded under it."""

import html
from dataclasses import dataclass

from course_lib.exercises.exercise import Exercise
from course_lib.exercises.output import fold
from course_lib.exercises.progress import Tried

RIGHT, NOT_DONE, NOT_YET, STOPPED = "right", "not done yet", "not yet", "stopped"
_LOOK = {RIGHT: ("✓", "#00734d"), NOT_DONE: ("·", "#5c5c5c"), NOT_YET: ("✗", "#b3400a"),
         STOPPED: ("·", "#5c5c5c")}
TRIES = 3  # after so many the template opens
_HOW = ("Put your answer in the place of the line <code>raise NotImplementedError()</code>, run its cell, "
        "then run this one again.")
_NEVER = Tried(0, False)


@dataclass(frozen=True)
class Verdict:
    """What a check found. message: the same on every machine; detail and printed: this run's, HTML only."""

    state: str
    message: str = ""
    detail: str = ""
    printed: str = ""


class Panel:
    """The output of one `check(...)` cell. tried: how often the exercise was tried, this time included."""

    def __init__(self, exercise: Exercise, verdict: Verdict, note: str = "", tried: Tried = _NEVER):
        self.exercise, self.verdict, self.note, self.tried = exercise, verdict, note, tried

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
        if v.state == NOT_DONE:
            parts.append(f"<br>{_HOW}")
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
        """The rungs, each folded inside the one before it, and a line about the last one.

        Somebody who had the answer right before may see the template at once.
        """
        hints, left = self.exercise.hints, TRIES - self.tried.tries
        if left <= 0 or self.tried.passed:
            template = self._rung(3, "Show the template", f"<pre>{html.escape(hints.template)}</pre>")
            told = "The template may be opened now: it is the third hint."
        else:
            template = ""
            more = "" if left == TRIES else f" {left} more to go." if left > 1 else " One more to go."
            told = f"The template opens after the third try.{more}"
        method = self._rung(2, "How to go about it", f"<p>{html.escape(hints.method)}</p>{template}")
        nudge = self._rung(1, "A nudge", f"<p>{html.escape(hints.nudge)}</p>{method}")
        return f"{nudge}<small>{told}</small>"

    def _rung(self, number: int, summary: str, inside: str) -> str:
        return fold(summary, inside, hint=f"{self.exercise.id} {number}")
