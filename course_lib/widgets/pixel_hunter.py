"""Lesson 13's first widget: paint a few pixels until a net reads another digit; see the truth, and evolution.

The net itself runs in the browser (small_net.js), which needs no kernel; the tests compare it with torch.
What takes thousands of passes is read from data/hunter.npz: which digits, their truth maps, and searches.
"""

import base64
from dataclasses import fields

import numpy as np
import torch
import traitlets
from jaxtyping import Float
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.patches import Rectangle
from torch import Tensor

from course_lib.data import load
from course_lib.runtime import home
from course_lib.train import stored_net
from course_lib.widgets.game import Game
from course_lib.widgets.pictures import DPI, PALETTE, figure, to_rgb
from course_lib.widgets.replay import Replay

SIDE = 28
PIXELS, MOST = 3, 5  # that may be painted at first, and at most


class PixelHunter(Game, front="pixel_hunter", first=("small_net", "pixel_drawing")):
    """The widget: six digits of the course's own MNIST test set, and a small net that reads them rightly.

    `digit` (its number here, from 0), `pixels` (how many may be painted) and `painted` (row, column and
    colour of each) follow what is done in the browser, and can be set; a TraitError says what is wrong with a
    value. `model`: the net. `x`, `y`: the clean digits, `places` their numbers in the test set, `maps` what
    `attacks.pixel_map` says of them, `replays[digit][pixels]` the recorded searches. dpi: of the still
    picture, as in `figure`.
    """

    digit = traitlets.Int(0, min=0).tag(sync=True)
    pixels = traitlets.Int(PIXELS, min=1, max=MOST).tag(sync=True)
    painted = traitlets.List().tag(sync=True)

    id = "13-hunter"
    alt = ("Pixel hunter. Left: a handwritten digit, each pixel to be painted. Middle: its truth map, the "
           "darker the less the true digit leads once that pixel is black or white, squares where it no "
           "longer does. Right: the digit with the pixels that the search found, and what the net reads now.")

    def __init__(self, dpi: int = DPI):
        self.model, self._dpi = stored_net("plain"), dpi
        with np.load(home() / "data" / "hunter.npz") as file:
            self.places, self.maps = file["places"].tolist(), file["maps"]
            self.replays = [{k: Replay(**{part.name: file[f"{part.name}_{n}_{k}"] for part in fields(Replay)})
                             for k in range(1, MOST + 1)} for n in range(len(self.places))]
        digits = load("mnist", "test", size="small")
        self.x, self.y = digits.x[self.places], digits.y[self.places]
        super().__init__(content=self._content())

    @traitlets.validate("digit")
    def _check_digit(self, proposal) -> int:
        if proposal["value"] >= len(self.places):
            raise traitlets.TraitError(f"digit must be 0 to {len(self.places) - 1}, got {proposal['value']}")
        return proposal["value"]

    @traitlets.validate("painted")
    def _check_painted(self, proposal) -> list:
        try:
            pixels = np.asarray(proposal["value"], float).reshape(-1, 3)
        except (TypeError, ValueError):
            pixels = np.full((1, 3), np.nan)
        at, colours = pixels[:, :2], pixels[:, 2]
        inside = np.isin(at, np.arange(SIDE)).all() and ((colours >= 0) & (colours <= 1)).all()
        if not inside or len(np.unique(at, axis=0)) < len(at) or len(at) > self.pixels:
            raise traitlets.TraitError(
                f"painted must be at most {self.pixels} different pixels, each [row, column, colour], with "
                f"rows and columns 0 to {SIDE - 1}, colours from 0 to 1")
        return [[int(row), int(column), colour] for row, column, colour in pixels.tolist()]

    @traitlets.observe("pixels")
    def _allow(self, change) -> None:
        self.painted = self.painted[:change["new"]]

    def image(self) -> Float[Tensor, "1 1 28 28"]:
        """The present digit as it is painted."""
        return paint(self.x[self.digit:self.digit + 1], self.painted)

    def _content(self) -> dict:
        """What the browser needs to know."""
        with torch.no_grad():
            logits = self.model(self.x)
        digits = []
        for n, (place, label) in enumerate(zip(self.places, self.y.tolist(), strict=True)):
            others = np.delete(logits[n].numpy(), label)
            digits.append({
                "place": place, "label": label, "lead": float(logits[n, label] - others.max()),
                "image": packed((self.x[n] * 255).round().byte().numpy()), "map": packed(self.maps[n]),
                "replays": [{"members": packed(replay.members), "best": replay.best.tolist(),
                             "scores": replay.scores.tolist(), "flips": bool(replay.flips)}
                            for replay in self.replays[n].values()]})
        return {"name": repr(self), "pixels": PIXELS, "members": self.replays[0][1].members.shape[1],
                "weights": [packed(weight.numpy()) for weight in self.model.state_dict().values()],
                "digits": digits}

    def picture(self) -> np.ndarray:
        """The still picture: the first digit, its truth map, and a flip. uint8 array (height, width, 3)."""
        fig, axes = figure(3, height=3.0, dpi=self._dpi)
        replay, label = self.replays[0][PIXELS], self.y[0].item()
        end = paint(self.x[:1], replay.best[-1])
        with torch.no_grad():
            before, after = self.model(torch.cat([self.x[:1], end])).argmax(1).tolist()
        for ax, image, title in ((axes[0], self.x[0, 0], f"your turn: net reads {before}"),
                                 (axes[2], end[0, 0], f"{PIXELS} pixels found: net reads {after}")):
            ax.imshow(image.numpy(), cmap="gray", vmin=0, vmax=1)
            ax.set_title(title)
        for row, column, _ in replay.best[-1]:
            axes[2].add_patch(_square(row, column, PALETTE["vermillion"]))
        worst = self.maps[0].min(0)
        axes[1].imshow(worst, cmap=LinearSegmentedColormap.from_list("", [PALETTE["vermillion"], "white"]),
                       vmin=0, vmax=self.content["digits"][0]["lead"])
        axes[1].contour(self.x[0, 0].numpy(), [0.5], colors="0.35", linewidths=1)
        for row, column in np.argwhere(worst < 0):
            axes[1].add_patch(_square(row, column, "black"))
        axes[1].set_title(f"{(self.maps[0] < 0).sum()} of {self.maps[0].size:,} flip this {label}")
        for ax in axes:
            ax.set(xticks=[], yticks=[])
            ax.grid(False)
            ax.spines[:].set_visible(True)
        return to_rgb(fig)

    def __repr__(self) -> str:
        return f"Pixel hunter: {len(self.places)} digits, at most {MOST} pixels"


def paint(x: Float[Tensor, "1 1 28 28"], pixels) -> Float[Tensor, "1 1 28 28"]:
    """A copy of the image with these pixels, each row, column and colour."""
    out = x.clone()
    for row, column, colour in pixels:
        out[0, 0, int(row), int(column)] = float(colour)
    return out


def packed(array: np.ndarray) -> str:
    """The numbers as the browser reads them, little-endian."""
    return base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode("ascii")


def _square(row: float, column: float, colour: str) -> Rectangle:
    return Rectangle((column - 0.5, row - 0.5), 1, 1, fill=False, ec=colour, lw=1.5)


def pixel_hunter(dpi: int = DPI) -> PixelHunter:
    """Paint a few pixels until the net reads another digit, then watch evolution do it."""
    return PixelHunter(dpi)
