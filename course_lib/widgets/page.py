"""A widget as a piece of web page, with its pictures in it: no kernel, no network, nothing else to load."""

import base64
import json
from pathlib import Path

from course_lib.widgets.controls import Panel
from course_lib.widgets.pictures import mime

FILES = Path(__file__).parent
# All pieces of one front end are started by the first one's script, so none of them needs an id.
START = """
for (const page of document.querySelectorAll(".course-page[data-front='FRONT']:not([data-started])")) {
  page.dataset.started = "";
  standalone(page, JSON.parse(page.querySelector("script[type='application/json']").textContent));
}"""


def page(panel: Panel, places: list[list[int]], at: list[int], name: str,
         frames: list[tuple[bytes, str]]) -> str:
    """The piece of page: style, content and script.

    places: all settings that can be shown; frames: (image bytes, alt text) of each; at: where to begin, if it
    is among them. Equal pictures are stored once. Values that no place has are left out of the controls, and
    a line says so.
    """
    spec, begin, missing = _controls(panel, places, at)
    images: dict[str, int] = {}
    shown = {}
    for place, (data, alt) in zip(places, frames, strict=True):
        url = f"data:{mime(data)};base64,{base64.b64encode(data).decode('ascii')}"
        shown[panel.key(place)] = [images.setdefault(url, len(images)), alt]
    content = {"spec": spec, "start": begin, "name": name, "images": list(images), "frames": shown,
               "missing": missing}
    return piece("explorer", content)


def piece(front: str, content: dict, first: tuple[str, ...] = ()) -> str:
    """A widget as a piece of page: its content as data, its style and its front end.

    front: the name of a .js file of this folder that exports `standalone(element, content)`. All widgets
    share explorer.css; a .css file of the same name is added to it. first: .js files that are put before it.
    """
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return (f'<div class="course-page" data-front="{front}"><style>{css(front)}</style>'
            f'<script type="application/json">{data}</script>'
            f'<script type="module">{script(*first, front)}{START.replace("FRONT", front)}</script></div>')


def script(*names: str) -> str:
    """Scripts of this folder as one, after told.js, which all widgets share."""
    return "".join((FILES / f"{name}.js").read_text("utf-8") for name in ("told", *names))


def css(front: str) -> str:
    """The style of a widget: what all share, and its own."""
    return "".join((FILES / f"{name}.css").read_text("utf-8") for name in dict.fromkeys(("explorer", front)))


def _controls(panel: Panel, places: list[list[int]], at: list[int]) -> tuple[list[dict], list[int], str]:
    """The controls with their stored values, where they begin, and what to say about missing values."""
    start = at if at in places else places[0]
    spec, begin, missing = [], [], []
    for i, control in enumerate(control for control in panel.spec if control["kind"] != "button"):
        kept = sorted({place[i] for place in places})
        spec.append({**control, "values": [control["values"][k] for k in kept]})
        begin.append(kept.index(start[i]))
        if len(kept) < len(control["values"]):
            count = f"{len(kept)} of {len(control['values'])}"
            missing.append(f"{control['label']}: {count} settings are stored here.")
    return spec, begin, " ".join(missing)
