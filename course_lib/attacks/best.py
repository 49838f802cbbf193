"""The strongest iterate of each image, remembered while an attack runs."""

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from course_lib.attacks.ball import per_row

Images = Float[Tensor, "images ..."]


@dataclass(frozen=True)
class Best:
    """The strongest iterate of each image so far: one that fools beats one that does not."""

    images: Images
    loss: Float[Tensor, " images"]
    fooled: Bool[Tensor, " images"]

    @classmethod
    def of(cls, x: Images) -> "Best":
        """Nothing tried yet: the clean images, fooling nobody."""
        none = torch.zeros(len(x), dtype=torch.bool, device=x.device)
        number = torch.promote_types(x.dtype, torch.float32)  # losses of bfloat16 images are finer than they
        return cls(x.clone(), torch.full_like(none, -torch.inf, dtype=number), none)

    def rows(self, rows: slice) -> "Best":
        """A window on some images: what it is offered counts for the whole."""
        return Best(self.images[rows], self.loss[rows], self.fooled[rows])

    def offer(
        self, here: slice | Int[Tensor, " some"], v: Images, hit: Bool[Tensor, " some"], loss: Tensor
    ) -> None:
        """Iterates v of the images at `here`, whether they fool, and their loss."""
        was_hit, was_loss = self.fooled[here], self.loss[here]
        loss = loss.to(was_loss.dtype)
        better = (hit & ~was_hit) | ((hit == was_hit) & (loss > was_loss))
        self.images[here] = torch.where(per_row(better, v), v, self.images[here])
        self.loss[here] = torch.where(better, loss, was_loss)
        self.fooled[here] = was_hit | hit

    def not_fooled(self) -> Int[Tensor, " some"]:
        """The numbers of the images that no iterate has fooled."""
        return (~self.fooled).nonzero()[:, 0]

    def or_clean(self, x: Images) -> Images:
        """The best iterate where it fools, else the image of x."""
        return torch.where(per_row(self.fooled, x), self.images, x)
