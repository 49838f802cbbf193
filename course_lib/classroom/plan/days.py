"""The days of a schedule: which week and date each meeting has, and the hours it takes."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, time, timedelta

from course_lib.classroom.anatomy import CORE_MINUTES

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FARTHEST = 3660  # days: ten years in which no meeting can be held are a mistake


@dataclass(frozen=True)
class Meeting:
    """One meeting: its week (the first is 1), weekday (0 is Monday), date, and class hours.

    The date is None without a start.
    """

    week: int
    weekday: int
    day: date | None
    hours: int


def weekdays(names: str) -> tuple[int, ...]:
    """"mon,thu" as (0, 3). Raises ValueError naming what is no day."""
    found = set()
    for name in filter(None, re.split(r"[,\s]+", names.strip().lower())):
        if name[:3] not in DAYS:
            raise ValueError(f"--on: {name!r} is no day; write such as --on {','.join(DAYS[:3])}")
        found.add(DAYS.index(name[:3]))
    if not found:
        raise ValueError("--on names no day; write such as --on mon,thu")
    return tuple(sorted(found))


def day_of(text: str, option: str) -> date:
    """A date in the form 2027-03-01. Raises ValueError naming the option."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{option}: {text!r} is no date; write YEAR-MONTH-DAY, such as 2027-03-01") from None


def time_of(text: str) -> time:
    """A time of day in the form 09:15. Raises ValueError if it is none."""
    if re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", text):
        return time(*map(int, text.split(":")))
    raise ValueError(f"--at: {text!r} is no time of day; write HOURS:MINUTES, such as 09:15")


def days_off(texts: Iterable[str]) -> set[date]:
    """The days without class: "2026-12-24", or "2026-12-21..2027-01-03" with both ends. Raises ValueError."""
    off: set[date] = set()
    for text in texts:
        first, _, last = text.partition("..")
        begin, end = day_of(first, "--skip"), day_of(last or first, "--skip")
        if not 0 <= (end - begin).days <= _FARTHEST:
            raise ValueError(f"--skip: {text} ends before it begins, or lasts longer than ten years")
        off |= {begin + timedelta(n) for n in range((end - begin).days + 1)}
    return off


def meetings(hours: Sequence[int], on: Sequence[int], start: date | None = None,
             off: Iterable[date] = ()) -> list[Meeting]:
    """A meeting for each number of class hours, on the wanted weekdays, from `start` on, days off left out.

    The week of the first meeting is week 1, weeks begin on Monday, and a week without a meeting counts too.
    Without a start there are no dates: the first meeting is on the first wanted weekday of week 1.
    Raises ValueError if so many days off leave no day for class.
    """
    off, found = set(off), []
    day = start or date(2001, 1, 1)  # a Monday
    first = None
    for wanted in hours:
        tried = 0
        while day.weekday() not in on or day in off:
            day += timedelta(1)
            tried += 1
            if tried > _FARTHEST:
                raise ValueError("--skip leaves no day for class in ten years")
        first = first or day - timedelta(day.weekday())
        found.append(Meeting((day - first).days // 7 + 1, day.weekday(), day if start else None, wanted))
        day += timedelta(1)
    return found


def lasting(hours: int, pause: int) -> timedelta:
    """How long so many class hours take with pauses of so many minutes between them."""
    return timedelta(minutes=hours * CORE_MINUTES + (hours - 1) * pause)
