"""The learner's progress file: answers to predictions, tries at exercises. JSON, in the learner's folder.

$COURSE_PROGRESS names the file; else it is .progress.json in the working folder. COURSE_PROGRESS=off keeps
nothing, and so does working in the course's own notebooks/ folder, whose lessons hold the solutions. Tries
are counted in the kernel's memory as well, so that the hints go on where no file can be kept.
"""

import contextlib
import errno
import json
import os
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from filelock import FileLock, Timeout

from course_lib.runtime import home

EMPTY = {"version": 1, "predictions": {}, "checks": {}}
_FRESH = {"tries": 0, "passed": False}  # an exercise of which nothing is known
SAYINGS = 40  # of one exercise
WAIT = 3.0  # seconds for another notebook that is writing; it needs a few milliseconds


class Tried(NamedTuple):
    """What is known of one exercise: how often it was tried, and whether an answer was right."""

    tries: int
    passed: bool


def progress_path() -> Path | None:
    """Where progress is kept; None where it is not."""
    wish = os.environ.get("COURSE_PROGRESS")
    if wish is not None:
        return None if wish.strip().lower() in ("", "off") else Path(wish).expanduser()
    try:
        folder = Path.cwd()
    except FileNotFoundError:  # it was removed under the kernel
        return None
    with contextlib.suppress(FileNotFoundError):
        if folder == home() / "notebooks":
            return None
    return folder / ".progress.json"


def read() -> dict:
    """What is kept; an empty record if there is no file, it cannot be read, or it is damaged (which `change`
    then puts aside). Raises nothing."""
    path = progress_path()
    try:
        return parse(path) if path and path.exists() else _empty()
    except (OSError, ValueError):
        return _empty()


def change(edit: Callable[[dict], None]) -> str:
    """Let `edit` change the record, and write it in one step: the old file or the new one, never half of one.

    One process at a time reads, changes and writes, so that two notebooks lose nothing of each other. A
    damaged file is kept under another name. Answers a note for the learner, empty if all went well; raises
    nothing: a check must not fail because a folder is read-only.
    """
    path, note = progress_path(), ""
    if path is None:
        return ""
    try:
        path = path.resolve()  # a link stays a link
        with _one_at_a_time(path):
            try:
                record = parse(path) if path.exists() else _empty()
            except ValueError:
                aside = _free_name(path)
                path.rename(aside)
                record = _empty()
                note = f"{path.name} could not be read: it is kept as {aside.name}, a new one begins."
            edit(record)
            _write(path, json.dumps(record, indent=1, ensure_ascii=False, sort_keys=True))
    except OSError as error:
        return f"{note} Your progress could not be saved ({error.strerror or error}): {path}".strip()
    return note


def record_try(exercise_id: str, passed: bool, key: str = "", told: str = "", watched: bool = False) -> str:
    """Count one try at an exercise, here and in the file; answers the note of `change`.

    key: tells answers apart. The same key twice running counts once; an empty one always counts.
    told: what the check said; how often it said it is kept, and when the first try and the first right
    answer were, for `course insight`. An entry of an older file does not know when it began.
    watched: would `record_hint` have heard of a hint that was opened? If so from the first try on, "hints" is
    there, if empty.
    """
    now = datetime.now(UTC).isoformat(timespec="seconds")

    def edit(record: dict) -> None:
        entry = record["checks"].setdefault(exercise_id, dict(_FRESH))
        if not entry["tries"]:
            entry["begun"] = now
            if watched:
                entry.setdefault("hints", [])
        if not key or entry.get("last") != key:
            entry["tries"] += 1
            if told and not passed:
                _count(entry, told)
        if passed and not entry["passed"]:
            entry["right"], entry["tries_to_right"] = now, entry["tries"]
        entry["passed"] = bool(entry["passed"]) or passed
        entry["last"] = key

    edit(_memory)
    return change(edit)


def record_hint(exercise_id: str, rung: int | None = None) -> str:
    """Keep that a hint was opened before the answer was right; answers the note of `change`.

    rung: 1 the nudge, 2 the method, 3 the template; None: none yet, but from now on it would be known, which
    is kept of an exercise that was tried. Of tries before this kernel, with no word on hints, nothing is
    made up: such an entry stays as it is.
    """
    entry = read()["checks"].get(exercise_id)
    here = _memory["checks"].get(exercise_id, _FRESH)["tries"]
    if (entry is None and rung is None) or (entry and hints_in(entry) is None and entry["tries"] > here):
        return ""

    def edit(record: dict) -> None:
        entry = record["checks"].setdefault(exercise_id, dict(_FRESH))
        kept = hints_in(entry) or set()
        entry["hints"] = sorted(kept | {rung} if rung and not entry["passed"] else kept)

    return change(edit)


def hints_in(entry: dict) -> set[int] | None:
    """The hints that an exercise's entry knows to have been opened, from 1 to 3; None if it does not know."""
    kept = entry.get("hints")
    return {rung for rung in (1, 2, 3) if rung in kept} if isinstance(kept, list) else None


def tried(exercise_id: str) -> Tried:
    """What the file and the kernel's memory know of an exercise: the larger number of the two."""
    return tried_in(read(), exercise_id)


def tried_in(record: dict, exercise_id: str) -> Tried:
    """`tried`, for a record that has been read already."""
    entries = [known["checks"].get(exercise_id, {}) for known in (record, _memory)]
    return Tried(max(entry.get("tries", 0) for entry in entries),
                 any(entry.get("passed") for entry in entries))


def forget() -> None:
    """Empty the kernel's memory of tries (for tests)."""
    _memory.update(_empty())


def record_prediction(prediction_id: str, answer: str, confidence: int) -> str:
    """Keep an answer and its confidence; the first answer stays on record beside a later one."""

    def edit(record: dict) -> None:
        kept = record["predictions"].setdefault(prediction_id, {})
        if not kept:
            kept["first_confidence"] = confidence
        kept.update(answer=answer, confidence=confidence, first=kept.get("first", answer))

    return change(edit)


def record_after(prediction_id: str, answer: str, confidence: int) -> str:
    """Keep what the learner says at the lesson's end, before the answer is shown; a second one changes
    nothing."""

    def edit(record: dict) -> None:
        kept = record["predictions"].setdefault(prediction_id, {})
        if "after" not in kept:
            kept.update(after=answer, after_confidence=confidence)

    return change(edit)


def _count(entry: dict, told: str) -> None:
    """One more time that the check said this. At most SAYINGS are kept: a file stays small."""
    said = entry.setdefault("told", {})
    if isinstance(said, dict) and (told in said or len(said) < SAYINGS):
        count = said.get(told, 0)
        said[told] = (count if isinstance(count, int) else 0) + 1


def _empty() -> dict:
    return json.loads(json.dumps(EMPTY))


_memory = _empty()


@contextlib.contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Hold the lock of this file. The system frees it when its process ends, however that happens.

    Raises TimeoutError if another process holds it for too long. Where no lock can be had, because the folder
    is read-only or the disk knows none, it goes on without: then the writing tells what is wrong.
    """
    lock = FileLock(path.with_name(f".{path.name.lstrip('.')}.lock"), timeout=WAIT)
    with contextlib.ExitStack() as held:
        try:
            if path.parent.is_dir():  # FileLock would make the folder
                held.enter_context(lock)
        except Timeout:
            raise TimeoutError(errno.ETIMEDOUT, "another notebook does not let go of it") from None
        except (OSError, NotImplementedError):
            pass
        yield


def parse(path: Path) -> dict:
    """Raises ValueError if the file is not a progress record."""
    try:
        record = json.loads(path.read_text("utf-8"))
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(record, dict):
        raise ValueError("not a progress record")
    for part in ("predictions", "checks"):
        entries = record.setdefault(part, {})
        if not isinstance(entries, dict) or not all(isinstance(e, dict) for e in entries.values()):
            raise ValueError(f"{part} is damaged")
    if not all(type(entry.get("tries")) is int and "passed" in entry for entry in record["checks"].values()):
        raise ValueError("checks is damaged")
    if not all(isinstance(entry.get("answer", ""), str) and isinstance(entry.get("confidence", 0), int)
               for entry in record["predictions"].values()):
        raise ValueError("predictions is damaged")
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
