"""What was found wrong in other attack libraries, each a test that ours does it right (gradient attacks)."""

import inspect

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from toy_models import CLASSES, Watched, answers, images_for, small_net

from course_lib.attacks import apgd, apgd_targeted, bim, fgsm, mi_fgsm, pgd

ATTACKS = [fgsm, bim, mi_fgsm, pgd, apgd, apgd_targeted]


def test_auto_pgd_runs_its_100_steps_unless_told_otherwise():
    for attack in (apgd, apgd_targeted):
        assert inspect.signature(attack).parameters["steps"].default == 100
    model = Watched(small_net())
    x, y = images_for(model.model, 2)
    apgd(model, x, y, eps=1e-6)
    assert len(model.back_rows) == 100
    model.back_rows.clear()
    apgd_targeted(model, x, y, eps=1e-6)
    assert len(model.back_rows) == 100 * (CLASSES - 1)


@pytest.mark.parametrize("attack", ATTACKS)
def test_pixels_at_0_and_1_move_too(attack):
    model = small_net(1)
    x = (images_for(model)[0] > 0.5).double()
    y = answers(model, x)
    x_adv = attack(model, x, y, eps=0.1, keep_failures=True)
    assert ((x_adv != x).double().mean() > 0.2) and (answers(model, x_adv) != y).any()


@pytest.mark.parametrize("attack", ATTACKS)
def test_normalised_images_are_refused_not_cut(attack):
    model = small_net()
    x, y = images_for(model)
    with pytest.raises(ValueError, match=r"x must lie in .*undo the normalisation"):
        attack(model, (x - 0.5) / 0.5, y, eps=0.1)


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_model_in_train_mode_keeps_its_statistics_and_its_dropout_is_off(attack):
    model = small_net()
    x, y = images_for(model)
    assert model.training
    before = {name: b.clone() for name, b in model.named_buffers()}
    runs = [attack(model, x, y, eps=0.1, generator=torch.Generator().manual_seed(0)) for _ in range(2)]
    assert torch.equal(*runs), "dropout made it random"
    assert all(torch.equal(before[name], b) for name, b in model.named_buffers()) and model.training


@pytest.mark.parametrize("attack", ATTACKS)
def test_no_gradients_are_left_on_the_weights_and_the_callers_stay(attack):
    model = small_net()
    x, y = images_for(model)
    attack(model, x, y, eps=0.1)
    assert all(p.grad is None for p in model.parameters())
    F.cross_entropy(model(x), y).backward()
    before = [p.grad.clone() for p in model.parameters()]
    attack(model, x, y, eps=0.1)
    assert all(torch.equal(a, p.grad) for a, p in zip(before, model.parameters(), strict=True))


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_every_number_type_works_and_none_exceeds_eps(attack, dtype):
    model = small_net(1, dtype)
    x, y = images_for(model)
    x_adv = attack(model, x, y, eps=0.1, keep_failures=True)
    assert x_adv.dtype == dtype and (x_adv.double() - x.double()).abs().max() <= 0.1
    assert (x_adv.double() - x.double()).abs().max() > 0.09


def test_a_black_image_is_no_success():
    class AfraidOfTheDark(nn.Module):
        """Fooled by black images only, which lie outside every ball here."""

        def forward(self, x):
            bright = x.flatten(1).mean(1) - 1e-3
            return torch.stack([bright, torch.zeros_like(bright), -bright, bright - 2], 1)

    x = 0.3 + 0.6 * torch.rand(4, 1, 3, 3)
    for attack in ATTACKS:
        assert torch.equal(attack(AfraidOfTheDark(), x, torch.zeros(4, dtype=torch.long), eps=0.1), x)


@pytest.mark.parametrize("attack", ATTACKS)
def test_a_model_that_begins_in_place_changes_no_image(attack):
    class Shifting(nn.Module):
        def __init__(self):
            super().__init__()
            self.last = nn.Linear(36, CLASSES)

        def forward(self, x):
            x -= 0.5
            return self.last(x.flatten(1))

    model, x = Shifting(), torch.rand(9, 1, 6, 6)
    kept, y = x.clone(), answers(model, x.clone())
    x_adv = attack(model, x, y, eps=0.2)
    assert torch.equal(x, kept) and (answers(model, x_adv.clone()) != y).any()
    assert x_adv.min() >= 0 and (x_adv.double() - x.double()).abs().max() <= 0.2
