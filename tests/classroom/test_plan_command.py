"""`course plan`: days and weeks, the calendar file, and wishes that contradict themselves."""

from datetime import date, datetime, timedelta

import pytest
from icalendar import Calendar
from typer.testing import CliRunner

from course_lib.classroom import cli
from course_lib.classroom.lessons import lessons
from course_lib.classroom.plan.days import days_off, meetings, time_of, weekdays
from course_lib.classroom.plan.hours import item

NEVER = ("2026-01-01..2035-12-31", "2036-01-01..2040-01-01")
LESSONS = [item(lesson) for lesson in lessons()]
NEEDED = sum(lesson.hours for lesson in LESSONS)


def plan(*words):
    done = CliRunner().invoke(cli.app, ["plan", *map(str, words)], prog_name="course")
    assert done.exception is None or isinstance(done.exception, SystemExit), done.exception
    return done.exit_code, done.stdout, done.stderr


def test_meetings_keep_their_weekdays_leave_days_off_out_and_count_calendar_weeks():
    off = days_off(["2026-12-21..2027-01-03"])
    found = meetings([2] * 4, weekdays("thu, Monday"), date(2026, 12, 16), off)
    assert [(m.day.isoformat(), m.week) for m in found] == [
        ("2026-12-17", 1), ("2027-01-04", 4), ("2027-01-07", 4), ("2027-01-11", 5)]
    undated = meetings([1] * 3, (0, 3))
    assert [(m.week, m.weekday, m.day) for m in undated] == [(1, 0, None), (1, 3, None), (2, 0, None)]


@pytest.mark.parametrize("call, words", [
    (lambda: weekdays("mon,someday"), "'someday' is no day"), (lambda: weekdays(" "), "names no day"),
    (lambda: days_off(["2026-13-01"]), "--skip: '2026-13-01' is no date"),
    (lambda: days_off(["2026-12-02..2026-12-01"]), "ends before it begins"),
    (lambda: time_of("25:00"), "no time of day"),
    (lambda: meetings([1], (0,), date(2026, 1, 1), days_off(NEVER)), "leaves no day"),
])
def test_a_wrong_day_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()


def test_the_text_names_every_lesson_what_is_not_built_and_what_must_be_known():
    status, out, _ = plan("--weeks", 14)
    assert status == 0 and out == plan("--weeks", 14)[1]
    assert "28 class hours of 45 minutes, in 14 meetings." in out
    assert "week 14" in out and "week 15" not in out and "14 · Defences" in out
    assert "need 02 (Convolutional networks counted), which is not built yet" in out
    assert "not built yet: 01 From problem to project" in out


@pytest.mark.parametrize("words, told", [
    (["--days", 1], f"{NEEDED} class hours are needed and 6 are there. In course order"),
    (["--days", 1], "14 (2 h)"), (["--days", 1], f"Give {NEEDED - 6} more"),
    (["--weeks", 3, "--lesson", 14], "14 needs 12, 13. Choose 03, 10, 12, 13 as well"),
    (["--weeks", 3, "--days", 3], "in one way"), ([], "in one way"), (["--hours", 0], "--hours must be"),
    (["--weeks", 3, "--meeting", 13], "--meeting must be"),
    (["--weeks", 3, "--lesson", 99], "no lesson '99'"), (["--weeks", 9, "--start", "soon"], "is no date"),
    (["--weeks", 9, "--out", "x.ics"], "--start 2027-03-01"),
    (["--weeks", 9, "--skip", "2027-01-01"], "--start"),
])
def test_an_impossible_wish_gets_an_answer_that_says_what_would_do(words, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, out, error = plan(*words)
    assert status == 2 and out == "" and told in error and not list(tmp_path.iterdir())


def test_the_calendar_file_is_what_rfc_5545_asks_for_and_says_what_the_text_says(tmp_path):
    file = tmp_path / "made" / "course.ics"
    wish = ["--days", 5, "--meeting", 3, "--lesson", 12, "--known", 3, "--known", 10,
            "--start", "2026-12-21", "--skip", "2026-12-24..2027-01-03", "--at",
            "8:15", "--pause", 5, "--out", file]
    status, out, error = plan(*wish)
    assert status == 0, error
    raw = file.read_bytes()
    assert raw.count(b"\n") == raw.count(b"\r\n") and all(len(line) <= 75 for line in raw.split(b"\r\n"))
    events = Calendar.from_ical(raw).walk("VEVENT")
    days = [event["dtstart"].dt for event in events]
    assert days == [datetime(2026, 12, day, 8, 15) for day in (21, 22, 23)] + [
        datetime(2027, 1, day, 8, 15) for day in (4, 5)]
    took = {event["dtend"].dt - event["dtstart"].dt for event in events}
    assert took == {timedelta(minutes=3 * 45 + 2 * 5)}
    assert len({event["uid"] for event in events}) == 5
    described = "\n".join(str(event["description"]) for event in events)
    hours = [line.split("  ")[-1] for line in out.splitlines() if " h  " in line]
    assert len(hours) == 6 and all(hour.strip() in described for hour in hours)
    assert plan(*wish)[0] == 0 and file.read_bytes() == raw  # the same plan is the same file


def test_a_file_that_is_no_calendar_of_ours_is_left_alone(tmp_path):
    file = tmp_path / "notes.ics"
    file.write_text("BEGIN:VCALENDAR\r\nPRODID:mine\r\nEND:VCALENDAR\r\n")
    before = file.read_bytes()
    status, _, error = plan("--weeks", 14, "--start", "2027-03-01", "--out", file)
    assert status == 2 and "is there and is no calendar" in error and file.read_bytes() == before
