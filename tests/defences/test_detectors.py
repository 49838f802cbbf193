"""Detectors: the score against scipy's distances, the threshold, and images that no clean one resembles."""

import numpy as np
import pytest
import torch
from sklearn.covariance import LedoitWolf
from torch import nn

from course_lib.attacks import pgd
from course_lib.attributions import integrated_gradients
from course_lib.data import load
from course_lib.defences.detectors import ExplanationDetector, LogitDetector, PixelDetector
from course_lib.measure import auc
from course_lib.train.image_study import stored_net

KINDS = [ExplanationDetector, LogitDetector, PixelDetector]


def small_net(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(36, 12), nn.Tanh(), nn.Dropout(0.5), nn.Linear(12, 4))


def images(n=400, seed=0):
    """Images that vary along few directions only."""
    g = torch.Generator().manual_seed(seed)
    patterns = torch.rand(4, 36, generator=torch.Generator().manual_seed(99))
    mixed = torch.rand(n, 4, generator=g) @ patterns / 4 + 0.02 * torch.rand(n, 36, generator=g)
    return mixed.view(n, 1, 6, 6)


@pytest.fixture(scope="module")
def fitted():
    net = small_net()
    return net, {kind: kind.fit(net, images()) for kind in KINDS}


@pytest.mark.parametrize("kind", KINDS)
def test_score_is_the_mahalanobis_distance_to_the_images_not_held_out(fitted, kind):
    net, detector = fitted[0], fitted[1][kind]
    x, new = images(), images(20, seed=1)
    rows, seen = (detector.features(v).detach().double().numpy() for v in (x, new))
    rows = np.delete(rows, np.s_[::5], axis=0)
    density = LedoitWolf().fit(rows)
    want = np.sqrt(np.maximum(density.mahalanobis(seen), 0))
    assert np.allclose(detector.score(new).detach().numpy(), want, rtol=5e-3)
    assert net.training and all(p.grad is None for p in net.parameters())


@pytest.mark.parametrize("kind", KINDS)
def test_about_the_asked_share_of_new_clean_images_is_rejected(fitted, kind):
    new = images(1000, seed=2)
    rejected = [float(kind.fit(fitted[0], images(), false_alarms=share).rejects(new).float().mean())
                for share in (0.05, 0.5)]
    assert rejected[0] < 0.15 < 0.35 < rejected[1] < 0.65


def test_pixels_and_explanations_reject_what_no_clean_image_resembles(fitted):
    odd = (images(50, seed=3) + 0.3 * torch.rand(50, 1, 6, 6)).clamp(0, 1)
    for kind in (ExplanationDetector, PixelDetector):
        assert fitted[1][kind].rejects(odd).float().mean() > 0.9


def test_features_are_the_map_of_the_answer_the_logits_and_the_pixels(fitted):
    net, detectors = fitted
    x = images(5, seed=4)
    logits = net.eval()(x)
    net.train()
    maps = integrated_gradients(net, x, logits.argmax(1), steps=8).flatten(1)
    maps = maps / maps.abs().mean(1, keepdim=True)
    rooted = maps / (0.1 + maps.abs()).sqrt()
    for kind, want in zip(KINDS, (rooted, logits, x.flatten(1)), strict=True):
        assert torch.allclose(detectors[kind].features(x), want, atol=1e-4)


@pytest.mark.parametrize("kind", KINDS)
def test_the_score_can_be_climbed_down(fitted, kind):
    detector = fitted[1][kind]
    x = images(10, seed=5) + 0.1 * torch.rand(10, 1, 6, 6)
    v = x.clone().requires_grad_()
    slope = torch.autograd.grad(detector.score(v).sum(), v)[0]
    step = 1e-3 * slope / slope.flatten(1).norm(dim=1).view(-1, 1, 1, 1)
    down, up = (detector.score(v).detach().double() for v in (x - step, x + step))
    assert torch.allclose((up - down) / 2e-3, slope.flatten(1).norm(dim=1).double(), rtol=0.05)


@pytest.fixture(scope="module")
def digits():
    """(net, detector, x, y, images of an attack)."""
    net, train, test = stored_net(), load("mnist", "train", size="small"), load("mnist", "test", size="small")
    rows = torch.randperm(len(test), generator=torch.Generator().manual_seed(1))[:60]
    x, y = test.x[rows], test.y[rows]
    detector = ExplanationDetector.fit(net, train.x[:1250], steps=4)
    return net, detector, x, y, pgd(net, x, y, eps=0.2, steps=10)


def test_an_attack_on_digits_never_seen_in_fitting_is_told_apart(digits):
    net, detector, x, y, x_adv = digits
    fooled = net(x_adv).argmax(1) != y
    clean, attacked = detector.score(x), detector.score(x_adv[fooled])
    odd = torch.cat([torch.zeros(len(clean)), torch.ones(len(attacked))]).long()
    assert len(attacked) > 40
    assert auc(odd, torch.cat([clean, attacked])) > 0.8
    # It is no alarm for a ground that is not quite black.
    faint = x + 0.001 * torch.rand(x.shape, generator=torch.Generator().manual_seed(2)) * (1 - x)
    assert torch.allclose(detector.score(faint), clean, rtol=0.1)


def test_an_attack_that_minds_the_score_goes_unseen(digits):
    net, detector, x, y, x_adv = digits
    seen = (net(x_adv).argmax(1) != y) & ~detector.rejects(x_adv)
    delta = torch.zeros_like(x).requires_grad_()
    adam, unseen = torch.optim.Adam([delta], lr=0.02), torch.zeros_like(seen)
    for _ in range(25):
        logits, score = net(x + delta), detector.score(x + delta)
        own = logits.gather(1, y[:, None])[:, 0]
        margin = logits.scatter(1, y[:, None], -torch.inf).amax(1) - own
        unseen |= (margin > 0) & (score <= detector.threshold)
        loss = 2 * (0.3 - margin).relu() + (score - 0.95 * detector.threshold).relu()
        delta.grad = torch.autograd.grad(loss.sum(), delta)[0]
        adam.step()
        with torch.no_grad():
            delta.copy_(((x + delta).clamp(0, 1) - x).clamp(-0.2, 0.2))
    assert unseen.float().mean() > seen.float().mean() + 0.3


class Blind(nn.Module):
    def forward(self, x):
        return 0 * x


@pytest.mark.parametrize("change, error, says", [
    ({"x": images(20)}, ValueError, "x must hold at least 50"),
    ({"x": images() + 2}, ValueError, "x must lie in"),
    ({"false_alarms": 0.0}, ValueError, "false_alarms must be"),
    ({"model": print}, TypeError, "model must be"),
    ({"model": nn.Sequential(nn.Flatten(), Blind())}, ValueError, "the same for all clean images"),
    ({"steps": 0}, ValueError, "steps must be"),
])
def test_bad_input_names_the_argument(change, error, says):
    given = {"model": small_net(), "x": images()} | change
    with pytest.raises(error, match=says):
        ExplanationDetector.fit(given.pop("model"), given.pop("x"), **given)


def test_an_unfitted_detector_says_so():
    with pytest.raises(ValueError, match=r"PixelDetector\.fit"):
        PixelDetector(small_net()).score(images(3))
