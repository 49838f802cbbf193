"""14-6: the checklist for a claim of robustness. Oracle: the five questions, one by one."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.lesson_14.handed_over import QUESTIONS, flags

CELL = '''\
def red_flags(n) -> dict[str, str]:
    """A flag, "green" or "red", for each of five questions to a claim of robustness. Measured are accuracies
    in [0, 1], all of the same images: n.fgsm, n.pgd, n.longer_pgd (five times the steps, and restarts),
    n.white_box (FGSM and PGD together), n.transfer, n.at_one (white-box at eps = 1); and n.gradients, the
    share of images whose gradient is not 0. Green is what an attack that does its work would show:
        "PGD at least FGSM"             PGD is at least as STRONG as FGSM
        "white-box at least transfer"   so are white-box attacks, compared with transfer
        "accuracy at eps = 1 is 0"      where an attack may do anything, nothing is left
        "more steps change nothing"     five times the steps change the accuracy neither way
        "gradients are there"           of images, the share that has one is at least 0.95
    In the first four, a difference of up to one point, 0.01, counts as none: it stays green."""

    def flag(green: bool) -> str:
        return "green" if green else "red"

    ### BEGIN SOLUTION
    return {
        "PGD at least FGSM": flag(n.pgd <= n.fgsm + 0.01),
        "white-box at least transfer": flag(n.white_box <= n.transfer + 0.01),
        "accuracy at eps = 1 is 0": flag(n.at_one <= 0.01),
        "more steps change nothing": flag(abs(n.pgd - n.longer_pgd) <= 0.01),
        "gradients are there": flag(n.gradients >= 0.95),
    }
    ### END SOLUTION
'''
TEMPLATE = '''\
    return {
        "PGD at least FGSM": flag(n.pgd ... n.fgsm ...),     # strong: is accuracy high or low then?
        "white-box at least transfer": flag(...),
        "accuracy at eps = 1 is 0": flag(...),
        "more steps change nothing": flag(abs(...) ...),
        "gradients are there": flag(...),
    }
'''


@dataclass(frozen=True)
class Numbers:
    """What was measured of a defence."""

    fgsm: float
    pgd: float
    longer_pgd: float
    white_box: float
    transfer: float
    at_one: float
    gradients: float


SOUND = Numbers(fgsm=0.6, pgd=0.4, longer_pgd=0.4, white_box=0.4, transfer=0.7, at_one=0.0, gradients=1.0)
MASKED = Numbers(fgsm=0.9, pgd=0.95, longer_pgd=0.8, white_box=0.9, transfer=0.5, at_one=0.9, gradients=0.02)
# Each changes some of a sound net's numbers. A difference of exactly one point is taken from 0, where it is
# exact in floating point.
CHANGES = (
    {}, {"fgsm": 0.2}, {"fgsm": 0.4}, {"fgsm": 0.395}, {"fgsm": 0.38}, {"fgsm": 0.0, "pgd": 0.01},
    {"transfer": 0.4}, {"transfer": 0.3}, {"transfer": 0.395}, {"transfer": 0.38},
    {"transfer": 0.0, "white_box": 0.01}, {"white_box": 0.75}, {"white_box": 0.3, "transfer": 0.35},
    {"white_box": 0.395, "transfer": 0.388}, {"at_one": 0.005}, {"at_one": 0.01}, {"at_one": 0.02},
    {"at_one": 0.5}, {"at_one": 1.0}, {"longer_pgd": 0.395}, {"longer_pgd": 0.405}, {"longer_pgd": 0.38},
    {"longer_pgd": 0.42}, {"longer_pgd": 0.1}, {"longer_pgd": 0.0, "pgd": 0.01},
    {"longer_pgd": 0.01, "pgd": 0.0}, {"gradients": 0.0}, {"gradients": 0.9}, {"gradients": 0.94},
    {"gradients": 0.95}, {"gradients": 0.96}, {"at_one": 0.03, "fgsm": 0.1, "gradients": 0.5},
)  # fmt: skip
Rule = Callable[[Numbers], bool]
RIGHT: dict[str, Rule] = {
    QUESTIONS[0]: lambda n: n.pgd <= n.fgsm + 0.01,
    QUESTIONS[1]: lambda n: n.white_box <= n.transfer + 0.01,
    QUESTIONS[2]: lambda n: n.at_one <= 0.01,
    QUESTIONS[3]: lambda n: abs(n.pgd - n.longer_pgd) <= 0.01,
    QUESTIONS[4]: lambda n: n.gradients >= 0.95,
}
ROUND = "the comparison is turned round. These are accuracies: the stronger an attack, the LESS is left."
ONE_POINT = "a difference of up to one point is none: it stays green."
EQUAL = "exactly one point is still no difference."
TENTH = "one point is taken as 0.1: it is one of a hundred."
STEPS_ONLY_DOWN = "only a fall counts: more steps must not RAISE the accuracy either."
SLIPS: dict[str, tuple[tuple[str, Rule], ...]] = {
    QUESTIONS[0]: (
        (ROUND, lambda n: n.pgd >= n.fgsm), (ROUND, lambda n: n.pgd >= n.fgsm + 0.01),
        (ROUND, lambda n: n.pgd >= n.fgsm - 0.01), (ROUND, lambda n: n.pgd > n.fgsm),
        (ONE_POINT, lambda n: n.pgd <= n.fgsm), (ONE_POINT, lambda n: n.pgd < n.fgsm),
        ("PGD has to be a whole point stronger: as strong is enough.", lambda n: n.pgd <= n.fgsm - 0.01),
        (EQUAL, lambda n: n.pgd < n.fgsm + 0.01), (TENTH, lambda n: n.pgd <= n.fgsm + 0.1),
        ("a PGD that is much stronger is no red flag.", lambda n: abs(n.pgd - n.fgsm) <= 0.01),
        ("the longer PGD is compared: this question is about n.pgd.",
         lambda n: n.longer_pgd <= n.fgsm + 0.01),
    ),
    QUESTIONS[1]: (
        (ROUND, lambda n: n.white_box >= n.transfer), (ROUND, lambda n: n.white_box >= n.transfer + 0.01),
        (ROUND, lambda n: n.white_box >= n.transfer - 0.01), (ROUND, lambda n: n.white_box > n.transfer),
        (ONE_POINT, lambda n: n.white_box <= n.transfer), (ONE_POINT, lambda n: n.white_box < n.transfer),
        (EQUAL, lambda n: n.white_box < n.transfer + 0.01),
        (TENTH, lambda n: n.white_box <= n.transfer + 0.1),
        ("PGD is compared: the white-box attacks together are n.white_box.",
         lambda n: n.pgd <= n.transfer + 0.01),
        ("FGSM is compared: the white-box attacks together are n.white_box.",
         lambda n: n.fgsm <= n.transfer + 0.01),
        ("white-box attacks that are much stronger are no red flag.",
         lambda n: abs(n.white_box - n.transfer) <= 0.01),
    ),
    QUESTIONS[2]: (
        (ROUND, lambda n: n.at_one >= 0.01), (ROUND, lambda n: n.at_one > 0),
        (ROUND, lambda n: n.at_one >= 0.99),
        (ONE_POINT, lambda n: n.at_one == 0), (EQUAL, lambda n: n.at_one < 0.01),
        ("one point is taken as 1: accuracies are in [0, 1].", lambda n: n.at_one < 1),
        (TENTH, lambda n: n.at_one <= 0.1),
    ),
    QUESTIONS[3]: (
        ("the comparison is turned round: a change is what is red.",
         lambda n: abs(n.pgd - n.longer_pgd) >= 0.01),
        (ONE_POINT, lambda n: n.pgd == n.longer_pgd), (EQUAL, lambda n: abs(n.pgd - n.longer_pgd) < 0.01),
        (TENTH, lambda n: abs(n.pgd - n.longer_pgd) <= 0.1),
        (STEPS_ONLY_DOWN, lambda n: n.pgd - n.longer_pgd <= 0.01),
        (STEPS_ONLY_DOWN, lambda n: n.pgd - n.longer_pgd < 0.01),
        ("only a rise counts: a fall says that the shorter attack was not done.",
         lambda n: n.longer_pgd - n.pgd <= 0.01),
        ("the change counts as a share of the accuracy: one point is 0.01 itself.",
         lambda n: abs(n.pgd - n.longer_pgd) <= 0.01 * n.pgd),
    ),
    QUESTIONS[4]: (
        ("the comparison is turned round: without gradients an attack is blind.",
         lambda n: n.gradients <= 0.95),
        ("exactly 0.95 is enough.", lambda n: n.gradients > 0.95),
        ("any gradient at all is enough for you: the text asks for a share.", lambda n: n.gradients > 0),
        ("all images need one in your version: the text asks for a share.", lambda n: n.gradients == 1),
        ("the share is taken as a percentage: it is in [0, 1].", lambda n: n.gradients >= 95),
        ("another share is asked for than that of the text.", lambda n: n.gradients >= 0.5),
        ("another share is asked for than that of the text.", lambda n: n.gradients >= 0.99),
    ),
}


def check(answer) -> None:
    """The flags of a sound net, of a masked one, and of many in between; at exact equality, too."""
    numbers = [replace(SOUND, **change) for change in CHANGES] + [MASKED]
    found = [flags(answer(n), ("green", "red")) for n in numbers]
    for question, rule in RIGHT.items():
        got = [given[question] == "green" for given in found]
        if got == [rule(n) for n in numbers]:
            continue
        if got == [not rule(n) for n in numbers]:
            raise Wrong(f"{question}: each flag has the other colour. Green is what an attack that does its "
                        "work would show, and the stronger it is, the LESS accuracy is left.")
        for message, slip in SLIPS[question]:
            if got == [slip(n) for n in numbers]:
                raise Wrong(f"{question}: {message}")
        wrong = next(n for n, g in zip(numbers, got, strict=True) if g != rule(n))
        raise Wrong(general(question, got), f"for {wrong}")


def general(question: str, got: list[bool]) -> str:
    if len(set(got)) == 1:
        return (f"{question}: the flag is the same whatever was measured. Which numbers does it look at? And "
                "one point is 0.01, not 1.")
    return (f"{question}: for some numbers this is the wrong colour. What is compared in this question, and "
            "which side may be larger, by how much?")


FIRST = '"PGD at least FGSM": flag(n.pgd <= n.fgsm + 0.01)'
SECOND = '"white-box at least transfer": flag(n.white_box <= n.transfer + 0.01)'
THIRD = '"accuracy at eps = 1 is 0": flag(n.at_one <= 0.01)'
FOURTH = '"more steps change nothing": flag(abs(n.pgd - n.longer_pgd) <= 0.01)'
FIFTH = '"gradients are there": flag(n.gradients >= 0.95)'


def with_flags(**new: str) -> str:
    """The answer with other lines in it; an empty one leaves a question out."""
    lines = {"first": FIRST, "second": SECOND, "third": THIRD, "fourth": FOURTH, "fifth": FIFTH, **new}
    return "return {" + ",\n        ".join(line for line in lines.values() if line) + "}"


EXERCISE = Exercise(
    id="14-6", title="Red flags", name="red_flags", cell=CELL, check=check,
    question="All five flags are green: is the defence robust?",
    why="Not for that: green says that these attacks did their work, not that no better one exists; an "
        "attack made for this very defence may still break it.",
    hints=Hints(
        nudge="An accuracy is what an attack has LEFT. If PGD is stronger than FGSM, which of the two leaves "
              "more?",
        method="Write each question as a comparison of two numbers, and give the side that should be smaller "
               "one point more of room. Where a change in either direction counts, compare its size.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("accuracy taken for success", with_flags(first=FIRST.replace("<=", ">=")),
               "PGD at least FGSM: the comparison is turned"),
        Mutant("transfer turned round", with_flags(second=SECOND.replace("<=", ">=")),
               "white-box at least transfer: the comparison is turned"),
        Mutant("no tolerance", with_flags(first=FIRST.replace(" + 0.01", "")),
               "PGD at least FGSM: a difference of up to"),
        Mutant("strict at equality", with_flags(third=THIRD.replace("<=", "<")),
               "exactly one point is still"),
        Mutant("exactly 0", with_flags(third=THIRD.replace("<= 0.01", "== 0")),
               "eps = 1 is 0: a difference of up to"),
        Mutant("points for shares", with_flags(fourth=FOURTH.replace("0.01", "1")),
               "one point is 0.01, not 1"),
        Mutant("a fall only", with_flags(fourth=FOURTH.replace("abs", "")), "must not RAISE"),
        Mutant("PGD for white-box", with_flags(second=SECOND.replace("n.white_box", "n.pgd")),
               "PGD is compared: the white-box"),
        Mutant("strict share", with_flags(fifth=FIFTH.replace(">=", ">")), "exactly 0.95 is enough"),
        Mutant("one missing", with_flags(fourth=""), "A question has no flag: 'more steps"),
        Mutant("True and False", with_flags(fifth='"gradients are there": n.gradients >= 0.95'),
               "must be one of these words"),
    ),
    difficulty=2, importance=3, minutes=8,
)  # fmt: skip
