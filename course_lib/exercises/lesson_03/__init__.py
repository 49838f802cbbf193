"""Exercises of lesson 03, depth, degradation and residual blocks: one file each."""

from course_lib.exercises.lesson_03 import basic_block, counting, option_a, pre_activation, zero_branch

EXERCISES = tuple(
    module.EXERCISE for module in (basic_block, pre_activation, option_a, counting, zero_branch)
)
