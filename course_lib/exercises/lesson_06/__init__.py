"""Exercises of lesson 06, dilated convolutions and receptive fields: one file each."""

from course_lib.exercises.lesson_06 import causal, holes, stack_field, tap_index, zero_stuff

EXERCISES = tuple(module.EXERCISE for module in (tap_index, stack_field, causal, holes, zero_stuff))
