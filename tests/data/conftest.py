"""A closed world for the data tests: no network, an empty cache, no $COURSE_DATA; and makers of tiny sets."""

import gzip
import hashlib
import io
import os
import pickle
import shutil
import socket
from pathlib import Path

import numpy as np
import pooch
import pytest
from PIL import Image

from course_lib.data import manifest

OWN_DATA = os.environ.get("COURSE_DATA", "")  # as it was before any test


@pytest.fixture(autouse=True)
def closed_world(monkeypatch, tmp_path):
    """Nothing of this machine but the course's own data/."""

    connect, getaddrinfo = socket.socket.connect, socket.getaddrinfo

    def only_loopback(function, host):
        if host != "127.0.0.1":
            raise OSError(f"the network is off in this test ({host})")
        return function()

    cache = tmp_path / "mémoire cache"
    monkeypatch.setattr(
        socket.socket, "connect", lambda self, to: only_loopback(lambda: connect(self, to), to[0])
    )
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *a, **k: only_loopback(lambda: getaddrinfo(host, *a, **k), host)
    )
    for proxy in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(proxy, raising=False)
        monkeypatch.delenv(proxy.upper(), raising=False)
    monkeypatch.setattr(pooch, "os_cache", lambda project: cache)
    monkeypatch.delenv("COURSE_DATA", raising=False)
    return cache


@pytest.fixture
def own_data(monkeypatch):
    """The developer's or learner's own full sets; skipped where there are none."""
    if not OWN_DATA:
        pytest.skip("COURSE_DATA is not set: no full sets to compare with")
    monkeypatch.setenv("COURSE_DATA", OWN_DATA)
    return Path(OWN_DATA)


@pytest.fixture
def data_copy(monkeypatch, tmp_path):
    """A copy of the course's data/ that a test may damage; the library uses it instead of the real one."""
    course = tmp_path / "le cours copié"
    shutil.copytree(manifest.data_folder(), course / "data", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(manifest, "home", lambda: course)
    return course / "data"


def idx(array: np.ndarray) -> bytes:
    """An array as an idx file."""
    head = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    return head + array.astype(np.uint8).tobytes()


def png(array: np.ndarray) -> bytes:
    out = io.BytesIO()
    Image.fromarray(array).save(out, "PNG")
    return out.getvalue()


class Tiny:
    """Sets of 30 + 10 images in every format of the full ones; the manifest then has their checksums."""

    def __init__(self, data_copy: Path, folder: Path):
        self.folder, self.manifest = folder, data_copy / "manifest.toml"
        self.sets = {info.name: info for info in manifest.sets()}
        self.truth = {}  # (name, size, split) -> images (n, c, h, w) uint8, labels, index

    def write(self, name, size="full", *, packed=False, folder: Path | None = None) -> Path:
        """Write the set below `folder` (else $COURSE_DATA) and describe it in the manifest; the folder."""
        root, text = folder or self.folder, self.manifest.read_text("utf-8")
        for split in manifest.SPLITS:
            files = self.sets[name].files_of(size, split)
            for file, data in zip(files, self._contents(name, size, split), strict=True):
                path = root / (file.path + (".gz" if packed else ""))
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(gzip.compress(data) if packed else data)
                if file.md5:
                    text = text.replace(file.md5, hashlib.md5(data).hexdigest())
                else:
                    row = 'bytes = {}, sha256 = "{}"'.format
                    new = row(len(data), hashlib.sha256(data).hexdigest())
                    text = text.replace(row(file.bytes, file.sha256), new)
        self.manifest.write_text(text, "utf-8")
        return root

    def _contents(self, name, size, split):
        n = {"train": 30, "test": 10}[split]
        info, rng = self.sets[name], np.random.default_rng(n)
        files = info.files_of(size, split)
        x = rng.integers(0, 256, (n, *info.shape), dtype=np.uint8)
        y, index = np.arange(n) % 10, np.arange(n) * (2 if size == "part" else 1)
        self.truth[name, size, split] = (x, y, index)
        pieces = sum(file.role in ("images", "batch") for file in files)
        for places in np.split(np.arange(n), pieces):
            if size == "part":
                yield png(x[places].transpose(0, 2, 3, 1).reshape(len(places), 32 * 32, 3))
                out = io.BytesIO()
                np.savez(out, labels=y[places].astype(np.uint8), original_index=index[places])
                yield out.getvalue()
            elif files[0].role == "batch":
                pixels = x[places].reshape(len(places), -1)
                yield pickle.dumps({b"data": pixels, b"labels": y[places].tolist()})
            else:
                yield idx(x[:, 0])
                yield idx(y)


@pytest.fixture
def tiny(monkeypatch, tmp_path, data_copy):
    """Makes tiny full sets in a folder with a space and accents in its name, where COURSE_DATA points."""
    folder = tmp_path / "mes données d'été"
    folder.mkdir()
    monkeypatch.setenv("COURSE_DATA", str(folder))
    return Tiny(data_copy, folder)
