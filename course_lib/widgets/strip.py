"""A strip of pictures: what a reader sees of a widget where nothing can move."""

from pathlib import Path

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from course_lib.widgets.controls import Panel

MOST = 4  # pictures in a strip
COLUMNS, WIDTH, GAP, TEXT = 2, 640, 16, 22  # pixels; WIDTH: of a picture; TEXT: of a line


def places_along(panel: Panel, at: list[int]) -> list[list[int]]:
    """Up to MOST places that differ in one control only, spread over its values; `at` is one of them.

    The control is the first slider, else the first of all; without a control it is just `at`.
    """
    main = main_control(panel)
    if main is None:
        return [list(at)]
    last = len(list(panel.dials.values())[main].values) - 1
    spread = np.linspace(0, last, min(MOST, last + 1)).round().astype(int).tolist()
    nearest = min(range(len(spread)), key=lambda i: abs(spread[i] - at[main]))
    spread[nearest] = at[main]
    return [[*at[:main], i, *at[main + 1:]] for i in spread]


def main_control(panel: Panel) -> int | None:
    """The number of the control that a strip moves: the first slider, else the first; None without any."""
    kinds = [dial.kind for dial in panel.dials.values()]
    return kinds.index("slider") if "slider" in kinds else 0 if kinds else None


def caption(panel: Panel, at: list[int]) -> str:
    """A place in words: "layers: 20 · train on: on"."""
    labels = [control["label"] for control in panel.spec if control["kind"] != "button"]
    texts = [dial.texts[i] for dial, i in zip(panel.dials.values(), at, strict=True)]
    return " · ".join(f"{label}: {text}" for label, text in zip(labels, texts, strict=True))


def strip(pictures: list[np.ndarray], captions: list[str]) -> np.ndarray:
    """The pictures side by side, two in a row, each under its caption: uint8 array (height, width, 3)."""
    images = [Image.fromarray(rgb) for rgb in pictures]
    scale = min(1, WIDTH / max(image.width for image in images))
    images = [image.resize([max(1, round(side * scale)) for side in image.size], Image.Resampling.LANCZOS)
              for image in images]
    wide, high = (max(sides) + GAP for sides in zip(*(image.size for image in images), strict=True))
    high += TEXT + GAP // 2
    columns = min(COLUMNS, len(images))
    sheet = Image.new("RGB", (columns * wide - GAP, -(-len(images) // columns) * high - GAP), "white")
    pen, font = ImageDraw.Draw(sheet), _font()
    for k, (image, text) in enumerate(zip(images, captions, strict=True)):
        x, y = k % columns * wide, k // columns * high
        pen.text((x + image.width / 2, y + TEXT / 2), text, "black", font, anchor="mm")
        sheet.paste(image, (x, y + TEXT + GAP // 2))
    return np.asarray(sheet)


def _font() -> ImageFont.FreeTypeFont:
    """The font of the figures, which comes with matplotlib."""
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans-Bold.ttf", 17)
