"""`course plan`: from wishes to a schedule, told and kept."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from course_lib.classroom.lessons import choose, find, lessons
from course_lib.classroom.plan.days import day_of, days_off, meetings, time_of, weekdays
from course_lib.classroom.plan.hours import Item, fill, in_order, item, missing
from course_lib.classroom.plan.text import as_text, calendar, keep, summary

USUAL = {"weeks": 2, "days": 6, "hours": 2}  # class hours a meeting
MOST = {"weeks": 104, "days": 366, "hours": 2000}


def hours_of(weeks: int | None, days: int | None, hours: int | None, meeting: int | None,
             on: Sequence[int]) -> list[int]:
    """The class hours of each meeting. Raises ValueError unless one of weeks, days, hours is given."""
    given = {name: n for name, n in (("weeks", weeks), ("days", days), ("hours", hours)) if n is not None}
    if len(given) != 1:
        raise ValueError("say how long the course is, in one way: --weeks 14, --days 5 or --hours 90"
                         + (f" (given: {', '.join(f'--{name}' for name in given)})" if given else ""))
    ((kind, number),) = given.items()
    if not 1 <= number <= MOST[kind]:
        raise ValueError(f"--{kind} must be from 1 to {MOST[kind]}, got {number}")
    each = USUAL[kind] if meeting is None else meeting
    if not 1 <= each <= 12:
        raise ValueError(f"--meeting must be from 1 to 12 class hours, got {each}")
    if kind == "hours":
        return [each] * (number // each) + [number % each] * (number % each > 0)
    return [each] * (number * (len(on) if kind == "weeks" else 1))


def make_plan(
    *, weeks: int | None = None, days: int | None = None, hours: int | None = None,
    meeting: int | None = None, on: str | None = None, start: str | None = None, at: str = "09:00",
    pause: int = 10, skip: Sequence[str] = (), lesson: Sequence[str] = (), known: Sequence[str] = (),
    out: Path | None = None, echo: Callable[[str], None] = print,
) -> None:
    """Tell the schedule, and write the calendar file if `out` names one. Raises ValueError if none can be.

    on: weekdays; by default monday, for days monday to friday. lesson, known: lessons by number or name.
    """
    built = {one.number: item(one) for one in lessons()}
    chosen = [built[one.number] for one in choose(list(lesson) or None)]
    known = {word.zfill(2) if word.isdigit() else find(word).number for word in known}
    wanted = weekdays(on or ("mon,tue,wed,thu,fri" if days else "mon"))
    first, off = day_of(start, "--start") if start else None, days_off(skip)
    if (out or off) and not first:
        option = "--out" if out else "--skip"
        raise ValueError(f"{option} needs dates; name the first day: --start 2027-03-01")
    items = in_order([one for one in chosen if one.number not in known], built, known)
    each = hours_of(weeks, days, hours, meeting, wanted)
    plan = fill(items, each)
    when = meetings(each, wanted, first, off)
    text = calendar(when, plan, time_of(at), pause) if out else ""
    for line in (*summary(items, when), "", *as_text(when, plan), "", *notes(items, plan, built, known)):
        echo(line)
    if out:
        keep(out, text)
        echo(f"The calendar is in {out}")


def notes(items: Sequence[Item], plan: list, built: Iterable[str], known: set[str]) -> list[str]:
    """What a reader of the plan must know besides: torn lessons, needs nobody can teach, what is left."""
    from course_lib.widgets.course_map import STOPS

    titles = {stop.number: stop.title for stop in STOPS}
    said = [f"{one.number} goes over several meetings: no exercises were left to fill up the one before."
            for one in {block.item: None for row in plan for block in row if block.parts > 1}]
    for need, users in missing(items, built, known).items():
        verb = "needs" if len(users) == 1 else "need"
        said.append(f"{', '.join(users)} {verb} {need} ({titles.get(need, 'not on the map')}), which is not "
                    "built yet: the class must know it already.")
    left = [number for number in built if number not in {one.number for one in items}]
    if left:
        said.append(f"Built and not planned here: {', '.join(left)}.")
    unbuilt = [f"{number} {title}" for number, title in titles.items() if number not in built]
    if unbuilt:
        said.append(f"Not planned, for they are not built yet: {', '.join(unbuilt)}.")
    return said
