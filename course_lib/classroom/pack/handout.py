"""The handout: one page in black and white, to write on."""

import re
from html import escape

from course_lib.classroom.lessons import Lesson
from course_lib.classroom.pack.paper import bullets, line, words
from course_lib.classroom.pack.pictures import Picture, in_grey
from course_lib.classroom.pack.texts import Texts


def handout(lesson: Lesson, texts: Texts, pictures: list[Picture]) -> str:
    """The HTML of the handout of a lesson that has the texts for it (`texts.handout`)."""
    own = texts.handout
    key = next(picture for picture in pictures if picture.cell == own.picture)
    formulas = "".join(f'<div class="formula">{words(text)}</div>' for text in formulas_of(lesson, texts))
    tasks = "".join(
        f'<div class="task"><p><b>Task {number}.</b> {line(task)}</p><div class="room"></div></div>'
        for number, task in enumerate(own.tasks, 1))
    return (
        f'<div class="handout"><h1>{escape(lesson.title)}</h1>{words(own.idea)}{formulas}'
        f'<figure><img alt="{escape(key.alt)}" src="{in_grey(key)}"><figcaption>{escape(key.alt)}'
        f"</figcaption></figure><h2>To take away</h2>{bullets(map(line, texts.take_away))}{tasks}</div>"
    )


def formulas_of(lesson: Lesson, texts: Texts) -> list[str]:
    """The formulas between double dollars of the cells that the handout names, as the lesson writes them."""
    sources = {cell.get("id"): cell.source for cell in lesson.notebook.cells}
    return [formula for name in texts.handout.formulas
            for formula in re.findall(r"\$\$.+?\$\$", sources[name], re.DOTALL)]
