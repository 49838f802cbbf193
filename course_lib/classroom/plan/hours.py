"""A schedule of the lessons: which class hour holds what. Nothing here knows a date (see days.py).

A class hour is 45 minutes. A lesson takes one, or two (anatomy.TWO_HOURS), whole ones; what its title cell
says it `needs` comes before it; hours that no lesson takes are for exercises, spread evenly over the lessons
that fill their own hours.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from course_lib.classroom.anatomy import CORE_MINUTES, TWO_HOURS
from course_lib.classroom.lessons import Lesson, minutes

_NEEDS = re.compile(r"\bneeds ((?:\d\d)(?:, *\d\d)*)")


class Impossible(ValueError):
    """A wish that no schedule fulfils. The message says what is lacking, and what would do."""


@dataclass(frozen=True)
class Item:
    """One lesson as a schedule sees it. minutes, more: those of its cells tagged `core` and `more`."""

    number: str
    title: str
    hours: int
    minutes: int
    more: int
    needs: tuple[str, ...]


@dataclass(frozen=True)
class Block:
    """Class hours in one meeting: of a lesson or, with exercises=True, for exercises after it.

    part, parts: which piece of the lesson this is, where it goes over several meetings.
    """

    item: Item
    hours: int
    exercises: bool = False
    part: int = 1
    parts: int = 1


def _is_full(one: Item) -> bool:
    """Does the lesson fill at least half of its hours? One that does not leaves room for questions itself."""
    return 2 * one.minutes > CORE_MINUTES * one.hours


def item(lesson: Lesson) -> Item:
    """What a schedule must know of a lesson, read from its title cell and its minutes tags."""
    named = _NEEDS.search(lesson.notebook.cells[0].source)
    core, more = (sum(minutes(cell, track) for cell in lesson.notebook.cells) for track in ("core", "more"))
    return Item(lesson.number, lesson.title, 2 if lesson.number in TWO_HOURS else 1, core, more,
                tuple(re.findall(r"\d\d", named[1])) if named else ())


def in_order(chosen: Iterable[Item], built: Mapping[str, Item], known: Iterable[str] = ()) -> list[Item]:
    """The lessons so that each comes after those that it needs; else in course order.

    built: all lessons there are, by number. known: numbers of what the class knows already. A need that is
    not built can be taught by nobody and is let pass (`missing` names it). Raises Impossible that names what
    a lesson needs, if it is built and neither chosen nor known; and for needs that go in a circle.
    """
    waiting = sorted(set(chosen), key=lambda one: one.number)
    there, known = {one.number for one in waiting}, set(known)
    lacking = {one.number: [need for need in one.needs if need in built and need not in there | known]
               for one in waiting}
    if any(lacking.values()):
        told = "; ".join(f"{number} needs {', '.join(needs)}" for number, needs in lacking.items() if needs)
        direct = {need for needs in lacking.values() for need in needs}
        every = _with_needs(direct, built, there | known)
        wish = " ".join(f"--known {need}" for need in sorted(direct))
        raise Impossible(f"the chosen lessons lack what they need: {told}. Choose {', '.join(every)} as well "
                         f"or, if the class knows it already, say {wish}")
    done: list[Item] = []
    while waiting:
        ready = [one for one in waiting if not {other.number for other in waiting} & set(one.needs)]
        if not ready:
            raise Impossible(f"the lessons {', '.join(one.number for one in waiting)} need each other in a "
                             "circle; mend the `needs` of their title cells")
        done.append(ready[0])
        waiting.remove(ready[0])
    return done


def _with_needs(numbers: set[str], built: Mapping[str, Item], without: set[str]) -> list[str]:
    """These lessons and all that they need in turn, those of `without` left out."""
    every, new = set(numbers), set(numbers)
    while new := {need for one in new for need in built[one].needs if need in built} - every - without:
        every |= new
    return sorted(every)


def missing(items: Iterable[Item], built: Iterable[str], known: Iterable[str] = ()) -> dict[str, list[str]]:
    """What is needed and not built -> the lessons that need it."""
    found: dict[str, list[str]] = {}
    for one in items:
        for need in one.needs:
            if need not in {*built, *known}:
                found.setdefault(need, []).append(one.number)
    return dict(sorted(found.items()))


def fill(items: Sequence[Item], meetings: Sequence[int]) -> list[list[Block]]:
    """What each meeting holds. items: in the order to teach; meetings: the class hours of each.

    All hours are used. A lesson is not torn apart where exercises before it can fill the meeting up.
    Raises Impossible that says which lessons do not fit and how many hours they need.
    """
    if not items:
        raise Impossible("there is no lesson to plan; choose at least one")
    needed, there = sum(one.hours for one in items), sum(meetings)
    if needed > there:
        raise Impossible(f"{needed} class hours are needed and {there} are there. {_too_late(items, there)} "
                         f"Give {needed - there} more, or choose lessons with --lesson")
    pieces: list[tuple[Item, bool]] = []  # one a class hour
    spare, used, full = there - needed, 0, 0
    share = [_is_full(one) for one in items]
    share = share if any(share) else [True] * len(items)
    ends = [sum(meetings[:k + 1]) for k in range(len(meetings))]
    for place, one in enumerate(items, 1):
        now = next(k for k, end in enumerate(ends) if end > len(pieces))
        room, ahead = ends[now] - len(pieces), (*meetings, 0)[now + 1]
        if pieces and room < one.hours <= ahead and room <= spare - used:
            pieces += [(items[place - 2], True)] * room
            used += room
        pieces += [(one, False)] * one.hours
        full += share[place - 1]
        due = full * spare // sum(share) - used if share[place - 1] else 0
        if due > 0:
            pieces += [(one, True)] * due
            used += due
    return _blocks(pieces, meetings)


def _too_late(items: Sequence[Item], there: int) -> str:
    """One sentence: which lessons lie behind the last hour."""
    end, late = 0, []
    for one in items:
        end += one.hours
        if end > there:
            late.append(f"{one.number} ({one.hours} h)")
    verb = "does" if len(late) == 1 else "do"
    return f"In course order {', '.join(late)} {verb} not fit."


def _blocks(pieces: list[tuple[Item, bool]], meetings: Sequence[int]) -> list[list[Block]]:
    """Cut the hours into meetings, and join equal neighbours of one meeting."""
    plan, begin = [], 0
    for hours in meetings:
        counted: dict[tuple[Item, bool], int] = {}
        for piece in pieces[begin:begin + hours]:
            counted[piece] = counted.get(piece, 0) + 1
        plan.append(counted)
        begin += hours
    total: dict[Item, int] = {}
    for counted in plan:
        for one, exercises in counted:
            total[one] = total.get(one, 0) + (not exercises)
    seen: dict[Item, int] = {}
    blocks = []
    for counted in plan:
        row = []
        for (one, exercises), hours in counted.items():
            if exercises:
                row.append(Block(one, hours, True))
            else:
                seen[one] = seen.get(one, 0) + 1
                row.append(Block(one, hours, False, seen[one], total[one]))
        blocks.append(row)
    return blocks
