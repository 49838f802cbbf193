"""Lesson 10's first widget: you are the network. Drag digits in a plane and see what the loss says.

The browser does all the arithmetic (network_game.js), so it lives without a kernel; `loss_and_forces` and
`let_gradients_finish` are the same in Python, and the tests compare the two.
"""

import base64
from collections.abc import Sequence

import numpy as np
import torch
import traitlets
from jaxtyping import Float
from matplotlib.patches import Circle, Rectangle

from course_lib.data import load
from course_lib.widgets.game import Game
from course_lib.widgets.pictures import DPI, PALETTE, encode, figure, mime, to_rgb

DIGITS, EACH = (4, 7, 9), 4  # digits that look alike: raw pixels take one for the other
SIZE, EDGE = (10.0, 4.8), 0.3  # of the plane; no image comes nearer to its rim than EDGE
MARGIN, MARGINS = 2.0, (0.5, 3.0)
# Of gradient descent: a step is RATE times the force; at most STEPS, and none once no image moves by STILL.
RATE, STEPS, STILL = 0.5, 180, 1e-4
FRAMES = ("blue", "vermillion", "green")  # of the classes; the browser gives each a shape of its own too
Points = Float[np.ndarray, "n 2"]


def loss_and_forces(points: Points, labels: Sequence[int], margin: float,
                    negatives: bool = True) -> tuple[float, Points]:
    """The contrastive loss of points in a plane, and minus its gradient on each of them.

    The loss is the mean over all pairs of d^2 (similar: equal labels) or max(0, margin - d)^2 (dissimilar).
    negatives: with False every pair counts as similar, whatever its labels. Two dissimilar points
    in the very same place do not push each other: no direction is the right one.
    Raises ValueError unless there are two points or more, a label for each, and a positive margin.
    """
    points, labels = np.asarray(points, float), np.asarray(labels)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < 2 or not np.isfinite(points).all():
        raise ValueError(f"points must be at least two finite points (n, 2), got shape {points.shape}")
    if labels.shape != points.shape[:1]:
        raise ValueError(f"labels must be one for each of {len(points)} points, got {labels.shape}")
    if not 0 < margin < np.inf:
        raise ValueError(f"margin must be a positive number, got {margin!r}")
    away = points[:, None] - points[None]
    d = np.hypot(away[..., 0], away[..., 1])
    similar = labels[:, None] == labels[None] if negatives else np.ones(d.shape, bool)
    gap = np.where(similar, 0, np.maximum(0, margin - d))
    pairs = len(points) * (len(points) - 1) / 2
    loss = np.triu(np.where(similar, d**2, gap**2), 1).sum() / pairs
    along = np.where(similar, -2, 2 * gap / np.where(d > 0, d, np.inf))
    return float(loss), (along[..., None] * away).sum(1) / pairs


def let_gradients_finish(points: Points, labels: Sequence[int], margin: float,
                         negatives: bool = True) -> Points:
    """Where gradient descent takes the points: STEPS steps at most, never out of the plane."""
    points, rim = np.asarray(points, float), np.array(SIZE) / 2 - EDGE
    for _ in range(STEPS):
        before = points
        points = np.clip(points + RATE * loss_and_forces(points, labels, margin, negatives)[1], -rim, rim)
        if np.abs(points - before).max() < STILL:
            break
    return points


def beginning() -> Points:
    """Where the images begin: a well-mixed crowd, no two over each other, the same at every call."""
    rng = np.random.default_rng(10)
    x, y = np.meshgrid(np.linspace(-3.6, 3.6, 4), np.linspace(-1.5, 1.5, 3))
    places = np.column_stack([x.ravel(), y.ravel()]) + rng.uniform(-0.25, 0.25, (len(DIGITS) * EACH, 2))
    return rng.permutation(places).round(2)


class NetworkGame(Game, front="network_game"):
    """The widget: twelve digits of the course's own MNIST, four of each kind.

    `points`, `margin` and `negatives` follow what is done in the browser, and can be set; a TraitError says
    what is wrong with a value. `labels`: the digit of each image. dpi: of the still picture, as in `figure`.
    """

    points = traitlets.List().tag(sync=True)
    margin = traitlets.Float(MARGIN, min=MARGINS[0], max=MARGINS[1]).tag(sync=True)
    negatives = traitlets.Bool(True).tag(sync=True)

    id = "10-network"
    alt = ("You are the network: twelve handwritten digits in a plane, each with an arrow along minus the "
           "gradient of the contrastive loss. Left: mixed, where they begin. Right: once the gradients have "
           "finished, three heaps with one kind of digit each, a margin apart.")

    def __init__(self, dpi: int = DPI):
        digits = load("mnist", "train", size="small")
        places = torch.cat([(digits.y == digit).nonzero().flatten()[:EACH] for digit in DIGITS])
        self.images = (digits.x[places, 0] * 255).round().byte().numpy()
        self.labels, self._dpi = digits.y[places].tolist(), dpi
        start = beginning().tolist()
        super().__init__(content=self._content(start), points=start)

    @traitlets.validate("points")
    def _check_points(self, proposal) -> list:
        try:
            points = np.asarray(proposal["value"], float)
        except (TypeError, ValueError):
            points = np.empty(0)
        if points.shape != (len(self.labels), 2) or not np.isfinite(points).all():
            raise traitlets.TraitError(f"points must be {len(self.labels)} pairs of finite numbers")
        return points.tolist()

    def _content(self, start: list) -> dict:
        """What the browser needs to know, with every constant of this file."""
        sources = []
        for image in self.images:
            data = encode(np.repeat(image[..., None], 3, 2))
            sources.append(f"data:{mime(data)};base64,{base64.b64encode(data).decode('ascii')}")
        return {"images": sources, "labels": self.labels, "colours": [PALETTE[name] for name in FRAMES],
                "name": repr(self), "start": start, "size": SIZE, "edge": EDGE, "margin": MARGIN,
                "margins": MARGINS, "rate": RATE, "steps": STEPS, "still": STILL}

    def picture(self) -> np.ndarray:
        """The still picture: the beginning beside the end. uint8 array (height, width, 3)."""
        start = np.array(self.content["start"])
        end = let_gradients_finish(start, self.labels, MARGIN)
        fig, axes = figure(2, height=2.8, dpi=self._dpi)
        self._draw(axes[0], start, "your turn")
        self._draw(axes[1], end, "gradients have finished")
        return to_rgb(fig)

    def _draw(self, ax, points: Points, title: str) -> None:
        loss, forces = loss_and_forces(points, self.labels, MARGIN)
        for image, label, (x, y) in zip(self.images, self.labels, points, strict=True):
            kind = DIGITS.index(label)
            look = {"fill": False, "lw": 2.5, "ec": PALETTE[FRAMES[kind]], "zorder": 3}
            frame = (Circle((x, y), 0.34, **look) if kind == 1 else
                     Rectangle((x - 0.3, y - 0.3), 0.6, 0.6, ls=":" if kind == 2 else "-", **look))
            ax.add_patch(frame)
            shown = ax.imshow(image, cmap="gray", extent=(x - 0.3, x + 0.3, y - 0.3, y + 0.3), zorder=2)
            shown.set_clip_path(frame)
        ax.set(xlim=(-SIZE[0] / 2, SIZE[0] / 2), ylim=(-SIZE[1] / 2, SIZE[1] / 2), xticks=[], yticks=[],
               title=f"{title}: loss {loss:.2f}", aspect="equal")  # imshow has set limits of its own
        ax.spines[:].set_visible(True)
        ax.quiver(*points.T, *forces.T, angles="xy", scale_units="xy", scale=0.3, width=0.006, zorder=1)

    def __repr__(self) -> str:
        return f"You are the network: {len(self.labels)} digits in a plane"


def network_game(dpi: int = DPI) -> NetworkGame:
    """Drag digits in a plane until the contrastive loss is content, then let the gradients do it."""
    return NetworkGame(dpi)
