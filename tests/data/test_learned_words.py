"""Vectors learned by counting and by prediction: what they must equal, find and repeat."""

from itertools import pairwise

import numpy as np
import pytest
import torch

from course_lib.data.learned_words import ppmi_svd, skip_gram
from course_lib.data.questions import ANALOGIES, corpus


@pytest.fixture(params=[ppmi_svd, skip_gram], ids=lambda learn: learn.__name__)
def learn(request):
    return request.param


@pytest.fixture
def threads():
    """torch.set_num_threads, put back afterwards."""
    before = torch.get_num_threads()
    yield torch.set_num_threads
    torch.set_num_threads(before)


def test_planted_analogies_are_found(learn):
    vectors = learn(corpus(seed=7000))
    found = [vectors.analogy(a, b, c)[0][0] == d for a, b, c, d in ANALOGIES]
    assert np.mean(found) > 0.7, f"chance is {1 / len(vectors):.3f}"
    for group in (found[:90], found[90:180], found[180:]):
        assert np.mean(group) > 0.3, "capitals, comparatives, roles"


def test_shuffled_words_teach_no_analogy(learn):
    rng = np.random.default_rng(0)
    sentences = corpus(3000)
    words = rng.permutation([word for sentence in sentences for word in sentence.split()]).tolist()
    lengths = [len(sentence.split()) for sentence in sentences]
    mixed = [" ".join(words[end - n : end]) for n, end in zip(lengths, np.cumsum(lengths), strict=True)]
    vectors = learn(mixed, dim=20)
    assert np.mean([vectors.analogy(a, b, c)[0][0] == d for a, b, c, d in ANALOGIES]) < 0.1


def test_a_seed_decides_everything_at_any_number_of_threads(learn, threads):
    sentences = corpus(150)
    made = []
    for number in (1, 2):
        threads(number)
        made.append(learn(sentences, dim=10, seed=3))
    assert made[0].words == made[1].words and made[0].vectors.dtype == torch.float32
    assert torch.allclose(made[0].vectors, made[1].vectors, atol=1e-4)
    state = torch.get_rng_state()
    learn(sentences, dim=10)
    assert torch.equal(state, torch.get_rng_state()), "the global generator is left alone"


def test_skip_gram_depends_on_its_seed():
    assert not torch.allclose(*(skip_gram(corpus(200), 5, seed=seed).vectors for seed in (0, 1)), atol=0.01)


def test_ppmi_svd_factors_the_matrix_counted_by_hand():
    sentences = ["a b c", "b c", "C, c d!", "e e a"]
    texts = [["a", "b", "c"], ["b", "c"], ["c", "c", "d"], ["e", "e", "a"]]
    vectors = ppmi_svd(sentences, dim=4, window=1)
    assert vectors.words == ("c", "a", "b", "e", "d"), "by falling count, then by letter"
    counts = np.zeros((5, 5))
    for text in texts:
        for one, other in pairwise(text):
            i, j = vectors.place[one], vectors.place[other]
            counts[i, j] += 1
            counts[j, i] += 1
    p = counts / counts.sum()
    with np.errstate(divide="ignore"):
        ppmi = np.maximum(np.log(p / np.outer(p.sum(1), p.sum(0))), 0)
    s = np.linalg.svd(ppmi)[1]
    gram = vectors.vectors.double().numpy()
    assert np.allclose(np.linalg.svd(gram)[1] ** 2, s[:4], atol=1e-5)
    u = gram / np.linalg.norm(gram, axis=0)
    assert np.allclose(u.T @ ppmi @ ppmi.T @ u, np.diag(s[:4] ** 2), atol=1e-5), "greatest first"


def test_a_wider_window_sees_more():
    sentences = ["a x b", "a y b", "c x d", "c y d"]
    close, wide = (ppmi_svd(sentences, dim=3, window=window) for window in (1, 2))
    assert not torch.allclose(close.vectors.abs(), wide.vectors.abs(), atol=0.01)


@pytest.mark.parametrize(("sentences", "options", "words"), [
    (["a b c"], {"dim": 3}, "dim"), (["a b c"], {"dim": 0}, "dim"), ([], {"dim": 1}, "dim"),
    (["a", "b", "c"], {"dim": 2}, "together"), (["a b c"], {"dim": 2, "window": 0}, "together"),
    ("a b c", {"dim": 2}, "list"),
])
def test_too_little_text_is_refused(learn, sentences, options, words):
    with pytest.raises(ValueError, match=words):
        learn(sentences, **options)


def test_words_that_stand_together_by_chance_only_are_refused():
    with pytest.raises(ValueError, match="by chance"):
        ppmi_svd(["a a", "a b", "a b", "b b"], dim=1)


@pytest.mark.parametrize("options", [{"negatives": 0}, {"epochs": 0}, {"epochs": 1.5}])
def test_skip_gram_names_a_wrong_number(options):
    with pytest.raises(ValueError, match=f"{next(iter(options))} must be a positive whole number"):
        skip_gram(["a b c"], dim=2, **options)
