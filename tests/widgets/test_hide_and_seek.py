"""Hide and seek: links and lamp follow the coverage, pictures are pure."""

import itertools

import numpy as np
import pytest

from course_lib.widgets.hide_and_seek import (
    hide_and_seek,
    hide_and_seek_picture,
    links,
    links_to,
    measured_field,
    seen_places,
)

LAMP = (230, 159, 0)


@pytest.fixture(scope="module")
def draw():
    return hide_and_seek_picture()


def lit(picture) -> bool:
    return int((np.abs(picture.astype(int) - LAMP).sum(2) < 12).sum()) > 150


@pytest.mark.parametrize("rates", [(2, 2, 2), (1, 2, 4), (1, 2, 9)])
@pytest.mark.parametrize("kernel", [3, 5])
def test_links_end_on_the_pixels_that_are_seen(kernel, rates):
    every, seen = links(kernel, rates), set(seen_places(kernel, rates).tolist())
    assert {lower[0] for _, lower in every if lower[1] == 0} == seen
    for pixel in range(-20, 21):
        ways = links_to(pixel, every)
        assert bool(ways) == (pixel in seen)
        assert not ways or ways[-1][0] == (0, 3)
    span, count = measured_field(kernel, rates)
    assert span == max(seen) - min(seen) + 1 and count == len(seen)


def test_the_lamp_goes_out_at_every_second_pixel(draw):
    found = [lit(draw(2, 2, 2, 3, pixel)) for pixel in range(10)]
    assert found == [True, False] * 3 + [True] + [False] * 3
    assert all(lit(draw(1, 2, 4, 3, pixel)) for pixel in range(-7, 8))
    assert not lit(draw(1, 2, 9, 3, 5)) and lit(draw(1, 2, 9, 3, 6))


def test_pictures_are_pure_and_answer_to_every_setting(draw):
    first = draw(1, 2, 4, 3, 2)
    others = [draw(2, 2, 4, 3, 2), draw(1, 3, 4, 3, 2), draw(1, 2, 5, 3, 2), draw(1, 2, 4, 5, 2)]
    others.append(draw(1, 2, 4, 3, 3))
    for one, other in itertools.combinations([first, *others], 2):
        assert not np.array_equal(one, other)
    assert np.array_equal(draw(1, 2, 4, 3, 2), first)


def test_the_explorer_starts_in_a_hole_and_moves():
    explorer = hide_and_seek()
    assert not lit(explorer.picture())
    explorer.set(pixel=4)
    assert lit(explorer.picture())
    explorer.set(rate3=9, kernel=5)
    assert explorer.settings == {"pixel": 4, "rate1": 2, "rate2": 2, "rate3": 9, "kernel": 5}
