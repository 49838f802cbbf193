"""What data/manifest.toml says of each data set and of word vectors: licence, source, every checksum."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from course_lib.runtime import home

SPLITS = ("train", "test")


@dataclass(frozen=True)
class File:
    """One file of a data set. `path` is below data/ for small ones, else below $COURSE_DATA or the cache."""

    size: str  # "small", "part" or "full"
    split: str  # "train" or "test"; "all" for word vectors
    role: str  # "images", "labels", or "batch": both in one; "vectors"
    path: str
    bytes: int | None = None
    sha256: str = ""
    md5: str = ""  # only where the publisher gives no better checksum


@dataclass(frozen=True)
class SetInfo:
    """One data set. images: size -> split -> how many there are, such as images["small"]["train"]."""

    name: str
    title: str
    shape: tuple[int, int, int]  # channels, height, width
    classes: tuple[str, ...]
    licence: str
    citation: str
    source: str
    images: dict[str, dict[str, int]]
    files: tuple[File, ...]
    note: str = ""

    def files_of(self, size: str, split: str) -> list[File]:
        """The files that hold one split at one size, in order."""
        return [file for file in self.files if (file.size, file.split) == (size, split)]


@dataclass(frozen=True)
class VectorInfo:
    """One set of word vectors. words: size -> how many there are."""

    name: str
    title: str
    dim: int
    licence: str
    citation: str
    source: str
    words: dict[str, int]
    files: tuple[File, ...]

    def files_of(self, size: str) -> list[File]:
        """The files of one size."""
        return [file for file in self.files if file.size == size]


def data_folder() -> Path:
    """The course's own data/ folder."""
    return home() / "data"


def sets() -> list[SetInfo]:
    """Every data set of the manifest.

    Raises FileNotFoundError if the course folder is not complete.
    """
    tables = _manifest()["set"]
    return [
        SetInfo(
            **table
            | {
                "shape": tuple(table["shape"]),
                "classes": tuple(table["classes"]),
                "files": tuple(File(**row) for row in table["files"]),
            }
        )
        for table in tables
    ]


def find_set(name: str) -> SetInfo:
    """The data set of that name. Raises ValueError that lists the names there are."""
    every = {info.name: info for info in sets()}
    if name not in every:
        raise ValueError(f"name must be one of {', '.join(every)}; got {name!r}")
    return every[name]


def vector_sets() -> list[VectorInfo]:
    """Every set of word vectors of the manifest."""
    tables = _manifest()["vectors"]
    return [VectorInfo(**table | {"files": tuple(File(**row) for row in table["files"])}) for table in tables]


def find_vectors(name: str) -> VectorInfo:
    """The word vectors of that name. Raises ValueError that lists the names there are."""
    every = {info.name: info for info in vector_sets()}
    if name not in every:
        raise ValueError(f"name must be one of {', '.join(every)}; got {name!r}")
    return every[name]


def _manifest() -> dict:
    return tomllib.loads((data_folder() / "manifest.toml").read_text("utf-8"))
