"""Reads the teacher's texts out of a lesson; texts.py says how they are written."""

import re

import nbformat

from course_lib.classroom.lessons import minutes, tags
from course_lib.classroom.pack.cells import Field, Item, read_cell
from course_lib.classroom.pack.numbers import fill, typed
from course_lib.classroom.pack.texts import (
    ALL_TAGS,
    COUNTS,
    FIELDS,
    LATE,
    LISTED,
    PARTS,
    SHORT,
    TAGS,
    TAKE_AWAY,
    Handout,
    Question,
    Step,
    Texts,
    wanted,
)

_NAMED = re.compile(r"`([\w-]+)`:\s*(.+)", re.DOTALL)
_MINUTES = re.compile(r"(\d+) min:\s*(.+)", re.DOTALL)


def read_texts(notebook: nbformat.NotebookNode) -> tuple[Texts, list[str]]:
    """The teacher's texts of a lesson, and what is wrong with them, each problem naming its cell.

    What is missing altogether is no problem here: see `Texts.missing`.
    """
    texts, wrong = Texts(sum(map(minutes, notebook.cells))), []
    own = [cell.source for cell in notebook.cells if not ALL_TAGS & set(tags(cell))]
    texts.take_away = take_away(notebook)
    for place, cell in enumerate(notebook.cells):
        for kind in [tag.removeprefix("pack:") for tag in tags(cell) if tag in TAGS]:
            texts.found[kind] = texts.found.get(kind, 0) + 1
            try:
                _see_to_it(cell, own)
                fields = read_cell(fill(cell.source, notebook))
                _Reader(notebook, texts, place).read(kind, fields)
            except ValueError as error:
                wrong.append(f"cell {cell.get('id') or place + 1} (pack:{kind}): {error}")
    right = [[option.right for option in item.options].index(True) for item in texts.quiz]
    if len(right) == COUNTS["quiz"] and len(set(right)) == 1:
        wrong.append("the right answers of the quiz all stand at the same place")
    return texts, wrong


def _see_to_it(cell: nbformat.NotebookNode, own: list[str]) -> None:
    """Raises ValueError if a learner or the class could see the cell, or if a measured number is typed."""
    marks = tags(cell)
    if cell.cell_type != "markdown" or "teacher" not in marks or len(TAGS & set(marks)) > 1:
        raise ValueError("must be a markdown cell with the tag teacher and one tag pack:...")
    if cell.metadata.get("slideshow", {}).get("slide_type") != "skip":
        raise ValueError("must have the slide type skip")
    decimals = typed(cell.source, own)
    if decimals:
        raise ValueError(f"the numbers {', '.join(decimals)} are typed and stand nowhere in the lesson; "
                         "name what was measured: {{ROW: evidence}}")


def problems(notebook: nbformat.NotebookNode) -> list[str]:
    """What is wrong or missing in a lesson that has texts for its teacher; nothing if it has none."""
    texts, wrong = read_texts(notebook)
    if not texts.found:
        return []
    many = [f"{texts.found[kind]} cells with the tag pack:{kind}; {count} are wanted"
            for kind, count in wanted(texts.minutes).items() if texts.found.get(kind, 0) > count]
    return wrong + [f"lacks {what}" for what in texts.missing()] + many


def take_away(notebook: nbformat.NotebookNode) -> list[str]:
    """The items of the lesson's cell of three sentences; empty if it has none."""
    for cell in notebook.cells:
        first, _, rest = cell.source.partition("\n")
        if cell.cell_type == "markdown" and TAKE_AWAY in first:
            listed = rest.split("\n\n**")[0]
            return [" ".join(item.split()) for item in re.split(r"^- ", listed, flags=re.MULTILINE)[1:]]
    return []


class _Reader:
    """Puts the fields of one cell into the texts. Raises ValueError that says what is missing."""

    def __init__(self, notebook: nbformat.NotebookNode, texts: Texts, place: int):
        self.cells = {cell.get("id"): cell for cell in notebook.cells}
        self.texts, self.place = texts, place

    def read(self, kind: str, fields: dict[str, Field]) -> None:
        for label in FIELDS[kind]:
            if label not in fields:
                raise ValueError(f"**{label}.** is missing")
            one, listed = fields[label], label == LISTED.get(kind, FIELDS[kind][0])
            if listed != bool(one.items):
                raise ValueError(f"**{label}.** needs a list" if listed else f"**{label}.** holds no list")
            if bool(one.text) != (not listed or label in ("Question", "Quiz")):
                raise ValueError(f"**{label}.** " + ("needs a text" if not one.text else
                                 "has words before its list; begin them with '- ', or indent them"))
            parts = {name for item in one.items for name in item.parts} - {PARTS.get(kind)}
            if parts:
                raise ValueError(f"*{parts.pop()}:* is not known here")
        optional = {"Take away"} if kind == "handout" else set()
        unknown = set(fields) - set(FIELDS[kind]) - optional
        if unknown:
            raise ValueError(f"**{unknown.pop()}.** is not known here; known are {', '.join(FIELDS[kind])}")
        getattr(self, f"_{kind}")(fields)

    def _question(self, fields: dict[str, Field]) -> None:
        share = re.fullmatch(r"(\d{1,2}) ?%", fields["Wrong, a guess"].text)
        if not share:
            raise ValueError("**Wrong, a guess.** must be a share such as 60 %")
        made = self._asked("Question", fields)
        if any("Belief" not in option.parts for option in made.options if not option.right):
            raise ValueError("each wrong answer needs its *Belief:*")
        made.wrong, made.follow_up = int(share[1]), fields["If 30-70 % are right"].text
        self.texts.questions.append(made)

    def _quiz(self, fields: dict[str, Field]) -> None:
        made = self._asked("Quiz", fields)
        if any("$" in text for text in (made.ask, made.why, *(option.text for option in made.options))):
            raise ValueError("no formula between dollars in a quiz; write it in backticks")
        self.texts.quiz.append(made)

    def _asked(self, label: str, fields: dict[str, Field]) -> Question:
        options = fields[label].items
        if not 2 <= len(options) <= 5 or [option.right for option in options].count(True) != 1:
            raise ValueError("two to five answers are needed, one of them right: - [x]")
        if any(option.right is None for option in options):
            raise ValueError("each answer needs a box: - [ ] or - [x]")
        return Question(self.place, fields[label].text, options, fields["Why"].text)

    def _misconception(self, fields: dict[str, Field]) -> None:
        items = fields["Misconceptions"].items
        if any("Reply" not in item.parts for item in items):
            raise ValueError("each misconception needs its *Reply:*")
        self.texts.misconceptions = items

    def _board(self, fields: dict[str, Field]) -> None:
        self.texts.board = [item.text for item in fields["Board"].items]

    def _demo(self, fields: dict[str, Field]) -> None:
        self.texts.demos = [self._about_a_cell(item) for item in fields["Demos"].items]

    def _late(self, fields: dict[str, Field]) -> None:
        steps = [self._about_a_cell(item) for item in fields["10 minutes late"].items]
        for step in steps:
            step.minutes = minutes(self.cells[step.name])
        if sum(step.minutes for step in steps) < LATE:
            told = ", ".join(f"{step.name} {step.minutes}" for step in steps)
            raise ValueError(f"skipping these saves less than {LATE} minutes of the core cells: {told}")
        self.texts.late = steps

    def _short(self, fields: dict[str, Field]) -> None:
        steps = []
        for item in fields["30 minutes without laptops"].items:
            read = _MINUTES.fullmatch(item.text)
            if not read:
                raise ValueError(f"each item begins with its minutes, '5 min: ', not {item.text[:20]!r}")
            steps.append(Step(read[2], minutes=int(read[1])))
        if sum(step.minutes for step in steps) != SHORT:
            raise ValueError(f"the minutes are {sum(step.minutes for step in steps)} in all, not {SHORT}")
        self.texts.short = steps

    def _handout(self, fields: dict[str, Field]) -> None:
        formulas = re.findall(r"`([\w-]+)`", fields["Formulas"].text)
        picture = re.findall(r"`([\w-]+)`", fields["Picture"].text)
        if not formulas or not all("$$" in self._cell(name).source for name in formulas):
            raise ValueError("**Formulas.** names cells with a formula between double dollars, in backticks")
        if len(picture) != 1 or not pictures_of(self._cell(picture[0])):
            raise ValueError("**Picture.** names one cell that stored a picture, in backticks")
        tasks = [item.text for item in fields["Tasks"].items]
        if len(tasks) != 2:
            raise ValueError(f"**Tasks.** needs two items, not {len(tasks)}")
        if "Take away" in fields:
            if self.texts.take_away:
                raise ValueError(f"the lesson has a cell {TAKE_AWAY!r}; leave **Take away.** out")
            self.texts.take_away = [item.text for item in fields["Take away"].items]
        if len(self.texts.take_away) not in (0, 3):
            raise ValueError(f"three sentences to take away are needed, not {len(self.texts.take_away)}")
        self.texts.handout = Handout(fields["Handout"].text, formulas, picture[0], tasks)

    def _about_a_cell(self, item: Item) -> Step:
        read = _NAMED.fullmatch(item.text)
        if not read:
            raise ValueError(f"each item begins with a cell's id in backticks, not {item.text[:20]!r}")
        self._cell(read[1])
        return Step(read[2], read[1])

    def _cell(self, name: str) -> nbformat.NotebookNode:
        if name not in self.cells:
            raise ValueError(f"no cell of the lesson has the id {name!r}")
        return self.cells[name]


def pictures_of(cell: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The stored outputs of a cell that are pictures."""
    return [output for output in cell.get("outputs", [])
            if any(kind.startswith("image/") for kind in output.get("data", {}))]


def heading(cell: nbformat.NotebookNode) -> str:
    """The heading with which a markdown cell begins, else its first words."""
    return cell.source.partition("\n")[0].lstrip("# ").strip()


def heading_of(notebook: nbformat.NotebookNode, place: int) -> str:
    """The heading above the cell at this place."""
    before = (cell for cell in reversed(notebook.cells[:place + 1])
              if cell.cell_type == "markdown" and cell.source.startswith("#"))
    return next((heading(cell) for cell in before), "")
