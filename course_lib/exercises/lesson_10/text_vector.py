"""10-5: the TF-IDF-weighted mean of a text's word vectors. Oracle: the formula, word by word."""

import copy

import torch
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.oracle import Slip, compare

CELL = '''\
def text_vector(words: list[str], vectors: dict[str, Tensor], idf: dict[str, float]):
    """The weighted mean of the vectors of a text's words: each word weighs idf[word], and counts as often as
    it occurs (the TF of TF-IDF). A word that has no vector, or no idf, does not count at all. A text of
    nothing but such words gets zeros, as many as a vector has numbers."""
    ### BEGIN SOLUTION
    total, weight = torch.zeros_like(next(iter(vectors.values()))), 0.0
    for word in words:
        if word in vectors and word in idf:
            total = total + idf[word] * vectors[word]
            weight += idf[word]
    return total / weight if weight else total
    ### END SOLUTION
'''
TEMPLATE = '''\
    known = [word for word in words if ...]
    if not known:
        return torch.zeros_like(...)              # like any of the vectors
    total = sum(... for word in known)            # each vector times its weight
    return total / sum(... for word in known)
'''
IDF = {"what": 1.2, "is": 1.1, "the": 1.05, "best": 2.6, "laptop": 5.3, "phone": 4.9, "rare": 7.7,
       "cheap": 0.4}  # fmt: skip
WORDS = ("what", "is", "the", "best", "laptop", "phone", "cheap", "gadget")  # gadget has a vector, no idf
TEXTS = (
    "what is the best laptop",
    "the best phone is the best laptop",
    "laptop",
    "cheap laptop cheap",
    "what is the best rare gizmo",  # rare has an idf, no vector; gizmo has neither
    "gadget is the best phone",
    "gizmo",
    "rare gadget",
    "",
)


def check(answer) -> None:
    """Usual texts first, then unknown words, then nothing known at all."""
    for features in (5, 3):
        vectors = {word: torch.randn(features) for word in WORDS}
        for text in TEXTS:
            one_case(answer, text.split(), vectors)


def one_case(answer, words: list[str], vectors: dict[str, Tensor]) -> None:
    given = list(words), {word: v.clone() for word, v in vectors.items()}, dict(IDF)
    before = copy.deepcopy(given)
    known = [word for word in words if word in vectors and word in IDF]
    try:
        found = answer(*given)
    except KeyError as error:
        raise Wrong("A word that is in no dictionary stops your code: ask with `in`, or with .get, before "
                    "you look it up.", f"text: {' '.join(words)!r}, word: {error}") from error
    except ZeroDivisionError as error:
        raise Wrong(NOTHING_KNOWN, f"text: {' '.join(words)!r}") from error
    unchanged(given, before)
    want = sum((IDF[word] * vectors[word] for word in known), torch.zeros_like(vectors["is"]))
    want = want / sum(IDF[word] for word in known) if known else want
    if not known:
        nothing_known(found, want, words)
    compare(found, want, slips(words, known, vectors), OTHERWISE)


NOTHING_KNOWN = ("A text without a single known word is divided by zero: answer zeros before you come to "
                 "the division.")


def unchanged(given, before) -> None:
    same = all(torch.equal(v, before[1].get(word, v[:0])) for word, v in given[1].items())
    if given[0] != before[0] or given[2] != before[2] or given[1].keys() != before[1].keys() or not same:
        raise Wrong("The call changes what it was given: the words, a vector (`+=` on one works in place) or "
                    "a dictionary.")


def nothing_known(found, want: Tensor, words: list[str]) -> None:
    detail = f"text: {' '.join(words)!r}"
    if isinstance(found, Tensor) and found.is_floating_point() and torch.isnan(found).any():
        raise Wrong(NOTHING_KNOWN, detail)
    if found is None or (isinstance(found, int | float) and found == 0) or (
        isinstance(found, Tensor) and found.shape != want.shape and not found.any()
    ):
        raise Wrong("A text without a single known word must get a vector of zeros, as long as the others: "
                    "what comes back is none.", detail)


def slips(words: list[str], known: list[str], vectors: dict[str, Tensor]) -> tuple[Slip, ...]:
    """What typical slips would answer."""
    zero = torch.zeros_like(vectors["is"])
    total = sum((IDF[word] * vectors[word] for word in known), zero)
    weight = sum(IDF[word] for word in known)
    once = sorted(set(known))

    def average(pairs) -> Tensor:
        """The mean of (weight, vector)."""
        return sum((w * v for w, v in pairs), zero) / sum(w for w, _ in pairs)

    def without_idf(weight: float):
        return lambda: average([(IDF.get(word, weight), vectors[word]) for word in words if word in vectors])

    return (
        ("This is the plain mean: the weights act nowhere.",
         lambda: average([(1, vectors[w]) for w in known])),
        ("The weighted vectors are added up, but not divided: longer texts get longer vectors.",
         lambda: total),
        ("You divide by the number of words: divide by the sum of their weights.",
         lambda: total / len(known)),
        ("You divide by the number of words, the unknown ones included.", lambda: total / len(words)),
        ("A word counts only once, however often the text has it.",
         lambda: average([(IDF[w], vectors[w]) for w in once])),
        ("Unknown words count in the sum of weights below: leave them out above AND below.",
         lambda: total / sum(IDF.get(word, 0) for word in words)),
        ("Unknown words count in the sum of weights below: leave them out above AND below. ",
         lambda: total / sum(IDF.get(word, 1) for word in words)),
        ("A word without an idf gets weight 1: it must not count at all.", without_idf(1)),
        ("A word without an idf gets the largest weight: it must not count at all.",
         without_idf(max(IDF.values()))),
        ("You divide by the weights of all words there are, not of those in the text.",
         lambda: total / sum(IDF.values())),
        ("You divide by the weight: a rare word must count more, not less.",
         lambda: average([(1 / IDF[w], vectors[w]) for w in known])),
        ("The weights are squared: they act twice.",
         lambda: average([(IDF[w] ** 2, vectors[w]) for w in known])),
        ("The vector is normed to length 1: here it is the mean itself.", lambda: total / total.norm()),
        ("Only the first known word is left: the loop comes back too early.", lambda: vectors[known[0]]),
        ("Only the last known word is left: add up instead of replacing.", lambda: vectors[known[-1]]),
        ("One unknown word turns the whole text into zeros.", lambda: zero),
        ("The mean is over the numbers of one vector as well: one number for each feature must be left.",
         lambda: (total / weight).mean()),
    )


OTHERWISE = ("This is not the weighted mean. Do it by hand for two words with the vectors (1, 0) and (0, 1) "
             "and the weights 1 and 3: it must be (0.25, 0.75).")
EXERCISE = Exercise(
    id="10-5", title="Weighted means", name="text_vector", cell=CELL, check=check,
    question="Which questions does the weighting bring closer together, and which does it push apart?",
    why="Frequent words such as 'what is the' weigh little, so questions that differ only in them come "
        "closer; questions that share only such words, and not the rare word that says what they are about, "
        "move apart.",
    hints=Hints(
        nudge="A mean weighted with 1 and 3: what stands below the fraction line? And which words of the "
              "text may count, above and below?",
        method="Collect the known words first, repeats included. If there is none, answer zeros. Else add up "
               "weight times vector, and divide by the sum of the same weights.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("plain mean", "known = [w for w in words if w in vectors and w in idf]\n"
               "if not known:\n    return torch.zeros_like(next(iter(vectors.values())))\n"
               "return torch.stack([vectors[w] for w in known]).mean(0)", "plain mean"),
        Mutant("not divided", "zero = torch.zeros_like(next(iter(vectors.values())))\n"
               "return sum((idf[w] * vectors[w] for w in words if w in vectors and w in idf), zero)",
               "but not divided"),
        Mutant("divided by the count", "known = [w for w in words if w in vectors and w in idf]\n"
               "zero = torch.zeros_like(next(iter(vectors.values())))\n"
               "return sum((idf[w] * vectors[w] for w in known), zero) / max(1, len(known))",
               "You divide by the number of words: divide"),
        Mutant("unknown words below", "known = [w for w in words if w in vectors and w in idf]\n"
               "zero = torch.zeros_like(next(iter(vectors.values())))\n"
               "total = sum((idf[w] * vectors[w] for w in known), zero)\n"
               "return total / sum(idf.get(w, 0) for w in words) if known else zero", "above AND below"),
        Mutant("NaN for unknown text", "known = [w for w in words if w in vectors and w in idf]\n"
               "zero = torch.zeros_like(next(iter(vectors.values())))\n"
               "weight = torch.tensor([idf[w] for w in known]).sum()\n"
               "return sum((idf[w] * vectors[w] for w in known), zero) / weight", "divided by zero"),
        Mutant("each word once", "known = {w for w in words if w in vectors and w in idf}\n"
               "if not known:\n    return torch.zeros_like(next(iter(vectors.values())))\n"
               "return sum(idf[w] * vectors[w] for w in known) / sum(idf[w] for w in known)",
               "counts only once"),
        Mutant("no look before",
               "return sum(idf[w] * vectors[w] for w in words) / sum(idf[w] for w in words)",
               "stops your code"),
        Mutant("weight 1 for others", "known = [w for w in words if w in vectors]\n"
               "if not known:\n    return torch.zeros_like(next(iter(vectors.values())))\n"
               "return (sum(idf.get(w, 1) * vectors[w] for w in known)\n"
               "        / sum(idf.get(w, 1) for w in known))", "gets weight 1"),
        Mutant("a bare zero", "known = [w for w in words if w in vectors and w in idf]\n"
               "if not known:\n    return 0.0\n"
               "return sum(idf[w] * vectors[w] for w in known) / sum(idf[w] for w in known)",
               "as long as the others"),
    ),
    difficulty=2, importance=3, minutes=6,
)  # fmt: skip
