"""Reports as web pages: one self-contained HTML file each, fit for printing."""

import html
from collections.abc import Iterable

_STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; color: #1a1a1a; }
body { margin: auto; padding: 1em 2em; max-width: 78em }
table { border-collapse: collapse; width: 100%; margin: 1em 0 2em }
caption { text-align: left; font-weight: 600; padding: .4em 0 }
th, td { text-align: left; vertical-align: top; padding: .35em .7em; border-bottom: 1px solid #ccc }
td { overflow-wrap: anywhere }
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


def document(title: str, *parts: str, style: str = "") -> str:
    """A whole page of HTML `parts` under a title (text). style: more CSS, after that of all reports."""
    title = html.escape(title)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        f"<title>{title}</title>\n<style>{_STYLE}{style}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
        + "".join(parts)
        + "</body>\n</html>\n"
    )


def table(caption: str, heads: Iterable[str], lines: Iterable[str], look: str = "") -> str:
    """A table; caption and heads are text, each line is the HTML of one row's cells. look: a CSS class."""
    head = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in heads)
    body = "".join(f"<tr>{line}</tr>\n" for line in lines)
    start = f'<table class="{look}">' if look else "<table>"
    return (f"{start}\n<caption>{html.escape(caption)}</caption>\n<thead><tr>{head}</tr></thead>\n"
            f"<tbody>\n{body}</tbody>\n</table>\n")


def cells(*texts) -> str:
    """Plain cells of one row."""
    return "".join(f"<td>{html.escape(str(text))}</td>" for text in texts)
