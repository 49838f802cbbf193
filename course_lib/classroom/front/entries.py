"""What the front page tells: each lesson, each row of the syllabus, and what the ledger holds of it.

Nothing is computed here but counts: figures are the texts that the ledger holds (`shown`). The one exception
is a claim recorded with several base seeds: its intervals are those of `ledger.across`.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from course_lib.classroom import ledger
from course_lib.classroom.anatomy import rows_named
from course_lib.classroom.claims import MEASURED, NOT_JUDGED, syllabus
from course_lib.classroom.ledger import LedgerError
from course_lib.classroom.ledger_page import shown
from course_lib.classroom.lessons import Lesson, lessons
from course_lib.runtime import SCALES
from course_lib.widgets.course_map import STOPS

BUILT, UNMEASURED, ORPHAN, NOT_YET = "built", "nothing recorded yet", "its lesson is missing", "not yet"
MIXED = "seeds disagree"
_KEY = ("row", "sentence", "scale", "device", "seed")
_UNIT = re.compile(r"(.+), seed (\d+)")  # one of many alike: "2 layers, seed 3"


@dataclass(frozen=True)
class Entry:
    """One line of the page: a claim or a measurement at one scale on one device.

    rows: its ledger rows, one a base seed. units: instead, one ledger row for each of many alike (the seeds
    inside a long study), all of one base seed.
    """

    name: str
    rows: tuple[dict, ...]
    units: tuple[str, ...] = ()

    @property
    def verdicts(self) -> Counter:
        return Counter(row["verdict"] for row in self.rows)

    @property
    def outcome(self) -> str:
        """The verdict, or `MIXED` where seeds do not agree."""
        return next(iter(self.verdicts)) if len(self.verdicts) == 1 else MIXED

    @property
    def is_claim(self) -> bool:
        return self.outcome != MEASURED

    @property
    def figures(self) -> dict[str, str]:
        """What was measured, name -> text: as the ledger shows it, units side by side, seeds together."""
        if self.units:
            told = [shown(row) for row in self.rows]
            names = dict.fromkeys(name for one in told for name in one)
            return {name: ", ".join(one.get(name, "–") for one in told) for name in names}
        if len(self.rows) == 1:
            return shown(self.rows[0])
        return next((shown(line) for line in ledger.across(self.rows)), {})


@dataclass(frozen=True)
class RowEntry:
    """One row of the syllabus (`about`), its state, and the lines about it: claims first."""

    about: dict
    state: str
    entries: tuple[Entry, ...]

    @property
    def is_built(self) -> bool:
        return self.state == BUILT


@dataclass(frozen=True)
class LessonEntry:
    """One lesson of the course, built or not, with its rows. lesson: its file, None if there is none."""

    number: str
    title: str
    lesson: Lesson | None
    rows: tuple[RowEntry, ...]

    @cached_property
    def entries(self) -> list[Entry]:
        return [entry for row in self.rows for entry in row.entries]

    @property
    def built(self) -> int:
        return sum(row.is_built for row in self.rows)


def course(recorded: Path | None = None, folder: Path | None = None) -> list[LessonEntry]:
    """Every lesson of the course in order, with its rows and what is recorded of them.

    recorded: the ledger, by default data/ledger.jsonl. folder: the lessons, by default notebooks/.
    Raises LedgerError, naming line and cure, for a ledger that does not fit the syllabus.
    """
    recorded = recorded or ledger.recorded_path()
    files = lessons(folder)
    by_row = _by_row(recorded)
    slugs = {lesson.slug for lesson in files}
    named = {row for lesson in files for row in rows_named(lesson.notebook.cells[0].source)}
    places = _places(files)
    rows = defaultdict(list)
    for row_id, about in syllabus().items():
        found = by_row.get(row_id, [])
        if found:
            state = BUILT if slugs & {row["lesson"] for row in found} else ORPHAN
        else:
            state = UNMEASURED if row_id in named else NOT_YET
        rows[about["lesson"]].append(RowEntry(about, state, _entries(found, places)))
    titles = {stop.number: f"{stop.number} · {stop.title}" for stop in STOPS}
    made = {lesson.number: lesson for lesson in files}
    return [
        LessonEntry(number, made[number].title if number in made else titles.get(number, number),
                    made.get(number), tuple(rows.get(number, ())))
        for number in sorted({*titles, *made, *rows})
    ]


def tally(entries: Iterable[Entry]) -> Counter:
    """How many lines have which outcome; a measurement counts once for each of its ledger rows."""
    count = Counter()
    for entry in entries:
        count[entry.outcome] += 1 if entry.is_claim else len(entry.rows)
    return count


def judged(entries: Iterable[Entry]) -> int:
    """How many claims these are: a sentence that was judged at two scales is one, with two verdicts."""
    return len({(entry.rows[0]["row"], entry.name) for entry in entries if entry.is_claim})


def _by_row(recorded: Path) -> dict[str, list[dict]]:
    """The judged ledger rows by syllabus id. Raises LedgerError for what the page could not tell truly."""
    found, first = defaultdict(list), {}
    for number, row in _numbered(recorded):
        line, key = f"{recorded}, line {number}", tuple(str(row[name]) for name in _KEY)
        if row["row"] not in syllabus():
            raise LedgerError(f"{line} is about row {row['row']!r}, which is not in data/syllabus.toml; "
                              "mend its id or delete that line")
        if first.setdefault(key, number) != number:
            raise LedgerError(f"{line} tells the claim of line {first[key]} again (same {', '.join(_KEY)}); "
                              "delete the one that is wrong")
        if not all(isinstance(row.get(name, {}), dict) for name in ("shown", "evidence")):
            raise LedgerError(f"{line}: shown and evidence must be name -> value; mend or delete that line")
        if row["verdict"] != NOT_JUDGED:
            found[row["row"]].append(row)
    return found


def _numbered(recorded: Path) -> list[tuple[int, dict]]:
    """The ledger's rows, each with the number of its line."""
    rows = ledger.read(recorded)
    lines = recorded.read_text("utf-8").splitlines() if rows else []
    return list(zip((n for n, line in enumerate(lines, 1) if line.strip()), rows, strict=True))


def _places(files: list[Lesson]) -> dict[tuple, int]:
    """Where each claim stands in its lesson: (row, sentence) -> a number that grows."""
    claims = [record for lesson in files for record in ledger.claims_in(lesson.notebook)]
    return {(record["row"], record["sentence"]): place for place, record in enumerate(claims)}


def _entries(rows: list[dict], places: dict[tuple, int]) -> tuple[Entry, ...]:
    """Ledger rows of one syllabus row as lines of the page, claims first, each in the lesson's order."""
    groups = defaultdict(list)
    for row in rows:
        unit = _UNIT.fullmatch(row["sentence"]) if row["verdict"] == MEASURED else None
        name, base = (unit[1], row["seed"]) if unit else (row["sentence"], None)
        key = (name, row["scale"], row["device"], row["lesson"], base)
        groups[key].append((int(unit[2]) if unit else row["seed"], row))
    found = []
    for (name, scale, *others, base), numbered in groups.items():
        numbered = sorted(numbered, key=lambda pair: pair[0])
        group = tuple(row for _, row in numbered)
        units = tuple(str(number) for number, _ in numbered) if base is not None else ()
        entry = Entry(name, group, units)
        place = places.get((group[0]["row"], name), len(places))
        found.append(((not entry.is_claim, place, name, _rank(scale), *others, str(base)), entry))
    return tuple(entry for _, entry in sorted(found, key=lambda pair: pair[0]))


def _rank(scale: str) -> int:
    return SCALES.index(scale) if scale in SCALES else len(SCALES)
