"""Does knowing more leave less, and do masks fall?"""

import pytest
import torch
from torch import nn

from course_lib.attacks import fgsm, pgd
from course_lib.defences.defence import Defence, StraightThrough
from course_lib.defences.evaluate import KNOWLEDGE, evaluate
from course_lib.measure import distances, is_right, robust_accuracy

EPS = 0.2


class Rounded(nn.Module):
    def forward(self, x):
        return (6 * x).round() / 6


class Times(nn.Module):
    """Logits so large that the cross-entropy of float32 is 0."""

    def forward(self, logits):
        return 1000 * logits


class Noise(nn.Module):
    def forward(self, x):
        return x + 0.3 * torch.randn_like(x)


def all_three(defence, nets, digits, **options):
    """Accuracy by knowledge."""
    return {knowledge: evaluate(defence, knowledge, *digits, eps=EPS, source=nets[1],
                                generator=torch.Generator().manual_seed(0), **options)
            for knowledge in KNOWLEDGE}


def test_a_plain_net_has_nothing_to_hide(nets, digits):
    found = all_three(nets[0], nets, digits)
    left = {knowledge: each.accuracy for knowledge, each in found.items()}
    assert left["transfer"] > 0.2 > left["white-box"] >= left["adaptive"]
    x, y = digits
    made = fgsm(nets[1], x, y, eps=EPS, keep_failures=True)
    assert left["transfer"] == pytest.approx(robust_accuracy(nets[0], x, y, [made], eps=EPS))
    assert [each.is_evidence for each in found.values()] == [False, False, True]


def test_every_image_stays_in_the_ball_and_stands_as_the_net_says(nets, digits):
    x, y = digits
    for each in all_three(nets[0], nets, digits).values():
        assert distances(x, each.x_adv).max() <= EPS + 1e-6
        assert each.x_adv.min() >= 0 and each.x_adv.max() <= 1
        assert torch.equal(each.stands == 1, is_right(nets[0], each.x_adv, y))
        assert [name == "" for name in each.by] == (each.stands == 1).tolist()


def hidden(name, net):
    """A net behind a mask."""
    if name == "rounded":
        return Defence(nn.Sequential(Rounded(), net), stand_in=nn.Sequential(StraightThrough(Rounded()), net))
    return Defence(nn.Sequential(net, Times()))


@pytest.mark.parametrize("name", ["rounded", "times"])
def test_masks_look_robust_and_fall_to_the_adaptive_attacker(name, nets, digits):
    left = {k: e.accuracy for k, e in all_three(hidden(name, nets[0]), nets, digits).items()}
    assert left["white-box"] > 0.9 and left["transfer"] > 0.2
    assert left["adaptive"] < 0.1


def test_an_adversarially_trained_net_keeps_much_under_every_attacker(nets, digits):
    robust = evaluate(nets[2], "adaptive", *digits, eps=EPS, source=nets[1])
    plain = evaluate(nets[0], "adaptive", *digits, eps=EPS, source=nets[1])
    assert robust.accuracy > 0.5 > plain.accuracy + 0.3
    x, y = digits
    pgd_leaves = robust_accuracy(nets[2], x, y, [pgd(nets[2], x, y, eps=EPS, steps=40)], eps=EPS)
    assert robust.accuracy <= pgd_leaves + 0.02


def test_random_answers_are_judged_by_shares_and_leave_no_trace(nets, digits):
    noisy = Defence(nn.Sequential(Noise(), nets[0]), random=True)
    x, y = (part[:30] for part in digits)
    state = torch.get_rng_state()
    first, again = (evaluate(noisy, "adaptive", x, y, eps=0.1, steps=5, draws=8, queries=5,
                             generator=torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(first.stands, again.stands) and torch.equal(first.x_adv, again.x_adv)
    assert (8 * first.stands == (8 * first.stands).round()).all()
    assert 0 < first.accuracy < first.clean_accuracy
    with torch.no_grad():
        fresh = torch.stack([noisy(first.x_adv).argmax(1) == y for _ in range(200)]).double().mean()
    assert abs(float(fresh) - first.accuracy) < 0.1


class Coin(nn.Module):
    """Says 0 or 1 by chance, whatever it sees."""

    def forward(self, x):
        return torch.eye(2)[torch.randint(2, (len(x),))]


def test_the_unluckiest_of_many_draws_is_not_taken_for_an_attack():
    x, y = torch.rand(300, 1, 4, 4), torch.zeros(300, dtype=torch.long)
    found = evaluate(Defence(Coin(), random=True), "adaptive", x, y, eps=0.3, steps=2, draws=8, queries=2,
                     generator=torch.Generator().manual_seed(0))
    # The lowest of seven shares of eight draws is 0.25 on average, that of two, clean and judged anew, 0.40.
    assert found.accuracy > 0.36


class Greyness:
    """Rejects images with more grey than any clean one: a detector that FGSM runs into."""

    def __init__(self, x):
        self.threshold = float(self.score(x).max()) + 1e-4

    def score(self, x):
        return (x - x.round()).abs().flatten(1).mean(1)


def test_a_detector_catches_who_does_not_know_it(nets, digits):
    x, y = digits
    watched = Defence(nets[0], detector=Greyness(x))
    left = {k: e for k, e in all_three(watched, nets, digits, steps=40).items()}
    assert left["transfer"].accuracy > 0.9 and left["white-box"].accuracy > 0.9
    assert left["adaptive"].accuracy < left["white-box"].accuracy - 0.3
    v = left["adaptive"]
    fell = v.stands == 0
    assert not watched.rejects(v.x_adv[fell]).any() and not is_right(nets[0], v.x_adv, y)[fell].any()


def test_a_rejected_clean_image_is_not_accuracy(nets, digits):
    class Never:
        threshold = -1.0

        def score(self, x):
            return x.flatten(1).sum(1)

    found = evaluate(Defence(nets[0], detector=Never()), "adaptive", *digits, eps=EPS)
    assert found.clean_accuracy == found.accuracy == 0


def test_the_defence_is_left_as_it_was(nets, digits):
    x, y = digits
    net = nn.Sequential(nn.BatchNorm2d(1), nn.Dropout(0.5), nets[0]).train()
    before = {k: v.clone() for k, v in net.state_dict().items()}
    evaluate(Defence(net), "adaptive", x[:10], y[:10], eps=EPS, steps=3, queries=3, source=nets[1])
    assert net.training and all(torch.equal(before[k], v) for k, v in net.state_dict().items())
    assert all(p.grad is None for p in net.parameters())


def test_a_model_without_any_gradient_is_attacked_by_squares(nets, digits):
    class Closed(nn.Module):
        def forward(self, x):
            with torch.no_grad():
                return nets[0](x)

    found = evaluate(Defence(Closed()), "adaptive", *digits, eps=0.3, queries=300)
    assert found.by.count("squares") > 10
    assert evaluate(Defence(Closed()), "white-box", *digits, eps=0.3).accuracy > 0.8


@pytest.mark.parametrize(("change", "words"), [
    ({"knowledge": "full"}, "knowledge must be one of transfer, white-box, adaptive; got 'full'"),
    ({"knowledge": "transfer"}, "needs source="),
    ({"eps": 8}, "eps must be at most 1"),
    ({"draws": 0}, "draws must be a whole number"),
    ({"queries": 1.5}, "queries must be a whole number"),
    ({"defence": lambda x: x}, "model must be an nn.Module"),
])
def test_bad_input_is_named(change, words, nets, digits):
    x, y = digits
    arguments = {"defence": nets[0], "knowledge": "adaptive", "eps": EPS} | change
    with pytest.raises((ValueError, TypeError), match=words):
        evaluate(arguments.pop("defence"), arguments.pop("knowledge"), x, y, **arguments)
