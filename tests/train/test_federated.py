"""Federated averaging against plain training, where both must agree, and what each client sees."""

import copy

import pytest
import torch
from torch import nn

from course_lib.nets import CifarNet
from course_lib.train import constant, evaluate, fit
from course_lib.train.federated import federated_average, fit_federated, split_by_label


def toy(n=60, classes=4, seed=0):
    generator = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % classes
    x = torch.rand(n, 1, 6, 6, generator=generator) * 0.5
    x[torch.arange(n), 0, y, y] += 0.5
    return x, y


def net(seed=0, classes=4):
    torch.manual_seed(seed)
    return nn.Sequential(nn.Flatten(), nn.Linear(36, classes))


def parts(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_weights_count_by_size_and_integers_come_from_the_first():
    models = [CifarNet(8, width=2, in_channels=1, classes=3) for _ in range(3)]
    for k, model in enumerate(models):
        for buffer in model.buffers():
            buffer.fill_(k + 1)
    state = federated_average(models, [1, 2, 5])
    for name, value in models[0].state_dict().items():
        if value.is_floating_point():
            expected = sum(s * m.state_dict()[name] for s, m in zip([1, 2, 5], models, strict=True)) / 8
            torch.testing.assert_close(state[name], expected)
        else:
            assert state[name].dtype == torch.int64 and int(state[name]) == 1
    for found, only in ((federated_average(models[:1], [7]), models[0]),
                        (federated_average(models, [0, 3, 0]), models[1])):
        for name, value in only.state_dict().items():
            assert torch.equal(found[name], value) or not value.is_floating_point()
    assert all((p == k + 1).all() for k, model in enumerate(models) for p in model.buffers()), "left alone"


def test_one_client_in_one_round_is_plain_training():
    (x, y), ours, theirs = toy(), net(), net()
    loss = fit_federated(ours, [(x, y)], rounds=1, local_steps=7, batch_size=16, momentum=0.9, seed=3)
    history = fit(theirs, x, y, steps=7, batch_size=16, momentum=0.9, seed=3, schedule=constant())
    assert torch.equal(parts(ours), parts(theirs)) and loss.tolist() == [[history.loss[-1]]]


def test_one_client_in_many_rounds_of_whole_batches_is_plain_training_too():
    (x, y), ours, theirs = toy(), net(), net()
    fit_federated(ours, [(x, y)], rounds=3, local_steps=2, batch_size=None)
    fit(theirs, x, y, steps=6, batch_size=60, momentum=0, schedule=constant())
    torch.testing.assert_close(parts(ours), parts(theirs))


def test_one_step_each_is_one_step_on_the_pooled_images():
    (x, y), ours, theirs = toy(), net(), net()
    clients = [(x[:10], y[:10]), (x[10:25], y[10:25]), (x[25:], y[25:])]  # of different sizes
    fit_federated(ours, clients, rounds=4, local_steps=1, batch_size=None, lr=0.5,
                  schedule=lambda r: 1 / (r + 1))
    fit(theirs, x, y, steps=4, batch_size=60, momentum=0, lr=0.5, schedule=lambda r: 1 / (r + 1))
    torch.testing.assert_close(parts(ours), parts(theirs), rtol=1e-4, atol=1e-6)
    apart = net()
    fit_federated(apart, clients, rounds=2, local_steps=2, batch_size=None, lr=0.5)
    assert not torch.allclose(parts(apart), parts(theirs), atol=1e-3), "two local steps are another method"


def test_it_is_repeatable_and_leaves_the_clients_images_alone():
    x, y = toy()
    clients = split_by_label(x, y, 2)
    before = copy.deepcopy(clients)
    models = [net(), net(), net()]
    for model, seed in zip(models, (0, 0, 1), strict=True):
        model.train(False)
        losses = fit_federated(model, clients, rounds=2, local_steps=3, batch_size=8, seed=seed)
        assert losses.shape == (2, 2) and (losses > 0).all() and not model.training
    assert torch.equal(parts(models[0]), parts(models[1]))
    assert not torch.equal(parts(models[0]), parts(models[2]))
    for (x, y), (x_before, y_before) in zip(clients, before, strict=True):
        assert torch.equal(x, x_before) and torch.equal(y, y_before)


def test_together_they_know_the_classes_that_each_lacks():
    x, y = toy(240)
    clients = split_by_label(x, y, 4, own=1.0)
    model, alone = net(), net()
    fit_federated(model, clients, rounds=15, local_steps=4, lr=0.3)
    fit(alone, *clients[0], steps=60, batch_size=60, lr=0.3)
    assert evaluate(model, x, y)[1] < 0.1 and evaluate(alone, x, y)[1] > 0.7


@pytest.mark.parametrize(("clients", "own"), [(1, 0.9), (3, 1.0), (4, 0.8), (10, 0.5)])
def test_every_image_goes_to_one_client_and_classes_stay_at_home(clients, own):
    y = torch.arange(1000) % 10
    x = torch.arange(1000.0)
    found = split_by_label(x, y, clients, seed=4, own=own)
    assert len(found) == clients
    assert torch.cat([part for part, _ in found]).sort()[0].tolist() == x.tolist()
    assert all(torch.equal(labels, y[part.long()]) for part, labels in found)
    counts = torch.stack([labels.bincount(minlength=10) for _, labels in found])  # [clients, classes]
    share = counts.max(0)[0].sum() / 1000
    assert abs(float(share) - (own if clients > 1 else 1)) < 0.05
    homes = counts.argmax(0).bincount(minlength=clients)
    assert homes.max() - homes.min() <= 1
    again = split_by_label(x, y, clients, seed=4, own=own)
    assert all(torch.equal(a[0], b[0]) for a, b in zip(found, again, strict=True))


def test_bad_input_names_the_argument():
    (x, y), model = toy(), net()
    for call, word in (
        (lambda: federated_average([], []), "models and sizes"),
        (lambda: federated_average([model], [1, 2]), "models and sizes"),
        (lambda: federated_average([model], [0]), "sizes"),
        (lambda: federated_average([model] * 2, [2, -1]), "sizes"),
        (lambda: federated_average([model, net(classes=5)], [1, 1]), "same parameters"),
        (lambda: fit_federated(model, [], rounds=1, local_steps=1), "clients"),
        (lambda: fit_federated(model, [(x, y)], rounds=0, local_steps=1), "rounds"),
        (lambda: fit_federated(model, [(x, y)], rounds=1, local_steps=0), "steps"),
        (lambda: fit_federated(model, [(x, y)], rounds=1, local_steps=1, checkpoint="a"), "checkpoint"),
        (lambda: split_by_label(x, y, 0), "clients"), (lambda: split_by_label(x, y, 5), "clients"),
        (lambda: split_by_label(x, y, 2, own=1.5), "own"),
    ):
        with pytest.raises(ValueError, match=word):
            call()
