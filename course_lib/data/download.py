"""Downloads of the full sets: from torchvision's own addresses into the cache, checked before they stay."""

import gzip
import logging
import os
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from course_lib.data.local import agrees, cache_folder, locate, read_checked
from course_lib.data.manifest import SPLITS, File, SetInfo, find_set

CONNECT_SECONDS, READ_SECONDS = 5, 20  # how long one mirror may stay silent


class Archive(NamedTuple):
    """One file to download: a .gz of one data file, or a .tar.gz that holds several."""

    addresses: tuple[str, ...]  # mirrors, tried in order
    md5: str  # of the archive, as torchvision publishes it
    files: tuple[File, ...]  # the data files in it


def archives(info: SetInfo) -> list[Archive]:
    """What to download for the full set."""
    from torchvision import datasets

    full = tuple(file for file in info.files if file.size == "full")
    if info.name == "cifar10":
        return [Archive((datasets.CIFAR10.url,), datasets.CIFAR10.tgz_md5, full)]
    source = {"mnist": datasets.MNIST, "fashion-mnist": datasets.FashionMNIST}[info.name]
    return [
        Archive(tuple(mirror + packed for mirror in source.mirrors), md5,
                tuple(file for file in full if packed == Path(file.path).name + ".gz"))
        for packed, md5 in source.resources
    ]


def fetch(name: str) -> Path:
    """Make sure that the full set is on this machine, and answer the folder that holds it.

    That is $COURSE_DATA if it is there already, else the cache: what is missing there is downloaded. A file
    that is there is never replaced. Raises ValueError for an unknown name, DamagedFile if a file that is
    there is not the right one, ConnectionError if no mirror gave the right file.
    """
    info = find_set(name)
    there = {locate(info, "full", split) for split in SPLITS}
    if len(there) == 1 and None not in there:
        place = there.pop()
        for file in (f for f in info.files if f.size == "full"):
            read_checked(place / file.path, file)
        return place
    cache = cache_folder()
    for archive in archives(info):
        missing = []
        for file in archive.files:
            path = cache / file.path
            if path.is_file():
                read_checked(path, file)
            else:
                missing.append(file)
        if missing:
            with tempfile.TemporaryDirectory() as folder:
                _unpack(_download(archive, Path(folder), name), missing, cache)
    return cache


def _download(archive: Archive, folder: Path, name: str) -> Path:
    """The archive, in `folder`, from the first mirror that gives the right one."""
    import pooch

    pooch.get_logger().setLevel(logging.WARNING)
    reasons = []
    for address in archive.addresses:
        downloader = pooch.HTTPDownloader(
            timeout=(CONNECT_SECONDS, READ_SECONDS), progressbar=sys.stderr.isatty(), chunk_size=2**16
        )
        try:
            return Path(pooch.retrieve(address, f"md5:{archive.md5}", fname=address.rsplit("/", 1)[-1],
                                       path=folder, downloader=downloader))
        except (OSError, ValueError) as error:  # no network, or another content than expected
            reasons.append(f"{address}: {_short(error)}")
    raise ConnectionError(f"{name} could not be downloaded. Tried " + "; ".join(reasons))


def _unpack(packed: Path, files: list[File], cache: Path) -> None:
    """Write the data files of an archive into the cache, each checked and moved into place when complete."""
    for file, data in _contents(packed, files):
        if not agrees(data, file):
            raise ConnectionError(f"{packed.name} was downloaded, but its {file.path} is not the right one")
        target = cache / file.path
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(dir=target.parent, prefix=target.name)
        try:
            with os.fdopen(handle, "wb") as out:
                out.write(data)
            os.replace(unfinished, target)
        except BaseException:
            Path(unfinished).unlink(missing_ok=True)
            raise


def _contents(packed: Path, files: list[File]) -> Iterator[tuple[File, bytes]]:
    """The wanted files of an archive, in one pass over it."""
    if not packed.name.endswith(".tar.gz"):
        yield files[0], gzip.decompress(packed.read_bytes())
        return
    wanted = {file.path: file for file in files}
    with tarfile.open(packed) as tar:
        for member in tar:
            if member.name in wanted:
                yield wanted[member.name], tar.extractfile(member).read()


def _short(error: Exception) -> str:
    """The kind of an error in a few words: the texts of network libraries are long."""
    if isinstance(error, ValueError) and not isinstance(error, OSError):
        return "its checksum differs"
    return type(error).__name__
