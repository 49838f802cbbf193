"""Made questions: the base rate, repetition, and how hard they are; the corpus."""

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from course_lib.data import text
from course_lib.data.question_words import FIELDS
from course_lib.data.questions import ANALOGIES, corpus, questions
from course_lib.data.text_pairs import components, split_by_question

SEEDS = (7000, 7001, 7002)


def cosine(pairs, vectors, tfidf=None):
    left, right = (text.mean_vectors(side, vectors, tfidf) for side in (pairs.left, pairs.right))
    return torch.cosine_similarity(left, right).numpy()


def bags(pairs):
    return [(set(text.tokens(a)), set(text.tokens(b))) for a, b in zip(pairs.left, pairs.right, strict=True)]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 300), st.floats(0, 1), st.floats(0, 1), st.integers(0, 99))
def test_the_base_rate_is_exact_and_no_pair_is_there_twice(n, rate, order, seed):
    pairs = questions(n, rate=rate, order=order, seed=seed)
    assert len(pairs) == n and int(pairs.y.sum()) == round(n * rate) and pairs.y.dtype == torch.int64
    ends = [frozenset(ends) for ends in zip(pairs.left, pairs.right, strict=True)]
    assert len(set(ends)) == n and all(len(pair) == 2 for pair in ends)


def test_the_seed_decides_everything():
    one, again, other = questions(200, seed=3), questions(200, seed=3), questions(200, seed=4)
    assert one.left == again.left and one.right == again.right and torch.equal(one.y, again.y)
    assert one.left != other.left


@pytest.mark.parametrize("field", FIELDS)
def test_a_question_has_one_meaning(field):
    topics, intents = FIELDS[field]
    phrasings = [phrasing for four in intents.values() for phrasing in four]
    assert all(len(four) == 4 for four in intents.values()) and len(set(phrasings)) == len(phrasings)
    assert all(phrasing.count("{t}") == 1 for phrasing in phrasings)
    names = [name for synonyms in topics for name in synonyms]
    assert len(set(names)) == len(names)


def test_duplicates_are_symmetric_and_transitive():
    pairs = questions(3000, seed=1)
    label = {c: set() for c in components(pairs)}
    for c, y in zip(components(pairs), pairs.y.tolist(), strict=True):
        label[c].add(y)
    assert all(len(labels) == 1 for labels in label.values()), "a family is all duplicates or none"


@pytest.mark.parametrize("seed", SEEDS)
def test_about_a_third_of_the_texts_is_in_several_pairs(seed):
    pairs = questions(seed=seed)
    times = Counter(text for pair in zip(pairs.left, pairs.right, strict=True) for text in pair)
    assert 0.25 < np.mean([count > 1 for count in times.values()]) < 0.45
    assert np.bincount(components(pairs)).max() < 10, "and yet they split well"


@pytest.mark.parametrize("seed", SEEDS)
def test_they_are_neither_trivial_nor_hopeless(seed):
    pairs, vectors = questions(seed=seed), text.glove()
    y = pairs.y.numpy()
    plain = roc_auc_score(y, cosine(pairs, vectors))
    tfidf = text.fit_tfidf(split_by_question(pairs, seed=seed)[0].texts)
    weighted = roc_auc_score(y, cosine(pairs, vectors, tfidf))
    assert 0.68 < plain < 0.9 and plain + 0.03 < weighted < 0.93
    overlap = roc_auc_score(y, [len(a & b) / len(a | b) for a, b in bags(pairs)])
    length = roc_auc_score(y, [abs(len(a) - len(b)) for a, b in zip(pairs.left, pairs.right, strict=True)])
    total = roc_auc_score(y, [len(a) + len(b) for a, b in zip(pairs.left, pairs.right, strict=True)])
    assert overlap < 0.85 and 0.4 < length < 0.6 and 0.4 < total < 0.6


def test_hard_negatives_share_most_words():
    pairs = questions(seed=7000)
    overlaps = np.array([len(a & b) / len(a | b) for a, b in bags(pairs)])
    assert np.mean(overlaps[pairs.y.numpy() == 0] > 0.5) > 0.03, "worded alike"
    assert np.mean(["not" in a ^ b for a, b in bags(pairs.take(pairs.y == 0))]) > 0.1, "negations"


def test_order_pairs_hold_the_same_words_whatever_their_label():
    pairs = questions(400, order=1.0, seed=5)
    assert all(sorted(text.tokens(a)) == sorted(text.tokens(b))
               for a, b in zip(pairs.left, pairs.right, strict=True))
    assert int(pairs.y.sum()) == 148
    scores = cosine(pairs, text.glove())
    assert np.allclose(scores, 1, atol=1e-5), "a bag of words cannot tell"
    some = questions(400, order=0.25, seed=5)
    same_bag = [sorted(text.tokens(a)) == sorted(text.tokens(b))
                for a, b in zip(some.left, some.right, strict=True)]
    assert 100 <= sum(same_bag) < 120
    left, right = pairs.left[0].lower(), pairs.right[0].lower()
    assert left != right


def test_label_noise_turns_exactly_its_share():
    clean, noisy = questions(500, seed=6), questions(500, seed=6, noise=0.1)
    assert clean.left == noisy.left and int((clean.y != noisy.y).sum()) == 50
    with pytest.raises(ValueError, match="noise"):
        questions(10, noise=2)


@pytest.mark.parametrize(("options", "word"), [
    ({"n": 0}, "n must"), ({"n": 2.5}, "n must"), ({"n": True}, "n must"), ({"rate": 1.1}, "rate"),
    ({"rate": float("nan")}, "rate"), ({"order": -0.1}, "order"), ({"n": 20_000, "order": 1.0}, "n asks"),
])
def test_wrong_arguments_are_named(options, word):
    with pytest.raises(ValueError, match=word):
        questions(**options)


def test_the_corpus_repeats_and_holds_every_word_of_its_analogies():
    sentences = corpus(5000, seed=2)
    assert len(sentences) == 5000 and sentences == corpus(5000, seed=2) != corpus(5000, seed=3)
    words = {word for sentence in sentences for word in text.tokens(sentence)}
    assert all(len(set(four)) == 4 and set(four) <= words for four in ANALOGIES)
    assert {("france", "paris", "japan", "tokyo"), ("king", "queen", "actor", "actress")} < set(ANALOGIES)
    assert len(set(ANALOGIES)) == len(ANALOGIES) > 100
    assert all(sentence == " ".join(text.tokens(sentence)) for sentence in sentences), "plain words"
    with pytest.raises(ValueError, match="n must"):
        corpus(0)
