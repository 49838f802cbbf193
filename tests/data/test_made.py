"""Made scenes and tones: labels follow the far cue, and a generator decides everything."""

import pytest
import torch

from course_lib.data.shapes import COLOURS, FAR, NEAR, scenes
from course_lib.data.waves import tones


def make(seed, **options):
    return scenes(40, generator=torch.Generator().manual_seed(seed), **options)


@pytest.mark.parametrize(("distance", "side"), [(FAR, 32), (NEAR, 32), ((9, 60), 128)])
def test_blocks_lie_at_their_distance_and_have_the_stripes_class(distance, side):
    made = make(0, distance=distance, side=side)
    assert made.x.shape == (40, 3, side, side) and made.x.min() >= 0 and made.x.max() <= 1
    for x, y in zip(made.x, made.y, strict=True):
        label = int(y.max())
        assert set(y.unique().tolist()) == {0, label} and label in (1, 2)
        stripe = ((x - torch.tensor(COLOURS[label])[:, None, None]).abs().amax(0) < 1e-6).nonzero()
        assert len(stripe) == 5 * side, "the stripe of the other colour is not there"
        blocks = (y > 0).nonzero()
        away = (blocks[:, None] - stripe[None]).abs().amax(2).amin(1)
        assert distance[0] <= int(away.min()) and int(away.max()) <= distance[1]
        assert (x[:, y > 0] == 0.6).all()


def test_scenes_repeat_and_use_both_classes_and_directions():
    assert torch.equal(make(3).x, make(3).x) and torch.equal(make(3).y, make(3).y)
    assert not torch.equal(make(3).y, make(4).y)
    assert set(make(3).y.flatten(1).amax(1).tolist()) == {1, 2}
    with pytest.raises(ValueError, match="distance"):
        make(0, distance=(12, 17))


def test_tones_come_back_after_a_period_and_labels_are_the_next_level():
    made = tones(20, period=10, periods=4, levels=3, generator=torch.Generator().manual_seed(0))
    level = (made.x[:, 0] + 1).round().long()
    assert made.x.shape == (20, 1, 39) and made.x.abs().max() <= 1
    assert torch.equal(level[:, 1:], made.y[:, :-1])
    assert torch.equal(made.y[:, 10:], made.y[:, :-10])
    assert set(made.y.unique().tolist()) == {0, 1, 2}
    again = tones(20, period=10, periods=4, levels=3, generator=torch.Generator().manual_seed(0))
    assert torch.equal(made.x, again.x)
    with pytest.raises(ValueError, match="levels"):
        tones(1, levels=1, generator=torch.Generator())


def test_a_fading_tone_loses_its_swing():
    made = tones(50, period=16, periods=6, levels=64, decay=True, generator=torch.Generator().manual_seed(0))
    assert made.x[:, 0, -16:].var() < 0.5 * made.x[:, 0, :16].var()
