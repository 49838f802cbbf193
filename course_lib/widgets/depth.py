"""Lesson 03's two explorers: a trained net that grows, and training curves for every depth."""

import math
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache

import numpy as np
from torch import nn

from course_lib.data import Images, load
from course_lib.measure import gradient_norms
from course_lib.nets import CifarNet, grow
from course_lib.runtime import home, seeded
from course_lib.train import evaluate
from course_lib.widgets.controls import Slider, Toggle
from course_lib.widgets.explorer import Explorer
from course_lib.widgets.pictures import DPI, PALETTE, Stage, figure
from course_lib.widgets.words import number

COLOURS = {"plain": PALETTE["vermillion"], "residual": PALETTE["blue"]}
KINDS = tuple(COLOURS)
CHANCE = math.log(10)


@lru_cache
def curves() -> dict[str, np.ndarray]:
    """The committed curves: see data/build_depth_curves.py."""
    with np.load(home() / "data" / "depth_curves.npz") as file:
        return {name: file[name] for name in file.files}


def _depths() -> list[int]:
    return [int(depth) for depth in curves()["depths"]]


def _band(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(lowest, mean, highest) over seeds of (seed, step) values."""
    values = values.astype(float)
    return values.min(0), values.mean(0), values.max(0)


def _set_band(band, low: np.ndarray, high: np.ndarray) -> None:
    steps = np.arange(1, len(low) + 1)
    band.set_verts([np.column_stack([np.r_[steps, steps[::-1]], np.r_[low, high[::-1]]])])


def losses_after_growing(model: nn.Sequential, images: Images, depths) -> list[float]:
    """Training loss of `model` (normalisation, net) grown to each depth, without any further training."""
    losses = []
    with seeded("cpu", 0):  # the same random plain layers at every call
        for depth in depths:
            grown = nn.Sequential(model[0], grow(model[1], depth))
            losses.append(evaluate(grown, images.x, images.y)[0])
    return losses


def grow_picture(after: Mapping[str, Sequence[float]], dpi: int = DPI) -> Callable:
    """The picture function of `grow_it`: (depth, train_on) -> RGB array; its `told` says the same in words.

    after: the loss of each kind, "plain" and "residual", once an 8-layer net was grown to each depth. dpi: as
    in `figure`.
    """
    depths = _depths()
    top = 1.1 * max(CHANCE, *(v for values in after.values() for v in values))

    fig, (left, right) = figure(2, height=3.6, dpi=dpi)
    left.set(xlim=(5, 47), ylim=(0, top), xlabel="layers", ylabel="training loss", xticks=depths)
    left.set_title("new layers inserted, not trained")
    steps = curves()["grown"].shape[-1]
    right.set(xlim=(0, steps), ylim=(0, 3), xlabel="further training steps", title="then trained on")
    for ax in (left, right):
        ax.axhline(CHANCE, color=PALETTE["black"], lw=1, ls=":")
    left.text(46.5, CHANCE - 0.12, "guessing", va="top", ha="right", fontsize=11)
    moving = {}
    for (kind, colour), mark in zip(COLOURS.items(), "os", strict=True):
        line, = left.plot([], [], f"{mark}-", color=colour, label=kind)
        here, = left.plot([], [], mark, color=colour, ms=13, mfc="none", mew=2)
        mean, = right.plot([], [], color=colour, label=kind)
        band = right.fill_between([0, 1], [0, 0], [0, 0], fc=(colour, 0.25), ec=colour, lw=0.8)
        moving[kind] = line, here, mean, band
    hidden = right.text(0.5, 0.5, "tick “train on”", transform=right.transAxes, ha="center", alpha=0.7)
    right.legend(loc="upper right")
    stage = Stage(fig, [artist for artists in moving.values() for artist in artists] + [hidden])

    def draw(depth: int, train_on: bool) -> np.ndarray:
        row = depths.index(depth)
        for k, (kind, (line, here, mean, band)) in enumerate(moving.items()):
            line.set_data(depths[: row + 1], after[kind][: row + 1])
            here.set_data([depth], [after[kind][row]])
            low, middle, high = _band(curves()["grown"][row, k])
            mean.set_data(np.arange(1, steps + 1), middle)
            _set_band(band, low, high)
            mean.set_visible(train_on)
            band.set_visible(train_on)
        hidden.set_visible(not train_on)
        return stage.picture()

    def told(depth: int, train_on: bool) -> str:
        row = depths.index(depth)
        losses = " and ".join(f"{number(after[kind][row])} in the {kind} net" for kind in KINDS)
        first = " and ".join(number(after[kind][0]) for kind in KINDS)
        new = f"grown from {depths[0]} to {depth} layers, not trained yet" if row else f"of {depth} layers"
        text = f"Nets {new}: the training loss is {losses}" + (f", it was {first}." if row else ".")
        if train_on:
            ends = (f"{number(_band(curves()['grown'][row, k])[1][-1])} in the {kind} net"
                    for k, kind in enumerate(KINDS))
            text += f" After {steps} steps of training on it is {' and '.join(ends)}, as a mean over seeds."
        return text

    draw.told = told
    return draw


def grow_it(models: Mapping[str, nn.Sequential], images: Images) -> Explorer:
    """Insert layers into trained 8-layer nets and see what happens to the training loss.

    models: a trained net of each kind, "plain" and "residual". Identity-start blocks go into the residual
    net, random layers into the plain one (`course_lib.nets.grow`). The curves on the right were made
    beforehand, three seeds, by data/build_depth_curves.py.
    """
    after = {kind: losses_after_growing(models[kind], images, _depths()) for kind in KINDS}
    return _grow_explorer(grow_picture(after))


def stored_grow_it(dpi: int = DPI) -> Explorer:
    """`grow_it` from the committed losses, mean of three seeds: nothing is trained."""
    means = curves()["inserted"].mean(-1)
    after = {kind: means[:, k].tolist() for k, kind in enumerate(KINDS)}
    return _grow_explorer(grow_picture(after, dpi))


def _grow_explorer(draw: Callable) -> Explorer:
    return Explorer(
        draw, id="03-grow", alt=draw.told,
        about="Left: training loss against depth after new layers were put into trained nets: the residual "
              "net keeps its loss, the plain net does not. Right: the loss when both are trained on.",
        depth=Slider(8, 44, step=6, value=20, label="layers"),
        train_on=Toggle(True, label="train on"),
    )


def depth_picture(images: Images, dpi: int = DPI) -> Callable:
    """The picture function of `depth_curves`: (depth, norm) -> RGB array; its `told` says the same in words.

    Left the committed training curves, right the gradient norms of freshly made nets, computed here. dpi: as
    in `figure`.
    """
    x, y = images.x[:64], images.y[:64]
    steps = curves()["loss"].shape[-1]
    fig, (left, right) = figure(2, height=3.6, dpi=dpi)
    left.set(xlim=(0, steps), ylim=(0, 3), xlabel="training steps", ylabel="training loss", title="training")
    left.axhline(CHANCE, color=PALETTE["black"], lw=1, ls=":")
    right.set(xlim=(0, 44), ylim=(1e-5, 1e6), yscale="log", xlabel="layer", ylabel="gradient norm")
    right.set_title("gradient at the start")
    moving = {}
    for kind, colour in COLOURS.items():
        mean, = left.plot([], [], color=colour, label=kind)
        band = left.fill_between([0, 1], [0, 0], [0, 0], fc=(colour, 0.25), ec=colour, lw=0.8)
        norms, = right.plot([], [], ".-", color=colour, label=kind, lw=1.5)
        moving[kind] = mean, band, norms
    note = left.text(0.98, 0.9, "", transform=left.transAxes, ha="right")
    right.legend(loc="upper right", ncols=2)
    stage = Stage(fig, [artist for artists in moving.values() for artist in artists] + [note])

    @lru_cache(maxsize=64)
    def norms_at_start(kind: str, depth: int, norm: bool) -> list[float]:
        with seeded("cpu", 0):
            net = CifarNet(depth, kind, width=8, in_channels=x.shape[1], norm=norm).to(x.device)
        return list(gradient_norms(net, x, y).values())

    def draw(depth: int, norm: bool) -> np.ndarray:
        lost = []
        for k, (kind, (mean, band, norms)) in enumerate(moving.items()):
            low, middle, high = _band(curves()["loss"][_depths().index(depth), k, int(norm)])
            mean.set_data(np.arange(1, steps + 1), middle)
            _set_band(band, low, high)
            if not np.isfinite(middle).all():
                lost.append(kind)
            values = norms_at_start(kind, depth, norm)
            norms.set_data(np.arange(1, len(values) + 1), values)
        note.set_text(f"diverged: {', '.join(lost)}" if lost else "")
        return stage.picture()

    def told(depth: int, norm: bool) -> str:
        ends, spans = [], []
        for k, kind in enumerate(KINDS):
            middle = _band(curves()["loss"][_depths().index(depth), k, int(norm)])[1]
            whole = np.isfinite(middle).all()
            ends.append(f"the {kind} net " + (f"is {number(middle[-1])}" if whole else "has diverged"))
            values = norms_at_start(kind, depth, norm)
            spans.append(f"from {number(min(values), 0.01)} to {number(max(values), 0.01)} in the {kind} one")
        return (f"{depth} layers {'with' if norm else 'without'} batch norm: after {steps} steps the "
                f"training loss of {' and that of '.join(ends)}. Before training the layers have gradient "
                f"norms {', '.join(spans)}.")

    draw.told = told
    return draw


def depth_curves(images: Images, dpi: int = DPI) -> Explorer:
    """Training curves and gradient norms by layer, for each depth, with and without batch norm."""
    draw = depth_picture(images, dpi)
    return Explorer(
        draw, id="03-curves", alt=draw.told,
        about="Left: training loss against steps for a plain and a residual net of the chosen depth. "
              "Right: the gradient norm in each layer of both nets before training.",
        depth=Slider(8, 44, step=6, value=44, label="layers"),
        norm=Toggle(True, label="batch norm"),
    )


def stored_depth_curves(dpi: int = DPI) -> Explorer:
    """`depth_curves` on the lesson's digits at quick scale."""
    return depth_curves(load("mnist", size="small").subset(2000, seed=0).resize(14), dpi)
