"""What an exercise is: the learner's cell, its check, its hints and its typical wrong answers."""

import linecache
import re
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from jaxtyping import Float, UInt8
from torch import Tensor, nn

BEGIN, END = "### BEGIN SOLUTION", "### END SOLUTION"
STUB = "# YOUR CODE HERE\nraise NotImplementedError()"
# What a lesson's setup cell must have imported before its exercise cells run.
NAMES = {"torch": torch, "nn": nn, "F": F, "Tensor": Tensor, "Float": Float, "UInt8": UInt8}


class Wrong(Exception):
    """A check refuses an answer. message: the likely slip and where to look, never the answer, no numbers
    that a run could change; those go into detail."""

    def __init__(self, message: str, detail: str = ""):
        super().__init__(message)
        self.message, self.detail = message, detail


class Hints(NamedTuple):
    """The ladder, one rung at a time."""

    nudge: str
    method: str
    template: str


class Mutant(NamedTuple):
    """A typical wrong answer: `body` stands in the place of the solution; `hint` must be in what check "
      "says."""

    name: str
    body: str
    hint: str


@dataclass(frozen=True)
class Exercise:
    """One exercise. `cell` is the notebook's cell, solution included: the one source of the right answer.

    name: what the cell defines and `check` is given. check(answer) raises Wrong. question, why: the
    one-sentence "why" and its model answer. difficulty, importance: 1 to 3.
    """

    id: str
    title: str
    name: str
    cell: str
    check: Callable[[Any], None]
    question: str
    why: str
    hints: Hints
    mutants: tuple[Mutant, ...]
    difficulty: int
    importance: int
    minutes: int

    @cached_property
    def solution(self) -> Any:
        """The right answer, made by running the cell."""
        return self.answer(self.cell)

    def stub(self) -> Any:
        """What a blank learner's copy defines."""
        return self.answer(self.with_body(STUB))

    def with_body(self, body: str) -> str:
        """The cell with other lines between the solution marks."""
        head, indent, _, tail = re.split(rf"^( *){BEGIN}\n(.*?)^ *{END}\n?", self.cell, flags=re.M | re.S)
        return head + textwrap.indent(textwrap.dedent(body).strip("\n") + "\n", indent) + tail

    def answer(self, cell: str) -> Any:
        """Run a cell's source and answer what it defines under the exercise's name."""
        filename = f"<exercise {self.id}: {hash(cell)}>"
        linecache.cache[filename] = (len(cell), None, cell.splitlines(keepends=True), filename)
        names = dict(NAMES)
        exec(compile(cell, filename, "exec"), names)
        return names[self.name]
