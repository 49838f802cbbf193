"""What attacks share that only ask: images in, logits out, no gradients. One image is one query."""

from collections.abc import Callable

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from course_lib.attacks.checks import check_count
from course_lib.attacks.contract import Images, Labels, Logits, Net

Rows = Float[Tensor, " rows"]
Read = Callable[[Logits, slice], Tensor]


class Questions:
    """Asks a net about any number of images, at most `chunk` in one pass (None: 192, on a GPU 1024).

    Raises ValueError unless chunk is a whole number of 1 or more.
    """

    def __init__(self, net: Net, chunk: int | None, device: torch.device):
        if chunk is not None:
            check_count("chunk", chunk)
        # With the images made for it, a pass of 256 rows takes up to half as long again on a CPU: the
        # allocator then gives memory back each time.
        self.net, self.size = net, chunk or (192 if device.type == "cpu" else 1024)

    def about(self, images: Images) -> Logits:
        """The logits of one image or more."""
        return self.made(len(images), lambda rows: images[rows])

    @torch.no_grad()
    def made(self, count: int, make: Callable[[slice], Images], read: Read | None = None) -> Tensor:
        """What `read` sees in the logits of `count` images, 1 or more; the logits themselves if it is None.

        make(rows) makes some of the images when their turn comes, and read(logits, rows) answers a row each,
        so that neither all images nor all logits are in memory at once.
        """
        parts = (slice(s, min(s + self.size, count)) for s in range(0, count, self.size))
        answers = ((self.net(make(rows)), rows) for rows in parts)
        return torch.cat([read(logits, rows) if read else logits for logits, rows in answers])


def log_odds(logits: Logits, y: Labels) -> Rows:
    """log p_y / (1 - p_y): in the order of the probability p_y, but never rounded to that of 0 or 1."""
    own, others = _parts(logits, y)
    return own - others.logsumexp(1)


def lead(logits: Logits, y: Labels) -> Rows:
    """By how much the logit of y is above all others."""
    own, others = _parts(logits, y)
    return own - others.amax(1)


def score(odds: Rows, targeted: bool) -> Rows:
    """What an attack brings down: the log odds of y, or minus them; infinity if they are not finite."""
    odds = -odds if targeted else odds
    return odds.masked_fill(~odds.isfinite(), torch.inf)


def clearly_fooled(logits: Logits, y: Labels, targeted: bool = False) -> Bool[Tensor, " rows"]:
    """Is the answer not y (targeted: y), by more than the rounding that another batch size may change?

    Logits that are not finite fool nobody: their rounding is infinite too.
    """
    steps = 4 if logits.dtype in (torch.float16, torch.bfloat16) else 64
    rounding = steps * torch.finfo(logits.dtype).eps * logits.abs().amax(1).to(_working(logits).dtype)
    ahead = lead(logits, y)
    return (ahead if targeted else -ahead) > rounding


def _parts(logits: Logits, y: Labels) -> tuple[Rows, Logits]:
    """The logit of y, and the logits with -inf in its place."""
    logits, at = _working(logits), y[:, None]
    return logits.gather(1, at)[:, 0], logits.scatter(1, at, -torch.inf)


def _working(logits: Logits) -> Logits:
    """In single precision at least."""
    return logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits


def uniform(shape: tuple[int, ...], like: Tensor, generator: torch.Generator | None) -> Tensor:
    """Numbers in [0, 1) on the device of `like`, drawn where the generator is; double if `like` is."""
    place = like.device if generator is None else generator.device
    dtype = torch.float64 if like.dtype == torch.float64 else torch.float32
    return torch.rand(shape, generator=generator, device=place, dtype=dtype).to(like.device)
