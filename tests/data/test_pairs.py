"""Class pairs: what was asked for, nothing twice, every pair with the same chance; and classes held out."""

from collections import Counter
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from course_lib import data
from course_lib.data.pairs import class_pairs, hold_out

label_sets = st.lists(st.integers(0, 4), min_size=2, max_size=14)
rates = st.sampled_from([0.0, 0.2, 0.5, 0.63, 1.0, "natural"])


def counts(labels):
    """(pairs of one class, pairs of two) in the set."""
    n, sizes = len(labels), Counter(labels).values()
    same = sum(m * (m - 1) // 2 for m in sizes)
    return same, n * (n - 1) // 2 - same


def unordered(pairs):
    return [tuple(sorted(p)) for p in zip(pairs.left.tolist(), pairs.right.tolist(), strict=True)]


@settings(deadline=None, max_examples=200)
@given(label_sets, st.integers(1, 60), rates, st.integers(0, 99))
def test_the_laws_of_class_pairs(labels, n, rate, seed):
    same, different = counts(labels)
    wanted = None if rate == "natural" else (round(n * rate), n - round(n * rate))
    if wanted and ((wanted[0] and not same) or (wanted[1] and not different)):
        with pytest.raises(ValueError, match="no pair of items of"):
            class_pairs(torch.tensor(labels), n, rate=rate, seed=seed)
        return
    pairs = class_pairs(torch.tensor(labels), n, rate=rate, seed=seed)
    assert len(pairs) == n == len(pairs.left) == len(pairs.right)
    for i, j, y in zip(pairs.left.tolist(), pairs.right.tolist(), pairs.y.tolist(), strict=True):
        assert i != j and y == (labels[i] == labels[j])
    if wanted:
        assert pairs.y.sum() == wanted[0]
    drawn = list(zip(unordered(pairs), pairs.y.tolist(), strict=True))
    for sort, there in ((1, same), (0, different)) if wanted else ((None, same + different),):
        seen = Counter(pair for pair, y in drawn if sort in (None, y))
        rounds, rest = divmod(seen.total(), there or 1)
        assert len(seen) == (there if rounds else rest), "every pair once before one comes again"
        assert not seen or max(seen.values()) <= rounds + bool(rest)


def test_pairs_repeat_with_their_seed():
    labels = torch.arange(50) % 5
    a, b, c = (class_pairs(labels, 40, seed=s) for s in (1, 1, 2))
    assert torch.equal(a.left, b.left) and torch.equal(a.right, b.right) and torch.equal(a.y, b.y)
    assert not torch.equal(a.left, c.left)


@pytest.mark.parametrize("rate", [0.5, "natural"])
def test_every_pair_of_a_sort_has_the_same_chance_and_either_side(rate):
    labels = torch.tensor([2, 0, 1, 0, 2, 0])  # 4 pairs of one class, 11 of two
    seen = Counter()
    for seed in range(900):
        pairs = class_pairs(labels, 4, rate=rate, seed=seed)
        seen.update(zip(pairs.left.tolist(), pairs.right.tolist(), strict=True))
    assert len(seen) == 30
    for (i, j), times in seen.items():
        chance = 4 / 15 if rate == "natural" else (2 / 4 if labels[i] == labels[j] else 2 / 11)
        expected = 900 * chance / 2
        assert abs(times - expected) < 5 * expected**0.5


def test_pairs_are_shuffled():
    y = class_pairs(torch.arange(100) % 10, 400).y
    assert 70 < y[:200].sum() < 130


def test_natural_pairs_have_the_sets_own_rate():
    pairs = class_pairs(torch.arange(1000) % 10, 5000, rate="natural")
    assert abs(pairs.y.double().mean() - 99 / 999) < 0.02


def test_a_large_set_needs_no_list_of_its_pairs():
    pairs = class_pairs(torch.arange(60_000) % 10, 1000, seed=3)  # 1.8 thousand million pairs
    assert len(set(unordered(pairs))) == 1000 and pairs.left.max() > 50_000


def test_take_puts_the_items_side_by_side():
    x = torch.rand(20, 1, 4, 4)
    pairs = class_pairs(torch.arange(20) % 4, 30)
    both = pairs.take(x)
    assert both.shape == (30, 2, 1, 4, 4)
    assert torch.equal(both[:, 0], x[pairs.left]) and torch.equal(both[:, 1], x[pairs.right])
    assert repr(pairs) == "Pairs(30 pairs, 15 of one class)" and pairs.y.dtype == torch.int64


def test_any_labels_do():
    plain = class_pairs(torch.tensor([7, -3, 7, -3, 7]), 4)
    assert torch.equal(plain.left, class_pairs([7, -3, 7, -3, 7], 4).left)
    assert len(class_pairs(torch.tensor([True, False, True]), 2)) == 2


@pytest.mark.parametrize(("labels", "n", "options", "message"), [
    ([0, 1, 2], 4, {}, "no pair of items of one class"),
    ([1, 1, 1], 4, {}, "no pair of items of different classes"),
    ([1], 4, {"rate": "natural"}, "no pair of different items"),
    ([], 4, {}, "no pair"),
    ([0, 0, 1], 0, {}, "^n must be"), ([0, 0, 1], 2.0, {}, "^n must be"), ([0, 0, 1], True, {}, "^n must be"),
    ([0, 0, 1], 2, {"rate": 1.5}, "^rate must be"), ([0, 0, 1], 2, {"rate": "half"}, "^rate must be"),
    ([0, 0, 1], 2, {"rate": None}, "^rate must be"), ([0, 0, 1], 2, {"rate": float("nan")}, "^rate must be"),
    ([[0, 0, 1]], 2, {}, "^labels must be"),
])
def test_what_cannot_be_is_named(labels, n, options, message):
    with pytest.raises(ValueError, match=message):
        class_pairs(torch.tensor(labels), n, **options)


@pytest.fixture(scope="module")
def digits():
    return data.load("mnist", "test")


@settings(deadline=None, max_examples=20)
@given(st.sets(st.integers(0, 9), min_size=1, max_size=9))
def test_no_held_out_class_is_on_both_sides(digits, held):
    seen, unseen = hold_out(digits, sorted(held))
    assert set(unseen.y.tolist()) == held and set(seen.y.tolist()) == set(range(10)) - held
    assert len(seen) + len(unseen) == len(digits)
    assert set(seen.index.tolist()).isdisjoint(unseen.index.tolist())
    assert seen.classes == unseen.classes == digits.classes
    assert torch.equal(unseen.x, digits.x[[int(k) in held for k in digits.y]])


@pytest.mark.parametrize("held", [[10], [-1], [3, 3], [], range(10)])
def test_classes_that_cannot_be_held_out_are_named(digits, held):
    with pytest.raises(ValueError, match="classes"):
        hold_out(digits, held)


def test_a_class_without_images_cannot_be_held_out_alone(digits):
    some = digits.y != 5
    thin = replace(digits, x=digits.x[some], y=digits.y[some], index=digits.index[some])
    with pytest.raises(ValueError, match="one side has no image"):
        hold_out(thin, [5])
