"""What an exercise, a prediction or the overview leaves under its cell: stable text, HTML, and a widget."""

import html

import ipywidgets as W


class Output:
    """An output with stable text; the widget, where there is one, is drawn instead of the HTML."""

    def __init__(self, text: str, markup: str, widget: W.Widget | None = None):
        self.text, self.markup, self.widget = text, markup, widget

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include=None, exclude=None):
        bundle = {"text/plain": self.text, "text/html": self.markup}
        view = "application/vnd.jupyter.widget-view+json"
        if self.widget is not None:
            bundle[view] = (self.widget._repr_mimebundle_() or {}).get(view)
        return {kind: value for kind, value in bundle.items() if value}


def fold(summary: str, inside: str, hint: str = "") -> str:
    """One folded paragraph; `inside` is HTML, `summary` is text. hint: what opened.js tells when it opens."""
    mark = f' data-hint="{html.escape(hint)}"' if hint else ""
    return f"<details{mark}><summary>{html.escape(summary)}</summary>{inside}</details>"
