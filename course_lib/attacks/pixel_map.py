"""The truth about one pixel: every pixel in turn set to every corner of the colour cube."""

from itertools import product

import torch
from jaxtyping import Float
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_lib.attacks.contract import Images, Labels, Logits, attacking
from course_lib.attacks.pixels import check_pictures
from course_lib.attacks.queries import Questions, lead


def pixel_map(
    model: nn.Module, x: Images, y: Labels, *, chunk: int | None = None, progress: bool = False
) -> Float[Tensor, "images corners height width"]:
    """By how much class y still leads once that pixel has that colour: below 0 the model is fooled.

    corners: 0 and 1 in every channel, so black and white on grey images, eight colours on RGB; number k is
    row k of `corners`. Of a linear model nothing that one pixel can do is missing here.
    Costs corners x height x width queries for each image.
    """
    with attacking(model, x, y, quick_layout=True) as (net, x, y), torch.no_grad():
        check_pictures(x)
        colours, (height, width) = corners(x.shape[1]).to(x), x.shape[2:]
        questions = Questions(net, chunk, x.device)
        shape, dtype = (len(colours), height, width), torch.promote_types(x.dtype, torch.float32)
        answer = torch.zeros(len(x), *shape, device=x.device, dtype=dtype)
        for n in tqdm(range(len(x)), disable=not progress, leave=False):

            def painted(rows: slice, n: int = n) -> Images:
                row = torch.arange(rows.start, rows.stop, device=x.device)
                k, place = row // (height * width), row % (height * width)
                v = x[n].expand(len(row), -1, -1, -1).clone()
                v[torch.arange(len(row), device=x.device), :, place // width, place % width] = colours[k]
                return v

            def led(logits: Logits, rows: slice, n: int = n) -> Tensor:
                return lead(logits, y[n].expand(len(logits)))

            answer[n] = questions.made(answer[n].numel(), painted, led).view(shape)
        return answer


def corners(channels: int) -> Float[Tensor, "corners channels"]:
    """All colours whose channels are 0 or 1, the first channel changing slowest."""
    return torch.tensor(list(product((0.0, 1.0), repeat=channels)))
