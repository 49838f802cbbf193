"""Pictures that answer: a pure function `settings -> picture` behind sliders, choices and buttons."""

from course_lib.widgets.controls import Button, Choice, Slider, Toggle
from course_lib.widgets.explorer import Explorer
from course_lib.widgets.pictures import PALETTE, Stage, decode, encode, figure, style, to_rgb, with_alt

__all__ = [
    "PALETTE", "Button", "Choice", "Explorer", "Slider", "Stage", "Toggle", "decode", "encode", "figure",
    "style", "to_rgb", "with_alt",
]
