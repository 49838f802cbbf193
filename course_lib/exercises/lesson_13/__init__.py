"""Exercises of lesson 13, attacks without gradients and in the physical world: one file each."""

from course_lib.exercises.lesson_13 import (
    eot_gradient,
    flipping_pixels,
    make_children,
    new_champions,
    sticker_step,
    survivors,
)

EXERCISES = tuple(
    module.EXERCISE
    for module in (make_children, survivors, eot_gradient, sticker_step, new_champions, flipping_pixels)
)  # fmt: skip
