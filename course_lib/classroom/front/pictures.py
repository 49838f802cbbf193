"""Thumbnails of the front page: small copies of the pictures that are stored in the lessons."""

import base64
import io
from dataclasses import dataclass
from functools import cache

from PIL import Image

from course_lib.classroom.claims import METADATA_KEY
from course_lib.classroom.lessons import Lesson
from course_lib.classroom.tidy import shrink

WIDTH, BYTES = 160, 12_000


@dataclass(frozen=True)
class Picture:
    """A stored picture of a lesson: its PNG as base64 text, and what it shows in words."""

    data: str
    alt: str


def pictures(lesson: Lesson) -> dict[tuple[str, str], Picture]:
    """For each claim that the lesson's stored outputs hold, (row, sentence), the picture that goes with it.

    That is the last one at or before the claim's cell. Claims before the first picture have none.
    """
    found, last = {}, None
    for cell in lesson.notebook.cells:
        outputs = cell.get("outputs", [])
        for output in outputs:
            if png := output.get("data", {}).get("image/png"):
                alt = output.metadata.get("image/png", {}).get("alt", "")
                last = Picture("".join(png), alt)
        records = (output.get("metadata", {}).get(METADATA_KEY) for output in outputs)
        for record in filter(None, records):
            if last is not None:
                found.setdefault((record["row"], record["sentence"]), last)
    return found


@cache
def thumbnail(data: str) -> tuple[str, int, int]:
    """A small palette PNG of a picture (PNG as base64): its data address, width and height as drawn.

    It has twice the pixels that it is drawn with, for sharp paper.
    """
    small = shrink(base64.b64decode(data), limit=BYTES, width=2 * WIDTH)
    with Image.open(io.BytesIO(small)) as image:
        width, height = WIDTH, max(1, round(image.height * WIDTH / image.width))
    return f"data:image/png;base64,{base64.b64encode(small).decode('ascii')}", width, height
