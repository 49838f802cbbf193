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

    means: the average image of each digit. dpi: as in `figure`.
    """
    fig, (left, bars) = figure(2, dpi=dpi)
    left.set_axis_off()
    shown = left.imshow(means[0, 0].numpy(), cmap="gray", vmin=0, vmax=1)
    bars.set(xlim=(-0.5, 9.5), ylim=(0, 13), xticks=range(10), xlabel="average of digit", ylabel="distance")
    heights = bars.bar(range(10), [0] * 10)
    answer = bars.text(0.02, 0.93, "", transform=bars.transAxes, fontsize=13, fontweight="bold")
    stage = Stage(fig, [shown, *heights, answer])

    def picture(image):
        away = torch.cdist(image.flatten()[None], means.flatten(1))[0]
        nearest = int(away.argmin())
        shown.set_data(image[0].numpy())
        for k, bar in enumerate(heights):
            bar.set(height=float(away[k]), color=PALETTE["vermillion" if k == nearest else "sky"])
        answer.set_text(f"The nearest average is {nearest}")
        return stage.picture()

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
                    alt="A digit in dimmed light, and its distance to each of the ten averages.",
                    light=Slider(0.05, 1, step=0.05, value=1), digit=Choice(list(range(10)), value=7))
