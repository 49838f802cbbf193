"""What exercise 10-6 hands over: parts of made text pairs, a small TF-IDF, a score, a choice of threshold."""

import math
import random
from collections import Counter
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

from course_lib.exercises.exercise import Wrong


@dataclass(frozen=True)
class Part:
    """Pairs of texts: left[i] and right[i], y[i] = 1 if they are duplicates."""

    left: list[str]
    right: list[str]
    y: Tensor


class Tfidf:
    """Like scikit-learn's TfidfVectorizer: `fit` learns which words there are and how rare they are; words
    that it never saw do not count. Without scikit-learn, so that a check begins at once."""

    idf: dict[str, float] | None = None

    def fit(self, texts, y=None) -> "Tfidf":
        texts = [] if isinstance(texts, str | Part) else list(texts)
        if not texts or not all(isinstance(text, str) for text in texts):
            raise Wrong("tfidf.fit wants a list of texts, such as train.left: what it gets is none.")
        seen = Counter(word for text in texts for word in set(text.split()))
        self.idf = {word: math.log((1 + len(texts)) / (1 + n)) + 1 for word, n in sorted(seen.items())}
        return self

    def transform(self, texts) -> Tensor:
        if self.idf is None:
            raise Wrong("tfidf is asked for a score before it was fitted on anything.")
        columns = {word: i for i, word in enumerate(self.idf)}
        rows = torch.zeros(len(texts), len(columns), dtype=torch.float64)
        for row, text in zip(rows, texts, strict=True):
            for word in text.split():
                if word in columns:
                    row[columns[word]] += self.idf[word]
        return rows / rows.norm(dim=1, keepdim=True).clamp(min=1e-12)

    def fit_transform(self, texts, y=None) -> Tensor:
        return self.fit(texts).transform(texts)


def score(tfidf: Tfidf, part: Part) -> Tensor:
    """The cosine of the two texts of each pair."""
    if not isinstance(part, Part):
        raise Wrong("score(tfidf, part) wants one of the three parts, not its texts or numbers.")
    return (tfidf.transform(part.left) * tfidf.transform(part.right)).sum(1)


def choose(scores: Tensor, y: Tensor) -> float:
    """The threshold with the most right answers, half-way between two scores; the lowest if several are."""
    scores, y = torch.as_tensor(scores).double().flatten(), torch.as_tensor(y).double().flatten()
    if len(scores) != len(y):
        raise Wrong("choose(scores, y) wants the scores and the labels of the same pairs.",
                    f"{len(scores)} scores, {len(y)} labels")
    at = scores.sort().values
    places = torch.cat([at[:1] - 1, (at[1:] + at[:-1]) / 2, at[-1:] + 1])
    right = ((scores >= places[:, None]) == (y == 1)).sum(1)
    return float(places[right.argmax()])


@cache
def parts(seed: int) -> dict[str, Part]:
    """A training, a validation and a test part, each with habits of its own: that is what leaks pay for."""
    draw = random.Random(seed)
    habits = {"train": (90, 0.85, 2), "validation": (40, 0.8, 4), "test": (40, 0.75, 6)}
    return {name: part(draw, name, *habit) for name, habit in habits.items()}


def part(draw: random.Random, name: str, pairs: int, shared: float, fillers: int) -> Part:
    """Pairs that share most of their subject words if they are duplicates, and some if they are not."""
    words = [f"word{i}" for i in range(30)] + [f"{name}{i}" for i in range(15)]
    left, right, y = [], [], []
    for i in range(pairs):
        duplicate = int(draw.random() < 0.4)
        subject = draw.sample(words, 5)
        keep = [word for word in subject if draw.random() < (shared if duplicate else shared - 0.4)]
        other = keep + draw.sample(words, 5 - len(keep))
        for side, own, place in ((left, subject, "left"), (right, other, "right")):
            around = draw.choices(["what", "is", "the", "how", "do"], k=fillers)
            side.append(" ".join([*own, *around, f"{name}-{i}-{place}"]))  # no text comes twice
        y.append(duplicate)
    return Part(left, right, torch.tensor(y))
