"""A camera takes many pictures of each image; the mean of a loss over them, and its gradient."""

from dataclasses import dataclass
from typing import Protocol

import torch
from jaxtyping import Float, Int
from torch import Tensor

from course_lib.attacks.checks import check_count
from course_lib.attacks.contract import Images, Net, fooled, input_gradient
from course_lib.attacks.gradient import climbing_loss
from course_lib.attacks.transforms import Views

Labels = Int[Tensor, " images"]


class Draws(Protocol):
    """What draws views: `Transforms`, `Always`, or anything with this method."""

    def draw(self, count: int, like: Images, generator: torch.Generator | None = None) -> Views: ...


@dataclass(frozen=True)
class Look:
    """What many views say of each image."""

    gradient: Images | None  # of the mean loss
    loss: Float[Tensor, " images"]  # mean over the views
    share: Float[Tensor, " images"]  # of the views that fool


@dataclass(frozen=True)
class Camera:
    """Where views come from: one seed for all parts of a batch, so that no image depends on its batch."""

    transforms: Draws
    views: int
    seed: int
    rows: int  # the most pictures that go through the model at once

    @classmethod
    def of(cls, transforms: Draws, views: int, x: Images, *, generator: torch.Generator | None,
           chunk: int | None, unseen: bool = False) -> "Camera":
        """A camera with draws of its own: attacks have even seeds, `unseen` measurements odd ones.

        So what is measured was never attacked, even under the same generator state.
        Raises ValueError for a count that is none, TypeError for transforms that cannot draw.
        """
        check_count("views", views)
        if chunk is not None:
            check_count("chunk", chunk)
        if not hasattr(transforms, "draw"):
            raise TypeError("transforms must have a method draw, as Transforms(rotation=15) has, "
                            f"got {type(transforms).__name__}")
        place = "cpu" if generator is None else generator.device
        number = int(torch.randint(2**62, (), generator=generator, device=place))
        usual = 256 if x.device.type == "cpu" else 1024
        return cls(transforms, views, 2 * number + unseen, chunk or usual)

    @property
    def images(self) -> int:
        """How many images a part may have, so that all their pictures are at most `rows`."""
        return max(1, self.rows // self.views)

    def stream(self) -> torch.Generator:
        """Where the draws begin, the same for every part."""
        return torch.Generator().manual_seed(self.seed)

    def shoot(self, like: Images, stream: torch.Generator) -> Views:
        """The next views."""
        return self.transforms.draw(self.views, like, stream)


def look(
    net: Net, v: Images, y: Labels, views: Views, rows: int, *, targeted: bool = False, gradient: bool = True
) -> Look:
    """The mean of the loss over the views, at most about `rows` pictures at a time.

    Costs a pass forward for each image and view, and one back with gradient.
    """
    g = torch.zeros_like(v) if gradient else None
    loss = share = torch.zeros(len(v), device=v.device, dtype=torch.float64 if v.dtype == torch.float64 else None)
    for first in range(0, len(views), rows):
        part = views[first : first + rows]
        labels = y.repeat(len(part))

        def pictures(v: Images, part: Views = part):
            return net(part(v).flatten(0, 1))

        def mean_loss(logits: Tensor, labels: Labels = labels) -> Tensor:
            return climbing_loss(logits, labels, targeted) / len(views)

        if gradient:
            slope, logits, losses = input_gradient(pictures, v, mean_loss)
            g = g + slope
        else:
            with torch.no_grad():
                logits = pictures(v)
                losses = mean_loss(logits)
        hits = fooled(logits, labels, targeted)
        loss = loss + losses.view(len(part), -1).sum(0)
        share = share + hits.view(len(part), -1).sum(0) / len(views)
    return Look(g, loss, share)
