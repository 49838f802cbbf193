"""Exercises of lesson 14, defences and honest evaluation: one file each."""

from course_lib.exercises.lesson_14 import (
    adversarial_loss,
    auac,
    break_it,
    by_hand,
    most_confident,
    red_flags,
    straight_through,
)

EXERCISES = tuple(
    module.EXERCISE
    for module in (most_confident, adversarial_loss, straight_through, break_it, auac, red_flags, by_hand)
)  # fmt: skip
