"""Exercises of lesson 03, depth, degradation and residual blocks: one file each."""

from course_lib.exercises.lesson_03 import basic_block

EXERCISES = (basic_block.EXERCISE,)
