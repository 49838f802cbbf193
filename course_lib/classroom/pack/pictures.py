"""The stored pictures of a lesson as files, for when a demonstration fails."""

import base64
import io
from dataclasses import dataclass

from PIL import Image

from course_lib.classroom.lessons import Lesson
from course_lib.classroom.pack.reading import heading_of, pictures_of
from course_lib.classroom.slides import cut

ENDINGS = {"image/png": "png", "image/jpeg": "jpg", "image/svg+xml": "svg"}


@dataclass
class Picture:
    """One stored picture: file name, the cell's id, where it stands, what is on it, its bytes."""

    name: str
    cell: str
    section: str
    alt: str
    data: bytes


def pictures(lesson: Lesson) -> list[Picture]:
    """All stored pictures in the order of the lesson.

    slide-05-grow.png is of the cell `grow` on slide 5 of the deck; extra-steps-picture.png is on no slide of
    the usual deck.
    """
    on_slide = {cell.get("id"): number for number, slide in enumerate(cut(lesson), 1) for cell in slide.cells}
    found = []
    for place, cell in enumerate(lesson.notebook.cells):
        several = pictures_of(cell)
        for nth, output in enumerate(several, 1):
            kind = next((kind for kind in ENDINGS if kind in output.data), None)
            if kind is None:
                continue
            number = on_slide.get(cell.id)
            where = f"slide-{number:02d}" if number else "extra"
            name = f"{where}-{cell.id}{f'-{nth}' if len(several) > 1 else ''}.{ENDINGS[kind]}"
            alt = output.metadata.get(kind, {}).get("alt") or "Picture without a description"
            section = heading_of(lesson.notebook, place)
            found.append(Picture(name, cell.id, section, alt, _bytes(output, kind)))
    return found


def _bytes(output, kind: str) -> bytes:
    data = "".join(output.data[kind])
    return data.encode("utf-8") if kind == "image/svg+xml" else base64.b64decode(data)


def in_grey(picture: Picture) -> str:
    """An <img> source of the picture as a black-and-white printer shows it; a drawing (SVG) as it is."""
    if picture.name.endswith("svg"):
        return f"data:image/svg+xml;base64,{base64.b64encode(picture.data).decode('ascii')}"
    image = Image.open(io.BytesIO(picture.data)).convert("RGBA")
    image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("L")
    grey = io.BytesIO()
    image.save(grey, "png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(grey.getvalue()).decode('ascii')}"
