"""The nets that lessons 12 and 13 attack."""

from functools import partial

import pytest
import torch

from course_lib.attacks import pgd
from course_lib.measure import robust_accuracy
from course_lib.nets import SmallCNN
from course_lib.train import ImageStudy, evaluate, fit, stored_net, train_images

SHORT = ImageStudy(steps=60)


def test_stored_nets_classify_and_only_the_robust_one_stands_an_attack():
    x, y = (part[:200] for part in ImageStudy().images("test"))
    left = {}
    for name in ("plain", "robust"):
        net = stored_net(name)
        assert not net.training and not any(p.requires_grad for p in net.parameters())
        assert evaluate(net, x, y)[1] < 0.06
        left[name] = robust_accuracy(net, x, y, [pgd(net, x, y, eps=0.15, steps=10)], eps=0.15)
    assert left["plain"] < 0.15 and left["robust"] > 0.7
    with pytest.raises(ValueError, match="name must be one of plain, robust"):
        stored_net("other")


def test_a_unit_learns_repeats_itself_and_goes_on_from_its_checkpoint(tmp_path):
    unit, again = (train_images(SHORT, 5, folder=tmp_path) for _ in range(2))
    assert unit.accuracy > 0.7
    for a, b in zip(unit.model.parameters(), again.model.parameters(), strict=True):
        assert torch.equal(a, b)
    assert [file.name for file in tmp_path.iterdir()] == ["images-mnist-plain-seed5.safetensors"]


def test_fit_learns_from_the_attacked_images_with_their_labels():
    x, y = torch.rand(32, 1, 8, 8), torch.arange(32) % 10
    calls = []

    def attack(model, images, labels):
        calls.append(model)
        assert all(y[(x == image).flatten(1).all(1)] == label
                   for image, label in zip(images, labels, strict=True))
        return 1 - images

    torch.manual_seed(0)
    model = SmallCNN(side=8, width=2)
    straight = SmallCNN(side=8, width=2)
    straight.load_state_dict(model.state_dict())
    options = {"steps": 3, "batch_size": 16, "optimizer": "adam"}
    fit(model, x, y, attack=attack, **options)
    fit(straight, 1 - x, y, **options)
    assert calls == [model] * 3
    for a, b in zip(model.parameters(), straight.parameters(), strict=True):
        torch.testing.assert_close(a, b)


def test_training_on_attacked_images_leaves_more_right_under_attack():
    x, y = (part[:200] for part in SHORT.images("test"))
    attack = partial(pgd, eps=0.1, steps=1, keep_failures=True)
    left = [robust_accuracy(unit.model, x, y, [pgd(unit.model, x, y, eps=0.1, steps=5)], eps=0.1)
            for unit in (train_images(SHORT, 5), train_images(SHORT, 5, attack=attack))]
    assert left[1] > left[0] + 0.1


@pytest.mark.parametrize(("study", "shape", "classes"), [
    (ImageStudy("signs"), (3, 32, 32), 8), (ImageStudy("cifar10", depth=8), (3, 32, 32), 10),
])
def test_other_images_get_nets_that_fit_them(study, shape, classes):
    x, _ = study.images("train")
    assert x.shape[1:] == shape
    assert study.net().eval()(x[:2]).shape == (2, classes)


@pytest.mark.parametrize("options", [{"side": 3}, {"width": 0}, {"classes": 0}, {"in_channels": 0}])
def test_a_small_net_of_no_size_is_refused(options):
    with pytest.raises(ValueError, match=next(iter(options))):
        SmallCNN(**options)
