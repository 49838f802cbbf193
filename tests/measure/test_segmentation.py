"""Mean IoU against a hand computation and scikit-learn."""

import math

import pytest
import torch
from sklearn.metrics import jaccard_score

from course_lib.measure import iou_by_class, mean_iou, seconds_of


def test_by_hand():
    y = torch.tensor([[0, 0, 1], [1, 1, 2]])
    predicted = torch.tensor([[0, 1, 1], [1, 2, 2]])
    assert iou_by_class(predicted, y, 4)[:3] == [1 / 2, 2 / 4, 1 / 2]
    assert math.isnan(iou_by_class(predicted, y, 4)[3])
    assert mean_iou(predicted, y, 4) == pytest.approx(1 / 2)


@pytest.mark.parametrize("seed", range(5))
def test_scikit_learn_agrees(seed):
    generator = torch.Generator().manual_seed(seed)
    predicted, y = torch.randint(4, (2, 3, 9, 9), generator=generator)
    want = jaccard_score(y.flatten(), predicted.flatten(), average=None)
    assert iou_by_class(predicted, y, 4) == pytest.approx(want.tolist())
    assert mean_iou(predicted, y, 4) == pytest.approx(want.mean())


def test_a_class_that_is_only_predicted_counts_as_zero():
    assert mean_iou(torch.tensor([0, 1]), torch.tensor([0, 0]), 3) == pytest.approx((1 / 2 + 0) / 2)


def test_bad_labels_are_named():
    with pytest.raises(ValueError, match="argmax"):
        mean_iou(torch.zeros(1, 3, 2, 2), torch.zeros(1, 2, 2).long(), 3)
    with pytest.raises(ValueError, match="y must hold"):
        mean_iou(torch.tensor([0]), torch.tensor([3]), 3)
    with pytest.raises(ValueError, match="no pixel"):
        mean_iou(torch.zeros(0).long(), torch.zeros(0).long(), 3)


def test_calls_take_turns():
    told = []
    found = seconds_of({"a": lambda: told.append("a"), "b": lambda: told.append("b")}, rounds=2)
    assert told == ["a", "b"] * 3 and set(found) == {"a", "b"} and min(found.values()) >= 0
