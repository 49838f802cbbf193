"""The depth study of He et al. (2015), section 4.2, in any size: plain and residual nets of several depths.

A study is cut into units, one net and one seed each; every unit can have its own checkpoint, so a study that
was stopped goes on where it was.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from course_lib.data import Images, load
from course_lib.measure import top_k_error
from course_lib.nets import CifarNet, Normalise
from course_lib.train.fit import History, evaluate, fit, logits_of
from course_lib.train.schedules import one_cycle, step_decay


@dataclass(frozen=True)
class DepthStudy:
    """What is trained, and how.

    data: "mnist" or "cifar10"; images: how many, None for all; side: pixels a side. depths: 6n + 2 each.
    tested: on how many images of each part the errors are measured, None for all.
    paper: the source's recipe (64,000 steps of batch 128, learning rate 0.1 divided by 10 at 1/2 and 3/4 of
    the run, crops and flips, weight decay 1e-4); else a short one-cycle run of Adam at peak rate 0.003.
    """

    data: str
    side: int
    images: int | None
    width: int
    depths: tuple[int, ...]
    steps: int
    seeds: int
    kinds: tuple[str, ...] = ("plain", "residual")
    tested: int | None = None
    paper: bool = False

    def load(self, split: str, device: torch.device) -> Images:
        """The study's images. The paper's recipe asks for the full set and trains on its first 45,000."""
        images = load(self.data, split, size="full" if self.paper else "small", device=device)
        if self.images is not None and self.images < len(images):
            images = images.subset(self.images, seed=0)
        return images if images.x.shape[-1] == self.side else images.resize(self.side)

    def units(self, seeds: list[int]) -> Iterator[tuple[str, int, int]]:
        """(kind, depth, seed) of every unit; the first seed of all nets comes first."""
        for seed in seeds[: self.seeds]:
            for depth in self.depths:
                for kind in self.kinds:
                    yield kind, depth, seed


@dataclass(frozen=True)
class Unit:
    """One trained net: its loss at every step, and its error rates in [0, 1] and test logits at the end."""

    kind: str
    depth: int
    seed: int
    history: History
    train_error: float
    test_error: float
    test_logits: Float[Tensor, "images classes"]
    model: nn.Module


def train_unit(
    study: DepthStudy, kind: str, depth: int, seed: int, train: Images, test: Images, *,
    norm: bool = True, folder: Path | None = None, progress: bool = False,
    change: Callable[[nn.Module], nn.Module] | None = None,
) -> Unit:
    """Train one net of the study from its seed. folder: where its checkpoint lives, none without.

    change: what is done to the fresh net first, such as dropout put in front of its norms.
    """
    torch.manual_seed(seed)
    channels = train.x.shape[1]
    net = CifarNet(depth, kind, width=study.width, in_channels=channels, norm=norm)
    net = change(net) if change else net
    mean, std = train.x.mean((0, 2, 3)), train.x.std((0, 2, 3))
    model = nn.Sequential(Normalise(tuple(mean.tolist()), tuple(std.tolist())), net).to(train.x.device)
    options = {"seed": seed, "progress": progress}
    if folder is not None:
        options["checkpoint"] = Path(folder) / f"{study.data}-{kind}-{depth}-seed{seed}.safetensors"
    if study.paper:
        x, y = train.x[:45_000], train.y[:45_000]
        drops = step_decay([study.steps // 2, study.steps * 3 // 4], warmup=400 if depth >= 110 else 0)
        options |= {"batch_size": 128, "lr": 0.1, "schedule": drops, "augment": crop_and_flip}
        options |= {"compile_model": x.device.type == "cuda"}
    else:
        x, y = train.x, train.y
        options |= {"batch_size": min(64, len(x)), "lr": 0.003, "optimizer": "adam"}
        options |= {"schedule": one_cycle(study.steps)}
    history = fit(model, x, y, steps=study.steps, **options)
    some = slice(study.tested)
    train_error, logits = evaluate(model, x[some], y[some])[1], logits_of(model, test.x[some])
    return Unit(kind, depth, seed, history, train_error, top_k_error(logits, test.y[some]), logits, model)


def crop_and_flip(x: Tensor, generator: torch.Generator, pad: int = 4) -> Tensor:
    """The paper's augmentation: pad 4 zeros, cut a window of the old size, mirror half of the images."""
    n, _, height, width = x.shape
    top, left = torch.randint(0, 2 * pad + 1, (2, n, 1), generator=generator).to(x.device)
    flip = (torch.rand(n, 1, generator=generator) < 0.5).to(x.device)
    rows = top + torch.arange(height, device=x.device)
    columns = torch.arange(width, device=x.device).expand(n, -1)
    columns = left + torch.where(flip, columns.flip(1), columns)
    images = torch.arange(n, device=x.device)[:, None, None]
    padded = F.pad(x, (pad, pad, pad, pad)).permute(0, 2, 3, 1)
    return padded[images, rows[:, :, None], columns[:, None, :]].permute(0, 3, 1, 2).contiguous()
