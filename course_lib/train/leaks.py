"""What the source's study let slip from the test set into its figures: each leak with its effect.

Every effect is the accuracy that such a study reports minus the one that it should have reported.
"""

import torch

from course_lib.data.questions import questions
from course_lib.data.text import fit_tfidf, glove, mean_vectors
from course_lib.data.text_pairs import TextPairs, split_by_pair, split_by_question
from course_lib.measure.verification import accuracy_at, best_threshold
from course_lib.train.text_study import Row, TextStudy, train_row


def split_leak(study: TextStudy, row: Row, seed: int) -> float:
    """Split by pair, so that questions stand on both sides, minus split by question."""
    pairs = questions(study.pairs, seed=seed)
    leaky, clean = (train_row(study, row, seed, parts=split(pairs, study.shares, seed))
                    for split in (split_by_pair, split_by_question))
    return leaky.accuracy - clean.accuracy


def tfidf_leak(study: TextStudy, row: Row, seed: int) -> float:
    """TF-IDF fitted on all texts before the split, minus fitted on the training texts."""
    parts = study.splits(seed)
    everything = [text for part in parts for text in part.texts]
    leaky = train_row(study, row, seed, parts=parts, fitted_on=everything)
    return leaky.accuracy - train_row(study, row, seed, parts=parts).accuracy


def selection_leak(
    study: TextStudy, seed: int, *, tries: int = 100, tested: int = 200, fresh: int = 1000
) -> float:
    """The best of many settings, chosen on `tested` test pairs and reported there, minus the same setting on
    fresh pairs.

    A setting here is quick: the Euclidean distance of mean vectors with a random half of their numbers left
    out, with its threshold chosen on the test pairs as well.
    """
    train, _, test = study.splits(seed)
    test = test.take(torch.arange(min(tested, len(test))))
    new = questions(fresh, seed=seed + 1_000_003)
    tfidf, vectors = fit_tfidf(train.texts), glove(study.vectors)

    def differences(pairs: TextPairs) -> torch.Tensor:
        return mean_vectors(pairs.left, vectors, tfidf) - mean_vectors(pairs.right, vectors, tfidf)

    seen, unseen = differences(test), differences(new)
    kept = torch.rand(tries, seen.shape[1], generator=torch.Generator().manual_seed(seed)) < 0.5
    reported, true = [], []
    for keep in kept:
        scores, new_scores = -seen[:, keep].norm(dim=1), -unseen[:, keep].norm(dim=1)
        threshold = best_threshold(test.y, scores)
        reported.append(accuracy_at(test.y, scores, threshold))
        true.append(accuracy_at(new.y, new_scores, threshold))
    best = max(range(tries), key=reported.__getitem__)
    return reported[best] - true[best]
