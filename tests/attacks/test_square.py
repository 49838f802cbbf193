"""The Square attack: its schedule, its squares, its queries, and linear models."""

import pytest
import torch
from toy_models import Unfoolable, Watched, answers, images_for, linear, small_net

from course_lib.attacks import pgd
from course_lib.attacks.square import Search, side_of, square


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("step, side", [
    (1, 25), (10, 25), (11, 18), (50, 18), (51, 13), (200, 13), (201, 9), (501, 6), (1001, 4), (2001, 3),
    (4001, 2), (6001, 2), (8001, 1), (10_000, 1),
])
def test_the_squares_shrink_as_in_the_paper(step, side):
    x = torch.rand(1, 3, 28, 28)
    assert side_of(step, 10_000, 0.8, x) == side
    if step % 5 == 0:
        assert side_of(step // 5, 2000, 0.8, x) == side


def test_a_square_is_a_pixel_at_least_and_fits_the_image():
    flat = torch.rand(1, 1, 2, 50)
    assert side_of(1, 100, 1.0, flat) == 2 and side_of(100, 100, 1e-9, flat) == 1


def search_of(n=40, channels=2, eps=0.1):
    x = torch.rand(n, channels, 6, 8, generator=seeded(), dtype=torch.float64)
    return x, Search.of_all(x, torch.zeros(n, dtype=torch.int64), eps)


def test_stripes_are_columns_at_the_ends_of_the_ball():
    _, search = search_of()
    v = search.striped(torch.rand(40, 2, 8, generator=seeded()))
    up, down = v == search.high, v == search.low
    assert (up | down).all() and 0.4 < up.double().mean() < 0.6
    for ends in (up, down):
        assert (ends.all(2) == ends.any(2)).all(), "a column with both ends"


@pytest.mark.parametrize("side", [1, 3, 6])
def test_a_square_goes_to_one_end_in_each_channel_and_the_rest_stays(side):
    x, search = search_of()
    v = search.with_squares(torch.rand(40, 4, generator=seeded()), side)
    moved = (v != x).any(1)
    assert (moved.sum((1, 2)) == side * side).all()
    rows, columns = moved.any(2).sum(1), moved.any(1).sum(1)
    assert (rows == side).all() and (columns == side).all()
    for n in range(40):
        for c in range(2):
            square_, ends = v[n, c][moved[n]], (search.low[n, c][moved[n]], search.high[n, c][moved[n]])
            assert any(torch.equal(square_, end) for end in ends)


def test_squares_reach_every_corner():
    _, search = search_of(2000)
    moved = (search.with_squares(torch.rand(2000, 4, generator=seeded()), 2) != search.v).any(1).any(0)
    assert moved.all()


def test_a_square_that_would_change_nothing_is_turned_round():
    _, search = search_of(channels=1)
    high = Search(search.here, search.y, search.high, search.low, search.high, search.least)
    v = high.with_squares(torch.rand(40, 3, generator=seeded()), 2)
    assert ((v != high.v).flatten(1).sum(1) == 4).all() and ((v == high.low) | (v == high.high)).all()


def test_only_better_iterates_stay():
    x, search = search_of(3)
    old = search.after(search.high, torch.tensor([1.0, 1, torch.inf]))
    new = old.after(search.low, torch.tensor([0.5, 2, torch.nan]))
    assert new.least.tolist() == [0.5, 1, torch.inf]
    assert torch.equal(new.v[0], search.low[0]) and torch.equal(new.v[1], search.high[1])
    assert torch.equal(new.v[2], x[2])


def need_of(model, x, y):
    """The L-inf size that a linear model needs, with no border in the way."""
    weight, z = model[1].weight.detach(), model.eval()(x).detach()
    need = torch.full(y.shape, torch.inf, dtype=x.dtype)
    for k in range(len(weight)):
        size = (weight[y] - weight[k]).abs().sum(1).clamp(min=1e-9)
        margin = z.gather(1, y[:, None])[:, 0] - z[:, k]
        need = torch.where(y == k, need, torch.minimum(need, margin / size))
    return need


def test_on_a_linear_model_nothing_falls_that_cannot_and_most_that_can():
    model = linear()
    x = 0.3 + 0.4 * torch.rand(60, 1, 6, 6, generator=seeded(), dtype=torch.float64)
    y = answers(model, x)
    need = need_of(model, x, y)
    eps = float(need.median())
    x_adv = square(model, x, y, eps=eps, steps=400, generator=seeded())
    hit = answers(model, x_adv) != y
    assert not hit[need > eps].any()
    assert hit[need < 0.95 * eps].all()
    change = (x_adv - x)[hit].abs()
    assert torch.allclose(change, torch.full_like(change, eps)), "a pixel inside the ball"


def test_on_a_net_it_comes_near_to_pgd_and_beats_luck_at_equal_queries():
    model = small_net(1)
    x, y = images_for(model, 100)
    eps = 0.05
    found = int((answers(model, square(model, x, y, eps=eps, steps=300, generator=seeded())) != y).sum())
    by_gradient = int((answers(model, pgd(model, x, y, eps=eps)) != y).sum())
    g, by_luck = seeded(), torch.zeros(100, dtype=torch.bool)
    for _ in range(301):
        v = x + eps * (torch.rand(x.shape, generator=g, dtype=x.dtype) - 0.5).sign()
        by_luck |= answers(model, v.clamp(0, 1)) != y
    assert found >= 0.9 * by_gradient and found > by_luck.sum() + 5, (found, by_gradient, by_luck.sum())


def test_queries_are_counted_exactly_and_wrong_images_cost_one():
    model = Watched(Unfoolable())
    x, _ = images_for(small_net(), 6)
    right = answers(model.model, x)
    square(model, x, right, eps=0.1, steps=9, generator=seeded(), chunk=4)
    assert sum(model.rows) == 6 + 6 * 10 and max(model.rows) == 4
    model.rows.clear()
    square(model, x, torch.cat([right[:2], (right[2:] + 1) % 5]), eps=0.1, steps=9, generator=seeded())
    assert model.rows == [6] + [2] * 10


def test_finished_images_leave_and_change_nothing_for_the_others():
    model = Watched(small_net(2))
    x, y = images_for(model.model, 40)
    whole = square(model, x, y, eps=0.05, steps=30, generator=seeded())
    assert model.rows[1:] == sorted(model.rows[1:], reverse=True) and model.rows[-1] < model.rows[1] == 40
    others = y.clone()
    others[::2] = (y[::2] + 1) % 5
    some = square(model, x, others, eps=0.05, steps=30, generator=seeded(), chunk=7)
    assert torch.equal(some[1::2], whole[1::2]) and torch.equal(some[::2], x[::2])


def test_targeted_reaches_the_wanted_class():
    model = small_net(1)
    x, y = images_for(model, 40)
    wanted = (y + 1) % 5
    x_adv = square(model, x, wanted, eps=0.2, steps=200, targeted=True, generator=seeded())
    hit = answers(model, x_adv) == wanted
    assert hit.sum() >= 20 and torch.equal(x_adv[~hit], x[~hit])


def test_wrong_arguments_are_named():
    model = linear()
    x, y = images_for(model)
    for more in ({"share": 0}, {"share": 1.5}, {"share": "1"}):
        with pytest.raises(ValueError, match="share must"):
            square(model, x, y, eps=0.1, **more)
    with pytest.raises(ValueError, match=r"x must be \[images, channels, height, width\]"):
        square(model, x[:, 0], y, eps=0.1)
