"""Substitutes: the Jacobian step in closed form, exact queries, and transfer against noise."""

import copy

import pytest
import torch
from sklearn.ensemble import RandomForestClassifier
from torch import nn
from toy_models import Watched, answers, images_for, linear, small_net

from course_lib.attacks import fgsm, pgd
from course_lib.attacks.transfer import jacobian_step, labels_of, train_substitute, transfer
from course_lib.train import fit


def two_classes(seed=0):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(36, 2)).double()


def learn(model, x, y):
    return fit(model, x, y, steps=60, batch_size=min(32, len(x)), lr=0.02, optimizer="adam")


def test_the_jacobian_step_in_closed_form():
    model = two_classes()
    x, y = images_for(model)
    slope = (model[1].weight[1] - model[1].weight[0]).detach().view(1, 6, 6)
    uphill = torch.where(y.bool()[:, None, None, None], slope, -slope).sign()
    want = (x + 0.2 * uphill).clamp(0, 1)
    assert torch.allclose(jacobian_step(model, x, y, step=0.2, chunk=5), want)


def test_the_step_is_there_even_where_the_model_is_sure():
    model = two_classes()
    with torch.no_grad():
        model[1].weight *= 1e4
    x, y = images_for(model)
    assert (model(x).softmax(1).amax(1) == 1).all()
    assert ((jacobian_step(model, x, y, step=0.1) - x).abs() > 0.05).double().mean() > 0.4


def test_the_step_costs_one_gradient_an_image_and_leaves_the_model():
    model = Watched(small_net())
    x, y = images_for(model.model)
    before = [p.detach().clone() for p in model.parameters()]
    jacobian_step(model, x, y, step=0.1)
    assert model.rows == model.back_rows == [12]
    assert all(torch.equal(a, b) and b.grad is None for a, b in zip(before, model.parameters(), strict=True))
    assert model.training


@pytest.mark.parametrize("rounds, queries", [(0, 10), (1, 20), (3, 80)])
def test_queries_double_in_each_round(rounds, queries):
    target = Watched(small_net())
    x, _ = images_for(target.model, 10)
    fitted = []

    def counted(model, x, y):
        fitted.append(len(x))

    found = train_substitute(labels_of(target), linear(), x, fit=counted, rounds=rounds, chunk=8)
    assert sum(target.rows) == len(found.x) == len(found.y) == queries and max(target.rows) <= 8
    assert fitted == [10 * 2**k for k in range(rounds + 1)] and len(found.agreement) == rounds
    assert torch.equal(found.y, answers(target.model, found.x)), "labels that are not the oracle's"
    assert torch.equal(found.x[:10], x) and found.x.min() >= 0 and found.x.max() <= 1
    assert target.training and not target.back_rows


def test_each_round_steps_from_all_images_so_far():
    target, model = small_net(), linear()
    x, _ = images_for(target, 4)
    found = train_substitute(labels_of(target), model, x, fit=lambda *_: None, rounds=2, step=0.07)
    first, then = found.x[4:8], found.x[8:]
    assert torch.allclose(first, jacobian_step(model, x, found.y[:4], step=0.07))
    assert torch.allclose(then, jacobian_step(model, found.x[:8], found.y[:8], step=0.07))


def test_a_substitute_of_a_model_fools_the_model_better_than_noise():
    target = small_net(1)
    seeds, _ = images_for(target, 100, seed=1)
    substitute = train_substitute(labels_of(target), linear(5), seeds, fit=learn, rounds=3)
    x, y = images_for(target, 200, seed=2)
    assert (answers(substitute.model, x) == y).double().mean() > 0.4, "chance is 0.2"
    eps = 0.06
    hit = answers(target, transfer(target, x, y, substitute=substitute.model, eps=eps)) != y

    def noise(model, x, y, *, eps, generator, **more):
        return (x + eps * (torch.rand(x.shape, generator=generator, dtype=x.dtype) - 0.5).sign()).clamp(0, 1)

    g = torch.Generator().manual_seed(0)
    moved = transfer(target, x, y, substitute=linear(5), attack=noise, eps=eps, generator=g)
    assert hit.double().mean() > (answers(target, moved) != y).double().mean() + 0.2


def test_a_forest_as_the_oracle():
    model = linear()
    x, y = images_for(model, 300)
    forest = RandomForestClassifier(30, random_state=0).fit(x.flatten(1).numpy(), y.numpy())
    asked = []

    def oracle(images):
        asked.append(len(images))
        return forest.predict(images.flatten(1).numpy())

    found = train_substitute(oracle, linear(7), x[:50], fit=learn, rounds=2)
    assert sum(asked) == 200
    assert (answers(found.model, x).numpy() == forest.predict(x.flatten(1).numpy())).mean() > 0.5


def test_transfer_from_the_model_itself_is_the_attack():
    model = linear()
    x, y = images_for(model)
    for attack, eps in ((pgd, 0.05), (fgsm, 0.1)):
        assert torch.allclose(transfer(model, x, y, substitute=model, attack=attack, eps=eps),
                              attack(model, x, y, eps=eps))


def test_transfer_costs_one_query_and_no_gradient():
    target, substitute = Watched(small_net(1)), Watched(small_net(2))
    x, y = images_for(target.model)
    transfer(target, x, y, substitute=substitute, eps=0.1, steps=7)
    assert target.rows == [12] and not target.back_rows and sum(substitute.back_rows) == 12 * 7


def test_what_fools_the_substitute_alone_does_not_count_and_the_other_way_round():
    target, substitute = small_net(1), small_net(2)
    x, y = images_for(target, 100)
    x_adv = transfer(target, x, y, substitute=substitute, eps=0.1)
    strongest = pgd(substitute, x, y, eps=0.1, keep_failures=True)
    hit = answers(target, strongest) != y
    assert torch.equal(x_adv, torch.where(hit[:, None, None, None], strongest, x)) and 0 < hit.sum() < 100


def test_a_try_that_leaves_the_substitute_right_counts_too():
    target = linear()
    x, y = images_for(target, 200)
    x, y = x[y == 2], y[y == 2]
    substitute = copy.deepcopy(target)
    with torch.no_grad():
        substitute[-1].bias[2] += 2
    assert (answers(substitute, pgd(substitute, x, y, eps=0.04)) == y).all()
    assert (answers(target, transfer(target, x, y, substitute=substitute, eps=0.04)) != y).any()


def test_targeted_transfer():
    model = small_net(1)
    x, y = images_for(model, 50)
    wanted = (y + 1) % 5
    x_adv = transfer(model, x, wanted, substitute=model, eps=0.2, targeted=True)
    hit = answers(model, x_adv) == wanted
    assert hit.sum() > 20 and torch.equal(x_adv[~hit], x[~hit])


def test_wrong_arguments_are_named():
    model = linear()
    x, _ = images_for(model)

    def nothing(*_):
        return None

    for oracle, more, message in (
        (lambda x: x.flatten(1), {}, "oracle must answer one whole class number"),
        (lambda x: [0], {}, "oracle must"),
        (labels_of(model), {"rounds": -1}, "rounds must"), (labels_of(model), {"step": 0}, "step must"),
        (labels_of(model), {"x": x * 2}, r"x must lie in \[0, 1\]"),
        (labels_of(model), {"x": x[:0]}, "x must hold"),
        (labels_of(model), {"x": x.float()}, "x must have the dtype"),
        (labels_of(model), {"chunk": 0}, "chunk must"),
    ):
        with pytest.raises(ValueError, match=message):
            train_substitute(oracle, model, **{"x": x, "fit": nothing, **more})
