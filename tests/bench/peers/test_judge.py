"""The judge of the peers' bench: noise misses no limit, a slower attack does."""

import random
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
from judge import rank, ratio_of


@pytest.mark.parametrize("rounds, k", [(1, 1), (5, 1), (6, 1), (9, 2), (15, 4), (40, 14)])
def test_the_ranks_are_those_of_the_sign_test(rounds, k):
    assert rank(rounds) == k


def test_a_ratio_is_of_the_same_round():
    ratio = ratio_of([1, 2, 30], [2, 4, 60])
    assert (ratio.low, ratio.middle, ratio.high) == (0.5, 0.5, 0.5)


def test_the_interval_holds_the_true_ratio_19_times_in_20():
    draw = random.Random(0)

    def times(seconds):
        return [seconds * draw.lognormvariate(0, 0.1) for _ in range(15)]

    ratios = [ratio_of(times(0.6), times(1.0)) for _ in range(1000)]
    assert 0.94 < sum(ratio.low <= 0.6 <= ratio.high for ratio in ratios) / 1000 < 0.99
    assert not any(ratio.low > 0.6 for ratio in (ratio_of(times(0.4), times(1.0)) for _ in range(100)))
    assert all(ratio.low > 0.6 for ratio in (ratio_of(times(0.9), times(1.0)) for _ in range(100)))
