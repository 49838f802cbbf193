"""Texts as tensors: closed forms, TF-IDF of the training texts only, padding, and the GloVe file."""

import numpy as np
import pytest
import torch

from course_lib.data import DamagedFile, manifest, text, verify
from course_lib.data.corpus import vocabulary as corpus_words
from course_lib.data.question_words import vocabulary as question_words
from course_lib.data.questions import questions
from course_lib.data.text_pairs import split_by_question

VECTORS = text.WordVectors(("snow", "is", "white", "why"), torch.tensor([[1.0, 0], [0, 4], [3, 0], [-2, 2]]))


def test_a_plain_mean_counts_each_time_a_word_occurs():
    x = text.mean_vectors(["Snow is white.", "snow, snow, is", "unheard words", "", "WHY unheard"], VECTORS)
    assert torch.allclose(x, torch.tensor([[4 / 3, 4 / 3], [2 / 3, 4 / 3], [0, 0], [0, 0], [-2, 2]]))
    assert x.dtype == torch.float32
    assert text.mean_vectors([], VECTORS).shape == (0, 2)


def test_a_weighted_mean_is_the_closed_form():
    train = ["snow is white", "sky is blue", "is it"]
    tfidf = text.fit_tfidf(train)
    idf = {word: np.log((1 + 3) / (1 + n)) + 1 for word, n in {"snow": 1, "is": 3, "white": 1}.items()}
    x = text.mean_vectors(["is snow is", "unheard"], VECTORS, tfidf)
    total = 2 * idf["is"] + idf["snow"]
    assert torch.allclose(x[0], torch.tensor([idf["snow"] / total, 2 * idf["is"] * 4 / total]).float())
    assert x[1].tolist() == [0, 0]
    weights = tfidf.transform(["is snow is"]).toarray()[0]
    names = tfidf.get_feature_names_out().tolist()
    by_sklearn = sum(weights[names.index(w)] * VECTORS[w].double() for w in ("is", "snow")) / weights.sum()
    assert torch.allclose(x[0].double(), by_sklearn, atol=1e-6), "scikit-learn's norm cancels"


def test_a_word_that_tfidf_never_saw_weighs_as_much_as_the_rarest_it_saw():
    tfidf = text.fit_tfidf(["snow is white", "is it", "is blue"])
    unseen, rare = (text.mean_vectors([f"is {word}"], VECTORS, tfidf) for word in ("why", "white"))
    share = rare[0, 0] / 3
    assert torch.allclose(unseen[0], share * torch.tensor([-2.0, 2]) + (1 - share) * torch.tensor([0.0, 4]))


def test_tfidf_sees_the_training_texts_only():
    train, _, test = split_by_question(questions(300, seed=1), seed=1)
    seen = set(text.fit_tfidf(train.texts).get_feature_names_out())
    assert seen == {word for t in train.texts for word in text.tokens(t)}
    secret = text.fit_tfidf([*train.texts, "zyzzyva"]).get_feature_names_out()
    assert "zyzzyva" in secret and "zyzzyva" not in seen
    assert {word for t in test.texts for word in text.tokens(t)} - seen, "the others are not counted"


def test_sequences_hold_the_words_in_order_and_zeros_behind():
    x = text.sequences(["why is unheard snow white", "snow", "", "unheard"], VECTORS, length=3)
    assert x.shape == (4, 3, 2) and x.dtype == torch.float32
    assert torch.equal(x[0], torch.stack([VECTORS["why"], VECTORS["is"], VECTORS["snow"]])), "the known ones"
    assert torch.equal(x[1], torch.tensor([[1.0, 0], [0, 0], [0, 0]]))
    assert not x[2:].any()
    assert text.sequences(["snow"], VECTORS).shape == (1, 20, 2)
    for length in (0, 1.5, True):
        with pytest.raises(ValueError, match="length"):
            text.sequences(["snow"], VECTORS, length)


def test_one_text_instead_of_a_list_is_refused():
    for call in (lambda: text.mean_vectors("snow", VECTORS), lambda: text.sequences("snow", VECTORS),
                 lambda: text.fit_tfidf("snow"), lambda: text.fit_tfidf([]),
                 lambda: text.fit_tfidf(["?"])):
        with pytest.raises(ValueError, match="texts must"):
            call()


def test_glove_ships_with_the_words_of_the_lesson_and_knows_the_world():
    vectors = text.glove()
    assert vectors.dim == 100 and len(vectors) == manifest.find_vectors("glove").words["small"] > 3000
    assert (question_words() | corpus_words()) - set(vectors.words) == {"a", "i"}, "not in the package"
    assert vectors.analogy("man", "woman", "king")[0][0] == "queen"
    assert vectors.vectors.dtype == torch.float32 and vectors.vectors.isfinite().all()
    path = manifest.data_folder() / "small" / "glove.npz"
    assert path.stat().st_size < 700_000
    info = manifest.find_vectors("glove")
    assert "PDDL 1.0" in info.licence and "Pennington" in info.citation and info.source and info.title


def test_best_is_the_small_set_with_a_line_where_there_is_no_other(capsys):
    assert len(text.glove("best")) == len(text.glove())
    (line,) = capsys.readouterr().out.splitlines()
    assert "$COURSE_DATA/glove" in line and "small" in line
    with pytest.raises(ValueError, match="large"):
        text.glove("large")
    with pytest.raises(ValueError, match="glove"):
        manifest.find_vectors("word2vec")


def test_best_is_the_file_of_the_user(own_data, capsys):
    if not (own_data / "glove" / "glove.6B.100d.top25k.npz").is_file():
        pytest.skip("COURSE_DATA has no glove/glove.6B.100d.top25k.npz")
    small, best = text.glove(), text.glove("best")
    assert len(best) == 25_000 and capsys.readouterr().out == ""
    assert torch.equal(small["king"], best["king"]) and verify("glove") == []


def test_a_damaged_glove_is_never_used(data_copy, tmp_path, monkeypatch):
    path = data_copy / "small" / "glove.npz"
    content = path.read_bytes()
    path.write_bytes(content[:-5])
    with pytest.raises(DamagedFile, match=r"glove\.npz.*checkout"):
        text.glove()
    for name in (None, "glove"):
        (problem,) = verify(name)
        assert str(path) in problem
    assert verify("mnist") == []
    path.write_bytes(content)
    own = tmp_path / "mes données"
    (own / "glove").mkdir(parents=True)
    (own / "glove" / "glove.6B.100d.top25k.npz").write_bytes(content)
    monkeypatch.setenv("COURSE_DATA", str(own))
    with pytest.raises(DamagedFile, match="25k"):
        text.glove("best")
