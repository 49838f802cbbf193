"""What page and README say in the same words: counts, places, what was not run."""

from collections.abc import Iterable

from course_lib.classroom.claims import FAILS, HOLDS, MEASURED, UNDECIDED
from course_lib.classroom.front.entries import MIXED, Entry, LessonEntry, tally
from course_lib.runtime import SCALES

WORDS = {HOLDS: "hold", FAILS: "do not hold", UNDECIDED: "undecided", MIXED: "with seeds that disagree",
         MEASURED: "measured"}
_JUDGED = SCALES[1:]  # smoke judges nothing


def counts(entries: Iterable[Entry]) -> list[tuple[str, int, str]]:
    """Such as (verdict, 12, "hold"): of what is there, and of "does not hold" always."""
    count = tally(entries)
    return [(verdict, count[verdict], word) for verdict, word in WORDS.items()
            if count[verdict] or verdict in (HOLDS, FAILS)]


def built(lesson: LessonEntry) -> str:
    """How many of a lesson's rows are built."""
    return f"{lesson.built} of {len(lesson.rows)} rows built" if lesson.rows else "no rows of its own"


def where(entry: Entry) -> str:
    """Scale, device, seeds and date of a line; a CPU without its name, which the head tells."""
    first = entry.rows[0]
    numbers = [str(row["seed"]) for row in (entry.rows[:1] if entry.units else entry.rows)]
    device = first["device"]
    if first.get("device_name") and device != "cpu":
        device += f" ({first['device_name']})"
    seeds = f"seeds {', '.join(numbers)}" if len(numbers) > 1 else f"seed {numbers[0]}"
    dates = dates_of([entry])
    return " · ".join([first["scale"], device, seeds, " to ".join(dict.fromkeys([dates[0], dates[-1]]))])


def dates_of(entries: Iterable[Entry]) -> list[str]:
    """The days of the ledger rows, oldest first; never empty."""
    days = {str(row.get("date", ""))[:10] for entry in entries for row in entry.rows}
    return sorted(days - {""}) or ["no date"]


def places(entries: Iterable[Entry]) -> list[tuple[str, str]]:
    """The (scale, device) pairs at which something was measured, small scales first."""
    found = {(row["scale"], row["device"]) for entry in entries for row in entry.rows}
    return sorted(found, key=lambda pair: (SCALES.index(pair[0]) if pair[0] in SCALES else 9, pair[1]))


def not_run(course: list[LessonEntry]) -> list[str]:
    """What of the written lessons has not been run, or has nothing in the ledger: a sentence each."""
    written = [lesson for lesson in course if lesson.lesson and lesson.rows]
    found = []
    for scale in _JUDGED:
        ran = [lesson.number for lesson in written if scale in {name for name, _ in places(lesson.entries)}]
        rest = [lesson.number for lesson in written if lesson.number not in ran]
        if written and not ran:
            found.append(f"Scale {scale}: no lesson.")
        elif rest:
            some = f"lesson{'s' * (len(ran) > 1)} {', '.join(ran)}"
            found.append(f"Scale {scale}: only {some}; not {', '.join(rest)}.")
    devices = {device for lesson in course for _, device in places(lesson.entries)}
    if not any(device.startswith(("cuda", "mps")) for device in devices):
        found.append("On a GPU: nothing.")
    missing = [lesson.number for lesson in course if not lesson.lesson]
    if missing:
        found.append(f"Not written: lessons {', '.join(missing)}.")
    return found
