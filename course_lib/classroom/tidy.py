"""The form in which a lesson is stored: the author's cells, the run's outputs, nothing volatile."""

import base64
import copy
import io
import re

import nbformat
from PIL import Image

PICTURE_BYTES = 60_000  # a stored picture, at most
PICTURE_WIDTH = 1600  # pixels
KERNELSPEC = {"display_name": "Python 3", "language": "python", "name": "python3"}
LANGUAGE = {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"}
_VOLATILE_NOTEBOOK = ("widgets", "papermill", "vscode", "colab", "signature")
_VOLATILE_CELL = ("execution", "papermill", "ExecuteTime", "vscode", "collapsed", "scrolled", "outputId")
_LIVE_ONLY = ("application/vnd.jupyter.widget-view+json", "application/vnd.jupyter.widget-state+json")
_ADDRESS = re.compile(r"(?<= at )0x[0-9a-fA-F]+")


def tidy(source: nbformat.NotebookNode, executed: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """`source` with the outputs and counts of `executed`, a run of the same cells.

    Cells, their ids, tags, slideshow and nbgrader metadata stay as the author wrote them. Of the outputs go:
    what was written to stderr, widget state and live views (a viewer without a kernel shows the picture or
    HTML beside them), memory addresses. PNG pictures become palette PNGs of at most PICTURE_BYTES.
    Raises ValueError if the two do not have the same cells.
    """
    if [cell.source for cell in source.cells] != [cell.source for cell in executed.cells]:
        raise ValueError("executed must be a run of the same cells as source")
    stored = copy.deepcopy(source)
    for key in _VOLATILE_NOTEBOOK:
        stored.metadata.pop(key, None)
    stored.metadata.kernelspec = nbformat.from_dict(KERNELSPEC)
    stored.metadata.language_info = nbformat.from_dict(LANGUAGE)
    for cell, ran in zip(stored.cells, executed.cells, strict=True):
        for key in _VOLATILE_CELL:
            cell.metadata.pop(key, None)
        if cell.cell_type == "code":
            cell.execution_count = ran.execution_count
            cell.outputs = _outputs(ran.outputs)
    return stored


def stderr_of(executed: nbformat.NotebookNode) -> list[tuple[int, str]]:
    """(number of the code cell, last line) for each cell that wrote to stderr."""
    code = (cell for cell in executed.cells if cell.cell_type == "code")
    said = ((n, output.text.strip()) for n, cell in enumerate(code, 1) for output in cell.outputs
            if output.output_type == "stream" and output.name == "stderr")
    return [(n, re.split(r"[\r\n]", text)[-1]) for n, text in said if text]


def _outputs(outputs: list) -> list:
    kept = []
    for output in copy.deepcopy(outputs):
        if output.output_type == "stream":
            if output.name == "stderr":
                continue
            if kept and kept[-1].output_type == "stream":
                kept[-1].text += output.text
                continue
        elif "data" in output:
            _tidy_data(output)
            if not output.data:
                continue
        kept.append(output)
    return kept


def _tidy_data(output: nbformat.NotebookNode) -> None:
    for kind in _LIVE_ONLY:
        output.data.pop(kind, None)
        output.metadata.pop(kind, None)
    if "text/plain" in output.data:
        output.data["text/plain"] = _ADDRESS.sub("0x0", output.data["text/plain"])
    if "image/png" in output.data:
        png = shrink(base64.b64decode(output.data["image/png"]))
        output.data["image/png"] = base64.b64encode(png).decode("ascii")


def shrink(png: bytes, limit: int = PICTURE_BYTES, width: int = PICTURE_WIDTH) -> bytes:
    """A palette PNG of at most `limit` bytes and `width` pixels; one that is so already stays as it is.

    First the colours get fewer (256 to 64), only then the picture smaller. See-through parts become white.
    """
    image = Image.open(io.BytesIO(png))
    if image.mode == "P" and len(png) <= limit and image.width <= width:
        return png
    image = image.convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    if image.width > width:
        image = _scaled(image, width / image.width)
    while True:
        for colours in (256, 128, 64):
            small = io.BytesIO()
            image.quantize(colours, dither=Image.Dither.NONE).save(small, "png", optimize=True)
            if small.tell() <= limit:
                return small.getvalue()
        if min(image.size) < 16:
            raise ValueError(f"limit of {limit} bytes is too small for any picture")
        image = _scaled(image, min(0.9, (limit / small.tell()) ** 0.5))


def _scaled(image: Image.Image, factor: float) -> Image.Image:
    size = tuple(max(1, round(side * factor)) for side in image.size)
    return image.resize(size, Image.Resampling.LANCZOS)
