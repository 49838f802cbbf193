"""From a cell to HTML that is safe on a slide: math as MathML, links to the papers, nothing from outside."""

import html
import re
from collections.abc import Set
from xml.sax.saxutils import escape

from bs4 import BeautifulSoup
from latex2mathml.converter import convert
from nbconvert.filters.markdown_mistune import IPythonRenderer

_ARXIV = re.compile(r"\barXiv[ :]\s*(\d{4}\.\d{4,5})(v\d+)?")
_FROM_OUTSIDE = re.compile(r"@import|url\(\s*['\"]?\s*(?!data:|#|['\"])", re.IGNORECASE)
_NEVER = ("script", "iframe", "object", "embed", "link", "meta", "base", "audio", "video", "form")
_MATH = re.compile(
    r"(?<!\\)\$\$(.+?)(?<!\\)\$\$|(?<![$\\\w])\$(?!\s)([^$\n]+?)(?<![\s\\])\$(?![\w$])", re.DOTALL)


class Renderer(IPythonRenderer):
    """Markdown as JupyterLab draws it, with the formulas written out as MathML."""

    def inline_math(self, body: str) -> str:
        return mathml(body, "inline")

    def block_math(self, body: str) -> str:
        return mathml(body, "block")

    def latex_environment(self, name: str, body: str) -> str:
        return mathml(f"\\begin{{{name}}}{body}\\end{{{name}}}", "block")

    def block_html(self, html: str) -> str:
        """Folds and other raw HTML: markdown leaves them alone, JupyterLab draws the math in them."""
        # The pieces of a fold come one by one: each must stay open for the next.
        return _MATH.sub(lambda found: mathml(found[1] or found[2], "block" if found[1] else "inline"), html)

    def inline_html(self, html: str) -> str:
        return html


def mathml(formula: str, display: str) -> str:
    """A formula as MathML; as its own text where it is not LaTeX that the converter knows."""
    formula = html.unescape(formula).strip()
    known = re.sub(r"\\(begin|end)\{(\w+)(\*?)\}", _environment, formula)
    try:
        written = convert(known, display=display)
    except Exception:  # whatever its parser stumbles over
        written = "\\"
    # What the converter does not know it passes on with its backslash.
    return f'<code class="formula">{escape(formula)}</code>' if "\\" in written else written


def _environment(found: re.Match) -> str:
    """Environments under the names that latex2mathml knows; equations need none."""
    if found[2] in ("equation", "gather", "displaymath"):
        return ""
    name = {"aligned": "split", "eqnarray": "split"}.get(found[2], found[2])
    return f"\\{found[1]}{{{name}{found[3]}}}"


def safe(markup: str, decks: Set[str] = frozenset()) -> str:
    """HTML of a lesson made fit for a deck: whole, without scripts, asking nothing of the network.

    decks: the lessons (03_residual_blocks) that have a deck beside this one; links to other notebooks lead
    nowhere on a memory stick, so only their text stays. Papers named by arXiv number become links.
    """
    page = BeautifulSoup(markup, "html.parser")
    for part in page.find_all(_NEVER):
        part.decompose()
    for style in page.find_all("style"):
        if _FROM_OUTSIDE.search(style.get_text()):
            style.decompose()
    for part in page.find_all(True):
        for name in [name for name in part.attrs if name.startswith("on") or name in ("srcset", "ping")]:
            del part[name]
        if _FROM_OUTSIDE.search(str(part.get("style", ""))):
            del part["style"]
        if "src" in part.attrs and not str(part["src"]).startswith("data:"):
            part.replace_with(part.get("alt", ""))
    _link_papers(page)
    for link in page.find_all("a"):
        _mend_link(link, decks)
    return str(page)


def _link_papers(page: BeautifulSoup) -> None:
    for text in page.find_all(string=_ARXIV):
        if not text.find_parent(("a", "code", "pre", "style")):
            linked = _ARXIV.sub(r'<a href="https://arxiv.org/abs/\1">\g<0></a>', escape(text))
            text.replace_with(BeautifulSoup(linked, "html.parser"))


def _mend_link(link, decks: Set[str]) -> None:
    notebook = re.fullmatch(r"([\w-]+)\.ipynb", link.get("href", ""))
    if notebook and notebook[1] in decks:
        link["href"] = f"{notebook[1]}.html"
    elif re.match(r"https?://|mailto:", link.get("href", "")):
        link["target"], link["rel"] = "_blank", "noopener"
    elif not link.get("href", "").endswith(".html"):
        link.name, link.attrs = "span", {}
