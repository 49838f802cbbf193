"""The depth study: the paper's recipe, its augmentation, units that repeat."""

import numpy as np
import pytest
import torch

from course_lib.data import load
from course_lib.train import DepthStudy, depth_study, train_unit
from course_lib.train.depth_study import crop_and_flip

SMALL = DepthStudy("mnist", side=14, images=100, width=4, depths=(8, 14), steps=4, seeds=2, tested=30)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def images():
    return SMALL.load("train", CPU), load("mnist", "test").subset(50).resize(14)


def test_images_have_the_size_asked_for(images):
    assert images[0].x.shape == (100, 1, 14, 14)
    assert images[0].y.bincount().tolist() == [10] * 10


def test_units_cover_the_study_seed_by_seed():
    units = list(SMALL.units([5, 6, 7]))
    assert len(units) == len(set(units)) == 2 * 2 * 2
    assert [seed for _, _, seed in units] == [5] * 4 + [6] * 4


def test_a_unit_repeats_and_seeds_differ(images):
    first, again, other = (train_unit(SMALL, "plain", 8, seed, *images) for seed in (0, 0, 1))
    assert np.array_equal(first.history.loss, again.history.loss)
    assert not np.array_equal(first.history.loss, other.history.loss)
    wrong = (first.test_logits.argmax(1) != images[1].y[:30]).float().mean()
    assert first.test_error == pytest.approx(float(wrong))


def test_a_unit_goes_on_from_its_checkpoint(images, tmp_path):
    first = train_unit(SMALL, "residual", 8, 0, *images, folder=tmp_path)
    file, = tmp_path.iterdir()
    stamp = file.stat().st_mtime_ns
    again = train_unit(SMALL, "residual", 8, 0, *images, folder=tmp_path)
    assert file.name == "mnist-residual-8-seed0.safetensors" and file.stat().st_mtime_ns == stamp
    assert torch.equal(first.test_logits, again.test_logits)


@pytest.mark.parametrize(("depth", "first_rate"), [(20, 0.1), (110, 0.01)])
def test_the_papers_recipe(depth, first_rate, monkeypatch, images):
    """Batch 128, rate 0.1 (0.01 at first for 110 layers), / 10 at 32k and 48k of 64k, 45,000 images."""
    seen = {}

    def fit(model, x, y, **options):
        seen.update(options, images=len(x))
        raise InterruptedError

    monkeypatch.setattr(depth_study, "fit", fit)
    train = images[0]
    paper = DepthStudy("cifar10", 14, None, 4, (depth,), steps=64_000, seeds=1, paper=True)
    with pytest.raises(InterruptedError):
        train_unit(paper, "residual", depth, 0, train, images[1])
    rate = [seen["lr"] * seen["schedule"](step) for step in (0, 400, 31_999, 32_000, 47_999, 48_000)]
    assert rate == pytest.approx([first_rate, 0.1, 0.1, 0.01, 0.01, 0.001])
    assert seen["batch_size"] == 128 and seen["steps"] == 64_000 and seen["augment"] is crop_and_flip


def test_crops_are_windows_of_the_padded_image_half_of_them_mirrored():
    x = torch.rand(300, 2, 6, 5) + 0.1
    y = crop_and_flip(x, torch.Generator().manual_seed(0))
    assert y.shape == x.shape
    padded = torch.nn.functional.pad(x, (4, 4, 4, 4))
    windows = padded.unfold(2, 6, 1).unfold(3, 5, 1).permute(0, 2, 3, 1, 4, 5).flatten(1, 2)
    straight = (windows == y[:, None]).flatten(2).all(2)
    mirrored = (windows.flip(-1) == y[:, None]).flatten(2).all(2)
    assert (straight | mirrored).any(1).all()
    assert 0.4 < mirrored.any(1).float().mean() < 0.6
    places = straight.float().sum(0) + mirrored.float().sum(0)
    assert (places > 0).float().mean() > 0.9, "all places are used"
