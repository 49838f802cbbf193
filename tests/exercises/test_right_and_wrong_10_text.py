"""10-5 to 10-7: right answers written differently pass, wrong ones that no mutant lists are refused."""

import itertools
import random

import pytest
import torch
from answers import right_and_wrong
from sklearn.feature_extraction.text import TfidfVectorizer

from course_lib.exercises import registry
from course_lib.exercises.lesson_10 import honest_accuracy as honest
from course_lib.exercises.lesson_10.pair_parts import Tfidf, parts
from course_lib.exercises.lesson_10.question_groups import CASES, SLIPS, canonical, oracle

ZERO = "zero = torch.zeros_like(next(iter(vectors.values())))\n"
KNOWN = f"{ZERO}known = [w for w in words if w in vectors and w in idf]\n"
FIT = "tfidf.fit(train.left + train.right)\n"
CHOOSE = "t = choose(score(tfidf, validation), validation.y)\n"
REPORT = "return ((score(tfidf, test) >= t) == test.y).double().mean()"
HOP = "group = {q: q for pair in pairs for q in pair}\n"
RIGHT = {
    "10-5": {
        "get": f"{ZERO}total, weight = zero, 0\nfor w in words:\n    if vectors.get(w) is not None:\n"
               "        total = total + idf.get(w, 0) * vectors[w]\n        weight += idf.get(w, 0)\n"
               "return total / max(weight, 1e-9)",
        "stack": f"{KNOWN}if not known:\n    return zero\nv = torch.stack([vectors[w] for w in known])\n"
                 "w = torch.tensor([idf[w] for w in known])\nreturn (w / w.sum()) @ v",
        "average": f"import numpy as np\n{KNOWN}if not known:\n    return zero\nreturn torch.as_tensor("
                   "np.average([vectors[w].numpy() for w in known], 0, [idf[w] for w in known]))",
        "counter": f"from collections import Counter\n{KNOWN}n = Counter(known)\nif not n:\n    return zero\n"
                   "return sum(k * idf[w] * vectors[w] for w, k in n.items()) / "
                   "sum(k * idf[w] for w, k in n.items())",
        "try": f"{ZERO}total, weight = zero.clone(), 0.0\nfor w in words:\n    try:\n"
               "        v, k = vectors[w], idf[w]\n    except KeyError:\n        continue\n"
               "    total += k * v\n    weight += k\nreturn total / weight if weight > 0 else zero",
        "intersection": f"{ZERO}both = vectors.keys() & idf.keys()\nk = [w for w in words if w in both]\n"
                        "return sum((idf[w] * vectors[w] for w in k), zero) / (sum(idf[w] for w in k) or 1)",
        "softmax": f"{KNOWN}if not known:\n    return zero\nw = torch.tensor([idf[w] for w in known]).log()\n"
                   "return w.softmax(0) @ torch.stack([vectors[k] for k in known])",
        "running": f"{KNOWN}m, k = zero, 0.0\nfor w in known:\n    k += idf[w]\n"
                   "    m = m + idf[w] / k * (vectors[w] - m)\nreturn m",
        "nan to zero": f"{KNOWN}w = torch.tensor([idf[w] for w in known])\nreturn torch.nan_to_num("
                       "sum((idf[k] * vectors[k] for k in known), zero) / w.sum())",
        "copy": f"{ZERO}words = list(words)\nfor w in words[:]:\n    if w not in vectors or w not in idf:\n"
                "        words.remove(w)\nreturn sum((idf[w] * vectors[w] for w in words), zero) / "
                "max(1e-12, sum(map(idf.get, words)))",
    },
    "10-6": {
        "fit_transform": f"tfidf.fit_transform([*train.left, *train.right])\n{CHOOSE}{REPORT}",
        "right first": f"tfidf.fit(train.right + train.left)\n{CHOOSE}{REPORT}",
        "generator": f"tfidf.fit(t for pair in zip(train.left, train.right) for t in pair)\n{CHOOSE}{REPORT}",
        "distinct texts": f"tfidf.fit(list(dict.fromkeys(train.left + train.right)))\n{CHOOSE}{REPORT}",
        "above": f"{FIT}{CHOOSE}return float(((score(tfidf, test) > t).int() == test.y).float().mean())",
        "counted": f"{FIT}{CHOOSE}s = score(tfidf, test).tolist()\n"
                   "return sum((a >= t) == bool(y) for a, y in zip(s, test.y)) / len(s)",
        "numpy": f"{FIT}{CHOOSE}return ((score(tfidf, test).numpy() >= t) == test.y.numpy()).mean()",
        "fitted twice": f"tfidf.fit(test.left)\n{FIT}{CHOOSE}{REPORT}",
        "a fresh copy": f"import copy\ntfidf = copy.deepcopy(tfidf)\n{FIT}{CHOOSE}{REPORT}",
        "wrong ones": f"{FIT}{CHOOSE}return 1 - ((score(tfidf, test) >= t) != test.y).double().mean()",
        "hits": f"{FIT}{CHOOSE}g = score(tfidf, test) >= t\nhits = (g & (test.y == 1)) | (~g & (test.y == "
                f"0))\n"
                "return hits.sum() / len(test.y)",
        "chained": "s = score(tfidf.fit(train.left + train.right), test)\n"
                   f"{CHOOSE}return torch.eq(s >= t, test.y.bool()).double().mean().numpy()",
    },
    "10-7": {
        "find": f"{HOP}def find(q):\n    while group[q] != q:\n        q = group[q]\n    return q\n"
                "for a, b in pairs:\n    group[find(a)] = find(b)\nreturn [find(a) for a, _ in pairs]",
        "recursive": f"{HOP}def find(q):\n    return q if group[q] == q else find(group[q])\n"
                     "for a, b in pairs:\n    group[find(b)] = find(a)\nreturn [find(b) for _, b in pairs]",
        "breadth first": "number = {}\nfor i, (a, _) in enumerate(pairs):\n    todo = [a]\n    while todo:\n"
                         "        q = todo.pop()\n        if q not in number:\n            number[q] = i\n"
                         "            todo += [x for p in pairs if q in p for x in p]\n"
                         "return [number[a] for a, _ in pairs]",
        "smallest number": "g = list(range(len(pairs)))\nfor _ in pairs:\n    for i, p in enumerate(pairs):\n"
                           "        g[i] = min(g[j] for j, q in enumerate(pairs) if {*p} & {*q})\nreturn g",
        "sets": "sets = []\nfor pair in pairs:\n    met = [s for s in sets if s & {*pair}]\n"
                "    sets = [s for s in sets if s not in met] + [{*pair}.union(*met)]\n"
                "return [next(i for i, s in enumerate(sets) if a in s) for a, _ in pairs]",
        "scipy": "import numpy as np\nfrom scipy.sparse import coo_array\n"
                 "from scipy.sparse.csgraph import connected_components\n"
                 "n = {q: i for i, q in enumerate({q for p in pairs for q in p})}\nif not n:\n    return []\n"
                 "i, j = [n[a] for a, _ in pairs], [n[b] for _, b in pairs]\n"
                 "m = coo_array((np.ones(len(i)), (i, j)), shape=(len(n), len(n)))\n"
                 "return connected_components(m, directed=False)[1][i]",
        "names": f"{HOP}for a, b in pairs:\n    x, y = group[a], group[b]\n"
                 "    group = {q: x if g == y else g for q, g in group.items()}\n"
                 "return tuple(group[a] for a, _ in pairs)",
        "matrix": "n = len(pairs)\nm = torch.eye(n)\nfor i in range(n):\n    for j in range(n):\n"
                  "        m[i, j] = bool({*pairs[i]} & {*pairs[j]})\n"
                  "for _ in range(8):\n    m = (m @ m > 0).double()\nreturn m.argmax(1) if n else []",
        "backwards": f"{HOP}for a, b in reversed(pairs):\n    old, new = group[b], group[a]\n"
                     "    for q in group:\n        if group[q] == old:\n            group[q] = new\n"
                     "return [hash(group[b]) for _, b in pairs]",
        "until nothing changes": "n = {q: i for i, q in enumerate(dict.fromkeys(sum(pairs, ())))}\n"
                                 "old = None\nwhile old != n:\n    old = dict(n)\n    for a, b in pairs:\n"
                                 "        n[a] = n[b] = min(n[a], n[b])\nreturn torch.tensor("
                                 "[n[a] for a, _ in pairs])",
    },
}  # fmt: skip
WRONG = {
    "10-5": {
        "sum of vectors": f"{KNOWN}return sum((vectors[w] for w in known), zero)", "none": KNOWN,
        "squared": f"{KNOWN}if not known:\n    return zero\n"
                   "return sum(idf[w] ** 2 * vectors[w] for w in known) / sum(idf[w] for w in known)",
        "in place": f"{KNOWN}t = vectors[known[0]] if known else zero\nt *= 1.0001\nreturn t",
        "list": f"{KNOWN}return (sum((idf[w] * vectors[w] for w in known), zero) / (sum(idf[w] for w in "
                "known) or 1)).tolist()",
        "highest": f"{KNOWN}return vectors[max(known, key=idf.get)] if known else zero",
        "words removed": f"for w in words[:]:\n    if w not in vectors or w not in idf:\n"
                         f"        words.remove(w)\n{ZERO}return sum((idf[w] * vectors[w] for w in words), "
                         "zero) / max(1e-12, sum(map(idf.get, words)))",
        "five zeros": f"{KNOWN}if not known:\n    return torch.zeros(5)\n"
                      "return sum(idf[w] * vectors[w] for w in known) / sum(idf[w] for w in known)",
        "none for empty": f"{KNOWN}if known:\n    return sum(idf[w] * vectors[w] for w in known) / "
                          "sum(idf[w] for w in known)",
        "plus one": f"{KNOWN}return sum((idf[w] * vectors[w] for w in known), zero) / (1 + sum(idf[w] for w "
                    "in known))",
        "ones for empty": f"{KNOWN}if not known:\n    return zero + 1\n"
                          "return sum(idf[w] * vectors[w] for w in known) / sum(idf[w] for w in known)",
        "first vector for empty": f"{KNOWN}if not known:\n    return next(iter(vectors.values()))\n"
                                  "return sum(idf[w] * vectors[w] for w in known) / sum(idf[w] for w in "
                                  "known)",
        "early": f"{ZERO}for w in words:\n    return vectors.get(w, zero)\nreturn zero",
        "row": f"{KNOWN}return (sum((idf[w] * vectors[w] for w in known), zero) / (sum(idf[w] for w in "
               "known) or 1))[None]",
        "unknown as zero vectors": f"{ZERO}k = [w for w in words if w in idf]\n"
                                   "return sum((idf[w] * vectors.get(w, zero) for w in k), zero) / "
                                   "(sum(idf[w] for w in k) or 1)",
    },
    "10-6": {
        "validation fitted alone": f"tfidf.fit(validation.left + validation.right)\n{CHOOSE}{REPORT}",
        "two slips": "tfidf.fit(test.left + test.right)\nt = choose(score(tfidf, test), test.y)\n" + REPORT,
        "majority": "return max(test.y.double().mean(), 1 - test.y.double().mean())", "one": "return 1.0",
        "fitted again": f"{FIT}{CHOOSE}tfidf.fit(test.left + test.right)\n{REPORT}",
        "labels mixed": f"{FIT}t = choose(score(tfidf, validation), test.y)\n{REPORT}", "none": FIT + CHOOSE,
        "labels of train": f"{FIT}t = choose(score(tfidf, validation), train.y)\n{REPORT}",
        "percent": f"{FIT}{CHOOSE}{REPORT} * 100", "right only": f"tfidf.fit(train.right)\n{CHOOSE}{REPORT}",
        "as a part": f"tfidf.fit(train)\n{CHOOSE}{REPORT}", "as text": f"tfidf.fit('a b')\n{CHOOSE}{REPORT}",
        "extended": f"train.left.extend(train.right)\ntfidf.fit(train.left)\n{CHOOSE}{REPORT}",
        "all called": f"{FIT}{CHOOSE}return (score(tfidf, test) >= t).double().mean()",
        "vector": f"{FIT}{CHOOSE}return (score(tfidf, test) >= t) == test.y",
        "best of both": f"{FIT}a = choose(score(tfidf, test), test.y)\n{CHOOSE}return max(((score(tfidf, "
                        f"test) "
                        ">= u) == test.y).double().mean() for u in (a, t))",
        "rounded": f"{FIT}{CHOOSE}return round(((score(tfidf, test) >= t) == "
                   f"test.y).double().mean().item(), 1)",
        "score of texts": f"{FIT}t = choose(score(tfidf, validation.left), validation.y)\n{REPORT}",
        "mean score": f"{FIT}t = score(tfidf, validation).mean()\n{REPORT}",
        "train and validation": f"{FIT}t = (choose(score(tfidf, validation), validation.y) + choose("
                                f"score(tfidf, train), train.y)) / 2\n{REPORT}",
    },
    "10-7": {
        "one": "return 1", "none": "pass", "right only": "return [b for _, b in pairs]",
        "question to group": f"{HOP}return group", "sorted": "return sorted(pairs)",
        "two passes": "g = list(range(len(pairs)))\nfor _ in range(2):\n    for i, p in enumerate(pairs):\n"
                      "        g[i] = min(g[j] for j, q in enumerate(pairs) if {*p} & {*q})\nreturn g",
        "one pass": "n = {q: i for i, q in enumerate(dict.fromkeys(sum(pairs, ())))}\n"
                    "for a, b in pairs:\n    n[a] = n[b] = min(n[a], n[b])\nreturn [n[a] for a, _ in pairs]",
        "too early": f"{HOP}out = []\nfor a, b in pairs:\n    x, y = group[a], group[b]\n"
                     "    group = {q: x if g == y else g for q, g in group.items()}\n    "
                     "out.append(group[a])\n"
                     "return out",
        "first letters": "return [a[0] for a, _ in pairs]", "random": "return [len(a) for a, _ in pairs]",
        "only the pair renamed": f"{HOP}for a, b in pairs:\n    group[b] = group[a]\n"
                                 "return [group[a] for a, _ in pairs]",
        "lists": "return [[a, b] for a, b in pairs]", "dict": "return dict(enumerate(pairs))",
        "unions of two": "out = []\nfor p in pairs:\n    out.append(frozenset().union("
                         "*[q for q in pairs if {*p} & {*q}]))\nreturn out",
        "rounded": "return [i // 2 for i, _ in enumerate(pairs)]",
        "skips twins": f"{HOP}for a, b in pairs:\n    x, y = group[a], group[b]\n"
                       "    group = {q: x if g == y else g for q, g in group.items()}\n"
                       "return [group[a] for a, b in pairs if a != b]",
    },
}  # fmt: skip


test_right_in_another_way, test_unlisted_wrong_answers_are_refused = right_and_wrong(RIGHT, WRONG)


def test_every_single_slip_of_10_6_gives_other_numbers_than_the_honest_way_and_the_other_slips():
    single = [{kind: value} for kind in honest.SLIPS for value in honest.SLIPS[kind]]
    ways = [honest.Way(), *(honest.Way(**slip) for slip in single)]
    numbers = [tuple(honest.accuracy(way, seed) for seed in honest.SEEDS) for way in ways]
    assert len(set(numbers)) == len(ways)


def test_the_made_texts_of_10_6_repeat_nowhere_so_that_leaving_out_repeats_changes_nothing():
    for seed in honest.SEEDS:
        texts = [text for part in parts(seed).values() for text in (*part.left, *part.right)]
        assert len(set(texts)) == len(texts)
        assert all(set(part.y.tolist()) == {0, 1} for part in parts(seed).values())


def test_the_small_tfidf_of_10_6_is_scikit_learns():
    part, test = parts(0)["train"], parts(0)["test"]
    theirs = TfidfVectorizer(analyzer=str.split).fit(part.left).transform(test.right).toarray()
    assert torch.allclose(Tfidf().fit(part.left).transform(test.right), torch.from_numpy(theirs))


def test_the_leaks_of_10_6_flatter_on_average():
    """What the why answer says: a threshold from the test pairs looks better than it is."""
    honestly = [honest.accuracy(honest.Way(), seed) for seed in honest.SEEDS]
    leaky = [honest.accuracy(honest.Way(chosen="test"), seed) for seed in honest.SEEDS]
    assert all(a <= b for a, b in zip(honestly, leaky, strict=True)) and sum(leaky) > sum(honestly)


@pytest.mark.parametrize("slip", [slip for _, slip in SLIPS])
def test_every_slip_of_10_7_shows_in_some_case(slip):
    assert any(canonical(slip(pairs)) != canonical(oracle(pairs)) for pairs in CASES)


@pytest.mark.parametrize("seed", range(20))
def test_the_solution_of_10_7_splits_like_scipy(seed):
    draw = random.Random(seed)
    pairs = [(str(draw.randrange(30)), str(draw.randrange(30))) for _ in range(draw.randrange(1, 40))]
    groups = registry()["10-7"].solution(pairs)
    assert canonical(groups) == canonical(oracle(pairs))
    for (p, g), (q, h) in itertools.combinations(zip(pairs, groups, strict=True), 2):
        assert g == h or not set(p) & set(q)


def test_a_weighted_mean_leaves_float32_as_it_is():
    vectors = {"a": torch.tensor([1.0, 0.0]), "b": torch.tensor([0.0, 1.0])}
    mean = registry()["10-5"].solution(["a", "b", "c"], vectors, {"a": 1.0, "b": 3.0})
    assert mean.dtype == torch.float32 and mean.tolist() == [0.25, 0.75]
