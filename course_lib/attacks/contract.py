"""What every attack shares: checked inputs, a model that is left as it was, parts of bounded size.

An attack is `attack(model, x, y, *, eps=..., steps=..., generator=None, chunk=None, progress=False, ...)`.
x holds images in [0, 1] with one row an image, y their labels. The answer has the shape, dtype and device of
x, lies in [0, 1] and inside the eps ball, and is the clean image wherever the attack failed. In short:

    check_numbers(eps=eps, steps=steps)
    with attacking(model, x, y) as (net, x, y):
        return in_chunks(lambda rows, tick: ..., x, chunk=chunk, steps=steps, progress=progress)
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn
from tqdm.auto import tqdm

from course_lib.attacks.ball import per_row
from course_lib.attacks.checks import check_count, check_images, check_labels, check_model
from course_lib.attacks.layout import in_quick_layout
from course_lib.measure.eval_mode import eval_mode

Images = Float[Tensor, "images ..."]
Labels = Int[Tensor, " images"]
Logits = Float[Tensor, "images classes"]
Net = Callable[[Images], Logits]


@contextmanager
def attacking(
    model: nn.Module, x: Images, y: Labels, *, quick_layout: bool = False
) -> Iterator[tuple[Net, Images, Labels]]:
    """Inside: every module in eval mode, gradients on. Afterwards, whatever happens: all as it was before.

    Gives (net, x, y): the model with checked answers, and x and y without history, y as int64. Ask for
    gradients by `input_gradient` or `torch.autograd.grad`, never by `.backward()`, which would also change
    the weights' `.grad`.
    quick_layout: feed the model in the order of `layout`. Its logits differ in the last digits then, so it
    is for attacks that do not end on the very boundary.
    Raises ValueError or TypeError, naming the argument, where model, x and y do not go together.
    """
    check_model(model, x)
    check_images(x)
    check_labels(y, x)
    with torch.inference_mode(False), torch.enable_grad(), eval_mode(model):
        # A clone is an ordinary tensor, even where x was made in inference mode.
        net = in_quick_layout(model) if quick_layout else model
        yield _answering(net, y), x.detach().clone(), y.detach().clone().long()


def _answering(model: Net, y: Labels) -> Net:
    """The model; its first answer shows the number of classes, so labels are checked without a pass more."""
    highest = int(y.max()) if len(y) else 0

    def net(x: Images) -> Logits:
        logits = model(x.clone())  # a model may begin with an in-place layer
        if not isinstance(logits, Tensor) or logits.dim() != 2 or len(logits) != len(x):
            shape = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
            raise ValueError(f"model must answer one row of logits an image, [{len(x)}, classes], "
                             f"got {shape}")
        if highest >= logits.shape[1]:
            raise ValueError(f"y must hold labels from 0 to {logits.shape[1] - 1}, got {highest}")
        return logits

    return net


def input_gradient(
    net: Net, x: Images, loss: Callable[[Logits], Float[Tensor, " images"]]
) -> tuple[Images, Logits, Float[Tensor, " images"]]:
    """(gradient of each image's own loss in its pixels, logits, losses): one pass forward and one back.

    `loss` answers one number an image; they are summed, so no image depends on its batch.
    """
    x = x.detach().requires_grad_()
    logits = net(x)
    losses = loss(logits)
    gradient = torch.autograd.grad(losses.sum(), x, allow_unused=True)[0] if losses.requires_grad else None
    if gradient is None:
        raise ValueError("model lets no gradient through to x; does it detach or round inside?")
    return gradient, logits.detach(), losses.detach()


def fooled(logits: Logits, y: Labels, targeted: bool = False) -> Bool[Tensor, " images"]:
    """Is the answer another class than y (targeted: y itself)? One that is not finite fools nobody."""
    answer = logits.argmax(1)
    return (answer == y if targeted else answer != y) & logits.isfinite().all(1)


def wider(logits: Logits) -> Logits:
    """Logits in float32 if they are narrower, so that no loss is rounded to 0."""
    return logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits


def where_rows(rows: Bool[Tensor, " images"], a: Images, b: Images) -> Images:
    """The images of a where `rows` is true, else those of b."""
    return torch.where(per_row(rows, a), a, b)


def in_chunks(
    attack: Callable[[slice, Callable[[], object]], Images], x: Images, *,
    chunk: int | None = None, steps: int = 1, progress: bool = False,
) -> Images:
    """attack(rows, tick) on slices of at most `chunk` rows, its answers put together; x stays as it is.

    `tick()` moves the progress bar by one of `steps`; a part may end early. By default a chunk has
    256 rows, 1024 on a GPU; on a CPU larger ones cost memory and gain no time.
    """
    if chunk is not None:
        check_count("chunk", chunk)
    size = chunk or (256 if x.device.type == "cpu" else 1024)
    out = torch.empty_like(x)
    starts = range(0, len(x), size)
    with tqdm(total=len(starts) * steps, disable=not progress, leave=False) as bar:
        for number, start in enumerate(starts):
            rows = slice(start, start + size)
            out[rows] = attack(rows, bar.update)
            bar.update((number + 1) * steps - bar.n)
    return out
