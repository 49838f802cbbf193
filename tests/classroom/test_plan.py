"""A schedule: laws for any course, the course's own lessons, and a clear answer to what cannot be."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.classroom.lessons import lessons
from course_lib.classroom.plan.hours import Impossible, Item, fill, in_order, item, missing

LESSONS = lessons()


def toy(number, hours=1, minutes=45, needs=()):
    return Item(number, f"{number} · Toy", hours, minutes * hours, 0, tuple(needs))


def by_number(items):
    return {one.number: one for one in items}


@st.composite
def courses(draw):
    """Lessons that need earlier or later ones, never in a circle."""
    size = draw(st.integers(1, 8))
    numbers = [f"{n:02d}" for n in draw(st.permutations(range(size)))]
    return [
        toy(number, draw(st.integers(1, 2)), draw(st.sampled_from([10, 45])),
            draw(st.sets(st.sampled_from(numbers[:place]))) if place else ())
        for place, number in enumerate(numbers)
    ]


@settings(max_examples=200, deadline=None)
@given(courses(), st.lists(st.integers(1, 4), min_size=1, max_size=20))
def test_any_schedule_uses_each_hour_gives_each_lesson_its_own_and_honours_needs(course, meetings):
    items = in_order(course, by_number(course))
    place = {one.number: at for at, one in enumerate(items)}
    assert all(place[need] < place[one.number] for one in items for need in one.needs)
    needed = sum(one.hours for one in course)
    if needed > sum(meetings):
        with pytest.raises(Impossible, match=f"^{needed} class hours are needed and {sum(meetings)} are"):
            fill(items, meetings)
        return
    plan = fill(items, meetings)
    assert [sum(block.hours for block in row) for row in plan] == meetings
    blocks = [block for row in plan for block in row]
    taught = [block for block in blocks if not block.exercises]
    assert list(dict.fromkeys(block.item for block in taught)) == items
    for one in items:
        own = [block for block in taught if block.item == one]
        assert sum(block.hours for block in own) == one.hours
        assert [(block.part, block.parts) for block in own] == [(k, len(own)) for k in range(1, len(own) + 1)]
    for block, before in zip(blocks[1:], blocks, strict=False):
        assert not block.exercises or before.item == block.item  # exercises follow the lesson they are on
    assert plan == fill(items, meetings)


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 8), st.integers(0, 30))
def test_exercise_hours_are_spread_evenly(size, spare):
    items = [toy(f"{n:02d}") for n in range(size)]
    blocks = [block for row in fill(items, [1] * (size + spare)) for block in row if block.exercises]
    hours = [sum(block.hours for block in blocks if block.item == one) for one in items]
    assert sum(hours) == spare and max(hours) - min(hours) <= 1


def test_a_lesson_that_leaves_most_of_its_hour_free_gets_no_exercise_hours():
    short, whole = toy("00", minutes=10), toy("01")
    assert [[(b.item.number, b.exercises, b.hours) for b in row] for row in fill([short, whole], [2, 2])] == [
        [("00", False, 1), ("01", False, 1)], [("01", True, 2)]]
    assert sum(b.hours for row in fill([short], [3]) for b in row if b.exercises) == 2


def test_exercises_fill_a_meeting_up_before_a_lesson_of_two_hours_is_torn_apart():
    one, two = toy("01"), toy("02", hours=2)
    assert [[(b.item.number, b.exercises) for b in row] for row in fill([one, two], [2, 2])] == [
        [("01", False), ("01", True)], [("02", False)]]
    torn = fill([one, two], [2, 1])
    assert [(b.part, b.parts) for row in torn for b in row if b.item == two] == [(1, 2), (2, 2)]


def test_what_does_not_fit_is_named_with_the_hours_that_it_takes():
    with pytest.raises(Impossible, match=r"02 \(2 h\), 03 \(1 h\) do not fit\. Give 2 more"):
        fill([toy("01"), toy("02", hours=2), toy("03")], [1, 1])
    with pytest.raises(Impossible, match="no lesson"):
        fill([], [3])


def test_a_chosen_lesson_whose_need_is_left_out_is_refused_with_all_that_would_do():
    course = [toy("01"), toy("02", needs=["01"]), toy("03", needs=["02"]), toy("04", needs=["99"])]
    built = by_number(course)
    with pytest.raises(Impossible, match=r"03 needs 02\. Choose 01, 02 as well or, .* say --known 02$"):
        in_order([course[2]], built)
    assert in_order([course[2]], built, {"02"}) == [course[2]]
    assert in_order([course[3]], built) == [course[3]]
    assert missing(course, built) == {"99": ["04"]} and missing(course, built, {"99"}) == {}


def test_needs_in_a_circle_are_an_error_that_names_the_lessons():
    course = [toy("01", needs=["02"]), toy("02", needs=["01"]), toy("03")]
    with pytest.raises(Impossible, match="01, 02 need each other in a circle"):
        in_order(course, by_number(course))


@pytest.mark.skipif(not LESSONS, reason="no lesson is built yet")
def test_the_lessons_are_read_as_their_title_cells_and_minutes_tags_say():
    items = {lesson.number: item(lesson) for lesson in LESSONS}
    for number, one in items.items():
        assert 0 < one.minutes <= 45 * one.hours and one.hours == (2 if number in ("10", "12", "14") else 1)
    assert items["00"].needs == () and items["12"].needs == ("03", "10") and items["14"].needs == ("12", "13")
    assert items["03"].minutes == items["03"].more == 45
    order = [one.number for one in in_order(items.values(), items)]
    assert order == sorted(items)
