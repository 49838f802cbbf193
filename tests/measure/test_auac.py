"""The area under the accuracy curve, against numeric integration and closed forms."""

import math

import numpy as np
import pytest
from scipy.integrate import quad

from course_lib.measure import auac


@pytest.mark.parametrize("curve", [
    lambda e: math.exp(-5 * e), lambda e: 1 - e**2, lambda e: math.cos(3 * e) ** 2,
])
@pytest.mark.parametrize("largest", [0.1, 0.3, 1.0])
def test_fine_budgets_give_the_integral(curve, largest):
    budgets = np.linspace(0, largest, 400)
    area = quad(curve, 0, largest)[0]
    assert auac(budgets, [curve(e) for e in budgets]) == pytest.approx(area / largest, abs=1e-4)


def test_by_hand_with_uneven_budgets():
    assert auac([0, 0.1, 0.4], [1, 0.5, 0.25]) == pytest.approx((0.1 * 0.75 + 0.3 * 0.375) / 0.4)
    assert auac((0, 1), (1, 0)) == 0.5
    assert auac([0, 2, 3], [0.7, 0.7, 0.7]) == pytest.approx(0.7)


def test_more_budgets_on_the_same_straight_pieces_change_nothing():
    corners, heights = [0, 0.05, 0.1, 0.3], [0.95, 0.9, 0.2, 0]
    fine = np.unique(np.concatenate([np.linspace(0, 0.3, 61), corners]))
    assert auac(fine, np.interp(fine, corners, heights)) == pytest.approx(auac(corners, heights))


def test_the_scale_of_the_budgets_does_not_matter_but_the_largest_does():
    accuracies = [0.9, 0.6, 0.3, 0]
    assert auac([0, 1, 2, 3], accuracies) == pytest.approx(auac([0, 0.1, 0.2, 0.3], accuracies))
    assert auac([0, 1, 2], accuracies[:3]) > auac([0, 1, 2, 3], accuracies)


@pytest.mark.parametrize(("budgets", "accuracies", "word"), [
    ([0], [1], "budgets"), ([], [], "budgets"), ([0.1, 0.2], [1, 1], "budgets"),
    ([0, 0.2, 0.1], [1, 1, 1], "budgets"), ([0, 0.1, 0.1], [1, 1, 1], "budgets"),
    ([0, math.inf], [1, 1], "budgets"), ([0, math.nan], [1, 1], "budgets"), ([0, 0.1], [1], "accuracies"),
    ([0, 0.1], [1, math.nan], "accuracies"), ([0, 0.1], [95, 10], "accuracies"),
    ([0, 0.1], [1, -0.1], "accuracies"),
])
def test_bad_input_names_the_argument(budgets, accuracies, word):
    with pytest.raises(ValueError, match=word):
        auac(budgets, accuracies)
