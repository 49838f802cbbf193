"""Do two workers finish all lessons sooner, with the same ledger? `make bench`, or this file (15 minutes).

Runs the lessons at quick, one after the other and then on two workers, one thread a lesson in both; prints
each run's seconds and their ratio, and what differs between the ledgers. Exits with 1 if the ratio is above
LIMIT or a row differs in more than its seconds, its date and what was measured with a clock. Words given
are lessons; none: all.
"""

import json
import os
import sys
import tempfile
import time
from pathlib import Path

from course_lib.classroom.lessons import choose
from course_lib.classroom.running.run import run_lessons

LIMIT = 0.65
TIMING = "Time of"  # so begins what a lesson measured with a clock: another number in each run
VOLATILE = ("seconds", "date", "commit")


def measured(lessons, out: Path, **options) -> tuple[float, list[dict]]:
    """(seconds of a whole run, its rows without what changes from run to run)."""
    began = time.monotonic()
    status = run_lessons(lessons, "quick", 0, out, **options)
    took = time.monotonic() - began
    assert status == 0, "a lesson did not finish, or a verdict flipped"
    rows = json.loads((out / "ledger.json").read_text("utf-8"))["rows"]
    return took, [plain(row) for row in rows]


def plain(row: dict) -> dict:
    """A row without what is another in each run."""
    clock = ("evidence", "shown") if row["sentence"].startswith(TIMING) else ()
    return {name: value for name, value in row.items() if name not in (*VOLATILE, *clock)}


def main(names: list[str]) -> int:
    if (os.cpu_count() or 1) < 2:
        print("one core: nothing to measure")
        return 0
    lessons = choose(names)
    with tempfile.TemporaryDirectory() as folder:
        one, alone = measured(lessons, Path(folder) / "one")
        two, together = measured(lessons, Path(folder) / "two", workers=2)
    differing = [(a, b) for a, b in zip(alone, together, strict=True) if a != b]
    for a, b in differing:
        print(f"differs: {a}\n     and {b}")
    print(f"{len(lessons)} lessons, {len(alone)} rows: alone {one:.0f} s, two workers {two:.0f} s, "
          f"ratio {two / one:.2f} (limit {LIMIT})")
    return int(two / one > LIMIT or bool(differing))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
