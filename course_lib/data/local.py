"""Files on this machine: where they may lie, and reading them only if their checksum agrees."""

import gzip
import hashlib
import os
import zlib
from pathlib import Path

from course_lib.data.manifest import File, SetInfo, data_folder, find_set, sets, vector_sets


class DamagedFile(ValueError):
    """A data file is not the one that the manifest describes. It was neither used nor touched."""


def own_folder() -> Path | None:
    """$COURSE_DATA: the learner's own folder of data sets, or None.

    Raises FileNotFoundError if it names no folder.
    """
    wish = os.environ.get("COURSE_DATA", "").strip()
    if not wish:
        return None
    folder = Path(wish).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"COURSE_DATA is {wish!r}, but there is no such folder. Correct or unset it.")
    return folder


def cache_folder() -> Path:
    """Where downloads are kept: the operating system's cache folder for this course."""
    import pooch

    return Path(pooch.os_cache("build-break-explain"))


def places() -> list[Path]:
    """Where full sets may lie, in the order of the search."""
    return [place for place in (own_folder(), cache_folder()) if place is not None]


def locate(info: SetInfo, size: str, split: str) -> Path | None:
    """The first place that has every file of that size and split, or None."""
    files = info.files_of(size, split)
    for place in places():
        if files and all(_as_stored(place / file.path).is_file() for file in files):
            return place
    return None


def read_checked(path: Path, file: File) -> bytes:
    """The bytes of `path`, unpacked if only `path`.gz is there, once their checksum agrees with `file`.

    Raises FileNotFoundError if neither is there, DamagedFile if the content is another one.
    """
    stored = _as_stored(path)
    if not stored.is_file():
        raise FileNotFoundError(f"{path} is missing. {_cure(path)}")
    data = stored.read_bytes()
    if stored != path:
        try:
            data = gzip.decompress(data)
        except (OSError, EOFError, zlib.error) as error:
            raise DamagedFile(f"{stored} is damaged: it does not unpack ({error}). {_cure(path)}") from error
    if file.bytes is not None and len(data) != file.bytes:
        raise DamagedFile(f"{stored} is damaged: {len(data):,} bytes, not {file.bytes:,}. {_cure(path)}")
    if not agrees(data, file):
        raise DamagedFile(f"{stored} is damaged: its checksum differs from the manifest's. {_cure(path)}")
    return data


def agrees(data: bytes, file: File) -> bool:
    """Has `data` the checksum that the manifest gives for `file`?"""
    if file.sha256:
        return hashlib.sha256(data).hexdigest() == file.sha256
    return hashlib.md5(data, usedforsecurity=False).hexdigest() == file.md5


def verify(name: str | None = None) -> list[str]:
    """Compare the files with their checksums: what is wrong, each line naming a file and the cure.

    Nothing is changed. The small sets must be there; of the full ones, whatever is in $COURSE_DATA and in the
    cache is looked at.
    name: one data set or set of word vectors; None: all. Raises ValueError for an unknown name.
    """
    problems = []
    try:
        roots = places()
    except FileNotFoundError as error:
        problems, roots = [str(error)], [cache_folder()]
    infos = [info for info in (*sets(), *vector_sets()) if name in (None, info.name)]
    for info in infos or [find_set(name)]:
        for file in info.files:
            if file.size == "small":
                wanted = [data_folder() / file.path]
            else:
                wanted = [root / file.path for root in roots if _as_stored(root / file.path).is_file()]
            for path in wanted:
                try:
                    read_checked(path, file)
                except (OSError, ValueError) as error:
                    problems.append(str(error))
    return problems


def _as_stored(path: Path) -> Path:
    """`path`, or `path`.gz if only that is there."""
    packed = path.with_name(path.name + ".gz")
    return packed if packed.is_file() and not path.is_file() else path


def _cure(path: Path) -> str:
    if path.is_relative_to(data_folder()):
        return f'To bring it back: git -C "{data_folder().parent}" checkout -- data'
    if path.is_relative_to(cache_folder()):
        owner = next((i.name for i in sets() for f in i.files if path.match(f.path)), "NAME")
        return f"Move it away, then: course data fetch {owner}"
    return "It is yours, so it was left as it is: put a good copy in its place."
