"""Readers: bytes of a file (already checked) to arrays. Images come out as uint8,
(n, height, width, channels)."""

import csv
import io
import pickle

import numpy as np
from PIL import Image


def read_idx(data: bytes) -> np.ndarray:
    """An idx file (MNIST's own format) of uint8 numbers, in the shape that its head states.

    Raises ValueError if the bytes are not an idx file of uint8, or too few or too many.
    """
    if len(data) < 4 or data[:3] != b"\x00\x00\x08" or len(data) < 4 + 4 * data[3]:
        raise ValueError("not an idx file of uint8 numbers")
    dims = data[3]
    shape = [int.from_bytes(data[4 + 4 * d : 8 + 4 * d], "big") for d in range(dims)]
    numbers = np.frombuffer(data, np.uint8, offset=4 + 4 * dims)
    if numbers.size != np.prod(shape):
        raise ValueError(f"the idx head says {shape}, but {numbers.size} numbers follow")
    return numbers.reshape(shape)


def read_sheet(data: bytes, side: int) -> np.ndarray:
    """A PNG sheet of square images, left to right and top to bottom: (n, side, side, channels)."""
    sheet = np.asarray(Image.open(io.BytesIO(data)))
    sheet = sheet.reshape(*sheet.shape[:2], -1)
    rows, columns, channels = sheet.shape[0] // side, sheet.shape[1] // side, sheet.shape[2]
    tiles = sheet.reshape(rows, side, columns, side, channels).swapaxes(1, 2)
    return tiles.reshape(-1, side, side, channels)


def read_table(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Labels and original indices from a CSV with the head label,index."""
    rows = list(csv.DictReader(io.StringIO(data.decode("utf-8"))))
    return tuple(np.array([int(row[key]) for row in rows]) for key in ("label", "index"))


def read_rows(data: bytes, side: int) -> np.ndarray:
    """A PNG whose every row is one whole colour image: (n, side, side, 3)."""
    return np.asarray(Image.open(io.BytesIO(data))).reshape(-1, side, side, 3)


def read_batch(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Images and labels of one batch file of CIFAR-10's Python version.

    It is a pickle, which can run code: call this only after the checksum agreed.
    """
    batch = pickle.loads(data, encoding="bytes")
    images = batch[b"data"].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
    return images, np.array(batch[b"labels"])


def read_labels(data: bytes) -> tuple[np.ndarray, np.ndarray]:
    """Labels and original indices from an .npz with the arrays `labels` and `original_index`."""
    arrays = np.load(io.BytesIO(data), allow_pickle=False)
    return arrays["labels"], arrays["original_index"]
