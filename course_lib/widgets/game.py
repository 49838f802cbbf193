"""Widgets whose browser part does all the work: they answer without a kernel, also on a slide."""

import base64
from typing import ClassVar

import anywidget
import numpy as np
import traitlets

from course_lib.widgets.page import css, piece, script
from course_lib.widgets.pictures import encode


class Game(anywidget.AnyWidget):
    """What these widgets share. A class of its own says what it is: `class MyGame(Game, front="my_game")`.

    front: its .js file in this folder, with a .css of the same name; first: scripts between game.js and it.
    `content` is what the browser needs to know, `picture` the still picture for
    viewers without a browser part, `id` and `alt` are the name of the stored widget and that picture's text.
    """

    content = traitlets.Dict().tag(sync=True)
    id: ClassVar[str]
    alt: ClassVar[str]
    front: ClassVar[str]
    scripts: ClassVar[tuple[str, ...]]

    def __init_subclass__(cls, front: str = "", first: tuple[str, ...] = (), **kwargs):
        if front:  # traitlets makes subclasses of its own, without a word
            cls.front, cls.scripts = front, ("game", *first)
            cls._esm, cls._css = script(*cls.scripts, front), css(front)
        super().__init_subclass__(**kwargs)

    def to_html(self, grid: dict | None = None) -> str:
        """The widget as a piece of web page that needs no kernel and no network, from its beginning.

        grid: as in `Explorer.to_html`; there is none here, everything can be done.
        """
        return piece(self.front, self.content, self.scripts)

    def picture(self) -> np.ndarray:
        """The still picture: uint8 array (height, width, 3)."""
        raise NotImplementedError

    def _repr_mimebundle_(self, **kwargs):
        """The live widget, and for viewers without one the still picture with its alt text."""
        bundle = super()._repr_mimebundle_(**kwargs)
        data = dict(bundle[0] if isinstance(bundle, tuple) else bundle)
        png = base64.b64encode(encode(self.picture(), "palette")).decode("ascii")
        return (data | {"text/plain": repr(self), "image/png": png},
                {"image/png": {"alt": self.alt}, "course_widget": self.id})
