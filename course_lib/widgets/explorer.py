"""One widget for the whole course: a pure function from settings to a picture, behind controls.

The browser keeps every picture it was given and shows a known setting at once; for an unknown one it asks the
kernel, one request at a time. While the kernel is idle it draws the neighbours of the present setting.
"""

import asyncio
import base64
import contextlib
import functools
import inspect
import threading
import time
from collections import OrderedDict

import anywidget
import numpy as np
import traitlets

from course_lib.widgets.controls import Panel
from course_lib.widgets.page import css, page, script
from course_lib.widgets.pictures import decode, encode, mime, to_bytes
from course_lib.widgets.strip import caption, places_along, strip, summary

KEPT = 400  # pictures kept by the kernel, the oldest go first
REST = 0.04  # seconds of quiet before neighbours are drawn
SLOW = 0.3  # seconds: a picture slower than this is never drawn ahead
TOO_SLOW = 0.5  # seconds: with slower pictures the stored output shows just one
# JupyterLab answers widgets in a second thread, beside a running cell. One picture at a time, of all widgets:
# they may share a figure or a net.
_TURN = threading.RLock()


def _alone(method):
    """Run a method while no other thread draws."""
    @functools.wraps(method)
    def locked(*arguments, **settings):
        with _TURN:
            return method(*arguments, **settings)
    return locked


class Explorer(anywidget.AnyWidget):
    """A picture with controls.

        Explorer(draw, alt="Loss against depth.", depth=Slider(8, 44, step=6), kind=Choice(["plain", "skip"]))

    draw(**settings): a pure function that returns a matplotlib Figure, a uint8 array (height, width, 3 or 4),
    or PNG or WebP bytes. alt: what the picture shows, for those who do not see it, told anew after each move;
    a text, or a function of the settings that tells this very frame. about: then a text without numbers, what
    all frames have in common; it is the widget's name. live: pictures are quick, so draw while a slider moves
    and draw neighbours ahead; with False only when the slider is let go. id: the name under which
    course_lib.widgets.stored knows how to make it again, for slides. controls: Slider, Choice, Toggle or
    Button, named after draw's arguments.
    In code: `settings`, `set(depth=20)`, `press(name)`, `picture()`, `frames()`.
    Raises TypeError or ValueError that names the argument.
    """

    _esm = script("explorer")
    _css = css("explorer")
    spec = traitlets.List().tag(sync=True)
    start = traitlets.List().tag(sync=True)
    name = traitlets.Unicode().tag(sync=True)
    live = traitlets.Bool(True).tag(sync=True)
    settings = traitlets.Dict()  # `explorer.observe(f, "settings")` hears every move

    def __init__(self, draw, /, *, alt, about: str = "", live: bool = True, id: str = "", **controls):
        panel = Panel(controls)
        _check(draw, alt, about, id, panel)
        self._draw, self._alt, self._about, self._panel = draw, alt, about, panel
        self._at, self._last = list(panel.start), None
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._sent: set[str] = set()
        self._epoch, self._asked, self._planned, self._seconds = 0, 0.0, False, 0.0
        self.id = id
        self.error: Exception | None = None
        self._frame(self._at)  # a picture function that does not work says so here
        super().__init__(spec=panel.spec, start=list(panel.start), live=bool(live), name=self._title(),
                         settings=panel.settings(panel.start))
        self.on_msg(self._hear)
        self._send_frame(self._at)

    # For code

    @_alone
    def set(self, **settings) -> None:
        """Move controls: `explorer.set(depth=20)`. Draws at once, so an error in draw is raised here."""
        place = self._panel.move(self._at, settings)
        self._frame(place)
        self._go(place)
        self.send({"kind": "move", "at": place})
        self._send_frame(place)

    @_alone
    def press(self, name: str) -> None:
        """Press a button: its action runs, all pictures are forgotten and the present one is drawn anew."""
        if name not in self._panel.buttons:
            names = ", ".join(self._panel.buttons) or "none"
            raise TypeError(f"there is no button {name!r}; choose from {names}")
        self._panel.buttons[name].action(**self.settings)
        self.clear()

    @_alone
    def clear(self) -> None:
        """Forget all pictures: call it when what draw depends on has changed."""
        self._kept.clear()
        self._sent.clear()
        self._epoch += 1
        self.send({"kind": "clear", "epoch": self._epoch})
        self._send_frame(self._at)

    def picture(self) -> np.ndarray:
        """The picture of the present setting: uint8 array (height, width, 3)."""
        return decode(self._frame(self._at))

    def frames(self, grid: dict | None = None) -> dict[str, bytes]:
        """Pictures of many settings: key (a JSON list of the values' texts) -> image bytes.

        grid: name -> list of values; a control that is not named keeps all its values. Raises ValueError if
        that makes more than 2000 pictures, TypeError for an unknown name.
        """
        return {self._panel.key(at): self._frame(at) for at in self._panel.places(grid)}

    def to_html(self, grid: dict | None = None) -> str:
        """The widget as a piece of web page that needs no kernel and no network; grid as in `frames`.

        Buttons are left out. Several pieces may stand on one page.
        """
        places = self._panel.places(grid)
        frames = [(self._compact(at), self._alt_of(at)) for at in places]
        return page(self._panel, places, self._at, self.name, frames)

    def __repr__(self) -> str:
        return self._title()

    def _repr_mimebundle_(self, **kwargs):
        """The live widget, and for viewers without one a strip of pictures with its alt text."""
        bundle = super()._repr_mimebundle_(**kwargs)
        data = dict(bundle[0] if isinstance(bundle, tuple) else bundle)
        rgb, alt = self._strip()
        png = encode(rgb, "palette")
        data |= {"text/plain": self._title(), "image/png": base64.b64encode(png).decode("ascii")}
        return data, {"image/png": {"alt": alt}} | ({"course_widget": self.id} if self.id else {})

    @_alone
    def _strip(self) -> tuple[np.ndarray, str]:
        """A few settings side by side and an alt text; the present picture alone where pictures are slow."""
        alt, places, pictures = f"{self._about} {self._alt_of(self._at)}".strip(), [], []
        for at in places_along(self._panel, self._at):
            if not self.live or self._seconds > TOO_SLOW:
                return self.picture(), alt
            with contextlib.suppress(Exception):  # shown when the learner goes there
                pictures.append(decode(self._frame(at)))
                places.append(at)
        if len(places) < 2:
            return self.picture(), alt
        captions = [caption(self._panel, at) for at in places]
        return strip(pictures, captions), f"{summary(self._panel, places)}. {alt}"

    # For the browser

    @_alone
    def _hear(self, _widget, message: dict, _buffers) -> None:
        """Answer one message of the browser; a request always gets exactly one reply."""
        kind, reply = message.get("kind"), message.get("reply")
        self._asked = time.monotonic()
        try:
            if kind == "hello":
                self._sent.clear()
                self.send({"kind": "move", "at": self._at, "hello": True})
                self._send_frame(self._at)
            elif kind == "press":
                self._place(message)
                self.press(message["name"])
                self.send({"kind": "done", "reply": reply})
            elif kind == "want":
                place = self._place(message)
                if message.get("have"):
                    self.send({"kind": "done", "reply": reply})
                else:
                    self._send_frame(place, reply)
        except (Exception, KeyboardInterrupt) as error:
            self.error = error
            self.send({"kind": "error", "reply": reply, "text": f"{type(error).__name__}: {error}"})
        self._plan()

    def _place(self, message: dict) -> list[int]:
        place = message.get("at")
        if not self._panel.valid(place):
            raise ValueError(f"no such setting: {place!r}")
        self._go(place)
        return place

    def _go(self, place: list[int]) -> None:
        """Be there: the last control moved is remembered, observers of `settings` are called."""
        moved = [i for i, (old, new) in enumerate(zip(self._at, place, strict=True)) if old != new]
        self._last = moved[0] if moved else self._last
        self._at = list(place)
        self.settings = self._panel.settings(place)

    @_alone
    def _frame(self, at) -> bytes:
        """The encoded picture of a place, drawn if it is not kept."""
        key = self._panel.key(at)
        if key not in self._kept:
            began = time.perf_counter()
            self._kept[key] = to_bytes(self._draw(**self._panel.settings(at)))
            self._seconds = time.perf_counter() - began  # the latest picture's
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        return self._kept[key]

    @_alone
    def _compact(self, at) -> bytes:
        """The picture of a place for a page: drawn anew, for a kept one has another encoding."""
        return to_bytes(self._draw(**self._panel.settings(at)), "compact")

    def _send_frame(self, at, reply: int | None = None) -> None:
        key, data = self._panel.key(at), self._frame(at)
        self._sent.add(key)
        self.send({"kind": "frame", "key": key, "alt": self._alt_of(at), "mime": mime(data),
                   "epoch": self._epoch, "reply": reply}, buffers=[data])

    def _plan(self) -> None:
        """Draw ahead in idle time, one picture a turn of the event loop, so that requests come between."""
        self._planned = self._planned or (self.live and self._later(REST, self._ahead))

    def _later(self, seconds: float, job) -> bool:
        try:
            asyncio.get_running_loop().call_later(seconds, job)
        except RuntimeError:  # no event loop: nobody looks
            return False
        return True

    @_alone
    def _ahead(self) -> None:
        """Draw and send the likeliest neighbour that the browser does not have yet."""
        self._planned = False
        if self.comm is None:
            return
        if time.monotonic() - self._asked < REST:
            self._plan()
            return
        for place in self._panel.neighbours(self._at, self._last):
            if (key := self._panel.key(place)) not in self._sent:
                self._sent.add(key)
                began = time.monotonic()
                try:
                    self._send_frame(place)
                except Exception:  # shown when the learner goes there
                    continue
                if time.monotonic() - began < SLOW:
                    self._planned = self._later(0.001, self._ahead)
                return

    def _alt_of(self, at) -> str:
        return self._alt if isinstance(self._alt, str) else str(self._alt(**self._panel.settings(at)))

    def _title(self) -> str:
        """A text for the whole widget that is the same on every machine."""
        if text := self._about or (self._alt if isinstance(self._alt, str) else ""):
            return f"Explorer: {text}"
        return "Explorer with " + ", ".join(control["label"] for control in self._panel.spec)


def _check(draw, alt, about, id, panel: Panel) -> None:
    for name, text, like in (("id", id, "03-grow"), ("about", about, "Loss against depth.")):
        if not isinstance(text, str):
            raise TypeError(f"{name} must be a text such as {like!r}, got {text!r}")
    if not callable(draw):
        raise TypeError(f"draw must be a function of the settings, got {draw!r}")
    if not callable(alt) and not (isinstance(alt, str) and alt.strip()):
        raise ValueError("alt must be a sentence that says what the picture shows, "
                         "or a function of the settings that returns one")
    for name, function in (("draw", draw), ("alt", alt)):
        if callable(function):
            try:
                inspect.signature(function).bind(**panel.settings(panel.start))
            except TypeError as error:
                names = ", ".join(panel.dials) or "nothing"
                raise TypeError(f"{name} must take the settings {names} as arguments: {error}") from None
