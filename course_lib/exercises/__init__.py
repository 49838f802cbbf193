"""Exercises: one file a lesson, with each exercise's cell, check, hints and typical wrong answers side by "
  "side."""

from course_lib.exercises.check import check, exercise_list, registry
from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.predict import predict, reveal

__all__ = ["Exercise", "Hints", "Mutant", "Wrong", "check", "exercise_list", "predict", "registry", "reveal"]
