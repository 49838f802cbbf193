"""Word vectors learned on the spot, in two ways: by counting (PPMI and SVD), by prediction (skip-gram)."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from scipy import sparse
from scipy.sparse.linalg import svds

from course_lib.data.words import WordVectors, tokens


def ppmi_svd(sentences: Sequence[str], dim: int = 50, window: int = 3, seed: int = 0) -> WordVectors:
    """Word vectors by counting which words stand near which.

    M_ij = max(0, log(p(i, j) / (p(i) p(j)))) for words at most `window` apart in one sentence (positive
    pointwise mutual information); then M = U S V^T, cut after the `dim` greatest singular values. The vectors
    are U sqrt(S) (Levy, Goldberg 2014). The commonest word comes first.
    Raises ValueError if there are not more words than `dim`, or no two words stand together.
    """
    words, left, right = _neighbours(sentences, dim, window)
    n = len(words)
    counts = sparse.coo_matrix((np.ones(len(left)), (left, right)), (n, n)).tocsr().tocoo()
    total = np.bincount(left, minlength=n)  # left and right hold the same words: each pair stands both ways
    pmi = np.log(counts.data * len(left) / (total[counts.row].astype(float) * total[counts.col]))
    ppmi = sparse.csr_matrix((np.maximum(pmi, 0), (counts.row, counts.col)), (n, n))
    if not ppmi.count_nonzero():
        raise ValueError("no two words stand together more often than by chance; give more sentences")
    u, s, _ = svds(ppmi, k=dim, v0=np.random.default_rng(seed).normal(size=n))
    u, s = u[:, ::-1], s[::-1]
    u = u * np.where(u[np.abs(u).argmax(0), np.arange(dim)] < 0, -1, 1)  # a singular vector has no sign
    return WordVectors(words, torch.from_numpy(u * np.sqrt(np.maximum(s, 0))).float())


def skip_gram(
    sentences: Sequence[str], dim: int = 50, window: int = 3, negatives: int = 5, epochs: int = 5,
    seed: int = 0,
) -> WordVectors:
    """Word vectors by predicting, for each word v, its neighbours u: skip-gram with negative sampling.

    Each pair adds -log s(u . v) - sum over n of log s(-n . v) to the loss; s is the logistic function, the
    `negatives` words n are drawn in proportion to count^(3/4) (Mikolov et al. 2013). Adam; float64 inside, so
    that the number of threads makes no difference. The commonest word comes first.
    Raises ValueError as `ppmi_svd` does, and if negatives or epochs is not a positive whole number.
    """
    for name, number in (("negatives", negatives), ("epochs", epochs)):
        if isinstance(number, bool) or not isinstance(number, int) or number < 1:
            raise ValueError(f"{name} must be a positive whole number, got {number!r}")
    words, left, right = _neighbours(sentences, dim, window)
    generator = torch.Generator().manual_seed(seed)
    near, far = (torch.randn(len(words), dim, generator=generator, dtype=torch.float64) / dim**0.5
                 for _ in range(2))
    near.requires_grad_(), far.requires_grad_()
    optimizer = torch.optim.Adam([near, far], lr=0.02)
    left, right = torch.from_numpy(left), torch.from_numpy(right)
    chance = torch.bincount(right, minlength=len(words)).double() ** 0.75
    batch = min(4096, max(64, len(left) // 32))
    for _ in range(epochs):
        for chosen in torch.randperm(len(left), generator=generator).split(batch):
            drawn = torch.multinomial(chance, len(chosen) * negatives, True, generator=generator)
            v = F.embedding(left[chosen], near)
            u = F.embedding(torch.cat([right[chosen, None], drawn.view(-1, negatives)], 1), far)
            score = torch.einsum("bd,bnd->bn", v, u)
            loss = -F.logsigmoid(score[:, 0]).mean() - F.logsigmoid(-score[:, 1:]).sum(1).mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return WordVectors(words, near.detach().float())


def _neighbours(
    sentences: Sequence[str], dim: int, window: int
) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Words by falling count, and the places of all pairs at most `window` apart, each pair both ways."""
    if isinstance(sentences, str):
        raise ValueError("sentences must be a list of texts, got one text")
    texts = [tokens(sentence) for sentence in sentences]
    counts = Counter(word for text in texts for word in text)
    words = tuple(sorted(counts, key=lambda word: (-counts[word], word)))
    if not 1 <= dim < len(words):
        raise ValueError(f"dim must be from 1 to one less than the {len(words)} words there are, got {dim}")
    place = {word: row for row, word in enumerate(words)}
    flat = np.array([place[word] for text in texts for word in text])
    owner = np.repeat(np.arange(len(texts)), [len(text) for text in texts])
    first, second = [flat[:0]], [flat[:0]]
    for apart in range(1, min(window, len(flat) - 1) + 1):
        together = owner[:-apart] == owner[apart:]
        first.append(flat[:-apart][together])
        second.append(flat[apart:][together])
    first, second = np.concatenate(first), np.concatenate(second)
    if not len(first):
        raise ValueError(f"no two words stand together: window is {window}; give longer sentences")
    return words, np.concatenate([first, second]), np.concatenate([second, first])
