"""Exercises of lesson 13, attacks without gradients and in the physical world: one file each."""

from course_lib.exercises.lesson_13 import (
    champions,
    children,
    eot_gradient,
    flipping_pixels,
    sticker_step,
    survivors,
)

EXERCISES = tuple(
    module.EXERCISE
    for module in (children, survivors, eot_gradient, sticker_step, champions, flipping_pixels)
)  # fmt: skip
