"""Images: subsets balanced by class, and smaller pictures."""

from dataclasses import replace

import pytest
import torch

from course_lib import data


@pytest.fixture(scope="module")
def digits():
    return data.load("mnist", "test")


@pytest.mark.parametrize("n", [1, 10, 57, 500, 1000])
def test_a_subset_is_balanced_and_keeps_images_with_their_labels(digits, n):
    some = digits.subset(n, seed=3)
    counts = torch.bincount(some.y, minlength=10)
    assert len(some) == n and counts.max() - counts.min() <= 1
    place = {i: k for k, i in enumerate(digits.index.tolist())}
    rows = [place[i] for i in some.index.tolist()]
    assert len(set(rows)) == n
    assert torch.equal(some.x, digits.x[rows]) and torch.equal(some.y, digits.y[rows])


def test_a_subset_follows_its_seed(digits):
    assert digits.subset(100, 1).index.tolist() == digits.subset(100, 1).index.tolist()
    assert digits.subset(100, 1).index.tolist() != digits.subset(100, 2).index.tolist()
    generator = torch.Generator().manual_seed(1)
    assert digits.subset(100, generator).index.tolist() == digits.subset(100, 1).index.tolist()
    assert digits.subset(100, generator).index.tolist() != digits.subset(100, 1).index.tolist()
    assert set(digits.subset(50, 1).index.tolist()) < set(digits.subset(200, 1).index.tolist())


def test_a_subset_is_shuffled(digits):
    labels = digits.subset(500).y
    assert len(labels[:50].unique()) == 10 and labels.tolist() != sorted(labels.tolist())


@pytest.mark.parametrize("n", [0, -1, 1001, 2.0, True, None])
def test_a_wrong_n_is_named(digits, n):
    with pytest.raises(ValueError, match=r"^n must be"):
        digits.subset(n)


def test_a_class_with_too_few_images_is_named(digits):
    without_fives = digits.y != 5
    thin = replace(digits, x=digits.x[without_fives], y=digits.y[without_fives])
    with pytest.raises(ValueError, match=r"n = 20 needs 2 images of class '5', there are 0"):
        thin.subset(20)


@pytest.mark.parametrize("side", [1, 7, 14, 20, 28, 40])
def test_resize_keeps_range_and_mean(digits, side):
    some = digits.subset(50)
    other = some.resize(side)
    assert other.x.shape == (50, 1, side, side) and torch.equal(other.y, some.y)
    assert other.x.min() >= 0 and other.x.max() <= 1
    assert abs(other.x.mean() - some.x.mean()) < 0.02


def test_resize_to_half_is_the_mean_of_two_by_two(digits):
    x = digits.x[:5]
    by_hand = (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4
    assert torch.allclose(digits.resize(14).x[:5], by_hand, atol=1e-6)
    assert torch.equal(digits.resize(28).x, digits.x)


@pytest.mark.parametrize("side", [0, -3, 14.0, (14, 14), True])
def test_a_wrong_side_is_named(digits, side):
    with pytest.raises(ValueError, match=r"^side must be"):
        digits.resize(side)
