"""Lesson 12's desk: attacks stay in their balls, the control is as large, the picture says what nets say."""

import numpy as np
import pytest
import torch

from course_lib.attacks import fgsm
from course_lib.measure import distances, predictions
from course_lib.train import stored_net
from course_lib.widgets import perturbation_desk as module
from course_lib.widgets.perturbation_desk import (
    ATTACKS,
    AWAY,
    as_large,
    attacked,
    perturbation_desk,
    stored_perturbation_desk,
    stored_samples,
)

BASE = {"eps": 0.12, "image": 0, "attack": "FGSM", "goal": AWAY, "net": "plain"}


@pytest.fixture(scope="module")
def made():
    """The stored desk, and what it is made from: (explorer, x, y, nets)."""
    nets = {name: stored_net(name) for name in ("plain", "robust")}
    return stored_perturbation_desk(), *stored_samples(), nets


@pytest.fixture
def texts(made, monkeypatch):
    """settings -> the three answers and four sizes that the picture prints."""
    explorer, *_ = made

    def read(**settings) -> tuple[list[str], list[float]]:
        monkeypatch.setattr(module.Stage, "picture", lambda stage: [
            artist.get_text() for artist in stage.moving if hasattr(artist, "get_text")])
        heads, sizes = np.split(explorer._draw(**BASE | settings), [4])
        return [heads[k].split("\n")[1] for k in (0, 2, 3)], [float(text) for text in sizes]

    return read


def test_the_first_view_tells_the_story(made):
    explorer, x, y, nets = made
    assert explorer.settings == BASE
    one, label = x[:1], y[:1]
    x_adv = attacked(nets["plain"], one, label, eps=0.12)
    assert predictions(nets["plain"], one) == predictions(nets["plain"], as_large(one, x_adv)) == label
    assert predictions(nets["plain"], x_adv) != label
    robust = attacked(nets["robust"], one, label, eps=0.12)
    assert predictions(nets["robust"], robust) == label


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("target", [None, 3])
def test_an_attack_stays_in_its_ball_and_the_noise_is_as_large(made, attack, target):
    _, x, y, nets = made
    others = y != (-1 if target is None else target)
    x, y = x[others], y[others]
    x_adv = attacked(nets["plain"], x, y, eps=0.12, attack=attack, target=target)
    norm, radius = ("l2", 0.12 * 28) if attack == "PGD in L2" else ("linf", 0.12)
    size = distances(x, x_adv, "l2")
    assert (distances(x, x_adv, norm) <= radius + 1e-6).all() and (size > 0.5).all()
    noisy = as_large(x, x_adv)
    assert distances(x, noisy, "l2").numpy() == pytest.approx(size.numpy(), abs=1e-4)
    assert noisy.min() >= 0 and noisy.max() <= 1 and torch.equal(noisy, as_large(x, x_adv))
    labels = predictions(nets["plain"], x_adv)
    assert (labels != y if target is None else labels == target).any()


def test_fgsm_is_that_of_the_library_with_its_failures(made):
    _, x, y, nets = made
    own = attacked(nets["robust"], x, y, eps=0.06)
    assert torch.equal(own, fgsm(nets["robust"], x, y, eps=0.06, keep_failures=True))
    assert (predictions(nets["robust"], own) == y).any() and (own != x).flatten(1).any(1).all()


@pytest.mark.parametrize("attack", ATTACKS)
def test_with_eps_0_nothing_changes(made, texts, attack):
    _, x, y, nets = made
    x_adv = attacked(nets["plain"], x, y, eps=0.0, attack=attack)
    assert torch.equal(x_adv, x) and torch.equal(as_large(x, x_adv), x)
    answers, sizes = texts(eps=0.0, attack=attack)
    assert len(set(answers)) == 1 and sizes == [0, 0, 0, 0]


@pytest.mark.parametrize("settings", [{}, {"image": 3, "net": "robust", "eps": 0.3, "attack": "PGD"},
                                      {"image": 1, "goal": 5, "attack": "PGD in L2", "eps": 0.1}])
def test_the_picture_says_what_the_net_says(made, texts, settings):
    _, x, y, nets = made
    answers, sizes = texts(**settings)
    at = BASE | settings
    one, label, net = x[[at["image"]]], y[[at["image"]]], nets[at["net"]]
    target = None if at["goal"] == AWAY else at["goal"]
    x_adv = attacked(net, one, label, eps=at["eps"], attack=at["attack"], target=target)
    three = torch.cat([one, x_adv, as_large(one, x_adv)])
    with torch.no_grad():
        p = net(three).softmax(1)
    assert answers == [f"says {int(row.argmax())}, {100 * row.max():.0f} %" for row in p]
    assert sizes[0] == sizes[2] == pytest.approx(distances(one, x_adv, "l2").item(), abs=0.006)
    assert sizes[1] == pytest.approx(distances(one, x_adv, "linf").item(), abs=0.006)


def test_pictures_are_pure_and_answer_to_every_setting(made):
    explorer, _, _, nets = made
    draw, base = explorer._draw, BASE
    state = torch.get_rng_state()
    first = draw(**base)
    assert first.shape == (360, 800, 3)
    for other in ({"eps": 0.1}, {"image": 1}, {"attack": "PGD"}, {"goal": 3}, {"net": "robust"}):
        assert not np.array_equal(draw(**base | other), first)
    assert np.array_equal(draw(**base), first) and torch.equal(state, torch.get_rng_state())
    assert not any(p.grad is not None or p.requires_grad for net in nets.values() for p in net.parameters())


def test_all_ends_can_be_drawn(made):
    explorer, x, *_ = made
    for settings in ({"eps": 0.3, "goal": 9}, {"eps": 0.0, "attack": "PGD in L2"}, {"image": len(x) - 1}):
        explorer.set(**settings)
    explorer.set(goal=int(explorer._panel.dials["image"].texts[-1]), eps=0.3)  # towards what it is already


def test_what_does_not_fit_is_named(made):
    _, x, y, nets = made
    with pytest.raises(ValueError, match="attack must be one of FGSM, PGD, PGD in L2; got 'CW'"):
        attacked(nets["plain"], x, y, eps=0.1, attack="CW")
    with pytest.raises(ValueError, match="y must hold one label an image"):
        perturbation_desk(nets["plain"], x, y[:2])
    with pytest.raises(ValueError, match="grey"):
        perturbation_desk(nets["plain"], x.expand(-1, 3, -1, -1), y)


def test_the_second_net_may_be_another(made):
    _, x, y, nets = made
    desk = perturbation_desk(nets["plain"], x, y, robust=nets["plain"])
    first = desk.picture()
    desk.set(net="robust")
    assert np.array_equal(desk.picture()[60:], first[60:]), "only the name above x is another"
