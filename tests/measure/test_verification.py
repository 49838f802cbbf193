"""Verification numbers against scikit-learn, brute force and sums by hand."""

import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import log_loss as sklearn_log_loss
from sklearn.metrics import roc_auc_score, roc_curve
from sklearn.neighbors import NearestNeighbors

from course_lib.measure import (
    accuracy_at,
    auc,
    best_threshold,
    calibration,
    calibration_error,
    log_loss,
    recall_at_k,
    roc,
)

# Few different scores, so that ties are common.
scored = st.lists(st.tuples(st.booleans(), st.integers(-4, 4).map(lambda k: k / 3)), min_size=1, max_size=30)


def columns(pairs):
    y, score = zip(*pairs, strict=True)
    return torch.tensor(y).long(), torch.tensor(score, dtype=torch.float64)


@given(scored)
def test_roc_and_auc_are_scikit_learns(pairs):
    y, score = columns(pairs)
    assume(0 < y.sum() < len(y))
    assert auc(y, score) == pytest.approx(roc_auc_score(y, score), abs=1e-12)
    false, true, thresholds = roc(y, score)
    want = roc_curve(y, score, drop_intermediate=False)
    for ours, theirs in zip((false, true, thresholds), want, strict=True):
        assert np.allclose(ours.numpy(), theirs)
    assert float(torch.trapezoid(true, false)) == pytest.approx(auc(y, score), abs=1e-12)


def test_auc_counts_ties_half_and_follows_the_order_only():
    y = [1, 0, 1, 0]
    assert auc(y, [0.9, 0.9, 0.5, 0.1]) == (0.5 + 1 + 0 + 1) / 4
    assert auc(y, [5, 5, 5, 5]) == 0.5
    assert auc(y, [2, 1, 2, 1]) == 1 and auc(y, [1, 2, 1, 2]) == 0
    score = torch.randn(200, generator=torch.Generator().manual_seed(0))
    labels = torch.arange(200) % 2
    assert auc(labels, score) == pytest.approx(auc(labels, score.exp()))
    assert auc(labels, score) == pytest.approx(1 - auc(labels, -score))


@given(scored)
def test_no_threshold_is_more_accurate(pairs):
    y, score = columns(pairs)
    threshold = best_threshold(y, score)
    best = accuracy_at(y, score, threshold)
    equally_good = []
    for t in [*score.tolist(), *(score + 1e-9).tolist(), math.inf]:
        assert accuracy_at(y, score, t) <= best
        if accuracy_at(y, score, t) == best:
            equally_good.append(t)
    assert sum((s >= threshold).item() for s in score) == sum((s >= min(equally_good)).item() for s in score)


def test_the_threshold_lies_half_way_or_at_an_end():
    assert best_threshold([0, 0, 1, 1], [1, 2, 6, 7]) == 4
    assert best_threshold([1, 1], [0.1, 0.3]) == 0.1, "all are same: the lowest score"
    assert best_threshold([0, 0, 0], [0.1, 0.2, 0.3]) == math.inf, "none is same"
    assert best_threshold([1, 0, 1, 0], [1, 2, 3, 4]) == 1, "of equally good ones the lowest"
    a = 1.0
    b = math.nextafter(a, 2)
    assert best_threshold([0, 1], [a, b]) == b, "nothing lies between two neighbours"


def test_a_chosen_threshold_keeps_its_accuracy_in_single_precision():
    generator = torch.Generator().manual_seed(1)
    score = torch.rand(500, generator=generator) * 1e-6 + 1
    y = torch.randint(2, (500,), generator=generator)
    best = accuracy_at(y, score, best_threshold(y, score))
    assert best >= max(accuracy_at(y, score, float(t)) for t in score)
    assert accuracy_at([0, 1, 1], [0.6, 0.7, 0.8], 0.7) == 1


probabilities = st.lists(
    st.tuples(st.booleans(), st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.1, 0.2, 0.5, 1.0]))),
    min_size=1, max_size=40,
)


@given(probabilities)
def test_log_loss_is_scikit_learns(pairs):
    y, p = columns(pairs)
    assert log_loss(y, p) == pytest.approx(sklearn_log_loss(y, p, labels=[0, 1]), rel=1e-9, abs=1e-12)
    assert math.isfinite(log_loss(y, p))


@given(probabilities, st.integers(1, 12))
def test_calibration_is_scikit_learns(pairs, bins):
    y, p = columns(pairs)
    predicted, true, count = calibration(y, p, bins)
    want_true, want_predicted = calibration_curve(y, p, n_bins=bins)
    assert np.allclose(predicted, want_predicted) and np.allclose(true, want_true)
    assert count.sum() == len(y) and (count > 0).all()
    assert 0 <= calibration_error(y, p, bins) <= 1


def test_calibration_error_by_hand():
    y, p = [0, 1, 1, 1], [0.2, 0.3, 0.9, 1.0]
    predicted, true, count = calibration(y, p, bins=2)
    assert predicted.tolist() == pytest.approx([0.25, 0.95]) and true.tolist() == [0.5, 1]
    assert count.tolist() == [2, 2]
    assert calibration_error(y, p, bins=2) == pytest.approx((2 * 0.25 + 2 * 0.05) / 4)
    assert calibration_error(y[1:], p[1:], bins=2) == pytest.approx((1 * 0.7 + 2 * 0.05) / 3)
    sure = torch.rand(20_000, generator=torch.Generator().manual_seed(0))
    told = torch.rand(20_000, generator=torch.Generator().manual_seed(1)) < sure
    assert calibration_error(told, sure) < 0.02 < 0.15 < calibration_error(told, sure**3)


@settings(deadline=None)
@given(st.integers(0, 9999), st.integers(1, 6), st.booleans())
def test_recall_is_scikit_learns_neighbours(seed, k, same_set):
    rng = np.random.default_rng(seed)
    gallery, gallery_labels = rng.normal(size=(12, 3)), rng.integers(4, size=12)
    queries, labels = gallery, gallery_labels
    if not same_set:
        queries, labels = rng.normal(size=(9, 3)), rng.integers(4, size=9)
    near = NearestNeighbors(n_neighbors=k).fit(gallery).kneighbors(None if same_set else queries)[1]
    want = (gallery_labels[near] == labels[:, None]).any(1).mean()
    found = recall_at_k(queries, labels, gallery, gallery_labels, k, same_set=same_set)
    assert found == pytest.approx(want)


def test_no_query_finds_itself_and_many_queries_come_in_parts():
    x = torch.arange(2500.0)[:, None]
    labels = torch.arange(2500)
    assert recall_at_k(x, labels, x, labels, 1) == 1
    assert recall_at_k(x, labels, x, labels, 2499, same_set=True) == 0
    twins = torch.arange(2500) // 2
    assert recall_at_k(x + twins[:, None], twins, x + twins[:, None], twins, 1, same_set=True) == 1


def test_close_neighbours_far_from_the_origin_are_told_apart():
    x = torch.arange(60)[:, None] // 2 + torch.arange(60)[:, None] % 2 * 0.25 + 4096
    y = torch.arange(60) // 2
    assert recall_at_k(x, y, x, y, 1, same_set=True) == 1


def test_bad_recall_arguments_are_named():
    x, y = torch.randn(5, 2), torch.arange(5)
    for k in (0, 6, 2.0):
        with pytest.raises(ValueError, match="k must be a whole number from 1 to 5"):
            recall_at_k(x, y, x, y, k)
    with pytest.raises(ValueError, match="k must be a whole number from 1 to 4"):
        recall_at_k(x, y, x, y, 5, same_set=True)
    with pytest.raises(ValueError, match="one label"):
        recall_at_k(x, y[:4], x, y, 1)
    with pytest.raises(ValueError, match="one set"):
        recall_at_k(x[:4], y[:4], x, y, 1, same_set=True)


@pytest.mark.parametrize("measure", [roc, auc, best_threshold, log_loss, calibration, calibration_error])
def test_bad_pairs_are_named(measure):
    for y, score, message in (
        ([0, 1], [0.1, 0.2, 0.3], "one number a pair"), ([], [], "one pair at least"),
        ([[0, 1]], [[0.1, 0.2]], "one number a pair"), ([-1, 1], [0.1, 0.2], "y must be 1 for same"),
        ([0, 1], [math.nan, 0.5], "not finite"),
    ):
        with pytest.raises(ValueError, match=message):
            measure(torch.tensor(y), torch.tensor(score))


def test_one_sort_alone_has_no_roc_and_a_logit_is_no_probability():
    for measure in (roc, auc):
        with pytest.raises(ValueError, match="both same"):
            measure([1, 1], [0.1, 0.2])
    for measure in (log_loss, calibration):
        with pytest.raises(ValueError, match="sigmoid"):
            measure([1, 0], [1.2, 0.2])
    with pytest.raises(ValueError, match="bins"):
        calibration([1, 0], [0.9, 0.2], bins=0)


def test_tensors_with_history_and_any_label_type_will_do():
    score = torch.tensor([0.1, 0.9], requires_grad=True)
    for y in (torch.tensor([False, True]), torch.tensor([0.0, 1.0]), np.array([0, 1]), [0, 1]):
        assert auc(y, score) == accuracy_at(y, score, 0.5) == 1
        assert isinstance(auc(y, score), float)
