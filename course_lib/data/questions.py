"""Made question pairs: templates x topics x synonyms x word order, with the base rate of the Quora pairs.

A meaning is a field, an intent and a topic ("skill", "time", "guitar"). Two questions are duplicates if they
have the same meaning, however they are worded. The words stand in question_words.py.
"""

import random
from dataclasses import dataclass, replace

import torch

from course_lib.data.corpus import ANALOGIES, corpus
from course_lib.data.question_words import (
    ADJECTIVES,
    BACKS,
    FIELDS,
    FILLERS,
    FRONTS,
    MOVABLE,
    ORDER_FRAMES,
    RIVALS,
    SYNONYMS,
)
from course_lib.data.text_pairs import TextPairs

__all__ = ["ANALOGIES", "corpus", "questions"]

GROUPS, GROUP_TEXTS, GROUP_PAIRS = 0.2, 4, 5  # share of families with four texts; pairs taken from each
HARD = 0.25  # share of different pairs that share the wording: the same phrasing for another meaning
KEPT = 0.2  # share of questions that keep the frame of the first one of their family, whatever the label
REWORDED = 0.4  # share of duplicates whose phrasing is drawn anew; others change only synonyms and frame


@dataclass(frozen=True)
class Meaning:
    """What a question asks for: places in the tables of question_words.py."""

    field: str
    intent: str
    topic: int


def questions(
    n: int = 4000, *, rate: float = 0.37, seed: int = 0, order: float = 0.0, noise: float = 0.0
) -> TextPairs:
    """`n` pairs of questions; y is 1 for duplicates.

    rate: share of duplicates, exact to one pair. About one in four of the different pairs is hard: worded
    alike, but for another topic, another intent or a negation. About a third of the texts are in several
    pairs.
    order: share of pairs that hold the same words, so that only the word order tells ("is a train faster
    than a bus" and "is a bus faster than a train" differ; "today is a ..." and "is a ... today" do not).
    noise: share of pairs whose label is turned over at the end (rate then counts before that).
    Raises ValueError if an argument is out of range, or n asks for more questions than the words allow.
    """
    if isinstance(n, bool) or not isinstance(n, int) or n < 1:
        raise ValueError(f"n must be a positive whole number, got {n!r}")
    for name, share in (("rate", rate), ("order", order), ("noise", noise)):
        if not 0 <= share <= 1:
            raise ValueError(f"{name} must be a share from 0 to 1, got {share!r}")
    rng = random.Random(seed)
    ordered = round(n * order)
    positive = round(n * rate)
    first = min(round(ordered * rate), positive)
    pairs = _collect(rng, ordered, first, _order_family)
    pairs += _collect(rng, n - ordered, positive - first, _family)
    rng.shuffle(pairs)
    for place in rng.sample(range(n), round(n * noise)):
        left, right, y = pairs[place]
        pairs[place] = left, right, 1 - y
    left, right, y = zip(*pairs, strict=True)
    return TextPairs(left, right, torch.tensor(y), "made questions")


def _collect(rng, n, positive, make) -> list[tuple[str, str, int]]:
    """Pairs from families of questions until there are `n`, `positive` of them duplicates; no text is in two
    families."""
    missing, used, pairs, failed = [n - positive, positive], set(), [], 0
    while any(missing):
        rate = missing[1] / sum(missing)
        family = make(rng, rate)
        texts = {text for pair in family for text in pair[:2]}
        if texts & used:
            failed += 1
            if failed > 100 + n:
                raise ValueError("n asks for more different questions than the words allow; "
                                 f"there was an end at {len(pairs)} pairs")
            continue
        used |= texts
        for left, right, y in family:
            if missing[y]:
                missing[y] -= 1
                pairs.append((left, right, y))
    return pairs


def _family(rng, rate) -> list[tuple[str, str, int]]:
    """Pairs that hang together: one pair, or five pairs of four questions; all duplicates or none."""
    size, number = (GROUP_TEXTS, GROUP_PAIRS) if rng.random() < GROUPS else (2, 1)
    same = rng.random() < rate
    meaning, phrasing, frame = _any_meaning(rng), rng.randrange(4), _frame(rng)
    asked = {_say(rng, meaning, phrasing, frame): meaning}
    while len(asked) < size:
        if same:
            new = meaning
            wording = rng.randrange(4) if rng.random() < REWORDED else phrasing
        elif rng.random() < HARD:
            new, wording = _near(rng, meaning), phrasing
        else:
            new, wording = _any_meaning(rng), rng.randrange(4)
        if same or new not in asked.values():
            around = frame if rng.random() < KEPT else _frame(rng)
            asked.setdefault(_say(rng, new, wording, around), new)
    texts = list(asked)
    rng.shuffle(texts)
    every = [(a, b, int(asked[a] == asked[b])) for i, a in enumerate(texts) for b in texts[:i]]
    return rng.sample(every, number)


def _any_meaning(rng) -> Meaning:
    field = rng.choice(list(FIELDS))
    topics, intents = FIELDS[field]
    return Meaning(field, rng.choice(list(intents)), rng.randrange(len(topics)))


def _near(rng, meaning: Meaning) -> Meaning:
    """Another topic or another intent (for some that is the negation), the rest as it is."""
    topics, intents = FIELDS[meaning.field]
    if rng.random() < 0.5:
        return replace(meaning, topic=rng.choice([t for t in range(len(topics)) if t != meaning.topic]))
    return replace(meaning, intent=rng.choice([name for name in intents if name != meaning.intent]))


def _say(rng, meaning: Meaning, phrasing: int, frame: tuple[str, str]) -> str:
    """One wording of a meaning, in its frame."""
    topics, intents = FIELDS[meaning.field]
    words = {slot: rng.choice(choice) for slot, choice in SYNONYMS.items()}
    words["t"] = rng.choice(topics[meaning.topic])
    front, back = frame
    return _sentence(front, intents[meaning.intent][phrasing].format_map(words), back)


def _frame(rng) -> tuple[str, str]:
    """Words before and after a question that say nothing."""
    front, back = (rng.choice(pieces).format_map({slot: rng.choice(words) for slot, words in FILLERS.items()})
                   for pieces in (FRONTS, BACKS))
    return front, back


def _order_family(rng, rate) -> list[tuple[str, str, int]]:
    """One pair of questions with the same words: the frame has moved, and A and B have or have not."""
    frame, adjective, aside = rng.choice(ORDER_FRAMES), rng.choice(ADJECTIVES), rng.choice(MOVABLE)
    a, b = rng.sample(RIVALS, 2)
    same = rng.random() < rate
    left = _sentence(aside, frame.format(A=a, B=b, adjective=adjective))
    right = _sentence(frame.format(A=a if same else b, B=b if same else a, adjective=adjective), aside)
    pair = (left, right) if rng.random() < 0.5 else (right, left)
    return [(*pair, int(same))]


def _sentence(*pieces: str) -> str:
    text = " ".join(piece for piece in pieces if piece)
    return text[0].upper() + text[1:] + "?"
