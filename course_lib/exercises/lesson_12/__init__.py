"""Exercises of lesson 12, gradient attacks: one file each."""

from course_lib.exercises.lesson_12 import (
    augment,
    fair_noise,
    fgsm,
    linear_minimum,
    pgd,
    success_rate,
    targeted_fgsm,
)

EXERCISES = tuple(
    module.EXERCISE
    for module in (fgsm, pgd, targeted_fgsm, success_rate, linear_minimum, fair_noise, augment)
)  # fmt: skip
