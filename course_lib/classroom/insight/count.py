"""Counts over a class. A share of fewer than five learners is not told, so that nobody is seen in it."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median

from course_lib.classroom.insight.gather import Learner
from course_lib.classroom.insight.questions import Asked
from course_lib.exercises import Exercise

SMALL = 5  # learners; below it only that they are so few is told
SURE = 3  # the highest confidence
OTHER = ""  # the key of an answer that the lesson does not offer (an older version of it did)
_OWN_CODE = re.compile(r" It was at the line `.*?`\.| at the line `.*?`(?=\.|$)", re.DOTALL)


@dataclass(frozen=True)
class Share:
    """k of n learners."""

    k: int
    n: int

    @property
    def told(self) -> bool:
        return self.n >= SMALL

    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share. Raises ValueError for n = 0."""
        from scipy.stats import binomtest

        found = binomtest(self.k, self.n).proportion_ci(0.95, method="wilson")
        return float(found.low), float(found.high)

    def __str__(self) -> str:
        if not self.told:
            return f"fewer than {SMALL}: not shown"
        low, high = self.interval()
        return f"{self.k} of {self.n}: {self.k / self.n:.0%} ({low:.0%} to {high:.0%})"


@dataclass(frozen=True)
class Opinion:
    """What a class says at one moment. answers: key -> share, all keys of the choices and perhaps OTHER.

    sure: of those whose confidence is known, the very sure ones; sure_wrong: the wrong ones among these.
    """

    n: int
    answers: dict[str, Share]
    sure: Share
    sure_wrong: Share


@dataclass(frozen=True)
class Stuck:
    """How a class fares with one exercise. tries and minutes: medians over those who got it right, with how
    many these are; None where they are too few. hints: who opened the nudge, the method, the template before
    the answer was right, of those whose file knows. cause: what the checks said to most learners, and to how
    many; only if at least two were told so."""

    exercise: Exercise
    right: Share
    tries: tuple[float, int] | None
    minutes: tuple[float, int] | None
    hints: tuple[Share, Share, Share]
    cause: tuple[str, int] | None


def opinion(asked: Asked, learners: Iterable[Learner], after: bool) -> Opinion:
    """The class's answers to one prediction: the first ones, or those at the lesson's end."""
    said = [learner.predictions[asked.id] for learner in learners if asked.id in learner.predictions]
    pairs = [(one.after, one.sure_after) if after else (one.before, one.sure_before) for one in said]
    pairs = [(answer, sure) for answer, sure in pairs if answer is not None]
    counted = Counter(answer if answer in asked.choices else OTHER for answer, _ in pairs)
    keys = [*asked.choices, *([OTHER] if counted[OTHER] else [])]
    graded = [(answer, sure) for answer, sure in pairs if sure is not None]
    certain = [answer for answer, sure in graded if sure == SURE]
    return Opinion(len(pairs), {key: Share(counted[key], len(pairs)) for key in keys},
                   Share(len(certain), len(graded)),
                   Share(sum(answer != asked.right for answer in certain), len(certain)))


def moved(asked: Asked, learners: Iterable[Learner]) -> tuple[Share, Share]:
    """Of those who were wrong before, who is right after; of those who were right before, who is wrong after.

    Only learners who answered both times count.
    """
    said = [learner.predictions[asked.id] for learner in learners if asked.id in learner.predictions]
    both = [(one.before == asked.right, one.after == asked.right) for one in said
            if one.before is not None and one.after is not None]
    return (Share(both.count((False, True)), sum(not before for before, _ in both)),
            Share(both.count((True, False)), sum(before for before, _ in both)))


def stuck(exercise: Exercise, learners: Iterable[Learner]) -> Stuck:
    """How the learners who tried this exercise fare."""
    work = [learner.checks[exercise.id] for learner in learners if exercise.id in learner.checks]
    work = [one for one in work if one.tries]
    known = [one.hints for one in work if one.hints is not None]
    said = Counter(text for one in work for text in {plain_cause(text) for text in one.told})
    best = min(said.items(), key=lambda pair: (-pair[1], pair[0]), default=("", 0))
    return Stuck(
        exercise, Share(sum(one.passed for one in work), len(work)),
        _median([one.to_right for one in work if one.to_right is not None]),
        _median([one.minutes for one in work if one.minutes is not None]),
        tuple(Share(sum(rung in opened for opened in known), len(known)) for rung in (1, 2, 3)),
        best if best[1] >= 2 and len(work) >= SMALL else None,
    )


def hardest_first(found: Iterable[Stuck]) -> list[Stuck]:
    """Those that most learners have not got right come first, then those that take most tries; at the end,
    in course order, those that too few have tried."""

    def key(one: Stuck) -> tuple:
        hard = (one.right.k / one.right.n, -(one.tries or (0, 0))[0]) if one.right.told else (0, 0)
        return not one.right.told, *hard, one.exercise.id

    return sorted(found, key=key)


def plain_cause(text: str) -> str:
    """What a check said, without the learner's own code in it."""
    return _OWN_CODE.sub("", text).strip()


def _median(values: Sequence[float]) -> tuple[float, int] | None:
    return (median(values), len(values)) if len(values) >= SMALL else None
