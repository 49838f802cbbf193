"""How often an attack works in views that it has not seen."""

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor, nn

from course_lib.attacks.contract import Images, Labels, attacking, fooled
from course_lib.attacks.physical.camera import Camera, Draws
from course_lib.attacks.transforms import ROADSIDE


@dataclass(frozen=True)
class Unseen:
    """What views say of each image, clean and attacked, each pair seen in the same view."""

    views: int
    counted: Int[Tensor, " images"]  # views in which the clean image does not fool by itself
    hits: Int[Tensor, " images"]  # of these, the views in which the attacked one fools

    @property
    def share(self) -> Float[Tensor, " images"]:
        """Success of each image; not a number where no view counts."""
        return self.hits.double() / self.counted

    @property
    def success(self) -> float:
        """Success over all pairs that count; not a number if none does."""
        return float(self.hits.sum().double() / self.counted.sum())

    @property
    def clean(self) -> float:
        """Share of the views in which the clean images do not fool: the model's own success over views."""
        return float(self.counted.double().mean() / self.views)


def unseen_views(
    model: nn.Module, x: Images, x_adv: Images, y: Labels, *, transforms: Draws = ROADSIDE, views: int = 100,
    targeted: bool = False, generator: torch.Generator | None = None, chunk: int | None = None,
) -> Unseen:
    """Success over transformations, in views that are none of the attack's.

    Views are drawn from odd seeds and those of attacks from even ones, so also the same generator state gives
    others. A view in which the clean image is already answered wrong (targeted: as y) says nothing about the
    attack and does not count. The same views for all images and all calls with one generator state, so two
    attacks can be compared view by view.
    Costs 2 * views passes forward for each image, at most `chunk` pictures at once.
    Raises TypeError or ValueError if x_adv is not like x.
    """
    if not isinstance(x_adv, Tensor):
        raise TypeError(f"x_adv must be a tensor like x, got {type(x_adv).__name__}")
    if (x_adv.shape, x_adv.dtype, x_adv.device) != (x.shape, x.dtype, x.device):
        raise ValueError(f"x_adv must be like x, {tuple(x.shape)} {x.dtype} on {x.device}, got "
                         f"{tuple(x_adv.shape)} {x_adv.dtype} on {x_adv.device}")
    if not ((x_adv >= 0) & (x_adv <= 1)).all():
        raise ValueError("x_adv must lie in [0, 1], as a camera sees nothing else; use x_adv.clamp(0, 1)")
    counted = torch.zeros(len(x), dtype=torch.int64, device=x.device)
    hits = counted.clone()
    with attacking(model, x, y) as (net, x, y), torch.no_grad():
        camera = Camera.of(transforms, views, x, generator=generator, chunk=chunk, unseen=True)
        for first in range(0, len(x), camera.images):
            rows = slice(first, first + camera.images)
            seen = camera.shoot(x, camera.stream())
            for part in range(0, views, camera.rows):
                some = seen[part : part + camera.rows]
                clean, attacked = (
                    fooled(net(some(images[rows]).flatten(0, 1)), y[rows].repeat(len(some)), targeted)
                    .view(len(some), -1) for images in (x, x_adv.detach())
                )
                counted[rows] += (~clean).sum(0)
                hits[rows] += (~clean & attacked).sum(0)
    return Unseen(views, counted, hits)
