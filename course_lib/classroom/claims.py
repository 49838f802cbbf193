"""Claims: a sentence of a lesson, tied to a syllabus row, with the verdict that this run gives it.

The plain text of a claim holds no number, so it is the same on every machine; numbers, seeds, scale and
device travel in the output's metadata (`course run` collects them there) and in one marked element of the
HTML form, which the notebook tests blank before they compare.
"""

import html
import math
import tomllib
from functools import cache

import torch
from IPython.display import display

from course_lib.measure import Estimate
from course_lib.runtime import current, home

METADATA_KEY = "course_claim"
HOLDS, FAILS, UNDECIDED, NOT_JUDGED = "holds", "does not hold", "undecided", "not judged"
MEASURED = "measured"
_LOOK = {
    HOLDS: ("✓", "#00734d"),
    FAILS: ("✗", "#b3400a"),
    UNDECIDED: ("?", "#5c5c5c"),
    NOT_JUDGED: ("·", "#5c5c5c"),
    MEASURED: ("·", "#0072b2"),
}


@cache
def syllabus() -> dict[str, dict]:
    """The rows of data/syllabus.toml by id."""
    rows = tomllib.loads((home() / "data" / "syllabus.toml").read_text("utf-8"))["row"]
    return {row["id"]: row for row in rows}


class Claim:
    """One judged sentence, as a notebook output. Built by `claim`."""

    def __init__(self, record: dict):
        self.record = record

    def __repr__(self) -> str:
        r = self.record
        return f"{r['row']}: {r['sentence']}: {r['verdict']}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        r = self.record
        sign, colour = _LOOK[r["verdict"]]
        numbers = " · ".join(f"{name} {value}" for name, value in r["shown"].items())
        where = f"{r['scale']}, seed {r['seed']}, {r['device']}"
        if r["source"]:
            numbers += f" · source: {r['source']}"
        markup = (
            f'<div style="border-left:4px solid {colour};padding:4px 12px;margin:4px 0">'
            f'<b style="color:{colour}">{sign} {r["verdict"]}</b> · {r["row"]} · {html.escape(r["sentence"])}'
            f'<br><span class="course-numbers">{html.escape(f"{numbers} ({where})")}</span></div>'
        )
        return {"text/plain": repr(self), "text/html": markup}, {METADATA_KEY: r}


def claim(row: str, sentence: str, *, holds: bool | None, evidence: dict, source: str = "") -> None:
    """Judge one sentence and show the verdict.

    row: a syllabus id, such as "S4-20". sentence: what is claimed, without numbers that a run could change.
    holds: True, False, or None when the interval touches the threshold (`Estimate.above` answers that).
    evidence: name -> number, Estimate, list or text: what was measured. source: the source's own figure.
    An honest "does not hold" is a result: what fails a run is a verdict that flips.
    Raises KeyError for an unknown row, TypeError if holds is not True, False or None, ValueError for
    empty evidence.
    """
    if holds is not None and not isinstance(holds, bool):
        raise TypeError(f"holds must be True, False or None (undecided), got {holds!r}; "
                        "a tensor or numpy value needs bool(...)")
    verdict = {True: HOLDS, False: FAILS, None: UNDECIDED}[holds]
    _publish(row, sentence, verdict if current().judged else NOT_JUDGED, evidence, source)


def record(row: str, name: str, *, evidence: dict, source: str = "") -> None:
    """Put a measurement without a verdict into the ledger, such as one unit of a long study.

    Arguments and errors as for `claim`; name: what was measured.
    """
    _publish(row, name, MEASURED if current().judged else NOT_JUDGED, evidence, source)


def _publish(row: str, sentence: str, verdict: str, evidence: dict, source: str) -> None:
    if row not in syllabus():
        raise KeyError(f"row {row!r} is not in data/syllabus.toml")
    if not evidence:
        raise ValueError("evidence must name at least one measured number")
    run = current()
    display(Claim({
        "row": row, "sentence": sentence, "verdict": verdict,
        "evidence": {name: _plain(value) for name, value in evidence.items()},
        "shown": {name: _short(value) for name, value in evidence.items()},
        "source": source, "scale": run.scale, "seed": run.seed, "device": str(run.device),
        "threads": torch.get_num_threads(), "torch": torch.__version__,
    }))


def _plain(value):
    """Evidence as JSON can hold it."""
    if isinstance(value, Estimate):
        low, high = (v if math.isfinite(v) else None for v in (value.low, value.high))
        return {"mean": value.mean, "low": low, "high": high, "n": value.n}
    if isinstance(value, torch.Tensor):
        return value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    return value if isinstance(value, (str, bool, int)) else float(value)


def _short(value) -> str:
    value = value.tolist() if isinstance(value, torch.Tensor) else value
    if isinstance(value, (list, tuple)):
        return ", ".join(_short(v) for v in value)
    return str(value) if isinstance(value, (str, bool, int, Estimate)) else f"{float(value):.3g}"
