"""data/syllabus.toml: the contract's rows, complete."""

import re
import tomllib
from collections import Counter

from course_lib.data import manifest

ROWS = tomllib.loads((manifest.data_folder() / "syllabus.toml").read_text("utf-8"))["row"]


def test_the_contract_has_all_its_rows():
    assert len(ROWS) == 149 == len({row["id"] for row in ROWS})
    assert Counter(row["priority"] for row in ROWS) == {"core": 49, "strong": 42, "paper": 58}
    assert Counter(row["id"][:2] for row in ROWS) == {"S0": 10, "S1": 55, "S2": 8, "S3": 49, "S4": 27}


def test_rows_are_numbered_without_gaps():
    for source, count in Counter(row["id"][:2] for row in ROWS).items():
        assert {row["id"] for row in ROWS} >= {f"{source}-{k:02}" for k in range(1, count + 1)}


def test_each_lesson_has_its_rows():
    per_lesson = Counter(row["lesson"] for row in ROWS)
    counts = [6, 6, 6, 5, 4, 5, 8, 6, 5, 9, 6, 6, 4, 13, 5, 6, 9, 9, 6, 6, 13, 6]
    assert per_lesson == {f"{number:02}": count for number, count in enumerate(counts, 1)}
    assert [row["id"] for row in ROWS if row["lesson"] == "03"] == [f"S4-{k}" for k in range(18, 24)]


def test_each_row_says_what_it_is():
    for row in ROWS:
        assert re.fullmatch(r"S[0-4]-\d\d", row["id"])
        assert row["title"].strip() and row["source_figure"].strip(), row["id"]
        assert set(row["flags"]) <= {"reconstruction", "from the paper", "approx", "own choice"}, row["id"]
        assert r"\|" not in row["title"] + row["source_figure"]
        assert set(row) - {"note"} == {"id", "lesson", "title", "source_figure", "priority", "flags"}
    assert sum("reconstruction" in row["flags"] for row in ROWS) == 17


def test_the_second_reading_stands_beside_its_rows():
    notes = {row["id"]: row["note"] for row in ROWS if "note" in row}
    assert "same N updates" in notes["S4-20"] and "same N updates" in notes["S4-22"]
    assert "relu(x)" in notes["S4-21"]
    named = "S1-12 S1-15 S1-16 S1-24 S1-26 S1-29 S1-32 S1-34 S1-54 S3-30"
    assert set(named.split()) <= set(notes)
