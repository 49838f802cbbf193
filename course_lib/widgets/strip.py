"""A strip of pictures: what a reader sees of a widget where nothing can move."""

from pathlib import Path
from textwrap import shorten

import matplotlib
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from course_lib.widgets.controls import Panel

MOST, LETTERS = 4, 60  # pictures in a strip; of a caption
COLUMNS, WIDTH, GAP, TEXT = 2, 640, 16, 22  # pixels; WIDTH: of a picture; TEXT: of a line


def places_along(panel: Panel, at: list[int]) -> list[list[int]]:
    """Up to MOST places that differ in one control only, spread over its values; `at` is one of them.

    The control is the first slider, else the first of all; without a control it is just `at`.
    """
    if not at:
        return [[]]
    main = _main(panel)
    last = len(list(panel.dials.values())[main].values) - 1
    spread = np.linspace(0, last, min(MOST, last + 1)).round().astype(int).tolist()
    nearest = min(range(len(spread)), key=lambda i: abs(spread[i] - at[main]))
    spread[nearest] = at[main]
    return [[*at[:main], i, *at[main + 1:]] for i in spread]


def caption(panel: Panel, at: list[int]) -> str:
    """A place in words: "layers: 20 · train on: on". One line, cut where it is too long for a picture."""
    words = " · ".join(f"{control['label']}: {control['values'][i]}"
                       for control, i in zip(_dials(panel), at, strict=True))
    return shorten(words, LETTERS, placeholder=" …")


def summary(panel: Panel, places: list[list[int]]) -> str:
    """What a strip of these places shows, in words: "Strip of 3 pictures (layers: 8, 20, 44)"."""
    main = _main(panel)
    control = _dials(panel)[main]
    values = ", ".join(control["values"][place[main]] for place in places)
    return f"Strip of {len(places)} pictures ({control['label']}: {values})"


def strip(pictures: list[np.ndarray], captions: list[str]) -> np.ndarray:
    """The pictures side by side, two in a row, each under its caption: uint8 array (height, width, 3)."""
    images = [Image.fromarray(rgb) for rgb in pictures]
    scale = min(1, WIDTH / max(image.width for image in images))
    images = [image.resize([max(1, round(side * scale)) for side in image.size], Image.Resampling.LANCZOS)
              for image in images]
    font = _font()
    wide = max(*(image.width for image in images), *(round(font.getlength(text)) + 2 for text in captions))
    high = max(image.height for image in images) + TEXT + GAP // 2
    columns, rows = min(COLUMNS, len(images)), -(-len(images) // COLUMNS)
    sheet = Image.new("RGB", (columns * (wide + GAP) - GAP, rows * (high + GAP) - GAP), "white")
    pen = ImageDraw.Draw(sheet)
    for k, (image, text) in enumerate(zip(images, captions, strict=True)):
        x, y = k % columns * (wide + GAP), k // columns * (high + GAP)
        pen.text((x + wide / 2, y + TEXT / 2), text, "black", font, anchor="mm")
        sheet.paste(image, (x + (wide - image.width) // 2, y + TEXT + GAP // 2))
    return np.asarray(sheet)


def _dials(panel: Panel) -> list[dict]:
    return [control for control in panel.spec if control["kind"] != "button"]


def _main(panel: Panel) -> int:
    """The number of the control that a strip moves."""
    kinds = [dial.kind for dial in panel.dials.values()]
    return kinds.index("slider") if "slider" in kinds else 0


def _font() -> ImageFont.FreeTypeFont:
    """The font of the figures, which comes with matplotlib."""
    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans-Bold.ttf", 17)
