"""What lesson 14's court knows: which share of attacked images each defence still reads rightly.

Measured by data/build_court.py and kept in data/court.json; nothing is attacked here.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float

from course_lib.runtime import home

KNOWLEDGE = ("transfer", "white-box", "adaptive")  # of the attacker, in the order in which the court opens
MASKED, WEAKER = "masked gradients: the attack failed, not the image", "weaker than a blind attack"
CHANCE = 0.1  # of ten classes: what may be left at eps = 1, where every image can become any other
SLACK = 0.02  # by which a knowing attack may leave more than a blind one: defences that draw differ a little
JUDGED = 0.2  # the eps at which stakes are settled, unless the file says another
MOST_ROWS, NAME, PROMISE = 14, 26, 34  # rows, and letters of a line, that fit a slide
Matrix = Float[np.ndarray, "defences knowledge"]


@dataclass(frozen=True)
class Defendant:
    """One defence before the court. id: without spaces; row: of the syllabus, empty where there is none.

    Raises ValueError that names the defence and what is wrong with it.
    """

    id: str
    name: str
    row: str
    promise: str

    def __post_init__(self):
        for part, most in (("id", 40), ("name", NAME), ("promise", PROMISE)):
            text = getattr(self, part)
            if not isinstance(text, str) or not 0 < len(text.strip()) <= most:
                raise ValueError(f"defence {self.id!r}: {part} must be a text of 1 to {most} letters, "
                                 f"got {text!r}")
        if self.id.split() != [self.id]:
            raise ValueError(f"defence {self.id!r}: id must be one word")
        if not isinstance(self.row, str):
            raise ValueError(f"defence {self.id!r}: row must be a text such as \"S3-39\", got {self.row!r}")


@dataclass(frozen=True)
class Verdicts:
    """All that was measured.

    eps: rising from 0 to 1; images: how many each share is of; accuracy: knowledge -> shares [defences, eps];
    judged: the eps at which stakes are settled. Raises ValueError that says what is wrong.
    """

    eps: tuple[float, ...]
    images: int
    defences: tuple[Defendant, ...]
    accuracy: dict[str, Float[np.ndarray, "defences eps"]]
    judged: float = JUDGED

    def __post_init__(self):
        if not 1 <= len(self.defences) <= MOST_ROWS:
            raise ValueError(f"defences must be 1 to {MOST_ROWS}, got {len(self.defences)}")
        for part in ("id", "name"):
            seen = [getattr(defence, part) for defence in self.defences]
            if twice := [text for text in seen if seen.count(text) > 1]:
                raise ValueError(f"defences: two have the {part} {twice[0]!r}")
        if isinstance(self.images, bool) or not isinstance(self.images, int) or self.images < 1:
            raise ValueError(f"images must be a positive whole number, got {self.images!r}")
        eps = numbers(self.eps, "eps")
        if eps.ndim != 1 or len(eps) < 2 or eps[0] != 0 or eps[-1] != 1 or not (np.diff(eps) > 0).all():
            raise ValueError("eps must rise from 0 to 1")
        judged = shares(self.judged, "judged", ())
        if not np.isclose(eps[1:-1], judged, rtol=0).any():
            raise ValueError(f"judged must be one of eps, neither 0 nor 1, got {self.judged!r}")
        if not isinstance(self.accuracy, dict) or set(self.accuracy) != set(KNOWLEDGE):
            raise ValueError(f"accuracy must hold {', '.join(KNOWLEDGE)}, nothing else")
        for known, rows in self.accuracy.items():
            shares(rows, f"accuracy of {known}", (len(self.defences), len(eps)))

    def at(self, eps: float) -> Matrix:
        """The shares at the eps that was measured nearest to this one, columns in the order of KNOWLEDGE."""
        return np.stack([self.accuracy[known][:, self.place(eps)] for known in KNOWLEDGE], 1)

    def place(self, eps: float) -> int:
        """The number of the eps that was measured nearest to this one."""
        return int(np.abs(np.array(self.eps) - eps).argmin())


def load_verdicts(source: Path | str | dict | None = None) -> Verdicts:
    """The verdicts of a JSON file, or of what such a file holds.

        {"eps": [0, 0.05, ..., 1.0], "images": 200, "judged": 0.2,
         "defences": [{"id": "halftone", "name": "Halftone dots", "row": "S3-39", "promise": "..."}, ...],
         "accuracy": {"transfer": [[one share for each eps], ... for each defence],
                      "white-box": ..., "adaptive": ...}}

    source: None for the course's own data/court.json. "judged" may be left out; other keys are not read.
    Raises FileNotFoundError, or ValueError that names the file and what is wrong with it.
    """
    if isinstance(source, dict):
        return _read(source)
    path = home() / "data" / "court.json" if source is None else Path(source)
    if not path.is_file():
        raise FileNotFoundError(f"the measured verdicts are not there: {path} is missing; "
                                "data/build_court.py makes it")
    try:
        return _read(json.loads(path.read_text("utf-8")))
    except ValueError as error:  # broken JSON is one, too
        raise ValueError(f"{path}: {error}") from None


def _read(content) -> Verdicts:
    wanted = ("eps", "images", "defences", "accuracy")
    if not isinstance(content, dict) or (missing := [key for key in wanted if key not in content]):
        raise ValueError(f"it must be an object with {', '.join(wanted)}"
                         + (f"; {', '.join(missing)} missing" if isinstance(content, dict) else ""))
    entries, parts = content["defences"], {"id", "name", "row", "promise"}
    if not isinstance(entries, list) or not all(isinstance(e, dict) and set(e) == parts for e in entries):
        raise ValueError("defences must be a list of objects {id, name, row, promise}")
    accuracy = content["accuracy"]
    if isinstance(accuracy, dict):
        accuracy = {known: numbers(rows, f"accuracy of {known}") for known, rows in accuracy.items()}
    return Verdicts(tuple(numbers(content["eps"], "eps").ravel().tolist()), content["images"],
                    tuple(Defendant(**entry) for entry in entries), accuracy, content.get("judged", JUDGED))


def numbers(values, name: str) -> np.ndarray:
    """These numbers as an array. Raises ValueError with the name if they are no numbers or not in rows."""
    try:
        return np.asarray(values, float)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be numbers, in rows of equal length") from None


def shares(values, name: str, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers from 0 to 1 in this shape, as an array. Raises ValueError with the name."""
    found = numbers(values, name)
    if found.shape != shape:
        raise ValueError(f"{name} must have the shape {shape}, got {found.shape}")
    if not ((found >= 0) & (found <= 1)).all():
        raise ValueError(f"{name} must be shares from 0 to 1")
    return found


def marks(accuracy: Matrix, knowledge: Sequence[str], at_one: Matrix | None = None) -> list[list[str]]:
    """What is suspicious in each cell: MASKED, WEAKER or nothing; never in a transfer column.

    MASKED: at eps = 1 (at_one) more than CHANCE is left. WEAKER: an attack that knows the defence leaves
    more right than a transfer attack, by more than SLACK. A cell that is both is MASKED.
    """
    blind = list(knowledge).index("transfer") if "transfer" in knowledge else None

    def mark(row: int, column: int) -> str:
        if column == blind:
            return ""
        if at_one is not None and at_one[row][column] > CHANCE:
            return MASKED
        return WEAKER if blind is not None and accuracy[row][column] > accuracy[row][blind] + SLACK else ""

    return [[mark(i, j) for j in range(len(knowledge))] for i in range(len(accuracy))]


def percent(share: float) -> str:
    """Rounded to a whole percent as browsers do, halves up; a dash for what was not measured."""
    return "–" if math.isnan(share) else f"{math.floor(100 * share + 0.5)} %"
