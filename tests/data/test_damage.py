"""Damaged files are named with the cure, never used, never touched."""

import gzip
import pickle

import pytest

from course_lib import data
from course_lib.data import formats

DAMAGES = {
    "truncated": lambda content: content[: len(content) // 2],
    "one bit flipped": lambda content: content[:-9] + bytes([content[-9] ^ 1]) + content[-8:],
    "empty": lambda content: b"",
    "a page instead": lambda content: b"<html>please log in</html>",
    "longer": lambda content: content + b"\1",
}


@pytest.fixture(params=DAMAGES)
def damage(request):
    return DAMAGES[request.param]


def damaged(path, damage):
    content = damage(path.read_bytes())
    path.write_bytes(content)
    return content


@pytest.mark.parametrize("file", ["mnist_train.png", "mnist_train.csv"])
def test_a_damaged_small_file(data_copy, damage, file):
    path = data_copy / "small" / file
    content = damaged(path, damage)
    name = file.split("_")[0]
    with pytest.raises(data.DamagedFile) as caught:
        data.load(name)
    assert str(path) in str(caught.value) and "damaged" in str(caught.value)
    assert "git" in str(caught.value) and "checkout -- data" in str(caught.value), "the cure"
    assert path.read_bytes() == content, "left as it was"
    (problem,) = data.verify()
    assert str(path) in problem
    assert data.verify("fashion-mnist") == [] and len(data.verify(name)) == 1
    assert len(data.load("fashion-mnist")) == 4000 and len(data.load(name, "test")) == 1000


def test_a_missing_small_file(data_copy):
    path = data_copy / "small" / "mnist_test.png"
    path.unlink()
    with pytest.raises(FileNotFoundError, match=r"mnist_test\.png is missing.*checkout -- data"):
        data.load("mnist", "test")
    (problem,) = data.verify()
    assert str(path) in problem and "missing" in problem


@pytest.mark.parametrize(("name", "size", "packed", "file"), [
    ("mnist", "full", False, "MNIST/raw/train-images-idx3-ubyte"),
    ("mnist", "full", True, "MNIST/raw/train-labels-idx1-ubyte.gz"),
    ("fashion-mnist", "full", True, "FashionMNIST/raw/train-images-idx3-ubyte.gz"),
    ("cifar10", "full", False, "cifar-10-batches-py/data_batch_3"),
    ("cifar10", "part", False, "cifar10/train_part1.png"),
    ("cifar10", "part", False, "cifar10/train_part2_labels.npz"),
])
def test_a_damaged_file_in_course_data(tiny, damage, name, size, packed, file):
    path = tiny.write(name, size, packed=packed) / file
    assert data.verify(name) == []
    content = damaged(path, damage)
    for size_asked in ("full", "best"):
        with pytest.raises(data.DamagedFile) as caught:
            data.load(name, "train", size_asked)
        assert str(path) in str(caught.value)
    assert path.read_bytes() == content
    (problem,) = data.verify(name)
    assert str(path) in problem
    assert data.load(name, "test", "full").size == size, "the other split is as it should be"


def test_a_packed_file_of_another_content(tiny):
    path = tiny.write("mnist", packed=True) / "MNIST/raw/t10k-labels-idx1-ubyte.gz"
    other = gzip.compress(gzip.decompress(path.read_bytes())[:-1] + b"\x07")
    path.write_bytes(other)
    with pytest.raises(data.DamagedFile, match=r"t10k-labels-idx1-ubyte\.gz"):
        data.load("mnist", "test", "full")


def test_a_pickle_of_another_content_is_never_opened(tiny, tmp_path):
    trace = tmp_path / "it ran"

    class Hostile:
        def __reduce__(self):
            return (open, (str(trace), "w"))

    path = tiny.write("cifar10") / "cifar-10-batches-py/test_batch"
    path.write_bytes(pickle.dumps(Hostile()))
    with pytest.raises(data.DamagedFile):
        data.load("cifar10", "test", "full")
    assert not trace.exists()


def test_a_damaged_file_in_the_cache_is_neither_used_nor_replaced(tiny, closed_world):
    path = tiny.write("mnist", folder=closed_world) / "MNIST/raw/train-images-idx3-ubyte"
    content = damaged(path, DAMAGES["truncated"])
    for action in (lambda: data.load("mnist", size="best"), lambda: data.fetch("mnist")):
        with pytest.raises(data.DamagedFile, match="course data fetch mnist"):
            action()
    assert path.read_bytes() == content
    assert [str(path) in problem for problem in data.verify()] == [True]


def test_the_real_data_is_sound():
    assert data.verify() == []
    with pytest.raises(ValueError, match=r"^name must be"):
        data.verify("imagenet")


@pytest.mark.parametrize("content", [
    b"", b"\0\0\x08", b"\0\0\x09\x01\0\0\0\x01\x05", b"\0\0\x08\x01\0\0\0\x02\x05", b"\0\0\x08\x03\0\0",
    b"\0\0\x08\x01\0\0\0\x01\x05\x06",
])
def test_what_is_no_idx_file_is_refused(content):
    with pytest.raises(ValueError, match="idx"):
        formats.read_idx(content)
