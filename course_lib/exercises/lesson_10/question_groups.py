"""10-7: which pairs must stay on one side of a split. Oracle: scipy's connected components."""

import random
from collections.abc import Iterable

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong

CELL = '''\
def question_groups(pairs: list[tuple[str, str]]) -> list[int]:
    """One number for each pair, in their order. Two pairs get the same number exactly if they share a
    question, or a chain of pairs leads from one to the other, each sharing a question with the next. A split
    then sends whole groups to train or to test, and no question stands on both sides."""
    ### BEGIN SOLUTION
    group = {}
    for left, right in pairs:
        ours, theirs = group.setdefault(left, left), group.setdefault(right, right)
        for question in group:
            if group[question] == theirs:
                group[question] = ours
    names = list(dict.fromkeys(group.values()))
    return [names.index(group[left]) for left, _ in pairs]
    ### END SOLUTION
'''
TEMPLATE = '''\
    group = {}                                    # question -> the name of its group
    for ... in pairs:
        ours, theirs = ...                        # a new question is a group of its own
        for ... in group:                         # two groups become one: rename ALL of theirs
            ...
    return [... for left, _ in pairs]             # only now, when all groups are known
'''
Pairs = list[tuple[str, str]]


def chain(length: int, seed: int) -> Pairs:
    """q0-q1, q1-q2, ... in disorder, every second pair turned round."""
    links = [(f"q{i}", f"q{i + 1}") if i % 2 else (f"q{i + 1}", f"q{i}") for i in range(length)]
    random.Random(seed).shuffle(links)
    return links


def made(questions: int, count: int, seed: int) -> Pairs:
    draw = random.Random(seed)
    return [tuple(f"question {draw.randrange(questions)}" for _ in range(2)) for _ in range(count)]


CASES: tuple[Pairs, ...] = (
    [("a", "b"), ("c", "d"), ("b", "e"), ("f", "g")],
    [("a", "b"), ("c", "d"), ("b", "c"), ("e", "f")],  # two groups become one
    [("a", "b"), ("a", "c"), ("d", "c"), ("e", "d"), ("f", "g"), ("g", "f"), ("f", "g")],
    [("a", "a"), ("b", "c"), ("a", "a"), ("c", "c")],
    chain(12, 1), [*chain(60, 2), ("other", "pair")], made(60, 40, 3), made(40, 30, 4), made(25, 30, 5), [],
)  # fmt: skip


def check(answer) -> None:
    """The same partition as the oracle's, whatever its numbers; a difference is explained by a slip."""
    found = [partition(answer(list(pairs)), pairs) for pairs in CASES]
    if found == [canonical(oracle(pairs)) for pairs in CASES]:
        return
    for message, slip in SLIPS:
        if found == [canonical(slip(pairs)) for pairs in CASES]:
            raise Wrong(message)
    wrong = next(pairs for pairs, f in zip(CASES, found, strict=True) if f != canonical(oracle(pairs)))
    say = TOO_FEW if leaks(found) else TOO_MANY
    raise Wrong(say, f"for example {wrong[:8]}")


TOO_FEW = ("Some pairs that a chain of shared questions connects have different numbers: a question would "
           "stand on both sides, or its chain would. Try ab, cd, bc: all three belong together.")
TOO_MANY = ("Some pairs have the same number although no chain of shared questions connects them: then the "
            "split has less to choose from than it could.")


def leaks(found: list[list[int]]) -> bool:
    """Does some group of the oracle lie in two groups of the answer?"""
    return any(len({*zip(canonical(oracle(pairs)), f, strict=True)}) > len({*oracle(pairs)})
               for pairs, f in zip(CASES, found, strict=True))


def oracle(pairs: Pairs) -> list[int]:
    places = {question: i for i, question in enumerate(dict.fromkeys(q for pair in pairs for q in pair))}
    if not pairs:
        return []
    left, right = np.array([[places[a], places[b]] for a, b in pairs]).T
    graph = coo_array((np.ones(len(pairs)), (left, right)), shape=(len(places),) * 2)
    return connected_components(graph, directed=False)[1][left].tolist()


def canonical(groups: Iterable) -> list[int]:
    """The same partition with the numbers 0, 1, 2, ... in order of appearance."""
    numbers: dict = {}
    return [numbers.setdefault(group, len(numbers)) for group in groups]


def partition(value, pairs: Pairs) -> list[int]:
    """The learner's groups, in whatever dress they come. Raises Wrong if there is not one for each pair."""
    if value is None:
        raise Wrong("Nothing comes back: is a `return` missing?")
    if isinstance(value, dict | set | str) or not isinstance(value, Iterable):
        raise Wrong("A list with one number for each pair must come back.", repr(type(value)))
    value = value.tolist() if isinstance(value, Tensor | np.ndarray) else list(value)
    if len(value) < len(pairs):
        raise Wrong("Pairs get lost: there are fewer numbers than pairs. A pair that comes twice needs its "
                    "number twice.", f"{len(value)} numbers for {len(pairs)} pairs {pairs[:8]}")
    if len(value) > len(pairs):
        raise Wrong("There are more numbers than pairs: a number for each pair, not for each question.")
    try:
        return canonical(value)
    except TypeError:
        raise Wrong("The groups must be numbers or names, not lists.", repr(value)[:200]) from None


def one_hop(pairs: Pairs) -> list[int]:
    """Each pair gets the number of the first pair that shares a question with it."""
    return [next(j for j, other in enumerate(pairs) if {*other} & {*pair}) for pair in pairs]


def never_merged(pairs: Pairs, prefer: int = 0) -> list[int]:
    """A pair joins a group that it meets; two groups that meet in it are not joined."""
    group: dict[str, int] = {}
    for i, pair in enumerate(pairs):
        known = [group[q] for q in (pair if prefer == 0 else pair[::-1]) if q in group]
        for question in pair:
            group.setdefault(question, known[0] if known else i)
    return [group[pair[prefer]] for pair in pairs]


def written_at_once(pairs: Pairs, prefer: int = 0) -> list[int]:
    """A pair's number is that of a group it meets, noted at once; later meetings change nothing."""
    group: dict[str, int] = {}
    found = []
    for i, pair in enumerate(pairs):
        known = [group[q] for q in (pair if prefer == 0 else pair[::-1]) if q in group]
        found.append(known[0] if known else i)
        group.update(dict.fromkeys(pair, found[-1]))
    return found


NOT_JOINED = ("Two groups that meet later stay apart: when a pair connects a question of one with a question "
              "of another, ALL of both become one group.")
SLIPS = (
    ("Each pair is a group of its own: then a question of several pairs gets onto both sides.",
     lambda pairs: range(len(pairs))),
    ("Equal pairs share a number, and no others do: one shared question is enough.", lambda pairs: pairs),
    ("Equal pairs share a number, and no others do: one shared question is enough. ",
     lambda pairs: [frozenset(pair) for pair in pairs]),
    ("Only the left questions count: a question may stand on the left in one pair, on the right in another.",
     lambda pairs: [left for left, _ in pairs]),
    ("Only the right questions count: a question may stand on the right in one pair, on the left in another.",
     lambda pairs: [right for _, right in pairs]),
    ("Left is compared with left and right with right: the same question may stand on either side.",
     lambda pairs: oracle([(f"left {a}", f"right {b}") for a, b in pairs])),
    ("You look one step far: neighbours share a number, but the neighbours of neighbours do not. A chain can "
     "be long.", one_hop),
    (NOT_JOINED, never_merged), (NOT_JOINED, lambda pairs: never_merged(pairs, 1)),
    (NOT_JOINED, written_at_once), (NOT_JOINED, lambda pairs: written_at_once(pairs, 1)),
    ("All pairs are in one group: then nothing can be split.", lambda pairs: [0] * len(pairs)),
)
ONE_STEP = "return [next(j for j, other in enumerate(pairs) if {*other} & {*pair}) for pair in pairs]"
EXERCISE = Exercise(
    id="10-7", title="No question on both sides", name="question_groups", cell=CELL, check=check,
    question="If ab and bc are duplicates in the training part, what does a net know of the test pair ac?",
    why="Nearly everything: a, b and c then ask the same, so ac is a duplicate too, without reading a word; "
        "a net that has learned the questions by heart looks clever on such pairs and on no new ones.",
    hints=Hints(
        nudge="Draw the questions as dots and the pairs as lines. What do you have to cut apart, and where "
              "may you cut without cutting a line?",
        method="Keep a dictionary from question to group, each new question a group of its own. A pair makes "
               "one group of two: rename every member of one. Give out numbers after the last pair.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("split by pair", "return list(range(len(pairs)))", "a group of its own: then"),
        Mutant("left question only", "names = {left: i for i, (left, _) in enumerate(pairs)}\n"
               "return [names[left] for left, _ in pairs]", "Only the left questions"),
        Mutant("one hop only", ONE_STEP, "one step far"),
        Mutant("groups never joined", "group = {}\nfor i, (a, b) in enumerate(pairs):\n"
               "    known = group.get(a, group.get(b, i))\n    group.setdefault(a, known)\n"
               "    group.setdefault(b, known)\nreturn [group[a] for a, _ in pairs]",
               "meet later stay apart"),
        Mutant("loses pairs", ONE_STEP.replace("for pair in pairs]", "for pair in dict.fromkeys(pairs)]"),
               "Pairs get lost"),
        Mutant("sides kept apart", "group = {}\nfor a, b in pairs:\n    a, b = (0, a), (1, b)\n"
               "    x, y = group.setdefault(a, a), group.setdefault(b, b)\n"
               "    group = {q: x if g == y else g for q, g in group.items()}\n"
               "return [group[0, a] for a, _ in pairs]", "Left is compared with left"),
        Mutant("one group", "return [0] * len(pairs)", "nothing can be split"),
        Mutant("equal pairs only", "return [hash(pair) for pair in pairs]", "Equal pairs share"),
        Mutant("number per question", "names = dict.fromkeys(q for pair in pairs for q in pair)\n"
               "return list(range(len(names) + len(pairs)))", "more numbers than pairs"),
    ),
    difficulty=3, importance=2, minutes=10,
)  # fmt: skip
