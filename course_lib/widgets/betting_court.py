"""Lesson 14's widget: stake points on defences, then see what an attacker leaves who knows them.

What was measured comes from data/court.json (see verdicts.py). The browser part (betting_court.js) needs no
kernel.
"""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import traitlets

from course_lib.widgets.court_picture import NOT_EVIDENCE, SIGNS, draw_court
from course_lib.widgets.game import Game
from course_lib.widgets.pictures import DPI, to_rgb
from course_lib.widgets.verdicts import (
    CHANCE,
    KNOWLEDGE,
    MASKED,
    SLACK,
    WEAKER,
    Verdicts,
    load_verdicts,
)

POINTS = 10


class BettingCourt(Game, front="betting_court"):
    """The widget: defences in rows, what the attacker knows in columns; only the adaptive column counts.

    `stakes` (points on each defence), `opened` (columns that are open, from 1) and `eps` follow what is done
    in the browser, and can be set; eps goes to the nearest one that was measured. A TraitError says what is
    wrong with a value. verdicts: what was measured. dpi: of the still picture, as in `figure`.
    """

    stakes = traitlets.List().tag(sync=True)
    opened = traitlets.Int(1, min=1, max=len(KNOWLEDGE)).tag(sync=True)
    eps = traitlets.Float().tag(sync=True)

    id = "14-court"
    alt = ("A table of defences: which share of attacked images each still reads rightly, if the attacker "
           "knows nothing of it (transfer: hatched, not evidence), its gradients (white-box), or all of it "
           "(adaptive). Marks say where gradients are masked, or an attack is weaker than a blind one.")

    def __init__(self, verdicts: Verdicts, dpi: int = DPI):
        self.verdicts, self._dpi = verdicts, dpi
        super().__init__(content=self._content(), stakes=[0] * len(verdicts.defences), eps=verdicts.judged)

    @traitlets.validate("stakes")
    def _check_stakes(self, proposal) -> list[int]:
        stakes, count = proposal["value"], len(self.verdicts.defences)
        whole = all(type(stake) is int and stake >= 0 for stake in stakes)
        if len(stakes) != count or not whole or sum(stakes) > POINTS:
            raise traitlets.TraitError(
                f"stakes must be {count} whole numbers from 0, at most {POINTS} in all, got {stakes!r}")
        return stakes

    @traitlets.validate("eps")
    def _check_eps(self, proposal) -> float:
        if not np.isfinite(proposal["value"]):
            raise traitlets.TraitError(f"eps must be a number from 0 to 1, got {proposal['value']}")
        return self.verdicts.eps[self.verdicts.place(proposal["value"])]

    def worth(self, known: str) -> float:
        """What the stakes come to by one column, at the eps at which the court judges."""
        shares = self.verdicts.at(self.verdicts.judged)[:, KNOWLEDGE.index(known)]
        return float(np.array(self.stakes) @ shares)

    def score(self) -> float | None:
        """What the adaptive attacker leaves of the stakes; None until that column is open."""
        return self.worth("adaptive") if self.opened == len(KNOWLEDGE) else None

    def _content(self) -> dict:
        """What the browser needs to know, with every constant of these files."""
        found = self.verdicts
        return {"name": repr(self), "knowledge": KNOWLEDGE, "eps": found.eps, "judged": found.judged,
                "images": found.images, "points": POINTS, "chance": CHANCE, "slack": SLACK,
                "defences": [asdict(defence) for defence in found.defences],
                "accuracy": [np.asarray(found.accuracy[known]).tolist() for known in KNOWLEDGE],
                "words": {"masked": MASKED, "weaker": WEAKER, "transfer": NOT_EVIDENCE},
                "signs": {"masked": SIGNS[MASKED], "weaker": SIGNS[WEAKER]}}

    def picture(self) -> np.ndarray:
        """The still picture: the open court at the eps at which it judges. uint8 array (height, width, 3)."""
        found = self.verdicts
        return to_rgb(draw_court(
            [defence.name for defence in found.defences], KNOWLEDGE, found.at(found.judged),
            at_one=found.at(1), title=f"Still right at eps = {found.judged:g}, of {found.images} images",
            dpi=self._dpi))

    def __repr__(self) -> str:
        return f"Betting court: {len(self.verdicts.defences)} defences"


def betting_court(verdicts: Verdicts | Path | str | dict | None = None, dpi: int = DPI) -> BettingCourt:
    """Stake ten points on defences before the adaptive attacker is let in.

    verdicts: as in `load_verdicts`; None for those of data/court.json.
    """
    return BettingCourt(verdicts if isinstance(verdicts, Verdicts) else load_verdicts(verdicts), dpi)
