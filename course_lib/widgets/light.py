"""Lesson 00's explorer: a digit in dimmed light, and its distance to the average image of each digit."""

from collections.abc import Callable

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from course_lib.data import load
from course_lib.widgets.controls import Choice, Slider
from course_lib.widgets.explorer import Explorer
from course_lib.widgets.pictures import DPI, PALETTE, Stage, figure

Means = Float[Tensor, "10 1 height width"]


def nearest_picture(means: Means, dpi: int = DPI) -> Callable[[Float[Tensor, "1 height width"]], np.ndarray]:
    """A picture function: image -> the image, and its distance to each average; the nearest is marked.

    means: the average image of each digit. dpi: as in `figure`. Its `told(image, light, digit)` says in words
    what the picture of an image of this digit in this light shows.
    """
    fig, (left, bars) = figure(2, dpi=dpi)
    left.set_axis_off()
    shown = left.imshow(means[0, 0].numpy(), cmap="gray", vmin=0, vmax=1)
    bars.set(xlim=(-0.5, 9.5), ylim=(0, 13), xticks=range(10), xlabel="average of digit", ylabel="distance")
    heights = bars.bar(range(10), [0] * 10)
    answer = bars.text(0.02, 0.93, "", transform=bars.transAxes, fontsize=13, fontweight="bold")
    stage = Stage(fig, [shown, *heights, answer])

    def distances_of(image):
        return torch.cdist(image.flatten()[None], means.flatten(1))[0]

    def picture(image):
        away = distances_of(image)
        nearest = int(away.argmin())
        shown.set_data(image[0].numpy())
        for k, bar in enumerate(heights):
            bar.set(height=float(away[k]), color=PALETTE["vermillion" if k == nearest else "sky"])
        answer.set_text(f"The nearest average is {nearest}")
        return stage.picture()

    def told(image, light, digit):
        away = distances_of(image)
        order = away.argsort().tolist()
        first, rest = f"The {digit} in light {light:g}: the nearest average is", f"{away[digit]:.2f}"
        if order[0] == digit:
            return f"{first} its own, at distance {rest}; next that of {order[1]}, at {away[order[1]]:.2f}."
        return f"{first} that of {order[0]}, at distance {away[order[0]]:.2f}; its own is at {rest}."

    picture.told = told
    return picture


def stored_light(dpi: int = DPI) -> Explorer:
    """The explorer as lesson 00 makes it, from the small MNIST of the course."""
    train, test = load("mnist", "train", size="small"), load("mnist", "test", size="small")
    means = torch.stack([train.x[train.y == digit].mean(0) for digit in range(10)])
    right = torch.cdist(test.x.flatten(1), means.flatten(1)).argmin(1) == test.y
    samples = torch.stack([test.x[right & (test.y == digit)][0] for digit in range(10)])
    picture = nearest_picture(means, dpi)

    def draw(light, digit):
        return picture(light * samples[digit])

    return Explorer(draw, id="00-light",
                    alt=lambda light, digit: picture.told(light * samples[digit], light, digit),
                    about="A digit in dimmed light, and its distance to each of the ten averages.",
                    light=Slider(0.05, 1, step=0.05, value=1), digit=Choice(list(range(10)), value=7))
