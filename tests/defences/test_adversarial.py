"""The recipes of adversarial training: what the net is shown, and what its answers are charged for."""

from functools import partial

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.attacks import fgsm, pgd
from course_lib.defences.adversarial import adversarial_training, sinkhorn_training
from course_lib.defences.transport import sinkhorn_divergence
from course_lib.measure import robust_accuracy
from course_lib.train import ImageStudy, TrainingDiverged, fit, train_images
from course_lib.train.fit import words_of

FGSM = partial(fgsm, eps=0.1, keep_failures=True)


def toy(seed=0):
    """(model, x, y) with two classes of 4x4 images."""
    torch.manual_seed(seed)
    y = torch.arange(24) % 2
    x = (torch.rand(24, 1, 4, 4) * 0.4 + 0.3 * y.view(-1, 1, 1, 1)).clamp(0, 1)
    return nn.Sequential(nn.Flatten(), nn.Linear(16, 2)), x, y


def test_the_doubled_batch_holds_the_clean_images_then_the_attacked_ones():
    model, x, y = toy()
    for recipe in (adversarial_training(FGSM), sinkhorn_training(FGSM)):
        torch.testing.assert_close(recipe.attack(model, x, y), torch.cat([x, FGSM(model, x, y)]))
    alone = adversarial_training(FGSM, clean=False)
    torch.testing.assert_close(alone.attack(model, x, y), FGSM(model, x, y))
    assert alone.loss is F.cross_entropy


def test_losses_are_the_sums_that_they_say():
    clean, attacked, y = torch.randn(6, 4), torch.randn(6, 4), torch.tensor([0, 1, 2, 3, 0, 1])
    both = torch.cat([clean, attacked])
    right, wrong = F.cross_entropy(clean, y), F.cross_entropy(attacked, y)
    torch.testing.assert_close(adversarial_training(FGSM).loss(both, y), right + wrong)
    margins = adversarial_training(FGSM, loss=F.multi_margin_loss).loss(both, y)
    torch.testing.assert_close(margins, F.multi_margin_loss(clean, y) + F.multi_margin_loss(attacked, y))
    apart = sinkhorn_divergence(clean, attacked, epsilon=0.5)
    torch.testing.assert_close(sinkhorn_training(FGSM, lam=3, epsilon=0.5).loss(both, y), wrong + 3 * apart,
                               rtol=1e-3, atol=0)
    torch.testing.assert_close(sinkhorn_training(FGSM, lam=0).loss(both, y), wrong)


def test_sinkhorns_loss_pulls_at_both_halves():
    logits, y = torch.randn(12, 4, requires_grad=True), torch.arange(6) % 4
    gradient, = torch.autograd.grad(sinkhorn_training(FGSM).loss(logits, y), logits)
    assert (gradient.abs().sum(1) > 0).all()
    equal = torch.cat([logits[:6], logits[:6]])
    torch.testing.assert_close(sinkhorn_training(FGSM).loss(equal, y), F.cross_entropy(logits[:6], y))


def test_fit_takes_the_step_of_the_sum():
    model, x, y = toy()
    theirs = toy()[0]
    recipe = adversarial_training(FGSM)
    fit(model, x, y, attack=recipe.attack, loss=recipe.loss, steps=1, batch_size=24, lr=0.1, momentum=0,
        weight_decay=0)
    x_adv = FGSM(theirs, x, y)
    gradients = torch.autograd.grad(F.cross_entropy(theirs(x), y) + F.cross_entropy(theirs(x_adv), y),
                                    theirs.parameters())
    for ours, before, g in zip(model.parameters(), theirs.parameters(), gradients, strict=True):
        torch.testing.assert_close(ours, before - 0.1 * g)


def test_checkpoints_tell_recipes_apart_and_go_on(tmp_path):
    study = ImageStudy(steps=2, width=2)
    recipes = [adversarial_training(FGSM), adversarial_training(FGSM, loss=F.multi_margin_loss),
               sinkhorn_training(FGSM, lam=0.1), sinkhorn_training(FGSM, lam=0.2)]
    train = partial(train_images, study, 5, folder=tmp_path)
    first = train(attack=recipes[1].attack, loss=recipes[1].loss)
    again = train(attack=recipes[1].attack, loss=recipes[1].loss)
    for a, b in zip(first.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(a, b)
    for recipe in (recipes[0], *recipes[2:]):
        with pytest.raises(ValueError, match="other settings"):
            train(attack=recipe.attack, loss=recipe.loss)


def test_no_checkpoint_names_an_address():
    for recipe in (adversarial_training(FGSM, loss=F.multi_margin_loss), sinkhorn_training(FGSM)):
        assert " at 0x" not in words_of(recipe.loss)


STUDY = ImageStudy(steps=60, lr=0.01)


def left_of(**options):
    """Accuracy under attack of a net trained so."""
    model = train_images(STUDY, 7000, **options).model
    x, y = (part[:200] for part in STUDY.images("test"))
    return robust_accuracy(model, x, y, [pgd(model, x, y, eps=0.1, steps=5)], eps=0.1)


@pytest.fixture(scope="module")
def plain():
    return left_of()


@pytest.mark.parametrize("make", [
    adversarial_training, partial(adversarial_training, clean=False), partial(sinkhorn_training, lam=0.1),
])
def test_each_recipe_leaves_more_right_under_attack(make, plain):
    recipe = make(partial(pgd, eps=0.1, steps=1, keep_failures=True))
    assert left_of(attack=recipe.attack, loss=recipe.loss) > plain + 0.1


@pytest.mark.parametrize("recipe", [adversarial_training(FGSM), sinkhorn_training(FGSM)])
def test_a_diverging_training_says_so(recipe):
    model, x, y = toy()
    with pytest.raises(TrainingDiverged):
        fit(model, x, y, attack=recipe.attack, loss=lambda z, y: recipe.loss(z * float("inf"), y), steps=1,
            batch_size=24)


def test_bad_input_names_the_argument():
    with pytest.raises(TypeError, match="attack must be a callable"):
        adversarial_training(0.3)
    with pytest.raises(TypeError, match="attack must be a callable"):
        sinkhorn_training(None)
    for lam in (-1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="lam"):
            sinkhorn_training(FGSM, lam=lam)
    for epsilon in (0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="epsilon"):
            sinkhorn_training(FGSM, epsilon=epsilon)
    for recipe in (adversarial_training(FGSM), sinkhorn_training(FGSM)):
        with pytest.raises(ValueError, match="two rows a label"):
            recipe.loss(torch.zeros(4, 3), torch.zeros(4).long())
