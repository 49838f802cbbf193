"""The ledger: what was claimed, where, and with which verdict.

A run writes its rows to `ledger.json` in its output folder; `accept` copies them into `data/ledger.jsonl`,
the committed record that later runs are compared with. One line there is one claim at one scale, seed and
device.
"""

import json
import math
import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path

import nbformat

from course_lib import __version__
from course_lib.classroom import files
from course_lib.classroom.claims import FAILS, HOLDS, MEASURED, METADATA_KEY, NOT_JUDGED, UNDECIDED, syllabus
from course_lib.measure import estimate
from course_lib.runtime import home

_OPPOSITE = {HOLDS: FAILS, FAILS: HOLDS}
_VERDICTS = (HOLDS, FAILS, UNDECIDED, MEASURED, NOT_JUDGED)
_CLAIM = ("row", "sentence", "scale")  # what makes two rows the same claim
_NEEDED = {"row": str, "sentence": str, "verdict": str, "scale": str, "seed": int, "device": str,
           "lesson": str}


class LedgerError(ValueError):
    """A ledger file that cannot be read; the message names the file, the line and the cure."""


def recorded_path() -> Path:
    return home() / "data" / "ledger.jsonl"


def claims_in(notebook: nbformat.NotebookNode) -> list[dict]:
    """The claim records in the outputs of a notebook, in order."""
    outputs = (output for cell in notebook.cells for output in cell.get("outputs", []))
    records = (output.get("metadata", {}).get(METADATA_KEY) for output in outputs)
    return [json.loads(json.dumps(record)) for record in records if record]


def rows_of(notebook: nbformat.NotebookNode, lesson: str, seconds: float, device_name: str) -> list[dict]:
    """Ledger rows of an executed lesson: its claim records, and where and when they were made."""
    common = {
        "lesson": lesson, "seconds": round(seconds, 1), "commit": commit(), "version": __version__,
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return [
        {**record, **common, "title": syllabus().get(record["row"], {}).get("title", ""),
         "device_name": device_name}
        for record in claims_in(notebook)
    ]


def commit() -> str | None:
    """The course's commit, with "+dirty" if tracked files changed since; None outside git."""
    try:
        def git(*words):
            done = subprocess.run(("git", *words), cwd=home(), capture_output=True, text=True, check=True)
            return done.stdout

        head = git("rev-parse", "HEAD").strip()[:12]
        return head + ("+dirty" if git("status", "--porcelain", "--untracked-files=no").strip() else "")
    except (OSError, subprocess.CalledProcessError):
        return None


def read(path: Path) -> list[dict]:
    """The rows of a `.jsonl` ledger; none if there is no such file.

    Raises LedgerError naming file and line for one that is not a row.
    """
    if not path.exists():
        return []
    try:
        lines = path.read_text("utf-8").splitlines()
    except UnicodeDecodeError as wrong:
        raise LedgerError(f"{path} is not UTF-8 text ({wrong.reason} at byte {wrong.start}); mend it there, "
                          "or take it back from git") from None
    return [_row(line, f"{path}, line {n}") for n, line in enumerate(lines, 1) if line.strip()]


def kept(sentence: str, recorded: Path | None = None) -> list[str]:
    """What the recorded ledger holds under this sentence or name: one line a row, for a lesson to show.

    One line that says so if there is none.
    """
    rows = [row for row in read(recorded or recorded_path()) if row["sentence"] == sentence]
    return [
        f"{sentence}: {', '.join(f'{name} {value}' for name, value in row['shown'].items())} "
        f"({row['scale']}, {row['device']}, {row['date'][:10]})" for row in rows
    ] or [f"{sentence}: no run of this is in the ledger."]


def accept(folder: Path, recorded: Path | None = None) -> int:
    """Copy the judged rows of `folder`/ledger.json into the recorded ledger; returns how many.

    A row replaces the one with the same row id, sentence, scale, seed and device. Rows that were not judged
    (smoke) stay out. Raises FileNotFoundError if there is no run in `folder`, LedgerError for a malformed
    ledger; then nothing is written.
    """
    recorded = recorded or recorded_path()
    source = Path(folder) / "ledger.json"
    if not source.is_file():
        raise FileNotFoundError(f"{source} does not exist; name the --out folder of a `course run`")
    try:
        rows = json.loads(source.read_text("utf-8"))["rows"]
    except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError) as wrong:
        raise LedgerError(f"{source} is not a run's ledger ({wrong}); run the lessons again") from None
    fresh = [_row(json.dumps(row), f"{source}, row {n}") for n, row in enumerate(rows, 1)]
    fresh = [row for row in fresh if row["verdict"] != NOT_JUDGED]
    if fresh:
        kept = {_key(row): row for row in (*read(recorded), *fresh)}
        ordered = sorted(kept.values(), key=_order)
        lines = (json.dumps(row, ensure_ascii=False, sort_keys=True) for row in ordered)
        files.write(recorded, "".join(f"{line}\n" for line in lines))
    return len(fresh)


def compare(
    rows: Iterable[dict], recorded: Path | None = None, finished: Iterable[str] = ()
) -> tuple[list[str], list[str]]:
    """Hold rows of a run against the recorded ones of the same row id, sentence and scale.

    Returns (flips, warnings), one sentence each. A flip is "holds" against "does not hold"; it fails the run.
    finished: lessons that ran to their end, where a recorded claim that was not made is a warning.
    Measurements without a verdict (`claims.record`) are not compared.
    """
    rows = [row for row in rows if row["verdict"] not in (NOT_JUDGED, MEASURED)]
    record = [row for row in read(recorded or recorded_path()) if row["verdict"] != MEASURED]
    flips, warnings = [], []
    for row in rows:
        verdicts = {old["verdict"] for old in record if _same_claim(old, row)}
        words = f"{row['row']} at {row['scale']}, seed {row['seed']}: {row['sentence']!r}"
        now, opposite = row["verdict"], _OPPOSITE.get(row["verdict"])
        if opposite in verdicts and now not in verdicts:
            flips.append(f"{words} is recorded as {opposite!r} and came out as {now!r}")
        elif opposite in verdicts:
            warnings.append(f"{words} came out as {now!r}; the record has both verdicts")
        elif verdicts and now not in verdicts:
            warnings.append(f"{words} is recorded as {verdicts.pop()!r} and came out as {now!r}")
    scales, finished = {row["scale"] for row in rows}, set(finished)
    for old in record:
        expected = old["lesson"] in finished and old["scale"] in scales
        if expected and not any(_same_claim(old, row) for row in rows):
            warnings.append(f"{old['row']} at {old['scale']}: {old['sentence']!r} is recorded but no longer "
                            "claimed; if that is meant, delete its line from data/ledger.jsonl")
    return flips, list(dict.fromkeys(warnings))


def across(rows: Iterable[dict]) -> list[dict]:
    """What several seeds say of one claim at one scale and device: one line a claim, none of single seeds.

    Each number's mean and 95 % interval over the seeds stands in `evidence`, in words in `shown`. Of an
    estimate within a seed the mean counts; what is not a number in each seed is left out.
    """
    groups: dict[tuple, list[dict]] = {}
    for row in rows:
        groups.setdefault(tuple(row[name] for name in ("lesson", *_CLAIM, "device")), []).append(row)
    found = []
    for same in groups.values():
        if len({row["seed"] for row in same}) < 2:
            continue
        values = [{name: _number(value) for name, value in row.get("evidence", {}).items()} for row in same]
        estimates = {name: estimate([seed[name] for seed in values]) for name in values[0]
                     if all(seed.get(name) is not None for seed in values)}
        verdicts = Counter(row["verdict"] for row in same)
        found.append({
            **{name: same[0][name] for name in ("lesson", *_CLAIM, "device")},
            "seeds": sorted(row["seed"] for row in same), "verdicts": dict(verdicts.most_common()),
            "evidence": {name: asdict(value) for name, value in estimates.items()},
            "shown": {name: str(value) for name, value in estimates.items()},
        })
    return found


def _number(value) -> float | None:
    """One finite number of a seed's evidence; None if it is none."""
    value = value.get("mean") if isinstance(value, dict) else value
    plain = isinstance(value, (int, float)) and not isinstance(value, bool)
    return float(value) if plain and math.isfinite(value) else None


def _row(line: str, where: str) -> dict:
    try:
        row = json.loads(line)
    except json.JSONDecodeError as wrong:
        raise LedgerError(f"{where} is not JSON ({wrong.msg}); mend or delete that line") from None
    missing = [name for name in _NEEDED if not isinstance(row, dict) or name not in row]
    if missing:
        raise LedgerError(f"{where} lacks {', '.join(missing)}; mend or delete that line")
    kinds = _NEEDED | {"date": str}
    strange = [name for name, kind in kinds.items() if type(row.get(name, kind())) is not kind]
    if strange:
        raise LedgerError(f"{where}: {', '.join(strange)} of another kind than a run writes; mend or delete "
                          "that line")
    if row["verdict"] not in _VERDICTS:
        raise LedgerError(f"{where} has the unknown verdict {row['verdict']!r}; it must be one of "
                          f"{', '.join(_VERDICTS)}")
    return row


def _same_claim(a: dict, b: dict) -> bool:
    return all(a[name] == b[name] for name in _CLAIM)


def _key(row: dict) -> tuple:
    return tuple(row[name] for name in ("row", "sentence", "scale", "seed", "device"))


def _order(row: dict) -> tuple:
    return tuple(str(row[name]) for name in ("lesson", "row", "sentence", "scale", "seed", "device"))
