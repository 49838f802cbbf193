"""Exercises of lesson 08, self-normalising networks: one file each."""

from course_lib.exercises.lesson_08 import alpha_dropout, friends_layer, lecun, negative_branch, one_layer

EXERCISES = tuple(
    module.EXERCISE for module in (negative_branch, lecun, alpha_dropout, one_layer, friends_layer)
)
