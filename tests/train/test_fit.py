"""The training loop: torch's own updates, exact resume, clear errors."""

import copy
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.nets import CifarNet
from course_lib.train import TrainingDiverged, constant, evaluate, fit, one_cycle, step_decay


def toy(n=96, seed=0):
    g = torch.Generator().manual_seed(seed)
    y = torch.arange(n) % 3
    x = torch.rand(n, 1, 6, 6, generator=g) * 0.3 + y.view(-1, 1, 1, 1) * 0.2
    return x, y


def net(seed=0):
    torch.manual_seed(seed)
    return CifarNet(8, width=4, in_channels=1, classes=3)


def same(a, b):
    return all(torch.equal(value, b.state_dict()[name]) for name, value in a.state_dict().items())


def test_it_learns():
    x, y = toy()
    model = net()
    history = fit(model, x, y, steps=60, batch_size=32, lr=0.1)
    assert history.loss[0] > 0.7 and history.last(5) < 0.35
    assert evaluate(model, x, y)[1] < 0.1


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_full_batch_steps_equal_torchs(optimizer):
    x, y = toy(24)
    ours = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))
    theirs = copy.deepcopy(ours)
    history = fit(ours, x, y, steps=5, batch_size=24, lr=0.05, schedule=step_decay([3]), optimizer=optimizer)
    make = {"sgd": lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, weight_decay=1e-4),
            "adam": lambda p: torch.optim.AdamW(p, 0.05, weight_decay=1e-4)}
    updates = make[optimizer](theirs.parameters())
    for step in range(5):
        updates.param_groups[0]["lr"] = 0.05 if step < 3 else 0.005
        loss = F.cross_entropy(theirs(x), y)
        assert history.loss[step] == pytest.approx(float(loss.detach()), abs=1e-5)
        updates.zero_grad()
        loss.backward()
        updates.step()
    assert torch.allclose(ours[1].weight, theirs[1].weight, atol=1e-5)
    assert np.allclose(history.lr, [0.05] * 3 + [0.005] * 2)


def test_the_layout_of_weights_changes_no_step_and_a_3d_convolution_keeps_its_own():
    x, y = toy(32)
    images = nn.Sequential(nn.Conv2d(1, 4, 3), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 3))
    clips = nn.Sequential(nn.Unflatten(1, (1, 1)), nn.Conv3d(1, 4, (1, 3, 3)), nn.MaxPool3d((1, 2, 2)),
                          nn.Flatten(), nn.Linear(16, 3))
    for ours, theirs in zip(clips.parameters(), images.parameters(), strict=True):
        ours.data = theirs.detach().clone().reshape(ours.shape)
    losses = [fit(model, x, y, steps=5, batch_size=16, lr=0.1).loss for model in (images, clips)]
    assert images[0].weight.is_contiguous(memory_format=torch.channels_last)
    assert clips[1].weight.is_contiguous()
    assert np.allclose(*losses, rtol=1e-5)


def test_every_image_once_an_epoch():
    seen = []

    class Spy(nn.Module):
        def __init__(self):
            super().__init__()
            self.w = nn.Parameter(torch.zeros(3))

        def forward(self, x):
            seen.append(x[:, 0, 0, 0].clone())
            return self.w.expand(len(x), 3)

    x = torch.arange(12.0).view(12, 1, 1, 1).expand(12, 1, 2, 2)
    fit(Spy(), x, torch.zeros(12).long(), steps=6, batch_size=4)
    first, second = torch.cat(seen[:3]), torch.cat(seen[3:])
    assert sorted(first.tolist()) == sorted(second.tolist()) == list(range(12))
    assert not torch.equal(first, second)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_resume_ends_bit_for_bit_the_same(tmp_path, optimizer):
    x, y = toy()
    straight, broken = net(), net()
    file = tmp_path / "résumé" / "unit.safetensors"
    options = {"steps": 14, "batch_size": 32, "lr": 0.05, "seed": 3, "optimizer": optimizer}
    augment = lambda xb, g: xb + 0.01 * torch.randn(xb.shape, generator=g)  # noqa: E731
    expected = fit(straight, x, y, augment=augment, **options)

    def stop(xb, g, calls=[0]):  # noqa: B006
        calls[0] += 1
        if calls[0] == 9:
            raise KeyboardInterrupt
        return augment(xb, g)

    with pytest.raises(KeyboardInterrupt):
        fit(broken, x, y, augment=stop, checkpoint=file, checkpoint_every=0, **options)
    fresh = net(seed=99)
    history = fit(fresh, x, y, augment=augment, checkpoint=file, **options)
    assert same(fresh, straight)
    assert np.array_equal(history.loss, expected.loss)
    assert [p.name for p in file.parent.iterdir()] == [file.name]


def test_a_finished_run_is_only_read(tmp_path):
    x, y = toy()
    file, first = tmp_path / "a.safetensors", net()
    fit(first, x, y, steps=3, batch_size=32, checkpoint=file)
    again = net(seed=5)
    fit(again, x, y, steps=3, batch_size=32, checkpoint=file,
        augment=lambda *_: pytest.fail("no step is left to run"))
    assert same(again, first)


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_damaged_or_foreign_checkpoints_are_named_and_kept(tmp_path, optimizer):
    x, y = toy()
    file = tmp_path / "unit.safetensors"
    options = {"steps": 3, "batch_size": 32, "optimizer": optimizer, "checkpoint": file}
    fit(net(), x, y, **options)
    with pytest.raises(ValueError, match="other settings"):
        fit(net(), x, y, **options, lr=0.2)
    with pytest.raises(ValueError, match="other settings"):
        fit(net(), x, y, **options, loss=partial(F.cross_entropy, label_smoothing=0.2))
    with pytest.raises(ValueError, match="another model"):
        fit(CifarNet(14, width=4, in_channels=1, classes=3), x, y, **options)
    whole = file.read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"unit\.safetensors is damaged"):
        fit(net(), x, y, **options)
    assert file.read_bytes() == whole[: len(whole) // 2]


def test_a_diverging_run_stops_with_a_clear_error():
    x, y = toy()
    x[0, 0, 0, 0] = float("nan")
    with pytest.raises(TrainingDiverged, match=r"step .*smaller lr"):
        fit(net(), x, y, steps=120, batch_size=96)


def test_the_model_keeps_its_mode_also_after_an_error():
    x, y = toy()
    model = net().eval()
    fit(model, x, y, steps=1, batch_size=32)
    assert not model.training
    with pytest.raises(ZeroDivisionError):
        fit(model, x, y, steps=1, batch_size=32, augment=lambda *_: 1 / 0)
    assert not model.training
    evaluate(model.train(), x, y)
    assert model.training


@pytest.mark.parametrize(("change", "message"), [
    ({"steps": 0}, "steps"), ({"batch_size": 97}, "batch_size.*96"), ({"optimizer": "lion"}, "optimizer"),
])
def test_bad_arguments_are_named(change, message):
    x, y = toy()
    with pytest.raises(ValueError, match=message):
        fit(net(), x, y, **{"steps": 2, **change})
    with pytest.raises(ValueError, match="x and y"):
        fit(net(), x, y[:5], steps=1)


def test_schedules():
    assert {constant()(s) for s in range(9)} == {1.0}
    step = step_decay([32_000, 48_000], warmup=400)
    assert [step(s) for s in (0, 399, 400, 31_999)] == [0.1, 0.1, 1.0, 1.0]
    assert [step(32_000), step(48_000)] == pytest.approx([0.1, 0.01])
    cycle = [one_cycle(100)(s) for s in range(100)]
    assert max(cycle) == cycle[29] == 1.0 and cycle[0] < 0.05 and cycle[-1] < 0.01
    assert cycle[:30] == sorted(cycle[:30]) and cycle[29:] == sorted(cycle[29:], reverse=True)


def test_another_loss_and_evaluate():
    x, y = toy(12)
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))
    with torch.no_grad():
        expected = F.cross_entropy(model(x), y, label_smoothing=0.2)
        loss, error = evaluate(model, x, y, batch_size=5)
        assert loss == pytest.approx(float(F.cross_entropy(model(x), y)))
        assert error == pytest.approx(float((model(x).argmax(1) != y).float().mean()))
    history = fit(model, x, y, steps=1, batch_size=12, loss=partial(F.cross_entropy, label_smoothing=0.2))
    assert history.loss[0] == pytest.approx(float(expected))
