"""Attacks on weights that others trained and published, from $COURSE_DATA (see published.py)."""

import published
import pytest
import torch
from scipy.stats import binomtest

from course_lib import data
from course_lib.attacks import fgsm, pgd, standard
from course_lib.measure import is_right, success

pytestmark = pytest.mark.slow

# On the first 2,000 test images, in %: clean accuracy, and that under FGSM with eps 0.2.
LENET5 = {"clean": (98.4, 13.3), "adversarial": (98.0, 96.0)}


@pytest.fixture(scope="module")
def digits():
    if not published.folder("mnist-models"):
        pytest.skip("published MNIST weights are not in $COURSE_DATA/mnist-models")
    images = data.load("mnist", "test", "full")
    return images.x[:2000], images.y[:2000]


@pytest.fixture(scope="module")
def photos():
    if not published.folder("cifar10-models"):
        pytest.skip("published CIFAR ResNet weights are not in $COURSE_DATA/cifar10-models")
    return published.cifar_images()


@pytest.mark.parametrize("trained", LENET5)
def test_lenet5_falls_to_fgsm_as_reported(trained, digits):
    model, (x, y) = published.lenet5(trained), digits
    result = success(model, x, y, fgsm(model, x, y, eps=0.2), eps=0.2)
    clean, attacked = LENET5[trained]
    assert 100 * result.right.double().mean() == pytest.approx(clean, abs=0.5)
    assert 100 * result.accuracy == pytest.approx(attacked, abs=0.5)


@pytest.mark.parametrize("depth, accuracy", [(20, 92.0), (56, 93.5)])
def test_resnets_fall_to_pgd_inside_the_ball_and_stay_as_they_were(depth, accuracy, photos):
    model, (x, y) = published.cifar_resnet(depth), photos
    assert 100 * is_right(model, x, y).double().mean() == pytest.approx(accuracy, abs=0.5)
    x, y, eps = x[:32], y[:32], 4 / 255
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.train()
    attacked = pgd(model, x, y, eps=eps, steps=10, leave_when_fooled=True)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert all(module.training for module in model.modules())
    assert all(weight.grad is None for weight in model.parameters())
    result = success(model, x, y, attacked, eps=eps, slack=0.0)
    assert result.allowed.all() and result.rate > 0.9
    assert torch.equal(attacked[~result.fooled], x[~result.fooled]), "clean where it failed"


def test_the_worst_case_is_no_milder_than_pgd_on_the_robust_lenet5(digits):
    """At few of its steps, so that it takes seconds; prints what it found with its 95 % interval."""
    model, eps, n = published.lenet5("adversarial"), 0.3, 100
    x, y = digits[0][:n], digits[1][:n]
    random = torch.Generator().manual_seed(0)
    worst = standard(model, x, y, eps=eps, steps=20, targets=3, queries=300, generator=random)
    standing = {}
    for name, attacked in (("pgd", pgd(model, x, y, eps=eps, leave_when_fooled=True)), ("standard", worst)):
        result = success(model, x, y, attacked, eps=eps)
        standing[name] = int((result.right & ~result.fooled).sum())
        low, high = binomtest(standing[name], n).proportion_ci(method="wilson")
        print(f"{name}, eps {eps}: {standing[name]} of {n} images stay right, {low:.1%} to {high:.1%}")
    assert standing["standard"] <= standing["pgd"] < n
