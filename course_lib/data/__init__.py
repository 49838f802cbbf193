"""Data sets as tensors in [0, 1] with labels and class names. Small ones are in the course's own data/
folder; full ones come from $COURSE_DATA, from the cache, or by a checked download.

    from course_lib import data
    digits = data.load("mnist", "train")          # 4,000 images, no network needed
    digits = data.load("mnist", size="full")      # all 60,000
"""

import numpy as np
import torch

from course_lib.data import formats
from course_lib.data.download import fetch
from course_lib.data.images import Images
from course_lib.data.local import DamagedFile, cache_folder, locate, read_checked, verify
from course_lib.data.manifest import SPLITS, SetInfo, data_folder, find_set, sets

__all__ = ["DamagedFile", "Images", "SetInfo", "fetch", "load", "sets", "verify"]

SIZES = ("small", "full", "best")


def load(
    name: str, split: str = "train", size: str | None = None, device: torch.device | str | None = None
) -> Images:
    """A data set as float32 tensors in [0, 1], with int64 labels and class names, on `device` (None: CPU).

    name: "mnist", "fashion-mnist" or "cifar10". split: "train" or "test".
    size: "small" or None: 4,000 train or 1,000 test images that come with the course.
    "full": all images, from $COURSE_DATA, else the cache, else a download; else FileNotFoundError.
    "best": like "full", but where that is out of reach the small set, with one plain line that says so.
    Where $COURSE_DATA holds a part of the full set, that part is loaded with a line that says so, and the
    answer's `size` is "part".
    Raises ValueError that names a wrong argument, DamagedFile if a file's checksum differs from the manifest.
    """
    info = find_set(name)
    if split not in SPLITS:
        raise ValueError(f"split must be one of {', '.join(SPLITS)}; got {split!r}")
    if size is not None and size not in SIZES:
        raise ValueError(f"size must be one of {', '.join(SIZES)}; got {size!r}")
    if size in (None, "small"):
        return _read(info, "small", split, data_folder(), device)
    for found in ("full", "part"):
        place = locate(info, found, split)
        if place is not None:
            images = _read(info, found, split, place, device)
            if found == "part":
                print(f"{name}: a part of the full set, {len(images):,} of {info.images['full'][split]:,} "
                      f"{split} images, from {place}.")
            return images
    try:
        place = fetch(name)
    except OSError as error:
        if size == "best":
            images = _read(info, "small", split, data_folder(), device)
            print(f"{name}: the full set is not on this machine and could not be downloaded; "
                  f"going on with the small one, {len(images):,} {split} images.")
            return images
        files = ", ".join(file.path for file in info.files_of("full", split))
        raise FileNotFoundError(
            f"the full {name} ({split}) is not on this machine and the download failed ({error}). "
            f"Put {files} (torchvision's layout) into {cache_folder()}, or into a folder of yours "
            f'and set COURSE_DATA to that folder. The small set needs no network: size="small".'
        ) from error
    return _read(info, "full", split, place, device)


def _read(info: SetInfo, size: str, split: str, root, device) -> Images:
    """Read one split of one size from below `root`, every file checked."""
    files = info.files_of(size, split)
    contents = [(file, read_checked(root / file.path, file)) for file in files]
    images = [data for file, data in contents if file.role == "images"]
    labels = [data for file, data in contents if file.role == "labels"]
    side = info.shape[1]
    if size == "small":
        x, (y, index) = formats.read_sheet(images[0], side), formats.read_table(labels[0])
    elif size == "part":
        x = np.concatenate([formats.read_rows(data, side) for data in images])
        y, index = map(np.concatenate, zip(*map(formats.read_labels, labels), strict=True))
    elif files[0].role == "batch":
        x, y = map(np.concatenate, zip(*(formats.read_batch(data) for _, data in contents), strict=True))
        index = np.arange(len(y))
    else:
        x, y = formats.read_idx(images[0])[..., None], formats.read_idx(labels[0])
        index = np.arange(len(y))
    x = torch.from_numpy(np.array(x.transpose(0, 3, 1, 2), order="C")).to(device or "cpu")
    y, index = (torch.from_numpy(a.astype(np.int64)).to(x.device) for a in (y, index))
    return Images(x.float().div_(255), y, info.classes, info.name, split, size, index)
