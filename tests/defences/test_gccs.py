"""GCCS: the simplex, Gaussian divergences against torch's, and nets whose class means it moves."""

from functools import partial

import pytest
import torch
from torch import nn
from torch.distributions import MultivariateNormal, kl_divergence

from course_lib.defences.gccs import SimplexHead, class_moments, gaussian_kl, gccs_loss, simplex
from course_lib.train import ImageStudy, train_images
from course_lib.train.fit import logits_of


@pytest.mark.parametrize(("classes", "distance"), [(2, 1.0), (3, 5.0), (10, 0.1), (50, 7.0)])
def test_vertices_are_at_one_distance_and_around_0(classes, distance):
    mu = simplex(classes, distance)
    torch.testing.assert_close(torch.pdist(mu), torch.full_like(torch.pdist(mu), distance))
    torch.testing.assert_close(mu.sum(0), torch.zeros(classes, dtype=torch.float64))
    assert (mu.argmax(1) == torch.arange(classes)).all()


def test_the_divergence_is_torchs():
    torch.manual_seed(0)
    m, mu, root = torch.randn(4, 3).double(), torch.randn(4, 3).double(), torch.randn(4, 3, 3).double()
    S = root @ root.mT + 0.1 * torch.eye(3)
    theirs = kl_divergence(MultivariateNormal(m, S), MultivariateNormal(mu, 0.49 * torch.eye(3).double()))
    torch.testing.assert_close(gaussian_kl(m, S, mu, 0.7), theirs)


def test_moments_are_numpys_with_outputs_many_images_as_they_should_be():
    torch.manual_seed(0)
    z, y = torch.randn(40, 3).double(), torch.arange(40) % 2
    m, S, n = class_moments(z, y, 0.5)
    assert n.tolist() == [20, 20, 0]
    for c in range(2):
        torch.testing.assert_close(m[c], z[y == c].mean(0))
        plain = torch.cov(z[y == c].T, correction=0)
        torch.testing.assert_close(S[c], (20 * plain + 3 * 0.25 * torch.eye(3)) / 23)
    torch.testing.assert_close(S[2], 0.25 * torch.eye(3).double())


def at_target(distance=4.0, s=0.5):
    """Six outputs a class whose mean is mu_c and whose covariance is s^2 I, both exactly."""
    corners = s * 3**0.5 * torch.cat([torch.eye(3), -torch.eye(3)]).double()
    return (simplex(3, distance)[:, None] + corners).reshape(-1, 3), torch.arange(3).repeat_interleave(6)


def test_zero_at_the_target_and_only_there():
    z, y = at_target()
    loss = partial(gccs_loss, distance=4.0, s=0.5)
    assert abs(float(loss(z, y))) < 1e-9
    for other in (z + 0.1, z * 1.1, z.flip(1), z * 0.9):
        assert float(loss(other, y)) > 0.05
    gradient, = torch.autograd.grad(loss(z.requires_grad_(), y), z)
    assert gradient.abs().max() < 1e-9
    with_torch = sum(
        kl_divergence(MultivariateNormal(m, S), MultivariateNormal(mu, 0.25 * torch.eye(3).double()))
        for m, S, mu in zip(*class_moments(z.detach() * 2 + 1, y, 0.5)[:2], simplex(3, 4.0), strict=True))
    torch.testing.assert_close(loss(z.detach() * 2 + 1, y), with_torch)


def test_absent_and_lonely_classes():
    z = torch.randn(3, 10).requires_grad_()
    loss = gccs_loss(z, torch.tensor([4, 4, 7]))
    gradient, = torch.autograd.grad(loss, z)
    assert loss.isfinite() and gradient.isfinite().all()
    alone = simplex(10, 10.0)[[4]].float()
    assert float(gccs_loss(alone, torch.tensor([4]))) < float(gccs_loss(alone, torch.tensor([5])))
    same = torch.zeros(8, 10, requires_grad=True)  # all outputs equal: a covariance of 0
    assert torch.autograd.grad(gccs_loss(same, torch.zeros(8).long()), same)[0].isfinite().all()


def test_the_head_answers_log_likelihoods_of_the_nearest_vertex():
    z = torch.randn(50, 5) * 3
    logits = SimplexHead(5, distance=2.0, s=0.5)(z)
    mu = simplex(5, 2.0).float()
    for c in range(5):
        theirs = MultivariateNormal(mu[c], 0.25 * torch.eye(5)).log_prob(z)
        torch.testing.assert_close((logits[:, c] - logits[:, 0]), theirs - MultivariateNormal(
            mu[0], 0.25 * torch.eye(5)).log_prob(z), rtol=1e-4, atol=1e-3)
    assert torch.equal(logits.argmax(1), torch.cdist(z, mu).argmin(1))
    assert torch.equal(logits.argmax(1), z.argmax(1)), "the largest output is the nearest vertex"
    assert torch.equal(logits.argmax(1), SimplexHead(5, 2.0, s=9.0)(z).argmax(1))


def test_far_vertices_hide_the_gradient_and_a_larger_s_finds_it():
    z = (simplex(10, 30.0) * 0.8).float()  # each near its own vertex
    slopes = []
    for s in (1.0, 10.0):
        v = z.clone().requires_grad_()
        loss = nn.functional.cross_entropy(SimplexHead(10, 30.0, s)(v), torch.arange(10))
        slopes.append(float(torch.autograd.grad(loss, v)[0].abs().max()))
    assert slopes[0] == 0 and slopes[1] > 1e-6


def test_a_short_training_sets_class_means_apart_evenly():
    study = ImageStudy(steps=80, lr=0.01)
    unit = train_images(study, 7000, loss=partial(gccs_loss, distance=5.0))
    assert unit.accuracy > 0.8
    x, y = study.images("train")
    z = logits_of(unit.model, x)
    apart = torch.pdist(torch.stack([z[y == c].mean(0) for c in range(10)]))
    assert apart.std() < 0.1 * apart.mean() and 3 < apart.mean() < 6
    defended = nn.Sequential(unit.model, SimplexHead(distance=5.0))
    assert torch.equal(logits_of(defended, x[:50]).argmax(1), z[:50].argmax(1))


def test_bad_input_names_the_argument():
    z, y = torch.randn(4, 3), torch.arange(4) % 3
    for call, word in (
        (lambda: simplex(1), "classes"), (lambda: simplex(3, 0), "distance"),
        (lambda: gccs_loss(z, y, s=0), "s must"),
        (lambda: gccs_loss(z, y[:2]), "z must be"), (lambda: gccs_loss(z[:0], y[:0]), "z must be"),
        (lambda: gccs_loss(z, y, distance=-1), "distance"), (lambda: SimplexHead(s=float("nan")), "s must"),
    ):
        with pytest.raises(ValueError, match=word):
            call()
