"""A camera takes many pictures of each image; how they are answered on average, and the gradient of that."""

from dataclasses import dataclass
from typing import Protocol

import torch
import torch.nn.functional as F
from jaxtyping import Float, Int
from torch import Tensor

from course_lib.attacks.checks import check_count
from course_lib.attacks.contract import Images, Logits, Net, fooled, input_gradient, wider
from course_lib.attacks.transforms import Views

Labels = Int[Tensor, " images"]


class Draws(Protocol):
    """What draws views: `Transforms`, `Always`, or anything with this method."""

    def draw(self, count: int, like: Images, generator: torch.Generator | None = None) -> Views: ...


@dataclass(frozen=True)
class Look:
    """What many views say of each image."""

    gradient: Images | None  # of value
    value: Float[Tensor, " images"]  # mean of `log_success`
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


def log_success(logits: Logits, y: Labels, targeted: bool = False) -> Float[Tensor, " images"]:
    """Log-probability of what the attacker wants: another class than y, or y itself where targeted.

    It climbs as cross-entropy does, but has a ceiling of 0. So in a mean over views those that already fool
    do not outvote those that still resist.
    """
    logits = wider(logits)
    own = F.one_hot(y, logits.shape[1]).bool()
    lead = logits[own] - logits.masked_fill(own, -torch.inf).logsumexp(1)
    return F.logsigmoid(lead if targeted else -lead)


def look(
    net: Net, v: Images, y: Labels, views: Views, rows: int, *, targeted: bool = False, gradient: bool = True
) -> Look:
    """Each image in all views, at most about `rows` pictures at a time.

    Costs a pass forward for each image and view, and one back with gradient.
    """
    g = torch.zeros_like(v) if gradient else None
    value = share = wider(torch.zeros_like(v[:, :0].flatten(1).sum(1)))
    for first in range(0, len(views), rows):
        part = views[first : first + rows]
        labels = y.repeat(len(part))

        def pictures(v: Images, part: Views = part):
            return net(part(v).flatten(0, 1))

        def mean_value(logits: Tensor, labels: Labels = labels) -> Tensor:
            return log_success(logits, labels, targeted) / len(views)

        if gradient:
            slope, logits, values = input_gradient(pictures, v, mean_value)
            g = g + slope
        else:
            with torch.no_grad():
                logits = pictures(v)
                values = mean_value(logits)
        hits = fooled(logits, labels, targeted)
        value = value + values.view(len(part), -1).sum(0)
        share = share + hits.view(len(part), -1).sum(0) / len(views)
    return Look(g, value, share)
