"""10-6: fit on the training part, choose on validation, report on test. Oracle: just that."""

import itertools
import math
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.lesson_10.pair_parts import Part, Tfidf, choose, parts, score

CELL = '''\
def honest_accuracy(train, validation, test, tfidf, score, choose) -> float:
    """The accuracy on test pairs that an honest report gives. Each part has .left and .right, lists of texts,
    and .y, 1 for duplicates. What is handed over:
    tfidf                 not fitted yet; tfidf.fit(texts) learns how rare each word is, from all texts given
    score(tfidf, part)    a similarity for each pair of a part, higher = more alike
    choose(scores, y)     the threshold at which `scores >= threshold` is right for most of these pairs"""
    ### BEGIN SOLUTION
    tfidf.fit(train.left + train.right)
    threshold = choose(score(tfidf, validation), validation.y)
    says_duplicate = score(tfidf, test) >= threshold
    return (says_duplicate == (test.y == 1)).double().mean().item()
    ### END SOLUTION
'''
TEMPLATE = '''\
    tfidf.fit(...)                                  # which texts may it see? both sides of the pairs
    threshold = choose(score(tfidf, ...), ...)      # a part that is neither fitted nor reported
    says_duplicate = score(tfidf, ...) >= threshold
    return (says_duplicate == ...).double().mean().item()
'''
SEEDS = range(6)


@dataclass(frozen=True)
class Way:
    """A way to go about it: which parts are fitted, chosen on and reported. The default is the honest one."""

    fitted: tuple[str, ...] = ("train",)
    chosen: str = "validation"
    reported: str = "test"
    sides: str = "both"
    reply: str = "accuracy"


def accuracy(way: Way, seed: int) -> float:
    """What this way of going about it answers for one made corpus."""
    every = parts(seed)
    threshold = 0.5
    if way.chosen != "none":
        threshold = choose(scores(way.fitted, way.sides, way.chosen, seed), every[way.chosen].y)
    says = scores(way.fitted, way.sides, way.reported, seed) >= threshold
    right = float((says == (every[way.reported].y == 1)).double().mean())
    share = float(says.double().mean())
    return {"accuracy": right, "error": 1 - right, "percent": 100 * right, "share": share}[way.reply]


@cache
def scores(fitted: tuple[str, ...], sides: str, scored: str, seed: int) -> Tensor:
    """The scores of one part, from a tfidf that was fitted on these parts."""
    every, texts = parts(seed), []
    for name in fitted:
        texts += every[name].left if sides != "right" else []
        texts += every[name].right if sides != "left" else []
    return score(Tfidf().fit(texts), every[scored])


# For each choice the wrong ones, and what to say of them.
SLIPS = {
    "fitted": {
        ("train", "validation", "test"): "tfidf is fitted on the texts of all parts, test included: it knows "
                                         "words and rarities that no one will have when new questions come.",
        ("train", "test"): "tfidf is fitted on the test texts too: it may not see them.",
        ("train", "validation"): "tfidf is fitted on the validation texts too: then the threshold is chosen "
                                 "on pairs that it knows better than the test pairs.",
        ("validation",): "tfidf is fitted on the validation part: the large training part is there for it.",
        ("test",): "tfidf is fitted on the test part, and on nothing else.",
        ("validation", "test"): "tfidf is fitted on everything but the training part.",
    },
    "chosen": {
        "test": "The threshold is chosen on the test pairs, so this is what the luckiest one gets.",
        "train": "The threshold is chosen on the training pairs, which tfidf has seen: their scores are not "
                 "like those of new pairs.",
        "none": "The threshold is a fixed number: use what choose says.",
    },
    "reported": {
        "validation": "The accuracy of the validation pairs is reported: the threshold was made for them.",
        "train": "The accuracy of the training pairs is reported.",
    },
    "sides": {
        "left": "tfidf is fitted on the left texts alone: the right ones of the training pairs count too.",
        "right": "tfidf is fitted on the right texts alone: the left ones of the training pairs count too.",
    },
    "reply": {
        "error": "This is the share of wrong answers: is a comparison turned round?",
        "percent": "This is the accuracy in percent: a share between 0 and 1 was asked for.",
        "share": "This is the share of pairs called duplicates: compare with the labels first.",
    },
}  # fmt: skip


def check(answer) -> None:
    """The honest number for several made corpora; a difference is explained by one wrong choice or two."""
    found = [one_case(answer, seed) for seed in SEEDS]
    if same(found, Way()):
        return
    for count in (1, 2):
        for kinds in itertools.combinations(SLIPS, count):
            for values in itertools.product(*(SLIPS[kind] for kind in kinds)):
                if same(found, Way(**dict(zip(kinds, values, strict=True)))):
                    raise Wrong(SLIPS[kinds[0]][values[0]]
                                + ("" if count == 1 else " Something else is wrong as well."))
    raise Wrong("The accuracy is another than the honest one: say for each of the three parts in one word "
                "what it is for, then look which part each of your lines uses.", f"your accuracies {found}")


def one_case(answer, seed: int) -> float:
    every = parts(seed)
    given = {name: Part(list(p.left), list(p.right), p.y.clone()) for name, p in every.items()}
    found = number(answer(given["train"], given["validation"], given["test"], Tfidf(), score, choose))
    for name, p in given.items():
        before = every[name]
        if (p.left, p.right) != (before.left, before.right) or not torch.equal(p.y, before.y):
            raise Wrong(f"The call changes the {name} part: join lists with +, not with += or extend.")
    return found


def same(found: list[float], way: Way) -> bool:
    return all(abs(value - accuracy(way, seed)) < 1e-5 for value, seed in zip(found, SEEDS, strict=True))


def number(value) -> float:
    """A finite number, in whatever dress it comes. Raises Wrong for anything else."""
    if value is None:
        raise Wrong("Nothing comes back: is a `return` missing?")
    if isinstance(value, Tensor) and value.numel() != 1:
        raise Wrong("One number must come back: the mean over the test pairs is missing.")
    try:
        value = float(value)
    except (TypeError, ValueError):
        raise Wrong("One number must come back, the accuracy.", repr(value)[:200]) from None
    if not math.isfinite(value):
        raise Wrong("The accuracy is NaN or infinite.")
    return value


FIT, CHOOSE = "tfidf.fit(train.left + train.right)\n", "t = choose(score(tfidf, validation), validation.y)\n"
REPORT = "return ((score(tfidf, test) >= t) == test.y).double().mean()"
EXERCISE = Exercise(
    id="10-6", title="Fit where you may look", name="honest_accuracy", cell=CELL, check=check,
    question="TF-IDF does not use a single label: why is fitting it on the test texts cheating?",
    why="It learns which words the test pairs use and how rare they are, so its scores fit those pairs "
        "better than new ones; the test part stands for questions of tomorrow, so it must be unseen.",
    hints=Hints(
        nudge="Three parts, three jobs. Imagine that the test questions will be written only tomorrow: which "
              "of your lines could already run today?",
        method="Fit on the training texts, both sides. With that, score the validation pairs and choose the "
               "threshold. Only then score the test pairs, compare with that threshold and with the labels.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("TF-IDF fitted on all", "tfidf.fit([t for p in (train, validation, test) for t in p.left + "
               f"p.right])\n{CHOOSE}{REPORT}", "texts of all parts"),
        Mutant("TF-IDF fitted on validation too", "tfidf.fit(train.left + train.right + validation.left + "
               f"validation.right)\n{CHOOSE}{REPORT}", "on the validation texts too"),
        Mutant("threshold chosen on test", f"{FIT}t = choose(score(tfidf, test), test.y)\n{REPORT}",
               "what the luckiest one gets"),
        Mutant("threshold chosen on train", f"{FIT}t = choose(score(tfidf, train), train.y)\n{REPORT}",
               "chosen on the training pairs"),
        Mutant("validation reported", f"{FIT}{CHOOSE}return ((score(tfidf, validation) >= t) == "
               "validation.y).double().mean()", "was made for them"),
        Mutant("left texts only", f"tfidf.fit(train.left)\n{CHOOSE}{REPORT}", "left texts alone"),
        Mutant("fixed threshold", f"{FIT}t = 0.5\n{REPORT}", "a fixed number"),
        Mutant("turned round", f"{FIT}{CHOOSE}return ((score(tfidf, test) < t) == test.y).double().mean()",
               "comparison turned round"),
        Mutant("never fitted", f"{CHOOSE}{REPORT}", "before it was fitted"),
    ),
    difficulty=2, importance=3, minutes=5,
)  # fmt: skip
