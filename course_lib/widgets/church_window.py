"""Lesson 12's first widget: a window onto the plane of two directions around a digit.

Across: steps along the sign of the loss's gradient. Up: steps of the same size along random signs. Each
place has the colour of the net's answer there. Such pictures are known as church window plots, after panes
of stained glass. The net is asked once, here; the browser (church_window.js) needs no kernel.
"""

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
import traitlets
from jaxtyping import Float, Int
from matplotlib.colors import ListedColormap
from matplotlib.patheffects import withStroke
from scipy import ndimage
from torch import Tensor, nn

from course_lib.data import load
from course_lib.train import stored_net
from course_lib.widgets.game import Game
from course_lib.widgets.pictures import DPI, PALETTE, figure, to_rgb

DIGITS = (2, 3, 4, 5, 6, 7)  # of each the first test image, whatever is seen there
DRAWS = 3  # random directions
STEPS = np.arange(-15, 16) * 0.02  # of both axes, in units of a pixel's whole range
START = (0.08, 0.0)
SMALLEST = 6  # places of a region that has its number written in it
# One for each class, Okabe and Ito's and three more; the digit's own class is white.
COLOURS = [PALETTE.get(name, name) for name in (
    "orange", "sky", "green", "yellow", "blue", "vermillion", "#999999", "#B5838D", "purple", "#AAAA55")]
Image = Float[Tensor, "side side"]
Classes = Int[np.ndarray, "up across"]


def moved(x: Image, g: Image, r: Image, across: float, up: float) -> Image:
    """The image at a place of the plane: clip(x + across g + up r, 0, 1)."""
    return (x + across * g + up * r).clamp(0, 1)


def gradient_sign(model: nn.Module, x: Image, y: int) -> Image:
    """The sign of the cross-entropy's gradient in each pixel: -1, 0 or 1."""
    image = x[None, None].clone().requires_grad_()
    with torch.enable_grad():
        loss = F.cross_entropy(model(image), torch.tensor([y]))
    return torch.autograd.grad(loss, image)[0][0, 0].sign()


def random_signs(side: int = 28) -> Float[Tensor, "draws side side"]:
    """The random directions, the same at every call: in each pixel -1 or 1."""
    generator = torch.Generator().manual_seed(12)
    return torch.randint(0, 2, (DRAWS, side, side), generator=generator) * 2.0 - 1


@torch.inference_mode()
def plane(model: nn.Module, x: Image, g: Image, r: Image) -> tuple[Classes, Classes]:
    """The net's answers in the plane: its class, and how sure it is in whole percent.

    [j, i] is the answer at STEPS[i] across and STEPS[j] up. Percents are rounded down and at most 99.
    """
    across, up = torch.tensor(STEPS, dtype=x.dtype)[:, None, None], torch.tensor(STEPS, dtype=x.dtype)
    rows = [model(moved(x, g, r, across, height)[:, None]).softmax(1).max(1) for height in up]
    sure, classes = (torch.stack(part).numpy() for part in zip(*rows, strict=True))
    return classes, np.minimum(99, sure * 100).astype(int)


def label_places(classes: Classes) -> list[list[int]]:
    """Where to write numbers: [class, across, up] for each region, at the place farthest from its border."""
    places = []
    for label in np.unique(classes):
        regions, count = ndimage.label(classes == label)
        for k in range(1, count + 1):
            if (regions == k).sum() >= SMALLEST:
                depth = ndimage.distance_transform_edt(np.pad(regions == k, 1))[1:-1, 1:-1]
                up, across = np.unravel_index(depth.argmax(), depth.shape)
                places.append([int(label), int(across), int(up)])
    return places


@dataclass(frozen=True)
class Window:
    """A digit, its direction, and the planes with each of the random directions."""

    x: Image
    g: Image
    planes: list[tuple[Classes, Classes]]


class ChurchWindow(Game, front="church_window"):
    """The widget: the first test image of six digits, three random directions, the stored plain net.

    `digit`, `draw` (which random direction, from 0) and `point` (steps across and up) follow what is done in
    the browser, and can be set; a point goes to the nearest place at which the net was asked. A TraitError
    says what is wrong with a value. dpi: of the still picture, as in `figure`.
    """

    digit = traitlets.Enum(DIGITS, DIGITS[0]).tag(sync=True)
    draw = traitlets.Int(0, min=0, max=DRAWS - 1).tag(sync=True)
    point = traitlets.List(list(START)).tag(sync=True)

    id = "12-church"
    alt = ("A plane of small changes to a handwritten 2: steps along the sign of the loss's gradient soon "
           "lead across a border into another class, equal steps along random signs do not. Beside it the "
           "clean image and the image past the border: a reader sees a 2 in both.")

    def __init__(self, dpi: int = DPI):
        self._dpi, self.directions = dpi, random_signs()
        model = stored_net("plain").to(memory_format=torch.channels_last)  # twice as fast for this net
        digits = load("mnist", "test", size="small")
        self.windows = {}
        for digit in DIGITS:
            x = digits.x[(digits.y == digit).nonzero()[0, 0], 0]
            g = gradient_sign(model, x, digit)
            self.windows[digit] = Window(x, g, [plane(model, x, g, r) for r in self.directions])
        super().__init__(content=self._content())

    @traitlets.validate("point")
    def _check_point(self, proposal) -> list[float]:
        try:
            point = np.asarray(proposal["value"], float)
        except (TypeError, ValueError):
            point = np.empty(0)
        if point.shape != (2,) or not np.isfinite(point).all():
            raise traitlets.TraitError("point must be two finite numbers: steps across and up")
        return [float(STEPS[nearest(v)].round(2)) for v in point]

    def answer(self) -> tuple[int, int]:
        """What the net says at the point, and how sure it is in whole percent."""
        classes, sure = self.windows[self.digit].planes[self.draw]
        across, up = map(nearest, self.point)
        return int(classes[up, across]), int(sure[up, across])

    def image(self) -> Image:
        """The image at the point."""
        window = self.windows[self.digit]
        return moved(window.x, window.g, self.directions[self.draw], *self.point)

    def _content(self) -> dict:
        """What the browser needs to know, with every constant of this file."""
        windows = {str(digit): {
            "x": (window.x * 255).round().int().flatten().tolist(), "g": _signs(window.g),
            "planes": [{"classes": "".join(map(str, classes.flat)), "sure": sure.flatten().tolist(),
                        "labels": label_places(classes)} for classes, sure in window.planes],
        } for digit, window in self.windows.items()}
        return {"windows": windows, "directions": [_signs(r) for r in self.directions], "name": repr(self),
                "steps": STEPS.round(2).tolist(), "colours": COLOURS,
                "start": {"digit": DIGITS[0], "draw": 0, "point": START}}

    def picture(self) -> np.ndarray:
        """The still picture: plane, clean image, image at the point. uint8 array (height, width, 3)."""
        window, (x, y) = self.windows[self.digit], self.point
        fig, (ax, clean, other) = figure(3, height=3.1, dpi=self._dpi, width_ratios=(1.25, 1, 1))
        _draw_plane(ax, window.planes[self.draw][0], self.digit)
        ax.plot(x, y, "o", ms=10, mfc="white", mec="black", mew=2.5)
        said = window.planes[0][0][nearest(0), nearest(0)]
        for spot, image, title in ((clean, window.x, f"clean: the net says {said}"),
                                   (other, self.image(), f"at the point: {self.answer()[0]}")):
            spot.imshow(image.numpy(), cmap="gray", vmin=0, vmax=1)
            spot.set(title=title, xticks=[], yticks=[])
        return to_rgb(fig)

    def __repr__(self) -> str:
        return f"Church window: {len(DIGITS)} digits, {DRAWS} random directions"


def nearest(value: float) -> int:
    """The number of the step that is nearest to a value, within the plane."""
    return int(np.abs(STEPS - value).argmin())


def _signs(v: Image) -> str:
    """One sign a pixel."""
    return "".join("-0+"[int(sign) + 1] for sign in v.flatten())


def _draw_plane(ax, classes: Classes, own: int) -> None:
    """The regions with their borders and numbers, and the axes of the plane."""
    half = (STEPS[1] - STEPS[0]) / 2
    rim = STEPS[0] - half, STEPS[-1] + half
    colours = ListedColormap(["white" if k == own else colour for k, colour in enumerate(COLOURS)])
    ax.imshow(classes, cmap=colours, vmin=-0.5, vmax=9.5, origin="lower", extent=(*rim, *rim))
    line = {"colors": "black", "lw": 1.5, "capstyle": "projecting"}
    j, i = np.nonzero(np.diff(classes, axis=1))
    ax.vlines(STEPS[i] + half, STEPS[j] - half, STEPS[j] + half, **line)
    j, i = np.nonzero(np.diff(classes, axis=0))
    ax.hlines(STEPS[j] + half, STEPS[i] - half, STEPS[i] + half, **line)
    for label, across, up in label_places(classes):
        ax.text(STEPS[across], STEPS[up], label, ha="center", va="center", weight="bold", fontsize=14,
                path_effects=[withStroke(linewidth=3, foreground="white")])
    ax.plot(0, 0, "k+", ms=10, mew=1.5)
    ax.set(xlim=rim, ylim=rim, xticks=[-0.2, 0, 0.2], yticks=[-0.2, 0, 0.2], title="the net's answers",
           xlabel="gradient's sign", ylabel="random signs")
    ax.grid(False)


def church_window(dpi: int = DPI) -> ChurchWindow:
    """Leave a digit: along the gradient's sign a border is near, along random signs seldom."""
    return ChurchWindow(dpi)
