"""Exercises of lesson 10, Siamese networks and duplicate detection: one file each."""

from course_lib.exercises.lesson_10 import (
    batch_hard,
    distance,
    honest_accuracy,
    pair_features,
    pair_loss,
    question_groups,
    text_vector,
    twin_net,
)

EXERCISES = tuple(
    module.EXERCISE
    for module in (pair_loss, distance, twin_net, batch_hard, text_vector, honest_accuracy, question_groups,
                   pair_features)
)  # fmt: skip
