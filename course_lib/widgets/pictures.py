"""The look of the course: one palette, one style, and quick pictures.

A picture function returns a matplotlib Figure or an RGB array; a widget, a slide frame, a stored output and a
test all call that one function. `Stage` makes such a function fast: the figure is built once and only what
moves is drawn again.
"""

import base64
import io

import matplotlib
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

# After Okabe & Ito (2008): told apart with every common colour blindness. Their sky is darkened and brown is
# added, so that each colour of a line is at least 3:1 on white. Orange and yellow are not: they only fill
# what has an edge. Rust is vermillion for words: small ones need 4.5:1.
PALETTE = {
    "black": "#000000", "orange": "#E69F00", "sky": "#3A9BDC", "green": "#009E73", "yellow": "#F0E442",
    "blue": "#0072B2", "vermillion": "#D55E00", "purple": "#CC79A7", "brown": "#8C6D31", "rust": "#B84F00",
}
CYCLE = [PALETTE[name] for name in ("blue", "vermillion", "green", "purple", "brown", "sky", "black")]
# Each line of a picture has a dash of its own as well: colour alone tells nothing in grey.
DASHES = ["-", "--", "-.", ":", (0, (9, 3)), (0, (5, 1, 1, 1, 1, 1)), (0, (2, 1))]
DPI = 100
STYLE = {
    "axes.prop_cycle": matplotlib.cycler(color=CYCLE, linestyle=DASHES), "image.cmap": "cividis",
    "figure.dpi": DPI, "savefig.dpi": DPI, "figure.facecolor": "white", "axes.facecolor": "white",
    "font.family": "DejaVu Sans", "font.size": 12, "axes.titlesize": 13, "axes.labelsize": 12,
    "xtick.labelsize": 11, "ytick.labelsize": 11, "legend.fontsize": 11, "legend.frameon": False,
    "lines.linewidth": 2.0, "axes.spines.top": False, "axes.spines.right": False,
    "axes.grid": True, "grid.color": "#dddddd", "grid.linewidth": 0.8, "axes.axisbelow": True,
}


def style() -> None:
    """Turn the house style on for this session. `figure` does so by itself."""
    matplotlib.rcParams.update(STYLE)


def figure(columns: int = 1, rows: int = 1, *, width: float = 8.0, height: float = 3.2, dpi: int = DPI,
           **options):
    """An empty figure in the house style and its axes: (Figure, Axes or an array of Axes).

    width, height: inches at 100 dots each (dpi), so the usual picture is 800 x 320 pixels. options go to
    `Figure.subplots`. The figure is no part of pyplot's global state: nothing shows it twice, nothing leaks.
    """
    style()
    fig = Figure(figsize=(width, height), dpi=dpi, layout="constrained")
    FigureCanvasAgg(fig)
    return fig, fig.subplots(rows, columns, **options)


def to_rgb(fig: Figure) -> np.ndarray:
    """The figure as pixels: uint8 array (height, width, 3)."""
    canvas = FigureCanvasAgg(fig)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


class Stage:
    """A figure built once, on which only the `moving` artists are drawn again.

    Everything else (axes, ticks, labels, legends) is drawn once and kept as a background, so the axis limits
    must be set before and stay as they are. Moving artists lie above the fixed ones. Change them with their
    own setters (`line.set_data`, `bar.set_height`, `text.set_text`), then ask for `picture()`.

        fig, ax = figure()
        ax.set(xlim=(0, 10), ylim=(-1, 1), xlabel="x")
        line, = ax.plot([], [])
        stage = Stage(fig, [line])
    """

    def __init__(self, fig: Figure, moving):
        """moving: a list of artists of `fig`. Raises ValueError if one of them is not in this figure."""
        self.fig, self.moving = fig, sorted(moving, key=lambda artist: artist.get_zorder())
        for artist in self.moving:
            if artist.get_figure() is not fig:
                raise ValueError(f"moving: {artist} is not drawn in this figure; pass only artists of `fig`")
        self.canvas = FigureCanvasAgg(fig)
        self.canvas.draw()  # lays the axes out, once
        fig.set_layout_engine("none")
        for ax in fig.axes:
            ax.autoscale(False)
        for order, artist in enumerate(self.moving):
            artist.set_zorder(1000 + order)
            artist.set_animated(True)
        self.refresh()

    def refresh(self) -> None:
        """Draw the background again, after something fixed was changed."""
        self.canvas.draw()
        self.background = self.canvas.copy_from_bbox(self.fig.bbox)

    def picture(self) -> np.ndarray:
        """The figure as it is now: uint8 array (height, width, 3)."""
        self.canvas.restore_region(self.background)
        renderer = self.canvas.get_renderer()  # our own: the figure may have met another canvas since
        for artist in self.moving:
            artist.draw(renderer)
        return np.asarray(self.canvas.buffer_rgba())[..., :3].copy()


def encode(rgb: np.ndarray, format: str = "webp") -> bytes:
    """An RGB or RGBA uint8 array as image bytes, without loss.

    format: "webp" (quick, for widgets), "png", or one of the small forms of 256 colours, which may shift a
    colour slightly and make see-through parts white: "palette" (PNG, for stored outputs) and "compact" (WebP,
    for pages with many frames: every frame measured was a fifth to a third smaller than the palette PNG).
    """
    rgb = np.asarray(rgb)
    if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] not in (3, 4):
        raise TypeError(f"rgb must be a uint8 array (height, width, 3 or 4), got {rgb.dtype} {rgb.shape}")
    image, out = Image.fromarray(rgb), io.BytesIO()
    if format == "webp":
        image.save(out, "webp", lossless=True, quality=0, method=0)
    elif format == "png":
        image.save(out, "png", compress_level=1)
    elif format == "palette":
        _few_colours(image).save(out, "png", optimize=True)
    elif format == "compact":
        _few_colours(image).convert("RGB").save(out, "webp", lossless=True, quality=75, method=4)
    else:
        raise ValueError(f"format must be webp, png, palette or compact, got {format!r}")
    return out.getvalue()


def _few_colours(image: Image.Image) -> Image.Image:
    return _on_white(image).quantize(256, dither=Image.Dither.NONE)


def _on_white(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")


def mime(data: bytes) -> str:
    """The media type of PNG or WebP bytes, empty for anything else."""
    return "image/png" if data[:4] == b"\x89PNG" else "image/webp" if data[8:12] == b"WEBP" else ""


def to_bytes(picture, format: str = "webp") -> bytes:
    """Whatever a picture function may return, as image bytes; what are bytes already stay as they are.

    format: as in `encode`. Raises TypeError for anything else.
    """
    if isinstance(picture, Figure):
        manager = getattr(picture.canvas, "manager", None)
        data = encode(to_rgb(picture), format)
        if manager is not None:  # a pyplot figure: take it out, else it is shown a second time
            from matplotlib import pyplot
            pyplot.close(picture)
        return data
    if isinstance(picture, (bytes, bytearray)) and mime(picture):
        return bytes(picture)
    if isinstance(picture, np.ndarray):
        return encode(picture, format)
    raise TypeError("draw must return a matplotlib Figure, a uint8 array (height, width, 3 or 4) "
                    f"or PNG or WebP bytes, got {type(picture).__name__}")


def decode(data: bytes) -> np.ndarray:
    """Image bytes as pixels: uint8 array (height, width, 3); see-through parts become white."""
    return np.asarray(_on_white(Image.open(io.BytesIO(data))))


class Described:
    """A still picture with its alt text, as a notebook output. Made by `with_alt`."""

    def __init__(self, rgb: np.ndarray, alt: str):
        self.rgb, self.alt = rgb, alt

    def __repr__(self) -> str:
        return f"Figure: {self.alt}"

    def _repr_mimebundle_(self, include=None, exclude=None):
        png = base64.b64encode(encode(self.rgb, "palette")).decode("ascii")
        return {"text/plain": repr(self), "image/png": png}, {"image/png": {"alt": self.alt}}


def with_alt(picture, alt: str) -> Described:
    """A figure (or RGB array) together with the text that says what it shows: end a cell with it.

    alt: one sentence without numbers that a run could change; it is also the output's plain text.
    """
    if not isinstance(alt, str) or not alt.strip():
        raise ValueError("alt must be a sentence that says what the picture shows")
    return Described(to_rgb(picture) if isinstance(picture, Figure) else np.asarray(picture), alt.strip())
