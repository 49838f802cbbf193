"""Predictions: the learner commits to an answer before the lesson shows it, and sees both side by side later.

`predict` asks and never waits; only a click writes anything. `reveal`, at the lesson's end, asks whoever has
predicted once more, and shows the answer.
"""

import html
from collections.abc import Mapping
from typing import Any

import ipywidgets as W
from IPython.display import display

from course_lib.exercises.output import Output, fold
from course_lib.exercises.progress import read, record_after, record_prediction

CONFIDENCE = {1: "guessing", 2: "fairly sure", 3: "sure"}
TITLES = ("", "Answer", "What it rests on")
# ipywidgets gives each radio button one line of fixed height, so that a long answer runs over the next one.
_WRAP = """<style>
.course-form .widget-radio, .course-form .widget-radio-box { height: auto; }
.course-form .widget-radio-box label { display: flex; flex-direction: row-reverse; }
.course-form .widget-radio-box label { align-items: flex-start; justify-content: flex-end; height: auto; }
.course-form .widget-radio-box label input { flex: none; float: none; position: static; margin: 2px 8px 0 0; }
</style>"""
_asked: dict[str, dict[str, str]] = {}


def predict(prediction_id: str, choices: dict[str, str], question: str = "") -> None:
    """Ask a question; the answer is kept when the learner clicks, and shown by `reveal`.

    choices: key -> text, such as {"a": "The deeper net", "b": "The shallow one"}. Which is right, `reveal`
    is told, so that this cell does not give it away.
    Raises ValueError for fewer than two choices.
    """
    if len(choices) < 2:
        raise ValueError(f"choices must offer at least two answers, got {list(choices)}")
    _asked[prediction_id] = dict(choices)
    form = Form(prediction_id, choices, question)
    listed = "".join(f"<li>{html.escape(text)}</li>" for text in choices.values())
    markup = f'<p><b>{html.escape(question)}</b></p><ul>{listed}</ul>'
    display(Output(f"{prediction_id}: your prediction", markup, form))


class Form(W.VBox):
    """The answers, how sure one is, and a button."""

    def __init__(self, prediction_id: str, choices: dict[str, str], question: str):
        kept = read()["predictions"].get(prediction_id, {})
        self.prediction_id = prediction_id
        self.answer = _radio("I predict:", choices, kept.get("answer"))
        self.confidence = _radio("How sure:", CONFIDENCE, kept.get("confidence"))
        self.button = W.Button(description="Keep my prediction", layout=W.Layout(width="max-content"))
        self.status = W.HTML(_said("Kept earlier; you may still change it.") if kept else "")
        self.button.on_click(self._keep)
        title = W.HTML(f"{_WRAP}<b>{html.escape(question)}</b>")
        super().__init__([title, self.answer, self.confidence, self.button, self.status])
        self.add_class("course-form")

    def _keep(self, _button: W.Button) -> None:
        if self.answer.value is None or self.confidence.value is None:
            self.status.value = _said("Choose an answer and how sure you are.")
            return
        note = record_prediction(self.prediction_id, self.answer.value, self.confidence.value)
        self.status.value = _said(note or "Kept. The lesson comes back to it at its end.")


def _said(text: str) -> str:
    """A line that a screen reader reads when it appears."""
    return f'<span role="status">{html.escape(text)}</span>'


def _radio(label: str, choices: Mapping, chosen: Any = None) -> W.RadioButtons:
    """One question; nothing is marked unless `chosen` is among the choices (key -> text)."""
    return W.RadioButtons(
        options=[(text, key) for key, text in choices.items()], description=label,
        value=chosen if chosen in choices else None, layout=W.Layout(width="auto"),
        style={"description_width": "initial"},
    )


class AskAgain(W.VBox):
    """The same question at the lesson's end, with the answer folded below; a click keeps and shows it."""

    def __init__(self, prediction_id: str, choices: dict[str, str], answer: str):
        answer = f'<div style="line-height:1.4">{answer}</div>'  # a widget's text is spaced for one line
        self.prediction_id, self.markup = prediction_id, answer
        self.answer, self.confidence = _radio("Now I say:", choices), _radio("How sure:", CONFIDENCE)
        self.button = W.Button(description="Keep it, show the answer", layout=W.Layout(width="max-content"))
        self.status, self.shown = W.HTML(""), W.HTML(fold("The answer, without saying anything", answer))
        self.button.on_click(self._keep)
        title = W.HTML(f"{_WRAP}<b>Before you look: what do you say now, after the lesson?</b>")
        super().__init__([title, self.answer, self.confidence, self.button, self.status, self.shown])
        self.add_class("course-form")

    def _keep(self, _button: W.Button) -> None:
        if self.answer.value is None or self.confidence.value is None:
            self.status.value = _said("Choose an answer and how sure you are.")
            return
        note = record_after(self.prediction_id, self.answer.value, self.confidence.value)
        self.shown.value = self.markup
        self.status.value = _said(note or "Kept.")
        self.children = (self.status, self.shown)


def reveal(prediction_id: str, right: str, beliefs: dict[str, str]) -> None:
    """Show the learner's prediction beside the right answer; first ask anew, once, whoever has predicted.

    right: the key of the right choice. beliefs: key -> what that choice rests on: for a wrong one the
    misconception by name, for the right one the reason. Needs `predict` of the same id earlier in the lesson.
    Raises KeyError for an id that was not asked, ValueError for a key that is not among its choices.
    """
    if prediction_id not in _asked:
        raise KeyError(f"prediction {prediction_id!r} has not been asked; run its predict cell first "
                       f"(asked so far: {', '.join(_asked) or 'none'})")
    choices = _asked[prediction_id]
    unknown = {right, *beliefs} - set(choices)
    if unknown:
        raise ValueError(f"right and beliefs must use the choices {list(choices)}, not {sorted(unknown)}")
    kept = read()["predictions"].get(prediction_id, {})
    rows = []
    for key, text in choices.items():
        marks = ["right" if key == right else "", "your prediction" if key == kept.get("answer") else "",
                 "your first one" if kept.get("first") == key != kept.get("answer") else ""]
        cells = (", ".join(filter(None, marks)), text, beliefs.get(key, ""))
        look = f"text-align:left;vertical-align:top;font-weight:{'bold' if key == right else 'normal'}"
        rows.append("".join(f'<td style="{look}">{html.escape(cell)}</td>' for cell in cells))
    titles = "".join(f'<th scope="col" style="text-align:left">{title}</th>' for title in TITLES)
    table = "".join(f"<tr>{row}</tr>" for row in (titles, *rows))
    markup = f"<table>{table}</table>{_told(kept, right)}"
    if "answer" not in kept:  # Run All must not spoil the question above
        markup = fold("The answer (predict first, then run this cell again)", markup)
    again = "answer" in kept and "after" not in kept
    display(Output(f"{prediction_id}: the answer", markup,
                   AskAgain(prediction_id, choices, markup) if again else None))


def _told(kept: dict, right: str) -> str:
    """One line about the learner's own answer."""
    if "answer" not in kept:
        return "<p>You made no prediction here.</p>"
    level = kept.get("confidence")
    if kept["answer"] == right:
        tail = "Your picture of it was right" if level == 3 else "Right, and now with a reason"
    else:
        tail = "Sure and surprised: worth a second look" if level == 3 else "Now you know what misleads"
    return f"<p>You said: {html.escape(CONFIDENCE.get(level, ''))}. {tail}.</p>"
