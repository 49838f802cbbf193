"""The teacher's texts of a lesson: how they are written (reading.py reads them).

Each is a markdown cell of the lesson with the tags `teacher`, `minutes:0` and one of those below, and the
slide type `skip`. It stands behind the cell that it belongs to: the guide puts it into that section. No copy
for learners and no deck holds it. A lesson with such texts has four questions, six quiz items and one cell
of each other kind. One of less than 30 minutes in class has one question, and neither `pack:short`, as it is
that short itself, nor `pack:late`, as little would be left. Measured numbers are named, never typed:
`{{S4-20: loss, deep - shallow}}`, see numbers.py. Minutes of the plan come from the lesson's own tags
`minutes:N`.

pack:question, a question that the class answers by hands, talks over, and answers again:

    **Question.** What is asked?

    - [ ] A wrong answer.
      *Belief:* what someone believes who picks it (behind each wrong answer).
    - [x] The right one.

    **Wrong, a guess.** 60 %

    **Why.** What to say in the end.

    **If 30-70 % are right.** What to ask or show then.

pack:quiz, an item of the quiz (no formula between dollars, as learning platforms do not draw them alike;
the right answers of a quiz do not all stand at the same place):

    **Quiz.** What is asked?

    - [ ] A wrong answer.
      *Belief:* may be left out here.
    - [x] The right one.

    **Why.** For the key.

pack:misconception, all of them in one cell:

    **Misconceptions.**

    - "What is believed."
      *Reply:* What to say.

pack:board, what is on the board at the end, from left to right:

    **Board.**

    - Left: the law $y = x + F(x)$.

pack:demo, the demonstrations in order, each with the id of the cell that shows it:

    **Demos.**

    1. `grow`: what to move, what to ask before.

pack:short, the lesson without laptops; the minutes are 30 in all:

    **30 minutes without laptops.**

    - 5 min: what is done.

pack:late, the cells to skip, by id; they save ten minutes or more of the core ones:

    **10 minutes late.**

    - `ex-03-2`: why it can be skipped.

pack:handout; a formula is one that the named cell writes between double dollars, and the picture is one that
the named cell stored. The three sentences come from the cell "Three sentences to take away"; only a lesson
without one writes them here, as `**Take away.**` with three items:

    **Handout.** The main idea, in two or three sentences.

    **Formulas.** `idea-2`, `idea-3`

    **Picture.** `curves`

    **Tasks.**

    1. The first, with room to write below it.
    2. The second.
"""

from dataclasses import dataclass, field

from course_lib.classroom.pack.cells import Item

COUNTS = {  # cells of each kind in a lesson, see also `wanted`
    "question": 4, "quiz": 6, "misconception": 1, "board": 1, "demo": 1, "short": 1, "late": 1, "handout": 1,
}
TAGS = {f"pack:{kind}" for kind in COUNTS}
WHY = "pack:why"  # samples for marking, read by rubric_texts.py
ALL_TAGS = {*TAGS, WHY}
FIELDS = {  # the labels of each kind, the first one first
    "question": ("Question", "Wrong, a guess", "Why", "If 30-70 % are right"), "quiz": ("Quiz", "Why"),
    "misconception": ("Misconceptions",), "board": ("Board",), "demo": ("Demos",),
    "short": ("30 minutes without laptops",), "late": ("10 minutes late",),
    "handout": ("Handout", "Formulas", "Picture", "Tasks"),
}
LISTED = {"handout": "Tasks"}  # where the list stands, else under the first label
PARTS = {"question": "Belief", "quiz": "Belief", "misconception": "Reply"}  # of an item
SHORT, LATE = 30, 10  # minutes
TAKE_AWAY = "Three sentences to take away"


def wanted(minutes: int) -> dict[str, int]:
    """Cells of each kind in a lesson of so many core minutes."""
    return COUNTS if minutes >= SHORT else {**COUNTS, "question": 1, "short": 0, "late": 0}


@dataclass
class Question:
    """A question with its answers; wrong: the share expected to be wrong, in percent (None in a quiz)."""

    place: int  # of its cell in the lesson
    ask: str
    options: list[Item]
    why: str
    wrong: int | None = None
    follow_up: str = ""


@dataclass
class Step:
    """A line about a cell (name) or a stretch of time (minutes)."""

    text: str
    name: str = ""
    minutes: int = 0


@dataclass
class Handout:
    idea: str
    formulas: list[str]  # ids of cells
    picture: str
    tasks: list[str]


@dataclass
class Texts:
    """All texts that a lesson has for its teacher; what it lacks is empty. minutes: of its core cells."""

    minutes: int
    questions: list[Question] = field(default_factory=list)
    quiz: list[Question] = field(default_factory=list)
    misconceptions: list[Item] = field(default_factory=list)
    board: list[str] = field(default_factory=list)
    demos: list[Step] = field(default_factory=list)
    short: list[Step] = field(default_factory=list)
    late: list[Step] = field(default_factory=list)
    handout: Handout | None = None
    take_away: list[str] = field(default_factory=list)
    found: dict[str, int] = field(default_factory=dict)  # cells of each kind

    def missing(self) -> list[str]:
        """What the lesson lacks, in words."""
        lacking = [f"{count - self.found.get(kind, 0)} of {count} cells with the tag pack:{kind}"
                   for kind, count in wanted(self.minutes).items() if self.found.get(kind, 0) < count]
        return lacking + ([] if self.take_away else [f"a cell {TAKE_AWAY!r}"])
