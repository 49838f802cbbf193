"""The learners' progress files: found, judged and cleaned. They are read here and never changed.

One file is one learner. A file whose content is there twice is a copy and counts once, if it holds a time;
without one, two learners may well have the same little record, and each counts.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from course_lib.exercises.predict import CONFIDENCE
from course_lib.exercises.progress import hints_in, parse

LARGEST = 5 * 2**20  # bytes; a progress file has a few thousand


@dataclass(frozen=True)
class Said:
    """One learner's answers to one prediction: keys of choices, confidence 1 to 3; None where not known."""

    before: str | None
    sure_before: int | None
    after: str | None
    sure_after: int | None


@dataclass(frozen=True)
class Work:
    """One learner's work on one exercise. to_right: tries at the first right answer; minutes: from the first
    try to it; told: what the check said, with how often; hints: which were opened, 1 to 3. None where the
    file does not know."""

    tries: int
    passed: bool
    to_right: int | None
    minutes: float | None
    told: Mapping[str, int]
    hints: frozenset[int] | None


@dataclass
class Learner:
    """What one file holds, by id."""

    predictions: dict[str, Said]
    checks: dict[str, Work]


@dataclass
class Class:
    """All learners that were found, and what was left out. skipped: (path below the folder, why)."""

    learners: list[Learner] = field(default_factory=list)
    copies: int = 0
    empty: int = 0
    skipped: list[tuple[str, str]] = field(default_factory=list)


def gather(folder: Path) -> Class:
    """The learners in all .json files below the folder, at any depth.

    Raises FileNotFoundError if there is no such folder, ValueError if there is no progress file in it.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise FileNotFoundError(f"there is no folder {folder}; name the one with the progress files")
    found, seen = Class(), set()
    for path in sorted(folder.rglob("*.json")):
        try:
            record = _record(path)
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else str(error)
            found.skipped.append((path.relative_to(folder).as_posix(), why or "it cannot be read"))
            continue
        text = json.dumps(record, sort_keys=True)
        if text in seen and any("begun" in entry for entry in record["checks"].values()):
            found.copies += 1
            continue
        seen.add(text)
        learner = Learner({key: _said(entry) for key, entry in record["predictions"].items()},
                          {key: _work(entry) for key, entry in record["checks"].items()})
        if learner.predictions or learner.checks:
            found.learners.append(learner)
        else:
            found.empty += 1
    if not found.learners:
        raise ValueError(f"no progress file with anything in it below {folder} (files that are none: "
                         f"{len(found.skipped)}); learners hand in .progress.json, from the folder in which "
                         "they work")
    return found


def _record(path: Path) -> dict:
    """Raises ValueError that says why this is no progress file."""
    if path.is_symlink() or not path.is_file():
        raise ValueError("it is a link or a folder, not a file")
    if path.stat().st_size > LARGEST:
        raise ValueError(f"it is larger than {LARGEST // 2**20} MB")
    try:
        record = parse(path)
    except ValueError as wrong:
        raise ValueError(f"it is damaged or no progress file ({str(wrong)[:80]})") from None
    if "version" not in record and not record["checks"] and not record["predictions"]:
        raise ValueError("it is no progress file")
    return record


def _said(entry: dict) -> Said:
    first = _text(entry.get("first", entry.get("answer")))
    return Said(first, _sure(entry.get("first_confidence")), _text(entry.get("after")),
                _sure(entry.get("after_confidence")))


def _work(entry: dict) -> Work:
    tries, to_right = max(0, entry["tries"]), entry.get("tries_to_right")
    told, hints = entry.get("told"), hints_in(entry)
    told = told if isinstance(told, dict) else {}
    return Work(tries, bool(entry["passed"]), to_right if type(to_right) is int and to_right > 0 else None,
                _minutes(entry.get("begun"), entry.get("right")),
                {text: count for text, count in told.items() if type(count) is int and count > 0},
                None if hints is None else frozenset(hints))


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) else None


def _sure(value: Any) -> int | None:
    return value if type(value) is int and value in CONFIDENCE else None


def _minutes(begun: Any, right: Any) -> float | None:
    """From one time to the other; None if one is missing, no time, or the clock went back."""
    try:
        took = (datetime.fromisoformat(right) - datetime.fromisoformat(begun)).total_seconds() / 60
    except (TypeError, ValueError):
        return None
    return took if took >= 0 else None
