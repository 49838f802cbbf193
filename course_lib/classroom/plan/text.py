"""A schedule as plain text for a terminal and as a calendar file (iCalendar, RFC 5545)."""

from collections.abc import Sequence
from datetime import UTC, datetime, time
from pathlib import Path

from course_lib.classroom import files
from course_lib.classroom.plan.days import DAYS, Meeting, lasting
from course_lib.classroom.plan.hours import Block, Item

_PRODUCT = "-//Build Break Explain//course plan//EN"


def as_text(meetings: Sequence[Meeting], plan: Sequence[Sequence[Block]]) -> list[str]:
    """The lines of the table: one a block, with week and day before the first of a meeting."""
    lines = []
    for number, (meeting, blocks) in enumerate(zip(meetings, plan, strict=True), 1):
        day = DAYS[meeting.weekday].capitalize()
        when = f"{day} {meeting.day.isoformat()}" if meeting.day else day
        head = f"{number:>3}  week {meeting.week:>2}  {when}"
        for place, block in enumerate(blocks):
            lines.append(f"{head if not place else '':{len(head)}}  {block.hours} h  {told(block)}")
    return lines


def told(block: Block) -> str:
    """What is done in these hours, in one line."""
    one = block.item
    if block.exercises:
        rest = f" (its second part takes {one.more} min)" if one.more else ""
        return f"Exercises and questions on {one.number}{rest}"
    part = f", part {block.part} of {block.parts}" if block.parts > 1 else ""
    return f"{one.title}{part} ({one.minutes} min)"


def short(block: Block) -> str:
    """The same for a calendar's line."""
    return f"Exercises {block.item.number}" if block.exercises else block.item.title


def summary(items: Sequence[Item], meetings: Sequence[Meeting]) -> list[str]:
    """Two sentences: what there is, what the lessons take of it."""
    there, needed = sum(meeting.hours for meeting in meetings), sum(one.hours for one in items)
    spare = there - needed
    return [f"{_many(there, 'class hour')} of 45 minutes, in {_many(len(meetings), 'meeting')}.",
            f"{_many(len(items), 'lesson')}: {_many(needed, 'hour')}. Exercises and questions: "
            f"{_many(spare, 'hour')}{', spread evenly' if spare > 1 else ''}."]


def calendar(meetings: Sequence[Meeting], plan: Sequence[Sequence[Block]], at: time, pause: int) -> str:
    """The text of an .ics file: an event a meeting, in local time, the same for the same plan.

    pause: minutes between two class hours. Raises ValueError for meetings without dates, LookupError with
    the cure if the library is missing.
    """
    try:
        from icalendar import Calendar, Event
    except ImportError:
        raise LookupError("a calendar file needs the library icalendar; install it: "
                          'pip install -e ".[classroom]" in the course folder') from None
    if any(meeting.day is None for meeting in meetings):
        raise ValueError("a calendar file needs dates; name the first day: --start 2027-03-01")
    made = Calendar()
    made.add("prodid", _PRODUCT)
    made.add("version", "2.0")
    for number, (meeting, blocks) in enumerate(zip(meetings, plan, strict=True), 1):
        begin = datetime.combine(meeting.day, at)  # no zone: the class meets at this hour where it is
        hours = (f"{block.hours} h: {told(block)}" for block in blocks)
        event = Event()
        # the same meeting of a changed plan keeps its name, so that a calendar brings it up to date
        event.add("uid", f"{meetings[0].day:%Y%m%d}-{at:%H%M}-{number}@build-break-explain")
        # not the clock's time: the same plan is the same file
        event.add("dtstamp", datetime.combine(meetings[0].day, time(), UTC))
        event.add("dtstart", begin)
        event.add("dtend", begin + lasting(meeting.hours, pause))
        event.add("summary", "; ".join(map(short, blocks)))
        event.add("description", "\n".join((f"Meeting {number}, week {meeting.week}", *hours)))
        made.add_component(event)
    return made.to_ical().decode("utf-8")


def keep(path: Path, text: str) -> None:
    """Write the calendar file; an older one of ours is replaced, nothing else is.

    Raises FileExistsError that names the cure.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if not files.create(path, text):
        seen = path.read_bytes() if path.is_file() else b""
        if _PRODUCT.encode() not in seen.replace(b"\r\n ", b"") or not files.replace(path, text, seen):
            raise FileExistsError(f"{path} is there and is no calendar of `course plan`; "
                                  "choose another name: --out FILE.ics")


def _many(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
