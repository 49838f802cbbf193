"""Numbers in a teacher's text: named, never typed, so that paper says what was measured.

`{{S4-20: loss, deep - shallow}}` is the evidence of that name in the lesson's claim on row S4-20, in the
words of the claim box: as the ledger has it, or as it is stored where no such run is recorded. Where several
claims on the row have it, `{{S4-21#2: largest change}}` is the second of them. `{{options: A}}` is the entry
A of the dictionary that the cell with the id `options` printed; `{{ambiguity-code}}` is all that a cell
printed.
"""

import ast
import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import nbformat

from course_lib.classroom.ledger import claims_in, read, recorded_path

PLACE = re.compile(r"\{\{\s*(?P<where>[\w-]+)(?:#(?P<nth>\d+))?(?::\s*(?P<name>.+?))?\s*\}\}")
_ROW = re.compile(r"S\d+-\d+")
_SAME = ("row", "sentence", "scale", "seed", "device")
_DECIMAL = re.compile(r"(?<![\w.])\d+\.\d+")


def fill(text: str, notebook: nbformat.NotebookNode) -> str:
    """The text with each number in its place. Raises ValueError that names what is not in the lesson."""
    return PLACE.sub(lambda place: number(place, notebook), text)


def number(place: re.Match, notebook: nbformat.NotebookNode) -> str:
    """What stands for one place, in the words of the stored output."""
    where, nth, name = place["where"], place["nth"], place["name"]
    if _ROW.fullmatch(where):
        return _evidence(place[0], where, nth, name, notebook)
    for cell in notebook.cells:
        if cell.get("id") == where and cell.cell_type == "code":
            return _printed(place[0], cell, name)
    raise ValueError(f"{place[0]}: no code cell has the id {where!r}")


def _evidence(place: str, row: str, nth: str | None, name: str | None, notebook) -> str:
    shown = [(recorded(claim) or claim)["shown"] for claim in claims_in(notebook) if claim["row"] == row]
    found = [numbers[name] for numbers in shown if name in numbers]
    if not found:
        known = dict.fromkeys(name for numbers in shown for name in numbers)
        raise ValueError(f"{place}: row {row} has no stored evidence of that name; it has "
                         f"{', '.join(known) or 'none'}")
    if nth is None and len(found) > 1:
        raise ValueError(f"{place}: {len(found)} claims on {row} have it; write {row}#1 for the first")
    if int(nth or 1) not in range(1, len(found) + 1):
        raise ValueError(f"{place}: only {len(found)} claims on {row} have it")
    return found[int(nth or 1) - 1]


def recorded(claim: dict) -> dict | None:
    """The ledger's row of a stored claim: same sentence, scale, seed and device; None if there is none."""
    same = (row for row in _ledger(recorded_path()) if all(row[name] == claim[name] for name in _SAME))
    return next(same, None)


@cache
def _ledger(path: Path) -> list[dict]:
    return read(path)


def disagreements(text: str, notebook: nbformat.NotebookNode) -> list[str]:
    """The numbers named in the text that the ledger has otherwise than the stored outputs."""
    named = {(place["where"], place["name"]) for place in PLACE.finditer(text)}
    found = []
    for claim in claims_in(notebook):
        ledger = (recorded(claim) or claim)["shown"]
        found += [f"{claim['row']}: {name}: ledger {ledger.get(name)}, stored {value}"
                  for name, value in claim["shown"].items()
                  if (claim["row"], name) in named and ledger.get(name) != value]
    return found


def _printed(place: str, cell: nbformat.NotebookNode, name: str | None) -> str:
    texts = [output.get("text") or output.get("data", {}).get("text/plain", "") for output in cell.outputs
             if output.get("name") != "stderr"]
    if not texts:
        raise ValueError(f"{place}: the cell has no stored output")
    try:
        value = ast.literal_eval(texts[-1].strip())
    except (ValueError, SyntaxError):
        value = texts[-1].strip()
    if name is None:
        return str(value)
    if not isinstance(value, dict) or name not in map(str, value):
        raise ValueError(f"{place}: the cell printed no dictionary with the entry {name!r}")
    return next(str(entry) for key, entry in value.items() if str(key) == name)


def typed(text: str, lesson_text: Iterable[str]) -> list[str]:
    """Numbers with a decimal point in the text that neither are named nor stand in the lesson's own text."""
    known = {found for source in lesson_text for found in _DECIMAL.findall(source)}
    return [found for found in _DECIMAL.findall(PLACE.sub("", text)) if found not in known]
