"""Lesson 08's two explorers: the moment map with its sink, and a strip of 32 layers of activations."""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np
import torch
from matplotlib.patheffects import withStroke

from course_lib.blocks.selu import ALPHA, LAMBDA, SELU
from course_lib.measure.moments import layer_moments, moment_map, moment_path, sink
from course_lib.nets.self_normalising import DROPOUTS, MLP, STARTS, Layers
from course_lib.runtime import seeded
from course_lib.widgets.controls import Choice, Slider
from course_lib.widgets.explorer import Explorer
from course_lib.widgets.pictures import DPI, PALETTE, Stage, figure
from course_lib.widgets.words import number

DEPTH, WIDTH, ROWS = 32, 128, 128  # the real net: small enough to answer while a slider moves
MEANS, VARIANCES = (-2.0, 2.0), (0.0, 6.0)
TARGET = (0.0, 4.0)
LOOKS = dict(zip(STARTS, ("blue", "sky", "vermillion", "brown", "purple"), strict=True))


@lru_cache
def _net(start: str) -> torch.nn.Sequential:
    """A 32-layer net without a head: the same weights at every call."""
    with seeded("cpu", 0):
        return MLP(WIDTH, DEPTH, WIDTH, Layers(start=start)).hidden


@lru_cache
def _noise() -> torch.Tensor:
    return torch.randn(ROWS, WIDTH, generator=torch.Generator().manual_seed(1))


@lru_cache(maxsize=64)
def real_path(mean: float, var: float, alpha: float, lam: float) -> np.ndarray:
    """(mean, variance) of a cloud and of the 32 layers that it goes through: array (33, 2)."""
    f, x = SELU(alpha, lam), mean + math.sqrt(var) * _noise()
    layers = [m for linear in _net("lecun")[::2] for m in (linear, f)]
    return np.array([(mean, var), *layer_moments(torch.nn.Sequential(*layers), x, (SELU,))])


@lru_cache(maxsize=64)
def theory_path(mean: float, variance: float, alpha: float, lam: float) -> np.ndarray:
    """(mean, variance) of a cloud and behind each of the 32 layers, by theory: array (33, 2)."""
    return moment_path(mean, variance, DEPTH, alpha=alpha, lam=lam, spread=1.0)


def quest(at: tuple[float, float]) -> bool:
    """Does the sink lie at TARGET, as nearly as sliders can put it?"""
    return abs(at[0] - TARGET[0]) < 0.1 and abs(at[1] - TARGET[1]) < 0.2


def map_told(mean: float, variance: float, alpha: float, lam: float) -> str:
    """Where the cloud ends, and where the sink is: the picture of `drop_the_cloud` in words."""
    at = sink(alpha, lam)
    paths = [path(mean, variance, alpha, lam) for path in (theory_path, real_path)]
    where = (f"The sink is at mean {number(at[0])}, variance {number(at[1])}" if math.isfinite(at[1])
             else "There is no sink: it grows without end")
    ends = [f"mean {number(path[-1, 0])} and variance {number(path[-1, 1])}" for path in paths]
    start = f"mean {number(mean)} and variance {number(variance)}, alpha {alpha:.6g}, lambda {lam:.6g}"
    return (f"A cloud of {start}: after {DEPTH} layers it has {ends[0]} by theory, {ends[1]} in the real "
            f"net. {where}{', quest done' * quest(at)}.")


def map_picture(dpi: int = DPI) -> Callable:
    """The picture function of `drop_the_cloud`: (mean, variance, alpha, lam) -> RGB array.

    dpi: as in `figure`. `map_told` says the same in words.
    """
    grid = np.meshgrid(np.linspace(*MEANS, 11), np.linspace(0.25, VARIANCES[1] - 0.25, 10))
    fig, (ax, right) = figure(2, height=3.6, dpi=dpi, width_ratios=(3, 2))
    ax.set(xlim=MEANS, ylim=VARIANCES, xlabel="mean", ylabel="variance", title="one layer moves the cloud")
    right.set(xlim=(0, DEPTH), ylim=VARIANCES, xlabel="layer", ylabel="variance", title="32 layers")
    ax.plot(*TARGET, "s", ms=15, mfc="none", mec=PALETTE["black"], ls="")
    ax.annotate("quest", TARGET, xytext=(12, 8), textcoords="offset points", fontsize=11)
    arrows = ax.quiver(*grid, grid[0], grid[1], color="#8c8c8c", angles="xy", scale_units="xy", scale=1,
                       width=0.004)
    theory, = ax.plot([], [], "-", color=PALETTE["blue"], label="theory")
    dots, = ax.plot([], [], "o", color=PALETTE["purple"], ms=4, label="real net")
    cloud, = ax.plot([], [], "o", color=PALETTE["vermillion"], ms=11, label="start")
    place, = ax.plot([], [], "*", color=PALETTE["green"], ms=18, label="sink")
    by_layer, = right.plot([], [], "-", color=PALETTE["blue"])
    real_by_layer, = right.plot([], [], "o", color=PALETTE["purple"], ms=4)
    note = right.text(0.97, 0.94, "", transform=right.transAxes, ha="right", va="top")
    ax.legend(loc="upper left", fontsize=9, frameon=True, framealpha=0.9)
    stage = Stage(fig, [arrows, theory, dots, cloud, place, by_layer, real_by_layer, note])

    def draw(mean: float, variance: float, alpha: float, lam: float) -> np.ndarray:
        after = moment_map(*grid, alpha=alpha, lam=lam, spread=1.0)
        arrows.set_UVC(*(0.6 * (new - old) for new, old in zip(after, grid, strict=True)))
        path = theory_path(mean, variance, alpha, lam)
        real = real_path(mean, variance, alpha, lam)
        theory.set_data(*path.T)
        dots.set_data(*real[1:].T)
        cloud.set_data([mean], [variance])
        by_layer.set_data(range(DEPTH + 1), path[:, 1])
        real_by_layer.set_data(range(DEPTH + 1), real[:, 1])
        at = sink(alpha, lam)
        seen = math.isfinite(at[1])
        place.set_data([at[0]] if seen else [], [at[1]] if seen else [])
        told = f"sink: mean {at[0]:.2f},\nvariance {at[1]:.2f}" if seen else "no sink: it grows\nwithout end"
        note.set_text(told + ("\nquest done" if quest(at) else ""))
        return stage.picture()

    return draw


def drop_the_cloud(dpi: int = DPI) -> Explorer:
    """Place a cloud of activations on the moment map and see where 32 layers of SELU take it.

    The map is that of a whole LeCun layer (`moment_map` with spread=1); the dots are a real net of width 128.
    """
    return Explorer(
        map_picture(dpi), id="08-cloud", alt=map_told,
        about="Left: arrows over the plane of mean and variance show where one layer moves a cloud of "
              "activations; the theory's path and the dots of a real net lead from the start to the sink. "
              "Right: the variance in each of 32 layers.",
        mean=Slider(-1.5, 1.5, step=0.25, value=1.0, label="start: mean"),
        variance=Slider(0.25, 5.75, step=0.25, value=5.0, label="start: variance"),
        alpha=Slider.over([ALPHA if v == 1.65 else v for v in np.arange(0.8, 3.01, 0.05).round(2).tolist()],
                          value=ALPHA, label="alpha"),
        lam=Slider.over([LAMBDA if v == 1.05 else v for v in np.arange(0.85, 1.301, 0.01).round(2).tolist()],
                        value=LAMBDA, label="lambda"),
    )


@lru_cache(maxsize=8)
def activations(start: str, dropout: str, p: float) -> list[np.ndarray]:
    """What each of 32 SELU layers answers in training for a cloud of mean 0 and variance 1."""
    with seeded("cpu", 2), torch.no_grad():
        x, found = _noise(), []
        behind = Layers(dropout=dropout, p=p).behind(WIDTH, torch.nn.Identity)
        for linear in _net(start)[::2]:
            x = linear(x)
            for module in behind:
                x = module(x)
            found.append(x.numpy())
    return found


def strip_told(start: str, dropout: str, p: float) -> str:
    """The variance along the layers: the picture of `layer_strip` in words."""
    found = activations(start, dropout, p)
    first, middle, last = (number(found[k - 1].var(), 0.01) for k in (1, DEPTH // 2, DEPTH))
    drop = "no dropout" if dropout == "none" else f"{dropout} dropout at rate {p:g}"
    return (f"Start {start}, {drop}: the variance is {first} in layer 1, {middle} in layer {DEPTH // 2} and "
            f"{last} in layer {DEPTH}, the last, whose mean is {number(found[-1].mean())}.")


def strip_picture(dpi: int = DPI) -> Callable:
    """The picture function of `layer_strip`: (start, dropout, p) -> RGB array; `strip_told` has the words.

    dpi: as in `figure`.
    """
    edges = np.linspace(-4, 4, 65)
    fig, (left, right) = figure(2, height=3.6, dpi=dpi)
    left.set(xlabel="layer", ylabel="activation", title="histogram of each layer", xlim=(0.5, DEPTH + 0.5),
             ylim=(-4, 4))
    left.grid(False)
    right.set(xlim=(0, DEPTH + 1), ylim=(1e-8, 1e3), yscale="log", xlabel="layer", ylabel="variance",
              title="variance of each layer")
    layers = range(1, DEPTH + 1)
    for start in STARTS:
        right.plot(layers, [a.var() for a in activations(start, "none", 0.0)], color=PALETTE[LOOKS[start]],
                   lw=1, label=start)
    image = left.imshow(np.zeros((64, DEPTH)), origin="lower", aspect="auto", vmin=0, vmax=1,
                        extent=(0.5, DEPTH + 0.5, -4, 4), cmap="cividis", interpolation="nearest")
    chosen, = right.plot([], [], "o-", color=PALETTE["black"], ms=4, lw=1.5, label="this net")
    note = left.text(0.97, 0.95, "", transform=left.transAxes, ha="right", va="top", color="white",
                     path_effects=[withStroke(linewidth=3, foreground="black")])
    right.legend(loc="lower left", fontsize=9)
    stage = Stage(fig, [image, chosen, note])

    def draw(start: str, dropout: str, p: float) -> np.ndarray:
        found = activations(start, dropout, p)
        columns = [np.histogram(a, edges)[0] for a in found]
        image.set_data(np.array([c / max(1, c.max()) for c in columns]).T)
        chosen.set_data(layers, [a.var() for a in found])
        note.set_text(f"last layer: mean {found[-1].mean():.2f}, variance {found[-1].var():.2g}")
        return stage.picture()

    return draw


def layer_strip(dpi: int = DPI) -> Explorer:
    """Histograms of 32 SELU layers for each start of the weights and each kind of dropout."""
    return Explorer(
        strip_picture(dpi), id="08-strip", alt=strip_told,
        about="Left: a strip of 32 histograms, one for the activations of each layer. Right: the variance "
              "of each layer on a logarithmic axis, for each start of the weights and for the chosen net.",
        start=Choice(list(STARTS), label="start of the weights"),
        dropout=Choice(list(DROPOUTS), label="dropout"),
        p=Slider.over([0.05, 0.1, 0.2, 0.5], value=0.1, label="dropout rate"),
    )
