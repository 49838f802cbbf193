"""The quiz: on paper with its key, and as files that learning platforms import.

CSV for spreadsheets and whatever reads them, GIFT for Moodle, QTI 1.2 (Canvas, Blackboard and others) by
text2qti where it is installed.
"""

import csv
import importlib.util
import io
import re
from html import escape

from bs4 import BeautifulSoup

from course_lib.classroom.lessons import Lesson
from course_lib.classroom.pack.guide import LETTERS, answers
from course_lib.classroom.pack.paper import line, words
from course_lib.classroom.pack.texts import Question

QTI_CURE = 'pip install "text2qti>=0.8"'


def paper(lesson: Lesson, quiz: list[Question], key: bool = False) -> str:
    """The HTML of the quiz; key: with the right answers, the reasons and the beliefs behind wrong answers."""
    name = "" if key else '<div class="name"><span>Name</span><span>Date</span></div>'
    items = "".join(
        f'<div class="item"><b>{number}.</b> {line(each.ask)}{answers(each, key, "" if key else "☐ ")}'
        + (f"<p>→ {line(each.why)}</p>" if key else "") + "</div>"
        for number, each in enumerate(quiz, 1))
    what = "Key: " + ", ".join(f"{n} {right(each)}" for n, each in enumerate(quiz, 1)) if key else (
        f"{len(quiz)} questions, one right answer each.")
    title = "Key to the quiz" if key else "Quiz"
    return f"<h1>{title} · {escape(lesson.title)}</h1>{name}<p>{what}</p>{items}"


def right(question: Question) -> str:
    """The letter of the right answer."""
    return next(letter for letter, option in zip(LETTERS, question.options, strict=False) if option.right)


def plain(markdown: str) -> str:
    """A text without its marks, on one line."""
    return " ".join(BeautifulSoup(words(markdown), "html.parser").get_text().split())


def as_csv(quiz: list[Question]) -> str:
    """One line an item: number, question, answers A to E, the letter of the right one, the reason."""
    file = io.StringIO()
    table = csv.writer(file, lineterminator="\n")
    table.writerow(["number", "question", *LETTERS, "right", "why"])
    for number, each in enumerate(quiz, 1):
        options = [plain(option.text) for option in each.options]
        options += [""] * (len(LETTERS) - len(options))
        table.writerow([number, plain(each.ask), *options, right(each), plain(each.why)])
    return file.getvalue()


def as_gift(lesson: Lesson, quiz: list[Question]) -> str:
    """The quiz in Moodle's GIFT format, the beliefs as feedback to their answers."""
    items = []
    for number, each in enumerate(quiz, 1):
        lines = []
        for option in each.options:
            belief = option.parts.get("Belief")
            lines.append(f"\t{'=' if option.right else '~'}{_gift(option.text)}"
                         + (f"#{_gift(belief)}" if belief else ""))
        items.append(f"::{lesson.number} quiz {number}::[html]{_gift(each.ask)} {{\n" + "\n".join(lines)
                     + f"\n\t####{_gift(each.why)}\n}}\n")
    return "\n".join(items)


def _gift(markdown: str) -> str:
    markup = " ".join(line(markdown).split())
    return re.sub(r"([~=#{}:\\])", r"\\\1", markup)


def has_qti() -> bool:
    """Is the package there that writes QTI?"""
    return importlib.util.find_spec("text2qti") is not None


def as_qti(lesson: Lesson, quiz: list[Question]) -> bytes:
    """The quiz as a QTI 1.2 package (a zip file). Raises ImportError without text2qti."""
    from text2qti.config import Config
    from text2qti.qti import QTI
    from text2qti.quiz import Quiz

    lines = [f"Quiz title: {lesson.title}", ""]
    for number, each in enumerate(quiz, 1):
        lines += [f"{number}. {_on_one_line(each.ask)}", f"... {_on_one_line(each.why)}"]
        for letter, option in zip(LETTERS.lower(), each.options, strict=False):
            lines.append(f"{'*' if option.right else ''}{letter}) {_on_one_line(option.text)}")
            if "Belief" in option.parts:
                lines.append(f"... {_on_one_line(option.parts['Belief'])}")
        lines.append("")
    return QTI(Quiz("\n".join(lines), config=Config(), source_name=lesson.slug)).zip_bytes()


def _on_one_line(text: str) -> str:
    return " ".join(text.split())
