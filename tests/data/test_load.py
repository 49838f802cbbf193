"""`load`: what it answers, where it looks, and what it says when something is wrong. The network is off."""

import random

import numpy as np
import pytest
import torch

from course_lib import data
from course_lib.data import manifest

NAMES = ("mnist", "fashion-mnist", "cifar10")
FULL_FORMATS = [(name, "full", False) for name in NAMES] + [
    ("mnist", "full", True),
    ("fashion-mnist", "full", True),
    ("cifar10", "part", False),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("split", "count"), [("train", 4000), ("test", 1000)])
def test_small_sets_are_balanced_images_in_the_unit_range(name, split, count):
    images = data.load(name, split)
    info = next(info for info in data.sets() if info.name == name)
    assert images.x.shape == (count, *info.shape) and images.x.dtype == torch.float32
    assert images.x.min() == 0 and images.x.max() == 1
    levels = images.x[:200] * 255
    assert torch.allclose(levels, levels.round(), atol=1e-4) and len(levels.round().unique()) > 100
    assert images.y.dtype == torch.int64
    assert torch.bincount(images.y).tolist() == [count // 10] * 10
    assert images.classes == info.classes and len(set(images.classes)) == 10
    assert (images.name, images.split, images.size) == (name, split, "small")
    assert len(images) == count == len(set(images.index.tolist()))
    assert images.x.flatten(1).unique(dim=0).shape[0] == count, "no image twice"
    assert str(name) in repr(images) and f"{count:,}" in repr(images)


@pytest.mark.parametrize("name", NAMES)
def test_small_train_and_test_share_no_image(name):
    train, test = (data.load(name, split).x.flatten(1).numpy().tobytes for split in ("train", "test"))
    width = 4 * np.prod(data.load(name).x.shape[1:])
    rows = [{blob[i : i + width] for i in range(0, len(blob), width)} for blob in (train(), test())]
    assert len(rows[1]) == 1000 and not rows[0] & rows[1]


def test_labels_belong_to_their_images():
    """A nearest-mean rule learned on train is far above chance on test: labels are not shuffled."""
    for name, floor in (("mnist", 0.75), ("fashion-mnist", 0.6), ("cifar10", 0.2)):
        train, test = data.load(name, "train"), data.load(name, "test")
        means = torch.stack([train.x[train.y == k].flatten(1).mean(0) for k in range(10)])
        right = (torch.cdist(test.x.flatten(1), means).argmin(1) == test.y).float().mean()
        assert right > floor, name


def test_mnist_small_parts_both_come_from_mnist_train_and_share_no_digit():
    train, test = data.load("mnist", "train"), data.load("mnist", "test")
    assert not set(train.index.tolist()) & set(test.index.tolist())
    assert test.index.max() < 60_000
    note = next(info.note for info in data.sets() if info.name == "mnist")
    assert "train" in note and "test" in note


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("split", ["train", "test"])
def test_index_names_the_same_image_in_the_full_set(own_data, name, split):
    small = data.load(name, split)
    try:
        full = data.load(name, "train" if name == "mnist" else split, "full")
    except FileNotFoundError:
        pytest.skip(f"COURSE_DATA has no {name}")
    row = {place: k for k, place in enumerate(full.index.tolist())}
    both = [(k, row[place]) for k, place in enumerate(small.index.tolist()) if place in row]
    assert len(both) == len(small) or (full.size == "part" and len(both) > 100)
    ours, theirs = map(list, zip(*both, strict=True))
    assert torch.equal(small.x[ours], full.x[theirs])
    assert torch.equal(small.y[ours], full.y[theirs])


def test_loading_leaves_the_random_states_alone():
    random.seed(1)
    np.random.seed(1)
    torch.manual_seed(1)
    before = random.getstate(), np.random.get_state()[1].tolist(), torch.get_rng_state()
    data.load("mnist").subset(20).resize(14)
    assert random.getstate() == before[0]
    assert np.random.get_state()[1].tolist() == before[1]
    assert torch.equal(torch.get_rng_state(), before[2])


def test_device_is_where_all_tensors_go():
    images = data.load("mnist", "test", device="meta")
    assert {images.x.device.type, images.y.device.type, images.index.device.type} == {"meta"}


@pytest.mark.parametrize(("words", "name", "choice"), [
    ({"name": "minst"}, "name", "mnist"),
    ({"name": None}, "name", "cifar10"),
    ({"name": "mnist", "split": "validation"}, "split", "train"),
    ({"name": "mnist", "size": "huge"}, "size", "small"),
    ({"name": "mnist", "size": 100}, "size", "full"),
    ({"name": "mnist", "size": "part"}, "size", "best"),
])
def test_a_wrong_argument_is_named_with_the_choices(words, name, choice):
    with pytest.raises(ValueError, match=rf"^{name} must be.*{choice}.*got"):
        data.load(**words)


@pytest.mark.parametrize(("name", "size", "packed"), FULL_FORMATS)
@pytest.mark.parametrize("split", ["train", "test"])
def test_each_format_in_course_data_is_read(tiny, capsys, name, size, packed, split):
    tiny.write(name, size, packed=packed)
    images = data.load(name, split, "full")
    x, y, index = tiny.truth[name, size, split]
    assert torch.equal((images.x * 255).round().byte(), torch.from_numpy(x))
    assert images.y.tolist() == y.tolist() and images.index.tolist() == index.tolist()
    assert images.size == size
    lines = capsys.readouterr().out.splitlines()
    if size == "part":
        assert len(lines) == 1 and "part of the full set" in lines[0] and str(len(y)) in lines[0]
    else:
        assert lines == []


def test_a_full_set_in_the_cache_goes_before_a_part_in_course_data(tiny, closed_world):
    tiny.write("cifar10", "part")
    tiny.write("cifar10", "full", folder=closed_world)
    assert data.load("cifar10", "train", "full").size == "full"


def test_course_data_goes_before_the_cache(tiny, closed_world):
    tiny.write("mnist", folder=closed_world)
    path = tiny.write("mnist") / "MNIST/raw/train-images-idx3-ubyte"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(data.DamagedFile, match="été"):
        data.load("mnist", size="full")


def test_small_is_the_default_even_where_full_is_at_hand(tiny):
    tiny.write("mnist")
    assert data.load("mnist").size == data.load("mnist", size="small").size == "small"


def test_full_out_of_reach_is_an_error_that_says_where_to_put_which_files(closed_world):
    with pytest.raises(FileNotFoundError) as caught:
        data.load("cifar10", "test", "full")
    text = str(caught.value)
    for word in ("cifar10", "cifar-10-batches-py/test_batch", str(closed_world), "COURSE_DATA", "small"):
        assert word in text
    assert not closed_world.exists() or not any(p.is_file() for p in closed_world.rglob("*"))


def test_best_takes_full_where_it_is_at_hand(tiny, capsys):
    tiny.write("fashion-mnist")
    assert data.load("fashion-mnist", size="best").size == "full"
    assert capsys.readouterr().out == ""


def test_best_out_of_reach_is_small_with_one_plain_line(capsys):
    images = data.load("mnist", size="best")
    assert images.size == "small" and len(images) == 4000
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 and "mnist" in lines[0] and "small" in lines[0] and "4,000" in lines[0]


def test_a_wrong_course_data_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_DATA", str(tmp_path / "nowhere"))
    with pytest.raises(FileNotFoundError, match=r"COURSE_DATA.*nowhere"):
        data.load("mnist", size="full")
    assert any("COURSE_DATA" in problem for problem in data.verify())
    assert data.load("mnist").size == "small", "the small set needs no COURSE_DATA"


def test_a_half_copied_set_counts_as_absent(tiny):
    (tiny.write("mnist") / "MNIST/raw/train-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match="train-labels-idx1-ubyte"):
        data.load("mnist", size="full")
    assert data.load("mnist", "test", size="full").size == "full", "the other split is complete"


def test_the_manifest_says_whose_the_data_is():
    infos = {info.name: info for info in data.sets()}
    assert tuple(infos) == NAMES
    for info in infos.values():
        assert info.licence and info.citation and info.source and info.title
        assert info.images["small"] == {"train": 4000, "test": 1000}
    assert infos["mnist"].licence == "CC BY-SA 3.0" and infos["fashion-mnist"].licence.startswith("MIT")
    cifar = infos["cifar10"].licence
    assert "no licence stated" in cifar and "Krizhevsky 2009" in cifar and "ISC" in cifar
    total = sum(path.stat().st_size for path in manifest.data_folder().rglob("*") if path.is_file())
    assert total < 25 * 2**20
