"""Lesson 12's desk: a digit, the noise of an attack, the digit with it, and random noise that is as large."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import nn

from course_lib.attacks import fgsm, pgd
from course_lib.measure import distances, noise_of_size
from course_lib.train import stored_net
from course_lib.widgets.controls import Choice, Slider
from course_lib.widgets.explorer import Explorer
from course_lib.widgets.pictures import DPI, PALETTE, Stage, figure
from course_lib.widgets.samples import Labels, Pixels, check_samples, first_right, options, probabilities
from course_lib.widgets.words import number, percent

ATTACKS = ("FGSM", "PGD", "PGD in L2")
STEPS = 10  # of PGD
AWAY = "away from the true class"
RIGHT, WRONG = PALETTE["blue"], PALETTE["vermillion"]
DIGITS = (8, 2, 3, 4, 5, 7, 9, 0)  # of the stored desk


def attacked(
    model: nn.Module, x: Pixels, y: Labels, *, eps: float, attack: str = "FGSM", target: int | None = None
) -> Pixels:
    """The strongest try of an attack on each image, whether it fools or not.

    attack: one of ATTACKS. The ball of the one in L2 has the radius that a change of eps in every pixel has,
    so that one slider serves all. target: the class wanted; None: any but y.
    Raises ValueError for another attack.
    """
    if attack not in ATTACKS:
        raise ValueError(f"attack must be one of {', '.join(ATTACKS)}; got {attack!r}")
    labels = y if target is None else torch.full_like(y, target)
    goal = {"targeted": target is not None, "keep_failures": True}
    if attack == "FGSM":
        return fgsm(model, x, labels, eps=eps, **goal)
    norm = "linf" if attack == "PGD" else "l2"
    radius = eps if norm == "linf" else eps * x[0].numel() ** 0.5
    return pgd(model, x, labels, eps=radius, steps=STEPS, norm=norm, **goal)


def as_large(x: Pixels, x_adv: Pixels) -> Pixels:
    """Random signs on each image, with the attacked one's L2 distance after cutting to [0, 1].

    The same signs at every call, so that the noise does not flicker while a slider moves.
    """
    signs = 2 * torch.randint(2, x[0].shape, generator=torch.Generator().manual_seed(0)) - 1
    return noise_of_size(x, signs.to(x).expand_as(x), distances(x, x_adv, "l2"))


@dataclass(frozen=True)
class _Sheet:
    """What moves on the desk; the columns are x, the noise, x' and the control."""

    images: list  # four
    heads: list  # four texts above them
    bars: list  # three groups, under all images but the noise
    sizes: list  # four numbers: L2 and largest of the attack, then of the control
    stage: Stage


def _sheet(side: tuple[int, int], classes: int, dpi: int) -> _Sheet:
    fig, axes = figure(4, 2, height=3.6, dpi=dpi, height_ratios=(3, 2))
    looks = [{"cmap": "gray", "vmin": 0, "vmax": 1}] * 4
    looks[1] = {"cmap": "RdBu_r", "vmin": -1, "vmax": 1}
    images, heads, bars = [], [], []
    for ax, look in zip(axes[0], looks, strict=True):
        ax.set_axis_off()
        ax.set_title(" \n ", fontsize=12)  # room for two lines
        images.append(ax.imshow(np.zeros(side), **look))
        heads.append(ax.text(0.5, 1.03, "", transform=ax.transAxes, ha="center", va="bottom", fontsize=12))
    for ax in axes[1, [0, 2, 3]]:
        ax.set(xlim=(-0.6, classes - 0.4), ylim=(0, 1), xticks=range(classes), yticks=(0, 0.5, 1))
        ax.tick_params(axis="x", length=0)
        bars.append(ax.bar(range(classes), [0] * classes))
    axes[1, 0].set_ylabel("probability")
    for ax in axes[1, 2:]:
        ax.set_yticklabels([])
    table = axes[1, 1]
    table.set_axis_off()

    def write(column: float, row: float, text: str, ha: str = "right"):
        return table.text(column, row, text, transform=table.transAxes, ha=ha, fontsize=11)

    columns, rows = (0.66, 1.04), (0.62, 0.32)
    for column, name in zip(columns, ("L2", "largest"), strict=True):
        write(column, 0.92, name)
    for row, name in zip(rows, ("attack", "random"), strict=True):
        write(0, row, name, "left")
    sizes = [write(column, row, "") for row in rows for column in columns]
    stage = Stage(fig, [*images, *heads, *(bar for group in bars for bar in group), *sizes])
    return _Sheet(images, heads, bars, sizes, stage)


@dataclass(frozen=True)
class _Found:
    """x, x' and the control, what the net says of each, and the sizes of attack and control."""

    images: Pixels  # [3, height, width], on the CPU
    p: np.ndarray  # (3, classes)
    largest: list[float]
    lengths: list[float]


def _measured(model: nn.Module, three: Pixels) -> _Found:
    images = three.cpu()[:, 0]
    largest = (images[1:] - images[0]).abs().flatten(1).amax(1).tolist()
    lengths = distances(three[:1].expand(2, -1, -1, -1), three[1:], "l2").tolist()
    return _Found(images, probabilities(model, three), largest, lengths)


def desk_picture(models: Mapping[str, nn.Module], x: Pixels, y: Labels, dpi: int = DPI) -> Callable:
    """The picture function of `perturbation_desk`: (eps, image, attack, goal, net) -> RGB array.

    Its `told` says the same in words. models: by the names that net has. image: a row of x. attack: one of
    ATTACKS. goal: AWAY or the class wanted. Blue is the true class, vermillion every other one. dpi: as in
    `figure`.
    """
    classes = probabilities(next(iter(models.values())), x[:1]).shape[1]
    sheet = _sheet(tuple(x.shape[2:]), classes, dpi)

    @lru_cache(maxsize=64)
    def found(eps: float, image: int, attack: str, goal: str | int, net: str) -> _Found:
        one, label = x[image : image + 1], y[image : image + 1]
        target = None if goal == AWAY else goal
        x_adv = attacked(models[net], one, label, eps=eps, attack=attack, target=target)
        return _measured(models[net], torch.cat([one, x_adv, as_large(one, x_adv)]))

    def draw(eps: float, image: int, attack: str, goal: str | int, net: str) -> np.ndarray:
        now, true = found(eps, image, attack, goal, net), int(y[image])
        (clean, x_adv, noisy), largest, lengths = now.images, now.largest, now.lengths
        k = float(f"{1 / largest[0]:.2g}") if largest[0] else 1.0
        for artist, pixels in zip(sheet.images, (clean, k * (x_adv - clean), x_adv, noisy), strict=True):
            artist.set_data(pixels.numpy())
        sheet.heads[1].set_text(f"noise times {k:g}\nred +, blue −" if largest[0] else "no noise")
        towards = "" if goal == AWAY else f" to {goal}"
        names = (f"x, {net} net", f"x', {attack}{towards}", "random, as large")
        heads = (sheet.heads[0], *sheet.heads[2:])
        for head, group, name, says in zip(heads, sheet.bars, names, now.p, strict=True):
            answer = int(says.argmax())
            head.set(text=f"{name}\nsays {answer}, {100 * says[answer]:.0f} %",
                     color=RIGHT if answer == true else PALETTE["rust"])
            for label, bar in enumerate(group):
                bar.set(height=float(says[label]), color=RIGHT if label == true else WRONG)
        for text, value in zip(sheet.sizes, (lengths[0], largest[0], lengths[1], largest[1]), strict=True):
            text.set_text(f"{value:.2f}")
        return sheet.stage.picture()

    def told(eps: float, image: int, attack: str, goal: str | int, net: str) -> str:
        now, towards = found(eps, image, attack, goal, net), "" if goal == AWAY else f" towards {goal}"
        clean, adv, noisy = (f"{says.argmax()} ({percent(says.max())})" for says in now.p)
        length, largest = number(now.lengths[0]), number(now.largest[0])
        return (f"Digit {int(y[image])}, {net} net, {attack}{towards}, eps {eps:g}: the clean image is read "
                f"as {clean}, the attacked one as {adv}, with random noise as large it is {noisy}. "
                f"The attack's L2 size is {length}; it moves no pixel by more than {largest}.")

    draw.told = told
    return draw


def perturbation_desk(
    model: nn.Module, x: Pixels, y: Labels, *, robust: nn.Module | None = None, dpi: int = DPI
) -> Explorer:
    """Attack an image of x, and see random noise of the same size beside it.

    model: the net that is attacked at first; it answers logits. robust: the second net to choose, the
    adversarially trained one of the course unless told otherwise (it knows digits). x, y: at most 20 grey
    images and their labels, an option each. dpi: as in `figure`.
    Raises TypeError or ValueError that names x or y.
    """
    check_samples(x, y)
    models = {"plain": model, "robust": stored_net("robust").to(x.device) if robust is None else robust}
    classes = probabilities(model, x[:1]).shape[1]
    draw = desk_picture(models, x, y, dpi)
    return Explorer(
        draw, id="12-desk", alt=draw.told,
        about="Above: an image, the noise of an attack enlarged, the image with that noise, and the image "
              "with random noise that is as large. Below: the probability of each class for the three "
              "images, and the sizes of both kinds of noise.",
        eps=Slider(0.0, 0.3, step=0.02, value=0.12, label="eps"),
        image=Choice(options(y), label="image"),
        attack=Choice(list(ATTACKS), label="attack"),
        goal=Choice({AWAY: AWAY} | {f"towards {label}": label for label in range(classes)}, label="goal"),
        net=Choice(list(models), label="net"),
    )


def stored_samples() -> tuple[Pixels, Labels]:
    """x, y of DIGITS, which both nets of the course get right."""
    return first_right(DIGITS, "plain", "robust")


def stored_perturbation_desk(dpi: int = DPI) -> Explorer:
    """The desk with the course's two nets and `stored_samples`."""
    return perturbation_desk(stored_net("plain"), *stored_samples(), dpi=dpi)
