"""Texts as tensors: word vectors, TF-IDF weights, mean vectors, sequences.

    vectors = text.glove()                       # comes with the course, no network needed
    tfidf = text.fit_tfidf(train.texts)          # on the training texts only
    x = text.mean_vectors(["why is snow white?"], vectors, tfidf)
"""

import io
from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from scipy import sparse
from torch import Tensor

from course_lib.data.learned_words import ppmi_svd, skip_gram
from course_lib.data.local import own_folder, read_checked
from course_lib.data.manifest import data_folder, find_vectors
from course_lib.data.words import WordVectors, tokens

__all__ = [
    "WordVectors", "fit_tfidf", "glove", "mean_vectors", "ppmi_svd", "sequences", "skip_gram", "tokens",
]


def glove(size: str = "small") -> WordVectors:
    """Vectors of 100 numbers learned on 6 billion words (GloVe; Pennington et al. 2014).

    size: "small": the few thousand words that come with the course. "best": 25,000 words from
    $COURSE_DATA/glove where that is there, else the small ones, with one plain line that says so.
    Raises ValueError for another size, DamagedFile if a file's checksum differs from the manifest.
    """
    if size not in ("small", "best"):
        raise ValueError(f"size must be small or best; got {size!r}")
    info = find_vectors("glove")
    (small,), (full,) = info.files_of("small"), info.files_of("full")
    if size == "best":
        own = own_folder()
        if own and (own / full.path).is_file():
            return _read(read_checked(own / full.path, full))
        print(f"glove: $COURSE_DATA/{full.path} is not there; going on with the small set, "
              f"{info.words['small']:,} words.")
    return _read(read_checked(data_folder() / small.path, small))


def _read(content: bytes) -> WordVectors:
    with np.load(io.BytesIO(content)) as file:
        return WordVectors(tuple(file["words"].tolist()), torch.from_numpy(file["vectors"]).float())


def fit_tfidf(texts: Sequence[str]):
    """scikit-learn's TfidfVectorizer, fitted on these texts, with `tokens` as its analyser.

    Give it training texts only: what it counts in a test text is a leak.
    Raises ValueError if the texts have no word.
    """
    from sklearn.feature_extraction.text import TfidfVectorizer

    _check(texts)
    if not any(map(tokens, texts)):
        raise ValueError("texts must have at least one word")
    return TfidfVectorizer(analyzer=tokens).fit(texts)


def mean_vectors(texts: Sequence[str], vectors: WordVectors, tfidf=None) -> Float[Tensor, "texts dim"]:
    """One vector a text: the mean of its words' vectors, each time a word occurs.

    tfidf: a fitted TfidfVectorizer (see `fit_tfidf`). The mean is then weighted, sum of idf(w) v(w) over the
    sum of idf(w): frequent words, which say little, count for less. A word that it never saw gets the
    greatest idf that it knows. Words without a vector are left out; a text that has no other gives zeros.
    """
    _check(texts)
    idf, greatest = {}, 1.0
    if tfidf is not None:
        idf = dict(zip(tfidf.get_feature_names_out().tolist(), tfidf.idf_.tolist(), strict=True))
        greatest = max(idf.values())
    rows, columns, weights = [], [], []
    for row, text in enumerate(texts):
        for word in _known(text, vectors):
            rows.append(row)
            columns.append(vectors.place[word])
            weights.append(idf.get(word, greatest))
    matrix = sparse.csr_matrix((weights, (rows, columns)), (len(texts), len(vectors)))
    total = np.asarray(matrix.sum(1))
    mean = (matrix @ vectors.vectors.double().cpu().numpy()) / np.where(total == 0, 1, total)
    return torch.from_numpy(mean).to(vectors.vectors)


def sequences(
    texts: Sequence[str], vectors: WordVectors, length: int = 20
) -> Float[Tensor, "texts length dim"]:
    """The vectors of the first `length` known words of each text, in order, and zero rows behind them.

    Words without a vector are left out, so zeros stand only behind a text.
    Raises ValueError if length is not a positive whole number.
    """
    _check(texts)
    if isinstance(length, bool) or not isinstance(length, int) or length < 1:
        raise ValueError(f"length must be a positive whole number of words, got {length!r}")
    x = vectors.vectors.new_zeros(len(texts), length, vectors.dim)
    for row, text in enumerate(texts):
        places = [vectors.place[word] for word in _known(text, vectors)[:length]]
        x[row, : len(places)] = vectors.vectors[places]
    return x


def _known(text: str, vectors: WordVectors) -> list[str]:
    return [word for word in tokens(text) if word in vectors]


def _check(texts: Sequence[str]) -> None:
    if isinstance(texts, str):
        raise ValueError("texts must be a list of texts, got one text: put it into a list")
