"""Pair losses against closed forms, torch, and pytorch-metric-learning: value and gradient."""

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from pytorch_metric_learning import distances, losses, miners, reducers

from course_lib.blocks import (
    batch_hard_triplet_loss,
    contrastive_loss,
    cosine_loss,
    euclidean,
    hinge_pair_loss,
    logistic_pair_loss,
    squared_euclidean,
    triplet_loss,
)

PLAIN = distances.LpDistance(normalize_embeddings=False)
PAIR_LOSSES = (contrastive_loss, cosine_loss, hinge_pair_loss, logistic_pair_loss)


def batch(seed, n=24, classes=4, features=5):
    generator = torch.Generator().manual_seed(seed)
    z = torch.randn(n, features, generator=generator, dtype=torch.float64).requires_grad_()
    return z, torch.randint(classes, (n,), generator=generator)


def value_and_gradient(loss, z):
    return loss.detach(), torch.autograd.grad(loss, z)[0]


def assert_agree(ours, theirs, z):
    (a, da), (b, db) = value_and_gradient(ours, z), value_and_gradient(theirs, z)
    assert torch.allclose(a, b, atol=1e-9) and a > 0
    assert torch.allclose(da, db, atol=1e-6) and da.any()


def test_contrastive_is_twice_hadsells_closed_form_with_labels_turned():
    generator = torch.Generator().manual_seed(0)
    d = (2 * torch.rand(40, generator=generator, dtype=torch.float64)).requires_grad_()
    Y = torch.randint(2, (40,), generator=generator)  # their label: 1 is dissimilar
    m = 1.3
    per_pair = (1 - Y) * 0.5 * d**2 + Y * 0.5 * torch.clamp(m - d, min=0) ** 2
    assert_agree(contrastive_loss(d, 1 - Y, m), 2 * per_pair.mean(), d)
    by_hand = torch.where(Y == 0, 2 * d, -2 * (m - d).clamp(min=0)) / 40
    assert torch.allclose(torch.autograd.grad(contrastive_loss(d, 1 - Y, m), d)[0], by_hand)


def test_contrastive_by_hand():
    assert contrastive_loss(torch.tensor([0.5]), torch.tensor([1])) == 0.25
    assert contrastive_loss(torch.tensor([0.25]), torch.tensor([0])) == 0.75**2
    assert contrastive_loss(torch.tensor([0.25]), torch.tensor([0]), 2.0) == 1.75**2
    assert contrastive_loss(torch.tensor([3.0]), torch.tensor([0])) == 0


@pytest.mark.parametrize("margin", [0.0, 0.3, -0.5])
def test_cosine_loss_is_torchs(margin):
    u, v = torch.randn(2, 30, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    y = torch.arange(30) % 2
    c = F.cosine_similarity(u, v).requires_grad_()
    want = F.cosine_embedding_loss(u, v, 2 * y - 1, margin=margin)
    assert torch.allclose(cosine_loss(c, y, margin), want)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("near", "far"), [(0.0, 1.0), (0.5, 3.0)])
def test_the_hinge_is_metric_learnings_when_that_sums_all_pairs(seed, near, far):
    z, labels = batch(seed)
    i, j = torch.cartesian_prod(torch.arange(24), torch.arange(24)).T
    i, j = i[i != j], j[i != j]
    theirs = losses.ContrastiveLoss(near, far, distance=PLAIN, reducer=reducers.SumReducer())
    ours = hinge_pair_loss(euclidean(z[i], z[j], eps=1e-18), labels[i] == labels[j], near, far)
    assert_agree(ours, theirs(z, labels) / len(i), z)


@pytest.mark.parametrize("seed", range(4))
def test_triplet_is_metric_learnings(seed):
    z, _ = batch(seed)
    a, p, n = torch.arange(24).view(3, 8)
    theirs = losses.TripletMarginLoss(0.7, distance=PLAIN, reducer=reducers.MeanReducer())
    assert_agree(triplet_loss(z[a], z[p], z[n], 0.7), theirs(z, indices_tuple=(a, p, n)), z)
    torchs = F.triplet_margin_loss(z[a], z[p], z[n], margin=0.7)
    assert torch.allclose(triplet_loss(z[a], z[p], z[n], 0.7), torchs, atol=1e-5)


@pytest.mark.parametrize("classes", [2, 4, 15])
@pytest.mark.parametrize("seed", range(4))
def test_batch_hard_is_metric_learnings(seed, classes):
    z, labels = batch(seed, classes=classes)
    theirs = losses.TripletMarginLoss(2.0, distance=PLAIN, reducer=reducers.MeanReducer())
    want = theirs(z, labels, miners.BatchHardMiner(distance=PLAIN)(z, labels))
    assert_agree(batch_hard_triplet_loss(z, labels, 2.0), want, z)


@given(st.integers(0, 10_000), st.integers(3, 12), st.integers(2, 4))
def test_batch_hard_is_the_hardest_of_all_triplets(seed, n, classes):
    z, y = batch(seed, n, classes)
    hardest = []
    for a in range(n):
        same = [euclidean(z[a : a + 1], z[k : k + 1]) for k in range(n) if k != a and y[k] == y[a]]
        other = [euclidean(z[a : a + 1], z[k : k + 1]) for k in range(n) if y[k] != y[a]]
        if same and other:
            hardest.append((max(same) - min(other) + 0.5).clamp(min=0))
    if not hardest:
        with pytest.raises(ValueError, match="no item of the batch"):
            batch_hard_triplet_loss(z, y, 0.5)
    else:
        assert torch.allclose(batch_hard_triplet_loss(z, y, 0.5), torch.cat(hardest).mean())


def test_batch_hard_finds_the_hardest_among_points_far_from_the_origin():
    """The quick distance |a|^2 + |b|^2 - 2ab has no digits left here."""
    z, y = torch.randn(60, 2, generator=torch.Generator().manual_seed(0)) + 10_000, torch.arange(60) % 4
    near = batch_hard_triplet_loss(z - 10_000, y)
    assert batch_hard_triplet_loss(z, y).item() == pytest.approx(near.item(), abs=1e-3)


def test_batch_hard_takes_equal_embeddings():
    z = torch.ones(6, 3, requires_grad=True)
    loss = batch_hard_triplet_loss(z, torch.tensor([0, 0, 1, 1, 2, 9]), margin=0.3)
    loss.backward()
    assert loss.item() == pytest.approx(0.3, abs=1e-6) and not z.grad.any()


def test_logistic_is_cross_entropy():
    logits = torch.tensor([2.0, -1.0, 0.0], dtype=torch.float64)
    p = 1 / (1 + (-logits).exp())
    want = -(p[0] * (1 - p[1]) * p[2]).log() / 3
    assert torch.allclose(logistic_pair_loss(logits, torch.tensor([1, 0, 1])), want)
    assert logistic_pair_loss(torch.tensor([1000.0]), torch.tensor([1])) == 0


@pytest.mark.parametrize("loss", PAIR_LOSSES)
@pytest.mark.parametrize("dtype", [torch.bool, torch.uint8, torch.int64, torch.float64])
def test_labels_may_have_any_number_type(loss, dtype):
    d, y = torch.tensor([0.2, 0.7, 0.1]), torch.tensor([1.0, 0.0, 1.0])
    assert loss(d, y.to(dtype)) == loss(d, y) and loss(d, y.to(dtype)).dtype == torch.float32
    assert loss(d, y) != loss(d, 1 - y)


@pytest.mark.parametrize("loss", PAIR_LOSSES)
def test_bad_labels_are_named(loss):
    with pytest.raises(ValueError, match=r"one shape.*\(3,\) and \(3, 1\)"):
        loss(torch.rand(3), torch.ones(3, 1))
    with pytest.raises(ValueError, match="not empty"):
        loss(torch.zeros(0), torch.zeros(0))
    with pytest.raises(ValueError, match="y must be 1 for similar and 0 for dissimilar"):
        loss(torch.rand(2), torch.tensor([1, -1]))


def test_batch_hard_names_a_batch_without_triplets():
    for y in ([0, 0, 0], [0, 1, 2]):
        with pytest.raises(ValueError, match="no item of the batch"):
            batch_hard_triplet_loss(torch.randn(3, 2), torch.tensor(y))
    with pytest.raises(ValueError, match="one class number a row"):
        batch_hard_triplet_loss(torch.randn(3, 2), torch.zeros(2))


@given(st.floats(0, 3), st.floats(0.1, 2))
def test_similar_pairs_pull_and_dissimilar_push_only_inside_the_margin(distance, margin):
    d = torch.tensor([distance], dtype=torch.float64, requires_grad=True)
    similar, dissimilar = torch.tensor([1]), torch.tensor([0])
    for loss in (contrastive_loss(d, similar, margin), hinge_pair_loss(d, similar, 0, margin)):
        assert torch.autograd.grad(loss, d)[0] > 0 or distance == 0
    for loss in (contrastive_loss(d, dissimilar, margin), hinge_pair_loss(d, dissimilar, 0, margin)):
        slope = torch.autograd.grad(loss, d)[0]
        assert slope < 0 if distance < margin else slope == 0


def test_on_unit_vectors_a_squared_margin_of_two_is_cosine_margin_zero():
    """Half the hinge on 2 - 2c: the geometry is one, only the margin is another number."""
    u, v = F.normalize(torch.randn(2, 20, 4, dtype=torch.float64), dim=-1)
    y = torch.arange(20) % 2
    squared = hinge_pair_loss(squared_euclidean(u, v), y, near=0.0, far=2.0)
    assert torch.allclose(squared, 2 * cosine_loss((u * v).sum(1), y, margin=0.0))
