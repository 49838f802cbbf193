"""The learner's progress file: answers to predictions, tries at exercises. JSON, in the learner's folder.

$COURSE_PROGRESS names the file; else it is .progress.json in the working folder. COURSE_PROGRESS=off keeps
nothing, and so does working in the course's own notebooks/ folder, whose lessons hold the solutions.
"""

import contextlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from course_lib.runtime import home

EMPTY = {"version": 1, "predictions": {}, "checks": {}}


def progress_path() -> Path | None:
    """Where progress is kept; None where it is not."""
    wish = os.environ.get("COURSE_PROGRESS")
    if wish is not None:
        return None if wish.strip().lower() in ("", "off") else Path(wish).expanduser()
    with contextlib.suppress(FileNotFoundError):
        if Path.cwd() == home() / "notebooks":
            return None
    return Path.cwd() / ".progress.json"


def read() -> dict:
    """What is kept; an empty record if there is no file or it is damaged (which `change` then puts aside)."""
    path = progress_path()
    try:
        return _parse(path) if path and path.exists() else _empty()
    except ValueError:
        return _empty()


def change(edit: Callable[[dict], None]) -> str:
    """Let `edit` change the record, and write it in one step: the old file or the new one, never half of one.

    A damaged file is kept under another name. Answers a note for the learner, empty if all went well;
    raises nothing: a check must not fail because a folder is read-only.
    """
    path, note = progress_path(), ""
    if path is None:
        return ""
    try:
        path = path.resolve()  # a link stays a link
        try:
            record = _parse(path) if path.exists() else _empty()
        except ValueError:
            aside = _free_name(path)
            path.rename(aside)
            record = _empty()
            note = f"{path.name} could not be read: it is kept as {aside.name}, a new one begins."
        edit(record)
        _write(path, json.dumps(record, indent=1, ensure_ascii=False, sort_keys=True))
    except OSError as error:
        return f"{note} Your progress could not be saved ({error.strerror}): {path}".strip()
    return note


def record_try(exercise_id: str, passed: bool) -> str:
    """Count one try at an exercise; answers the note of `change`."""

    def edit(record: dict) -> None:
        entry = record["checks"].setdefault(exercise_id, {"tries": 0, "passed": False})
        entry["tries"] += 1
        entry["passed"] = entry["passed"] or passed

    return change(edit)


def record_prediction(prediction_id: str, answer: str, confidence: int) -> str:
    """Keep an answer and its confidence; the first answer stays on record beside a later one."""

    def edit(record: dict) -> None:
        first = record["predictions"].get(prediction_id, {}).get("first", answer)
        record["predictions"][prediction_id] = {"answer": answer, "confidence": confidence, "first": first}

    return change(edit)


def _empty() -> dict:
    return json.loads(json.dumps(EMPTY))


def _parse(path: Path) -> dict:
    """Raises ValueError if the file is not a progress record."""
    record = json.loads(path.read_text("utf-8"))
    if not isinstance(record, dict):
        raise ValueError("not a progress record")
    for part in ("predictions", "checks"):
        entries = record.setdefault(part, {})
        if not isinstance(entries, dict) or not all(isinstance(e, dict) for e in entries.values()):
            raise ValueError(f"{part} is damaged")
    if not all(type(entry.get("tries")) is int and "passed" in entry for entry in record["checks"].values()):
        raise ValueError("checks is damaged")
    return record


def _free_name(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return aside


def _write(path: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(prefix=path.name, suffix=".new", dir=path.parent)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
