"""Words of a text, and vectors for words."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

import torch
from jaxtyping import Float
from torch import Tensor

NOT = {"can't": "can not", "won't": "will not", "shan't": "shall not"}  # the rest: don't -> do not
WORD = re.compile(r"\d+(?:[.,]\d+)+|[^\W_]+")


def tokens(text: str) -> list[str]:
    """The words and numbers of a text in lower case, in order; punctuation is left out.

    A word is a run of letters and digits ("mp3"); a number keeps the points and commas inside it ("1,000").
    "n't" becomes the word "not", because it carries meaning; other short forms are cut at the apostrophe
    ("what's" gives "what" and "s").
    """
    text = unicodedata.normalize("NFKC", text).lower().replace("’", "'")
    if "n't" in text:
        for short, long in NOT.items():
            text = re.sub(rf"\b{short}\b", long, text)
        text = re.sub(r"n't\b", " not", text)
    return WORD.findall(text)


@dataclass(frozen=True, eq=False, repr=False)
class WordVectors:
    """One vector for each word: `vectors[word]`; `word in vectors` says whether there is one."""

    words: tuple[str, ...]
    vectors: Float[Tensor, "words dim"]
    place: dict[str, int] = field(init=False)  # word -> row

    def __post_init__(self):
        object.__setattr__(self, "words", tuple(self.words))
        object.__setattr__(self, "place", {word: row for row, word in enumerate(self.words)})
        if self.vectors.ndim != 2 or len(self.words) != len(self.vectors):
            raise ValueError(f"vectors must have one row for each of the {len(self.words)} words, "
                             f"got shape {tuple(self.vectors.shape)}")
        if len(self.place) != len(self.words):
            raise ValueError("words must be different from one another")

    def __len__(self) -> int:
        return len(self.words)

    def __repr__(self) -> str:
        return f"WordVectors({len(self):,} words, {self.dim} numbers each)"

    @property
    def dim(self) -> int:
        return self.vectors.shape[1]

    def __contains__(self, word: str) -> bool:
        return word in self.place

    def __getitem__(self, word: str) -> Float[Tensor, "dim"]:
        """The vector of a word. Raises KeyError if there is none."""
        if word not in self.place:
            raise KeyError(f"no vector for the word {word!r}; ask first: {word!r} in vectors")
        return self.vectors[self.place[word]]

    def nearest(
        self, vector: Float[Tensor, "dim"], k: int = 10, leave_out: Iterable[str] = ()
    ) -> list[tuple[str, float]]:
        """The k words with the greatest cosine to `vector`, best first, with it; none of `leave_out`.

        Fewer where there are not so many words. A zero vector has cosine 0 with everything.
        Raises ValueError if k is not a positive whole number or the vector has another length.
        """
        if isinstance(k, bool) or not isinstance(k, int) or k < 1:
            raise ValueError(f"k must be a positive whole number, got {k!r}")
        if vector.shape != (self.dim,):
            raise ValueError(f"vector must have shape ({self.dim},), got {tuple(vector.shape)}")
        cosine = _unit(self.vectors) @ _unit(vector.to(self.vectors))
        left_out = {self.place[word] for word in leave_out if word in self.place}
        best = (row for row in cosine.argsort(descending=True, stable=True).tolist() if row not in left_out)
        return [(self.words[row], float(cosine[row])) for row, _ in zip(best, range(k), strict=False)]

    def analogy(self, a: str, b: str, c: str, k: int = 1) -> list[tuple[str, float]]:
        """Words d such that a is to b as c is to d, best first, with their cosines.

        Looks for the words nearest to b - a + c, each of the three made one unit long (Mikolov et al. 2013);
        a, b and c themselves are left out. Raises KeyError for a word without a vector.
        """
        a_, b_, c_ = (_unit(self[word]) for word in (a, b, c))
        return self.nearest(b_ - a_ + c_, k, leave_out=(a, b, c))


def _unit(v: Tensor) -> Tensor:
    return torch.nn.functional.normalize(v, dim=-1)
