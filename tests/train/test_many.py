"""Many members at once: the same as `fit` one by one, however they are trained, and after a break."""

import copy
from functools import partial

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.nets import SmallCNN
from course_lib.train import TrainingDiverged, fit
from course_lib.train import many as module
from course_lib.train.many import fit_many, member_seed, stacking_pays

KINDS = [{}, {"rows": "bootstrap", "fraction": 0.5}, {"rows": "bootstrap", "replace": True}]


def toy(dtype=torch.float32, n=40):
    g = torch.Generator().manual_seed(0)
    y = torch.arange(n) % 3
    return (torch.rand(n, 1, 6, 6, generator=g) + 0.2 * y.view(-1, 1, 1, 1)).to(dtype), y


def dense(dtype=torch.float32):
    return nn.Sequential(nn.Flatten(), nn.Linear(36, 5), nn.ReLU(), nn.Linear(5, 3)).to(dtype)


def conv(dtype=torch.float32):
    return SmallCNN(side=6, width=2, classes=3).to(dtype)


def train(make=dense, data=None, **more):
    return fit_many(make, *(data or toy()), **{"count": 3, "steps": 7, "batch_size": 8, "lr": 0.02} | more)


def distance(a, b):
    """Largest difference between two members' weights."""
    other = dict(b.model.named_parameters())
    return max(float((p - other[name]).detach().abs().max()) for name, p in a.model.named_parameters())


def same(a, b):
    return all(distance(*each) == 0 for each in zip(a, b, strict=True))


@pytest.mark.parametrize("make", [dense, conv])
@pytest.mark.parametrize("kind", KINDS, ids=["uniform", "subset", "replace"])
@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
@pytest.mark.parametrize(("dtype", "near"), [(torch.float64, 1e-9), (torch.float32, 2e-4)])
def test_both_ways_end_with_the_same_weights_and_losses(make, kind, optimizer, dtype, near):
    options = {"optimizer": optimizer, "seed": 4, "weight_decay": 0.1, "momentum": 0.8, **kind}
    loop, stack = (train(partial(make, dtype), toy(dtype), how=how, **options) for how in ("loop", "stacked"))
    for a, b in zip(loop, stack, strict=True):
        assert distance(a, b) < near
        assert np.allclose(a.history.loss, b.history.loss, atol=near * 10)
        assert np.array_equal(a.history.lr, b.history.lr)
        assert a.seed == b.seed and torch.equal(a.rows, b.rows)
    assert distance(stack[0], stack[1]) > 0.01


@pytest.mark.parametrize("kind", KINDS, ids=["uniform", "subset", "replace"])
def test_a_member_is_what_fit_makes_of_its_seed_and_rows(kind):
    x, y = toy()
    members = train(count=2, how="loop", seed=9, **kind)
    for k, member in enumerate(members):
        assert member.seed == member_seed(9, k)
        torch.manual_seed(member.seed)
        model = dense()
        history = fit(model, x[member.rows], y[member.rows], steps=7, batch_size=8, lr=0.02, optimizer="adam",
                      seed=member.seed)
        assert np.array_equal(history.loss, member.history.loss)
        assert all(torch.equal(p, member.model.get_parameter(name)) for name, p in model.named_parameters())


@pytest.mark.parametrize("how", ["loop", "stacked"])
def test_a_member_does_not_depend_on_how_many_there_are_nor_on_torchs_state(how):
    torch.manual_seed(1)
    few = train(count=2, how=how, rows="bootstrap", fraction=0.5)
    torch.manual_seed(2)
    before = torch.get_rng_state()
    many = train(count=5, how=how, rows="bootstrap", fraction=0.5)
    assert torch.equal(torch.get_rng_state(), before)
    for a, b in zip(few, many, strict=False):
        assert distance(a, b) < 1e-5 and torch.equal(a.rows, b.rows)
    assert distance(train(count=1, how=how, seed=1)[0], few[0]) > 0.01


def test_stacks_of_a_few_members_add_up_to_all():
    whole, parts = train(count=5, how="stacked"), train(count=5, how="stacked", at_once=2)
    assert len(parts) == 5 and len({member.seed for member in parts}) == 5
    assert all(distance(a, b) < 1e-5 for a, b in zip(whole, parts, strict=True))


def test_rows_are_each_members_own():
    every = train(count=2, steps=1)
    assert all(torch.equal(member.rows, torch.arange(40)) for member in every)
    subsets = [m.rows.tolist() for m in train(count=3, steps=1, rows="bootstrap", fraction=0.3)]
    assert all(len(rows) == len(set(rows)) == 12 for rows in subsets)
    assert len({frozenset(rows) for rows in subsets}) == 3
    drawn = train(count=1, steps=1, rows="bootstrap", replace=True)[0].rows
    assert len(drawn) == 40 and len(drawn.unique()) < 40


@pytest.mark.parametrize("how", ["loop", "stacked"])
@pytest.mark.parametrize("kind", KINDS, ids=["uniform", "subset", "replace"])
def test_a_member_sees_each_of_its_rows_once_an_epoch_in_an_order_of_its_own(how, kind):
    data = toy()[0], torch.arange(40.0)
    members = train(dense, data, count=2, steps=20 if "fraction" in kind else 40, batch_size=1, how=how,
                    loss=lambda answer, y: answer.sum() * 0 + y.sum(), **kind)
    for member in members:  # the loss of each step is its row
        assert sorted(member.history.loss) == sorted(member.rows.tolist())
    assert list(members[0].history.loss) != list(members[1].history.loss)


@pytest.mark.parametrize(("how", "files"), [("loop", 3), ("stacked", 1)])
@pytest.mark.parametrize("kind", KINDS[:2], ids=["uniform", "subset"])
def test_a_broken_run_goes_on_to_the_same_weights(tmp_path, how, files, kind):
    options = {"how": how, "make": conv, "seed": 2, **kind}
    straight = train(**options)
    calls = []

    def failing(answer, y):
        calls.extend([1] * torch.is_grad_enabled())
        if len(calls) == (12 if how == "loop" else 5):
            raise KeyboardInterrupt
        return F.cross_entropy(answer, y)

    failing.__qualname__ = F.cross_entropy.__qualname__  # the checkpoint's name for the loss
    keep = {"folder": tmp_path / "été", "checkpoint_every": 0}
    with pytest.raises(KeyboardInterrupt):
        train(**options, **keep, loss=failing)
    done = len(calls)
    again = train(**options, **keep, loss=counting(calls))
    assert same(again, straight)
    assert all(np.array_equal(a.history.loss, b.history.loss) for a, b in zip(again, straight, strict=True))
    steps = 21 if how == "loop" else 7
    assert len(calls) - done == steps - (done - 1)  # nothing is done twice
    assert len(list((tmp_path / "été").iterdir())) == files
    before = len(calls)
    assert same(train(**options, **keep, loss=counting(calls)), straight) and len(calls) == before


def counting(calls):
    """Cross-entropy that counts the steps, under cross-entropy's own name."""
    def loss(answer, y):
        calls.extend([1] * torch.is_grad_enabled())
        return F.cross_entropy(answer, y)

    loss.__qualname__ = F.cross_entropy.__qualname__
    return loss


@pytest.mark.parametrize("how", ["loop", "stacked"])
def test_runs_of_other_kinds_do_not_meet_in_one_folder(tmp_path, how):
    kinds = [*KINDS, {"rows": "bootstrap"}, {"seed": 1}]
    for kind in kinds:
        assert same(train(how=how, folder=tmp_path, **kind), train(how=how, **kind))
    with pytest.raises(ValueError, match="other settings"):
        train(how=how, folder=tmp_path, lr=0.1)


def with_dropout():
    return nn.Sequential(nn.Flatten(), nn.Dropout(0.5), nn.Linear(36, 3))


def with_batch_norm():
    return nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Flatten(), nn.Linear(32, 3))


def of_two_kinds():
    """Equal shapes, and another activation now and then: a stack would use the first one's for all."""
    return nn.Sequential(nn.Flatten(), nn.Linear(36, 3), nn.ReLU() if torch.rand(()) < 0.5 else nn.Sigmoid())


def of_two_widths():
    width = 2 + int(4 * torch.rand(()))
    return nn.Sequential(nn.Flatten(), nn.Linear(36, width), nn.Linear(width, 3))


@pytest.mark.parametrize("make", [with_dropout, with_batch_norm, of_two_kinds, of_two_widths])
def test_nets_that_cannot_be_stacked_are_refused_or_take_the_loop(make, monkeypatch):
    with pytest.raises(ValueError, match="how='loop'"):
        train(make, count=6, how="stacked")
    monkeypatch.setattr(module, "stacking_pays", lambda *_: True)
    found, loop = train(make, count=6), train(make, count=6, how="loop")
    assert same(found, loop)
    assert all(torch.equal(b, loop[0].model.get_buffer(name)) for name, b in found[0].model.named_buffers())


def test_a_loss_that_cannot_be_stacked_is_refused():
    with pytest.raises(ValueError, match="how='loop'"):
        train(how="stacked", loss=lambda answer, y: answer.mean() if answer.mean() > 0 else -answer.mean())


@pytest.mark.parametrize("how", ["loop", "stacked"])
def test_frozen_weights_and_the_mode_stay(how):
    def make():
        net = dense()
        net[1].requires_grad_(False)
        return net.eval()

    for member in train(make, how=how):
        torch.manual_seed(member.seed)
        born = dense()
        model = member.model
        assert torch.equal(model[1].weight, born[1].weight) and not model[1].weight.requires_grad
        assert not torch.equal(model[3].weight, born[3].weight)
        assert not model.training


def test_training_is_in_train_mode_also_where_nets_are_made_in_eval_mode():
    class Doubling(nn.Linear):
        def forward(self, x):
            return super().forward(x.flatten(1)) * (2 if self.training else 1)

    loop, stack = (train(lambda: Doubling(36, 3).eval(), how=how) for how in ("loop", "stacked"))
    assert all(distance(a, b) < 1e-5 and not b.model.training for a, b in zip(loop, stack, strict=True))


def test_nets_may_have_buffers_that_stay_and_labels_of_every_place():
    class Shifted(nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("shift", torch.rand(1))
            self.conv = nn.Conv2d(1, 3, 1)

        def forward(self, x):
            return self.conv(x + self.shift)

    x, _ = toy()
    data = x, torch.randint(3, (40, 6, 6), generator=torch.Generator().manual_seed(0))
    for a, b in zip(train(Shifted, data, how="loop"), train(Shifted, data, how="stacked"), strict=True):
        assert distance(a, b) < 1e-5 and torch.equal(a.model.shift, b.model.shift)


def test_the_way_is_chosen_by_what_was_measured():
    cpu = torch.device("cpu")
    assert stacking_pays(dense(), cpu) and stacking_pays(nn.Linear(784, 32), cpu)
    assert not stacking_pays(SmallCNN(width=1), cpu) and not stacking_pays(nn.Linear(784, 64), cpu)
    assert stacking_pays(SmallCNN(), torch.device("cuda")) and not stacking_pays(dense(), torch.device("mps"))
    for make, how in ((dense, "stacked"), (conv, "loop")):
        assert same(train(make), train(make, how=how))


@pytest.mark.parametrize("how", ["loop", "stacked"])
def test_a_diverging_member_stops_the_run(how):
    x, y = toy()
    x[0, 0, 0, 0] = float("nan")
    with pytest.raises(TrainingDiverged, match="smaller lr"):
        train(data=(x, y), how=how)


@pytest.mark.parametrize(("change", "message"), [
    ({"count": 0}, "count"), ({"count": True}, "count"), ({"seed": -1}, "seed"), ({"at_once": 0}, "at_once"),
    ({"rows": "all"}, "rows"), ({"fraction": 0.5}, "fraction.*bootstrap"), ({"how": "vmap"}, "how"),
    ({"rows": "bootstrap", "fraction": 1.5}, "fraction"), ({"optimizer": "lion"}, "optimizer"),
    ({"rows": "bootstrap", "fraction": 0.1}, "fraction.*batch_size"), ({"steps": 0}, "steps"),
    ({"replace": True}, "replace"), ({"batch_size": 41}, "batch_size"),
])
@pytest.mark.parametrize("how", ["loop", "stacked"])
def test_bad_arguments_are_named(change, message, how):
    with pytest.raises(ValueError, match=message):
        train(**{"how": how, **change})
    with pytest.raises(ValueError, match="x and y"):
        train(data=(toy()[0], toy()[1][:5]), how=how)


def test_stacking_leaves_the_nets_alone_until_the_end():
    nets = [dense() for _ in range(2)]
    before = copy.deepcopy(nets)
    assert module.why_not_stacked(nets, *toy(), F.cross_entropy) == ""
    assert all(torch.equal(p, q) for a, b in zip(nets, before, strict=True)
               for p, q in zip(a.parameters(), b.parameters(), strict=True))
