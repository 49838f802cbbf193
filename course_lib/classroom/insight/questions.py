"""The predictions of a lesson and what each answer rests on, read from its cells without running them."""

import ast
from dataclasses import dataclass

from course_lib.classroom.anatomy import code_cells, tree_of
from course_lib.classroom.lessons import Lesson


@dataclass(frozen=True)
class Asked:
    """One prediction: its choices by key, the right one, and what each rests on."""

    id: str
    question: str
    choices: dict[str, str]
    right: str
    beliefs: dict[str, str]


def questions(lesson: Lesson) -> list[Asked]:
    """The predictions that the lesson asks and reveals, in order.

    Raises ValueError naming lesson and cell for arguments that are not written out as constants.
    """
    asked, revealed = {}, {}
    for name, cell in code_cells(lesson.notebook):
        for call in ast.walk(tree_of(cell)):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") in ("predict", "reveal"):
                try:
                    values = [ast.literal_eval(value) for value in call.args]
                    named = {word.arg: ast.literal_eval(word.value) for word in call.keywords}
                except ValueError:
                    raise ValueError(f"{lesson.path.name}, {name}: {call.func.id} needs its texts written "
                                     "out in the cell, so that they can be read without a run") from None
                (asked if call.func.id == "predict" else revealed)[values[0]] = (values[1:], named)
    found = []
    for key, (values, named) in asked.items():
        if key in revealed:
            ask = dict(zip(("choices", "question"), values, strict=False)) | named
            told = dict(zip(("right", "beliefs"), revealed[key][0], strict=False)) | revealed[key][1]
            found.append(Asked(key, ask.get("question", ""), ask["choices"], told["right"], told["beliefs"]))
    return found
