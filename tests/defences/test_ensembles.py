"""The decision rules by brute force in float64, where answers saturate too; and what an attacker sees."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.attacks import fgsm, pgd
from course_lib.defences.ensembles import Ensemble


class Says(nn.Module):
    """Answers these logits, whatever the images."""

    def __init__(self, z):
        super().__init__()
        self.z = nn.Parameter(z)

    def forward(self, x):
        return self.z[: len(x)] + 0 * x.flatten(1).sum(1, keepdim=True)


def saying(z, rule):
    """(ensemble of members with the logits z [members, images, classes], its images)."""
    return Ensemble([Says(each) for each in z], rule), torch.zeros(z.shape[1], 2)


def brute(z, rule):
    """The rule as it is written down, image by image, in float64."""
    answers = []
    for image in z.double().softmax(2).unbind(1):
        if rule == "max":
            k = max(range(len(image)), key=lambda k, p=image: float(p[k].max()))
            answers.append(int(image[k].argmax()))
        else:
            answers.append(int(image.mean(0).argmax()))
    return torch.tensor(answers)


def logits(members, size, seed, classes=5, dtype=torch.float32):
    g = torch.Generator().manual_seed(seed)
    return (size * torch.randn(members, 400, classes, generator=g, dtype=torch.float64)).to(dtype)


@pytest.mark.parametrize("rule", ["mean", "max"])
@pytest.mark.parametrize("members", [1, 2, 3, 10])
@pytest.mark.parametrize("size", [0.01, 1.0, 6.0])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_decision_is_the_rules_by_brute_force(rule, members, size, dtype):
    z = logits(members, size, members, dtype=dtype)
    ensemble, x = saying(z, rule)
    scores = ensemble(x.to(dtype))
    assert scores.dtype == dtype and scores.shape == (400, 5)
    assert torch.equal(scores.argmax(1), brute(z, rule))
    assert torch.equal(ensemble(x.to(dtype))[:, 0], scores[:, 0])


@pytest.mark.parametrize("rule", ["mean", "max"])
def test_two_members_that_are_sure_of_different_classes(rule):
    """Both give 1 in float32; in float64 one is surer. The float32 answer must know it too."""
    gaps = torch.tensor([[20.0, 21.0], [21.0, 20.0], [25.0, 24.5], [30.0, 31.0], [31.0, 30.0]])
    z = torch.zeros(2, 5, 4)
    z[0, :, 2], z[1, :, 1] = gaps[:, 0], gaps[:, 1]
    assert bool((z.softmax(2).amax(2) == 1).all())
    expected = torch.where(gaps[:, 0] > gaps[:, 1], 2, 1)
    ensemble, x = saying(z, rule)
    assert torch.equal(brute(z, rule), expected)
    assert torch.equal(ensemble(x).argmax(1), expected)
    if rule == "max":
        assert torch.equal(ensemble.winner(x), (gaps[:, 1] > gaps[:, 0]).long())


def test_the_surest_member_decides_however_saturated():
    """Logits of a thousand: even float64 gives probability 1 to both."""
    z = torch.zeros(3, 2, 4)
    z[0, :, 3], z[1, 0, 2], z[1, 1, 2], z[2, :, 0] = 900.0, 1000.0, 800.0, 10.0
    ensemble, x = saying(z, "max")
    assert ensemble(x).argmax(1).tolist() == [2, 3] and ensemble.winner(x).tolist() == [1, 0]


def test_the_surest_is_not_who_has_the_largest_logit():
    z = torch.tensor([[[9.0, 8.0, 8.0]], [[0.0, 4.0, 0.0]]])
    ensemble, x = saying(z, "max")
    assert ensemble(x).argmax(1).item() == 1 and ensemble.winner(x).item() == 1
    assert ensemble.votes(x).tolist() == [[0], [1]]


def test_a_tie_goes_to_the_lower_class_and_its_member():
    z = torch.tensor([[[0.0, 0.0, 3.0]], [[0.0, 3.0, 0.0]], [[0.0, 3.0, 0.0]]])
    ensemble, x = saying(z, "max")
    assert ensemble(x).argmax(1).item() == 1 and ensemble.winner(x).item() == 1
    mean, x = saying(z[:2], "mean")
    assert mean(x).argmax(1).item() == 1


@pytest.mark.parametrize("members", [1, 4])
def test_scores_of_the_mean_are_its_logits(members):
    z = logits(members, 2.0, 3)
    ensemble, x = saying(z, "mean")
    assert torch.allclose(ensemble(x).softmax(1), z.softmax(2).mean(0), atol=1e-6)


def test_scores_of_the_max_are_the_largest_log_odds():
    z = logits(3, 2.0, 4, dtype=torch.float64)
    ensemble, x = saying(z, "max")
    p = z.softmax(2).amax(0)
    odds = (p / (1 - p)).log()
    assert torch.allclose(ensemble(x.double()), odds - odds.amax(1, keepdim=True), atol=1e-9)


def test_the_winner_gives_the_answer():
    z = logits(6, 3.0, 5)
    ensemble, x = saying(z, "max")
    votes = ensemble.votes(x)
    assert torch.equal(votes, z.argmax(2))
    assert torch.equal(votes[ensemble.winner(x), torch.arange(400)], ensemble(x).argmax(1))
    with pytest.raises(ValueError, match="'max'"):
        saying(z, "mean")[0].winner(x)


@pytest.mark.parametrize("rule", ["mean", "max"])
@pytest.mark.parametrize("gap", [1.0, 30.0, 80.0])
def test_an_attacker_has_a_slope_however_sure_the_members_are(rule, gap):
    z = torch.zeros(2, 1, 3)
    z[:, 0, 1], z[0, 0, 2] = gap, gap / 2
    ensemble, x = saying(z, rule)
    scores = ensemble(x)
    (scores[0, 2] - scores[0, 1]).backward()
    slopes = [member.z.grad[0] for member in ensemble.members]
    assert slopes[0][2] > 0.4 and max(float(slope.abs().max()) for slope in slopes) < 3
    assert all(slope.isfinite().all() for slope in slopes)


def net(seed):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 12), nn.ReLU(), nn.Linear(12, 3))


@pytest.mark.parametrize("rule", ["mean", "max"])
def test_attacks_on_the_ensemble_work(rule):
    ensemble = Ensemble([net(k) for k in range(4)], rule)
    x = torch.rand(60, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    y = ensemble(x).argmax(1).detach()
    for attack in (fgsm, pgd):
        v = attack(ensemble, x, y, eps=0.3)
        assert float((ensemble(v).argmax(1) != y).float().mean()) > 0.4


def test_one_member_is_attacked_as_if_it_were_alone():
    alone = net(0)
    x, y = torch.rand(30, 1, 4, 4, generator=torch.Generator().manual_seed(1)), torch.arange(30) % 3
    options = {"eps": 0.05, "keep_failures": True}
    assert torch.equal(fgsm(Ensemble([alone]), x, y, **options), fgsm(alone, x, y, **options))


def test_members_are_registered_and_keep_their_mode():
    members = [net(0).eval(), net(1)]
    ensemble = Ensemble([*members, net(2)], "max")
    assert [m.training for m in ensemble.members] == [False, True, True]
    assert len(list(ensemble.parameters())) == 12
    ensemble.eval()
    assert not members[1].training
    assert ensemble.to(torch.float64)(torch.rand(2, 16, dtype=torch.float64)).dtype == torch.float64


def test_a_member_that_works_in_place_spoils_nothing():
    greedy = nn.Sequential(nn.ReLU(inplace=True), net(0))
    x = torch.rand(5, 1, 4, 4) - 0.5
    before = x.clone()
    found = Ensemble([greedy, net(1)]).logits(x)
    assert torch.equal(x, before) and torch.equal(found[1], net(1)(x))


def test_cross_entropy_and_bad_arguments():
    ensemble = Ensemble([net(0), net(1)], "max")
    x = torch.rand(4, 1, 4, 4)
    assert F.cross_entropy(ensemble(x), torch.zeros(4).long()).isfinite()
    with pytest.raises(ValueError, match="members"):
        Ensemble([])
    with pytest.raises(ValueError, match=r"rule.*mean, max.*'vote'"):
        Ensemble([net(0)], "vote")
    with pytest.raises(ValueError, match="one shape"):
        Ensemble([net(0), nn.Sequential(nn.Flatten(), nn.Linear(16, 4))])(x)
