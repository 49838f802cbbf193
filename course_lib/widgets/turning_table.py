"""Lesson 13's turning table: a digit, and what PGD and EOT made of it, turned by the same angle."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn

from course_lib.attacks import Transforms, eot, pgd
from course_lib.attacks.transforms import Views, rotations
from course_lib.train import stored_net
from course_lib.widgets.controls import Choice, Slider
from course_lib.widgets.explorer import Explorer
from course_lib.widgets.pictures import DPI, PALETTE, Stage, figure
from course_lib.widgets.samples import Labels, Pixels, check_samples, first_right, options, probabilities
from course_lib.widgets.words import percent

KINDS = {"clean": PALETTE["black"], "PGD": PALETTE["vermillion"], "EOT": PALETTE["blue"]}
NAMES = {"clean": "the clean image", "PGD": "that of PGD", "EOT": "that of EOT"}
WIDEST = 60  # degrees, to either side
# Digit -> target of the stored table. EOT wins in the first three, pays for it at 0 degrees in the fourth and
# hardly gains in the fifth; in the last PGD works as the image lies, and EOT nowhere.
PAIRS = {3: 0, 9: 4, 8: 3, 2: 7, 4: 5, 0: 3}
STEPS, VIEWS = 40, 10  # of both attacks, of EOT at each step


@dataclass(frozen=True)
class Turned:
    """The images of each kind, and what the model says of them at every whole degree."""

    images: dict[str, Pixels]
    says: dict[str, np.ndarray]  # (degrees, images, classes)


def turned(x: Pixels, degrees: Sequence[float]) -> Tensor:
    """x turned anticlockwise by each of the angles: [angles, images, 1, height, width]."""
    return Views(rotations(torch.tensor(degrees, dtype=torch.float64)), torch.ones(len(degrees)))(x)


def attacked_twice(
    model: nn.Module, x: Pixels, y: Labels, target: Labels, *, eps: float, rotation: float, seed: int = 0
) -> Turned:
    """x made into `target` by PGD, and by EOT for turns of up to `rotation` degrees: the same eps and steps.

    The strongest try of both is kept, whether it fools or not.
    """
    goal = {"eps": eps, "steps": STEPS, "targeted": True, "keep_failures": True}
    images = {
        "clean": x,
        "PGD": pgd(model, x, target, **goal),
        "EOT": eot(model, x, target, transforms=Transforms(rotation=rotation), views=VIEWS,
                   generator=torch.Generator().manual_seed(seed), **goal),
    }
    degrees = range(-WIDEST, WIDEST + 1)
    says = {kind: probabilities(model, turned(v, degrees).flatten(0, 1)).reshape(len(degrees), len(x), -1)
            for kind, v in images.items()}
    return Turned(images, says)


def table_picture(found: Turned, target: Labels, rotation: float, dpi: int = DPI) -> Callable:
    """The picture function of `turning_table`: (turn, image) -> RGB array; its `told` says the same in words.

    found: as `attacked_twice` gives it for these targets and this rotation. dpi: as in `figure`.
    """
    degrees = np.arange(-WIDEST, WIDEST + 1)
    side = found.images["clean"].shape[2:]
    fig, _ = figure(1, height=3.6, dpi=dpi)
    fig.clear()
    grid = fig.add_gridspec(2, 6, height_ratios=(4, 5), width_ratios=(3, 3.1) * 3)
    trace = fig.add_subplot(grid[1, :])
    trace.axvspan(-rotation, rotation, fc="#eeeeee", ec="#8c8c8c", lw=1)
    trace.set(xlim=(-WIDEST, WIDEST), ylim=(-0.03, 1.03), xticks=range(-WIDEST, WIDEST + 1, 15),
              yticks=(0, 0.5, 1), xlabel="turn in degrees (grey: turns that EOT was made for)",
              ylabel="p of the target")
    here = trace.axvline(0, color=PALETTE["black"], lw=1, ls="--")
    shown, notes, lines, dots = {}, {}, {}, {}
    for k, (kind, colour) in enumerate(KINDS.items()):
        ax, beside = fig.add_subplot(grid[0, 2 * k]), fig.add_subplot(grid[0, 2 * k + 1])
        ax.set_axis_off()
        ax.set_anchor("N")
        beside.set_axis_off()
        shown[kind] = ax.imshow(np.zeros(side), cmap="gray", vmin=0, vmax=1)
        beside.text(0, 0.98, kind, transform=beside.transAxes, va="top", color=colour, fontsize=14,
                    fontweight="bold")
        notes[kind] = beside.text(0, 0.74, "", transform=beside.transAxes, va="top", fontsize=11)
        lines[kind], = trace.plot([], [], color=colour, ls=(":", "-", "--")[k])
        dots[kind], = trace.plot([], [], "o", color=colour, ms=9)
    stage = Stage(fig, [here, *shown.values(), *notes.values(), *lines.values(), *dots.values()])

    def answers(kind: str, turn: int, image: int) -> tuple[np.ndarray, float]:
        """What the net says at this turn, and at what share of the grey turns it says the target."""
        says = found.says[kind][:, image]
        share = (says.argmax(1) == int(target[image]))[abs(degrees) <= rotation].mean()
        return says[turn + WIDEST], float(share)

    def draw(turn: int, image: int) -> np.ndarray:
        wanted = int(target[image])
        here.set_xdata([turn, turn])
        for kind in KINDS:
            now, share = answers(kind, turn, image)
            pixels = turned(found.images[kind][image : image + 1], [turn])[0, 0, 0]
            shown[kind].set_data(pixels.cpu().numpy())
            notes[kind].set_text(f"says {now.argmax()}, {100 * now.max():.0f} %\ntarget is {wanted}:\n"
                                 f"{100 * share:.0f} % of the\ngrey turns")
            lines[kind].set_data(degrees, found.says[kind][:, image, wanted])
            dots[kind].set_data([turn], [now[wanted]])
        return stage.picture()

    def told(turn: int, image: int) -> str:
        way = f"Turned by {abs(turn)} degrees {'anti' * (turn > 0)}clockwise" if turn else "Not turned"
        now, shares = [], []
        for kind in KINDS:
            says, share = answers(kind, turn, image)
            now.append(f"{NAMES[kind]} as {says.argmax()} ({percent(says.max())})")
            shares.append(f"{percent(share)} for {NAMES[kind]}")
        return (f"{way}, the net reads {', '.join(now)}. The wanted answer {int(target[image])} comes at "
                f"this share of the turns of up to {rotation:g} degrees: {', '.join(shares)}.")

    draw.told = told
    return draw


def turning_table(
    model: nn.Module, x: Pixels, y: Labels, target: Labels, *, eps: float = 0.2, rotation: float = 45,
    seed: int = 0, dpi: int = DPI,
) -> Explorer:
    """Turn an image, and see which attack still makes the model say `target`: PGD's or EOT's.

    Both attacks run once, here. x, y, target: at most 20 grey images, their labels and the classes wanted, an
    option each. rotation: EOT is made for turns of up to so many degrees. seed: of EOT's draws. dpi: as in
    `figure`. Raises TypeError or ValueError that names the argument.
    """
    check_samples(x, y)
    if not isinstance(target, Tensor) or target.shape != y.shape or (target == y).any():
        raise ValueError("target must hold one class an image, and never its label; use (y + 1) % 10")
    if not 0 < rotation <= WIDEST:
        raise ValueError(f"rotation must be above 0 and at most {WIDEST} degrees, got {rotation!r}")
    found = attacked_twice(model, x, y, target, eps=eps, rotation=rotation, seed=seed)
    names = {f"{text} to {int(target[row])}": row for text, row in options(y).items()}
    draw = table_picture(found, target, rotation, dpi)
    return Explorer(
        draw, id="13-eot", alt=draw.told,
        about="Above: a digit, the same digit attacked by PGD, and attacked by EOT, all turned by the same "
              "angle, with the answer to each. Below: the probability of the target class at every angle for "
              "the three.",
        turn=Slider(-WIDEST, WIDEST, step=5, value=20, label="turn"),
        image=Choice(names, label="image"),
    )


def stored_samples() -> tuple[Pixels, Labels, Labels]:
    """x, y, target of PAIRS; the course's plain net gets them right."""
    return *first_right(PAIRS, "plain"), torch.tensor(list(PAIRS.values()))


def stored_turning_table(dpi: int = DPI) -> Explorer:
    """The table with the course's plain net and `stored_samples`."""
    return turning_table(stored_net("plain"), *stored_samples(), dpi=dpi)
