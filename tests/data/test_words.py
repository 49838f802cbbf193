"""Words of a text; vectors by word, by nearness, by analogy."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib.data.words import WordVectors, tokens


@pytest.mark.parametrize(("text", "found"), [
    ("What's the BEST way?", ["what", "s", "the", "best", "way"]),
    ("I don't, can’t and won't!", ["i", "do", "not", "can", "not", "and", "will", "not"]),
    ("$1,000.50 for 3 mp3s (2.5%)", ["1,000.50", "for", "3", "mp3s", "2.5"]),
    ("cafe\u0301 naïve_Straße", ["café", "naïve", "straße"]),
    ("one,two;three-four 1,", ["one", "two", "three", "four", "1"]),
    ("", []), ("?! ... _", []),
])
def test_tokens_are_words_and_numbers_in_lower_case(text, found):
    assert tokens(text) == found


@settings(deadline=None)
@given(st.text())
def test_tokens_of_tokens_are_the_same(text):
    words = tokens(text)
    assert tokens(" ".join(words)) == words
    assert all(any(c.isalnum() for c in word) and " " not in word for word in words)


def plane():
    """Man and woman differ as king and queen do."""
    words = ("man", "woman", "king", "queen", "apple", "nothing")
    rows = [[3.0, 1, 0], [3, -1, 0], [1, 1, 3], [1, -1, 3], [-9, 0, 0], [0, 0, 0]]
    return WordVectors(words, torch.tensor(rows))


def test_a_vector_is_found_by_its_word():
    vectors = plane()
    assert vectors["king"].tolist() == [1, 1, 3]
    assert "king" in vectors and "King" not in vectors and len(vectors) == 6 and vectors.dim == 3
    with pytest.raises(KeyError, match="emperor"):
        vectors["emperor"]


def test_nearest_is_by_cosine_best_first_without_the_words_left_out():
    vectors = plane()
    found = vectors.nearest(100 * vectors["king"], 2)
    assert [word for word, _ in found] == ["king", "queen"]
    assert found[0][1] == pytest.approx(1) and found[1][1] == pytest.approx(9 / 11)
    assert vectors.nearest(vectors["king"], 1, leave_out=["king", "unheard"])[0][0] == "queen"
    assert len(vectors.nearest(vectors["king"], 99)) == 6, "fewer where there are not so many"
    assert {cosine for _, cosine in vectors.nearest(torch.zeros(3), 6)} == {0}
    for k in (0, -1, 1.5, True):
        with pytest.raises(ValueError, match="k must"):
            vectors.nearest(vectors["king"], k)
    with pytest.raises(ValueError, match="shape"):
        vectors.nearest(torch.zeros(2), 1)


def test_an_analogy_leaves_its_own_words_out():
    vectors = plane()
    assert vectors.analogy("man", "woman", "king", 2)[0][0] == "queen"
    assert vectors.analogy("king", "queen", "man")[0][0] == "woman"
    assert len(vectors.analogy("king", "queen", "man")) == 1
    assert not {"man", "woman", "king"} & {word for word, _ in vectors.analogy("man", "woman", "king", 6)}
    with pytest.raises(KeyError, match="emperor"):
        vectors.analogy("man", "woman", "emperor")


def test_words_and_vectors_must_fit():
    with pytest.raises(ValueError, match="2 words"):
        WordVectors(("a", "b"), torch.zeros(3, 4))
    with pytest.raises(ValueError, match="different"):
        WordVectors(("a", "a"), torch.zeros(2, 4))
