"""What `load` answers: images and labels as tensors, and what they are."""

from dataclasses import dataclass, replace

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor


@dataclass(frozen=True, eq=False, repr=False)
class Images:
    """Labelled images, all on one device."""

    x: Float[Tensor, "n c h w"]  # pixels in [0, 1], float32
    y: Int[Tensor, "n"]  # class numbers, int64
    classes: tuple[str, ...]  # the name of class number k is classes[k]
    name: str  # of the data set
    split: str  # "train" or "test"
    size: str  # what was really loaded: "small", "part" or "full"
    index: Int[Tensor, "n"]  # place of each image in the original data set (the manifest says in which split)

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        shape = "x".join(str(d) for d in self.x.shape[1:])
        return (f"Images({self.name}, {self.split}, {self.size}: {len(self):,} images {shape}, "
                f"{len(self.classes)} classes, {self.x.device})")

    def subset(self, n: int, seed: int | torch.Generator = 0) -> "Images":
        """`n` images drawn at random with equally many of each class (one more of the first ones if n does
        not divide), in random order. With the same int seed a smaller subset lies inside a larger one.

        Raises ValueError if n is not from 1 to len(self), or a class has too few images.
        """
        if isinstance(n, bool) or not isinstance(n, int) or not 1 <= n <= len(self):
            raise ValueError(f"n must be a whole number from 1 to {len(self)}, got {n!r}")
        generator = seed if isinstance(seed, torch.Generator) else torch.Generator().manual_seed(seed)
        order = torch.randperm(len(self), generator=generator)
        labels = self.y.cpu()[order]
        share, rest = divmod(n, len(self.classes))
        chosen = []
        for k, name in enumerate(self.classes):
            wanted = share + (k < rest)
            places = order[labels == k][:wanted]
            if len(places) < wanted:
                raise ValueError(f"n = {n} needs {wanted} images of class {name!r}, there are {len(places)}")
            chosen.append(places)
        places = torch.cat(chosen)[torch.randperm(n, generator=generator)].to(self.y.device)
        return replace(self, x=self.x[places], y=self.y[places], index=self.index[places])

    def resize(self, side: int) -> "Images":
        """The same images, `side` pixels high and wide: area means when shrinking, bilinear when growing.

        Raises ValueError if side is not a positive whole number.
        """
        if isinstance(side, bool) or not isinstance(side, int) or side < 1:
            raise ValueError(f"side must be a positive whole number of pixels, got {side!r}")
        mode = "area" if side <= min(self.x.shape[2:]) else "bilinear"
        return replace(self, x=F.interpolate(self.x, size=(side, side), mode=mode))
