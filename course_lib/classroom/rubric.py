"""A lesson's rubric: checks 50 %, written "why" answers 25 %, the critique of one claim 25 %.

    rubric(find("3"))       HTML parts
    page(find("3"))         the whole page, for `course rubric 3` and `course pack 3`
    mark(2, 3, 3, 4, 5)     a mark out of 100

Nothing is written twice: questions and model answers are the exercises', points the check cells', claims and
their numbers the ledger's, samples those of the lesson (pack/rubric_texts.py).
"""

import html
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from course_lib.classroom.claims import MEASURED, NOT_JUDGED
from course_lib.classroom.files import write
from course_lib.classroom.ledger import read, recorded_path
from course_lib.classroom.lessons import Lesson, tags
from course_lib.classroom.pack.rubric_texts import Sample, samples
from course_lib.classroom.report import cells, document, table
from course_lib.exercises import Exercise, exercise_list

CHECKS, WHYS, CRITIQUE = 50, 25, 25  # percent
FULL = 2  # marks of one "why" answer and of one criterion
ANCHORS = (
    (2, "Names the cause, in the learner's own words, and ties it to the case asked about. Nothing in it is "
        "wrong; it may be shorter than the model answer."),
    (1, "Names the cause, but ties it to nothing; or half of it is missing, or one thing in it is wrong."),
    (0, "Says the question or the result again, names another cause or none; or is a text that the learner "
        "cannot explain when asked."),
)
CRITERIA = (
    ("What was measured",
     "What, on which nets and data, over how many seeds, against what it was compared.",
     "What was compared, without size or seeds.", "The claim's sentence, said again."),
    ("What would overturn it",
     "One measurement that could have come out otherwise here, and the result that would refute the claim.",
     "A measurement, without the result that would refute it.", "None, or one that could refute nothing."),
    ("How far it goes",
     "One thing that the claim does not say, with the reason (scale, data, training, the source's figure).",
     "A limit without a reason.", "Takes the claim for a law, or doubts it without a reason."),
)
STATEMENTS = (
    "A passed check is evidence of code, not of understanding: a right line can be found by trying, or be "
    "somebody else's. The written half of the mark is there for that.",
    "Help from an AI: allowed unless you say otherwise before the work begins. A learner says for what it "
    "was used, runs what it proposed, and can explain each line and sentence that is handed in. Where that "
    "fails in a short talk, the answer counts as not given.",
    "Sharing: talking about ideas and hints is welcome; handing on a solution cell or a written answer is "
    "not. Equal code is to be expected of a one-line exercise and proves nothing; equal sentences call for a "
    "talk.",
)


PAPER = """
@page { size: A4; margin: 12mm }
h2, h3, caption { break-after: avoid }
.claims th:nth-child(2) { width: 36% }
"""


@dataclass(frozen=True)
class Checked:
    """One exercise with the points of its check cell; core: it is done in class."""

    exercise: Exercise
    points: int
    core: bool


def mark(points: float, of: float, whys: float, asked: int, critique: float) -> float:
    """The mark out of 100. points: of passed checks, `of` being those of all that were set; whys: the marks
    of `asked` written answers, 0 to 2 each; critique: the marks of the three criteria, 0 to 6.

    Raises ValueError for a number out of its range.
    """
    ranges = (("points", points, of), ("whys", whys, FULL * asked),
              ("critique", critique, FULL * len(CRITERIA)))
    for name, value, most in ranges:
        if most <= 0 or not 0 <= value <= most:
            raise ValueError(f"{name} must be from 0 to {most}, and something must be set; got {value}")
    (_, _, top), (_, _, most), (_, _, best) = ranges
    return CHECKS * points / top + WHYS * whys / most + CRITIQUE * critique / best


def checked(lesson: Lesson) -> list[Checked]:
    """The exercises with what their check cells give, in course order. Raises ValueError if one has none."""
    found = {}
    for cell in lesson.notebook.cells:
        graded = cell.metadata.get("nbgrader", {})
        if "check" in tags(cell):
            name = graded.get("grade_id", "").removesuffix("-check")
            found[name] = (graded.get("points", 0), "core" in tags(cell))
    lacking = [exercise.id for exercise in exercise_list(lesson.number) if exercise.id not in found]
    if lacking:
        raise ValueError(f"{lesson.path.name} has no check cell for {', '.join(lacking)}")
    return [Checked(exercise, *found[exercise.id]) for exercise in exercise_list(lesson.number)]


def claims(lesson: Lesson, recorded: Path | None = None) -> list[dict]:
    """The judged claims of the lesson in the ledger at quick, as they are stored in it."""
    return [row for row in read(recorded or recorded_path())
            if row["lesson"] == lesson.slug and row["scale"] == "quick"
            and row["verdict"] not in (MEASURED, NOT_JUDGED)]


def rubric(lesson: Lesson, recorded: Path | None = None) -> list[str]:
    """The rubric as HTML parts. Raises ValueError that names the cell if a sample is not as it must be."""
    texts, wrong = samples(lesson.notebook, lesson.number)
    if wrong:
        raise ValueError(f"{lesson.path.name}: {wrong[0]}")
    work = checked(lesson)
    parts = [_shares(work), _checks(work), _anchors()]
    parts += [_why(one, texts.get(one.exercise.id)) for one in work]
    parts += [_criteria(), _claims(claims(lesson, recorded))]
    listed = "".join(f"<li>{html.escape(text)}</li>" for text in STATEMENTS)
    return [*parts, f"<h2>What to tell the class</h2>\n<ul>{listed}</ul>\n"]


def page(lesson: Lesson) -> str:
    """The rubric as a whole page, fit for A4. Raises ValueError as `rubric`."""
    return document(f"Marks for {lesson.title}", *rubric(lesson), style=PAPER)


def without_samples(lesson: Lesson) -> list[str]:
    """The exercises whose "why" has no samples in the lesson yet."""
    found = samples(lesson.notebook, lesson.number)[0]
    return [exercise.id for exercise in exercise_list(lesson.number) if exercise.id not in found]


def write_rubrics(lessons: Iterable[Lesson], out: Path, echo: Callable[[str], None] = print) -> None:
    """One page a lesson into `out`: NN_slug-rubric.html."""
    for lesson in lessons:
        if not exercise_list(lesson.number):
            echo(f"{lesson.slug}: no exercises, so no rubric")
            continue
        write(out / f"{lesson.slug}-rubric.html", page(lesson))
        lacking = without_samples(lesson)
        echo(f"{out / (lesson.slug + '-rubric.html')}"
             + (f" (no samples for the why of {', '.join(lacking)} yet)" if lacking else ""))


def _shares(work: list[Checked]) -> str:
    rows = []
    for name, part in (("Class only", [one for one in work if one.core]), ("All exercises", work)):
        if part:
            points, whys = sum(one.points for one in part), FULL * len(part)
            rows.append(cells(name, ", ".join(one.exercise.id for one in part),
                              f"{CHECKS} x points / {points}",
                              f"{WHYS} x marks / {whys}", f"{CRITIQUE} x marks / {FULL * len(CRITERIA)}"))
    heads = ("You set", "Exercises", f"Checks, {CHECKS} %", f'"Why" answers, {WHYS} %',
             f"Critique of one claim, {CRITIQUE} %")
    return table("The mark out of 100 is the sum of three", heads, rows)


def _checks(work: list[Checked]) -> str:
    rows = (cells(one.exercise.id, one.exercise.title, "class" if one.core else "second part", one.points)
            for one in work)
    heads = ("No.", "Exercise", "Where", "Points")
    return table("Checks: the command 'course check' says which answers passed", heads, rows)


def _anchors() -> str:
    return ('<h2>The "why" answers</h2>\n<p>The lesson asks each question below its exercise, with a '
            "cell for the answer: one or two sentences, before the check shows ours.</p>\n"
            + table("Marks of each answer", ("Mark", "What it takes"),
                    (cells(*anchor) for anchor in ANCHORS)))


def _why(one: Checked, texts: list[Sample] | None) -> str:
    e = one.exercise
    told = f"<h3>{e.id} · {html.escape(e.title)}</h3>\n<p><b>{html.escape(e.question)}</b></p>\n"
    told += f"<p>Model answer: {html.escape(e.why)}</p>\n"
    if not texts:
        return told + "<p>No samples are written for this one yet: use the marks above.</p>\n"
    rows = (cells(sample.mark, sample.text, sample.because) for sample in texts)
    return told + table("Samples", ("Mark", "An answer", "Because"), rows)


def _criteria() -> str:
    rows = (cells(*criterion) for criterion in CRITERIA)
    return ("<h2>The critique of one claim</h2>\n<p>The learner picks one claim of the lesson and writes "
            "three short paragraphs.</p>\n"
            + table("Marks of each paragraph", ("Paragraph", "2", "1", "0"), rows))


def _claims(rows: list[dict]) -> str:
    if not rows:
        return "<p>The ledger holds no claim of this lesson yet.</p>\n"
    lines = (cells(row["row"], row["sentence"], row["verdict"],
                   "; ".join(f"{name}: {value}" for name, value in row.get("shown", {}).items()),
                   row.get("source", "")) for row in rows)
    return table("The claims, as the ledger has them (scale quick)",
                 ("Row", "Claim", "Verdict", "Evidence", "The source's figure"), lines, look="claims")
