"""Few-pixel attacks against the truth about every pixel, by their queries, and against luck."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from toy_models import Unfoolable, Watched, answers, images_for, linear, small_net

from course_lib.attacks.pixel_map import corners, pixel_map
from course_lib.attacks.pixels import Canvas, few_pixels, one_pixel, random_pixels


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def truth_of(model, x, y):
    """Which images some pixel, black or white, flips; asked one by one."""
    flips = torch.zeros(len(x), dtype=torch.bool)
    for n in range(len(x)):
        for i in range(x.shape[2]):
            for j in range(x.shape[3]):
                for colour in (0, 1):
                    v = x[n : n + 1].clone()
                    v[0, 0, i, j] = colour
                    flips[n] |= bool(answers(model, v) != y[n])
    return flips


def changed(x_adv, x):
    """How many pixels of each image differ."""
    return (x_adv != x).any(1).flatten(1).sum(1)


@pytest.mark.parametrize("model", [linear(), small_net(1)], ids=["linear", "net"])
def test_the_map_is_the_truth(model):
    x, y = images_for(model)
    found = (pixel_map(model, x, y) < 0).flatten(1).any(1)
    truth = truth_of(model, x, y)
    assert torch.equal(found, truth) and 0 < truth.sum() < len(truth)


def test_the_map_of_a_linear_model_in_closed_form():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 2 * 4, 2)).double()
    x = torch.rand(3, 3, 2, 4, dtype=torch.float64)
    y = answers(model, x)
    slope = (model[1].weight[0] - model[1].weight[1]).detach().view(3, 2, 4)
    bias = (model[1].bias[0] - model[1].bias[1]).detach()
    found = pixel_map(model, x, y, chunk=7)
    assert found.shape == (3, 8, 2, 4)
    for n in range(3):
        sign = 1 if y[n] == 0 else -1
        for k, colour in enumerate(corners(3).double()):
            change = (slope * (colour[:, None, None] - x[n])).sum(0)
            assert torch.allclose(found[n, k], sign * ((slope * x[n]).sum() + bias + change))


def test_the_map_asks_about_each_corner_of_each_pixel_once():
    model = Watched(small_net())
    x, y = images_for(model.model)
    pixel_map(model, x, y, chunk=50)
    assert sum(model.rows) == 12 * 2 * 36 and max(model.rows) <= 50
    assert pixel_map(model, x[:0], y[:0]).shape == (0, 2, 6, 6)


@pytest.mark.parametrize("model", [linear(), linear(3), small_net(1), small_net(2)])
def test_evolution_finds_what_enumeration_finds(model):
    x, y = images_for(model, 40)
    truth = (pixel_map(model, x, y) < 0).flatten(1).any(1)
    x_adv = one_pixel(model, x, y, population=60, steps=40, generator=seeded())
    hit = answers(model, x_adv) != y
    assert not (hit & ~truth).any(), "one pixel flipped what no pixel can flip"
    assert (hit & truth).sum() >= 0.9 * truth.sum() and truth.sum() >= 5
    assert torch.equal(changed(x_adv, x), hit.long())


@pytest.mark.parametrize("pixels", [1, 3, 5])
def test_at_most_so_many_pixels_change_and_by_at_most_eps(pixels):
    model = small_net(1)
    x, y = images_for(model, 40)
    for attack in (few_pixels, random_pixels):
        x_adv = attack(model, x, y, pixels=pixels, eps=0.5, population=20, steps=5, generator=seeded())
        assert 1 <= changed(x_adv, x).max() <= pixels
        assert (x_adv - x).abs().max() <= 0.5


def smooth_linear(seed):
    """A linear model of 20x20 images whose weights vary slowly from pixel to pixel."""
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Flatten(), nn.Linear(400, 3)).double()
    with torch.no_grad():
        coarse = torch.randn(3, 1, 5, 5, dtype=torch.float64)
        model[1].weight.copy_(F.interpolate(coarse, (20, 20), mode="bicubic").view(3, 400))
        model[1].bias -= model(torch.full((1, 1, 20, 20), 0.5, dtype=torch.float64))[0]
    return model


@pytest.mark.parametrize("seed", [0, 2])
def test_more_pixels_fool_more_and_luck_fools_fewer(seed):
    model = smooth_linear(seed)
    x = torch.rand(100, 1, 20, 20, dtype=torch.float64)
    y = answers(model, x)

    def found(attack, pixels):
        x_adv = attack(model, x, y, pixels=pixels, population=20, steps=40, generator=seeded())
        return int((answers(model, x_adv) != y).sum())

    evolved = [found(few_pixels, pixels) for pixels in (1, 3, 5)]
    drawn = [found(random_pixels, pixels) for pixels in (1, 3, 5)]
    assert evolved[0] < evolved[1] < evolved[2]
    assert evolved[1] > drawn[1] + 5 and evolved[2] > drawn[2] + 5, (evolved, drawn)


@pytest.mark.parametrize("attack", [few_pixels, random_pixels])
def test_queries_are_counted_exactly(attack):
    model = Watched(Unfoolable())
    x, _ = images_for(small_net(), 6)
    right = answers(model.model, x)
    attack(model, x, right, population=7, steps=4, generator=seeded())
    assert sum(model.rows) == 6 + 6 * 7 * 5
    model.rows.clear()
    wrong = torch.cat([right[:2], (right[2:] + 1) % 5])
    attack(model, x, wrong, population=7, steps=4, generator=seeded())
    assert sum(model.rows) == 6 + 2 * 7 * 5, "images that are wrong already cost one query"


def test_finished_images_leave():
    model = Watched(small_net(2))
    x, y = images_for(model.model, 40)
    few_pixels(model, x, y, pixels=5, population=10, steps=12, generator=seeded(), chunk=10_000)
    active = [rows // 10 for rows in model.rows[1:]]
    assert model.rows[0] == active[0] == 40
    assert active == sorted(active, reverse=True) and active[-1] < 40
    # A generation asks about those that a run which ends just before it leaves unfooled.
    for steps in range(1, len(active) - 1):
        x_adv = few_pixels(model.model, x, y, pixels=5, population=10, steps=steps, generator=seeded())
        assert active[steps + 1] == (answers(model.model, x_adv) == y).sum()


def test_an_images_fate_depends_neither_on_chunks_nor_on_who_is_done():
    model = small_net(1)
    x, y = images_for(model, 20)
    options = {"pixels": 2, "population": 10, "steps": 6}
    whole = few_pixels(model, x, y, generator=seeded(), **options)
    assert torch.equal(few_pixels(model, x, y, chunk=3, generator=seeded(), **options), whole)
    others = y.clone()
    others[::2] = (y[::2] + 1) % 5  # half of them are done before it begins
    some = few_pixels(model, x, others, generator=seeded(), **options)
    assert torch.equal(some[1::2], whole[1::2]) and torch.equal(some[::2], x[::2])


def test_targeted_reaches_the_wanted_class():
    model = small_net(1)
    x, y = images_for(model, 40)
    wanted = (y + 1) % 5
    x_adv = few_pixels(model, x, wanted, pixels=5, population=20, steps=20, targeted=True, generator=seeded())
    hit = answers(model, x_adv) == wanted
    assert hit.sum() >= 5 and torch.equal(x_adv[~hit], x[~hit])


def test_colours_of_three_channels():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(3 * 16, 3))
    x = torch.rand(30, 3, 4, 4)
    y = answers(model, x)
    truth = (pixel_map(model, x, y) < 0).flatten(1).any(1)
    x_adv = one_pixel(model, x, y, population=60, steps=40, generator=seeded())
    hit = answers(model, x_adv) != y
    assert not (hit & ~truth).any() and hit.sum() >= 0.8 * truth.sum() > 0
    assert torch.equal(changed(x_adv, x), hit.long())


def test_painting_by_hand():
    x = torch.full((2, 1, 2, 4), 0.5)
    canvas = Canvas(x, x - 0.25, x + 0.25)
    members = torch.tensor([[[0.0, 0.0, 0.6], [1.0, 1.0, 0.0]], [[0.5, 0.25, 0.3], [0.6, 0.49, 1.0]]])
    painted = canvas.paint(torch.tensor([1, 0]), members)
    want = x.clone()
    want[0, 0, 0, 0], want[0, 0, 1, 3], want[1, 0, 1, 1] = 0.6, 0.25, 0.75
    assert torch.equal(painted, want) and torch.equal(x, torch.full_like(x, 0.5))


def test_wrong_arguments_are_named():
    model = linear()
    x, y = images_for(model)
    for attack, more, message in (
        (few_pixels, {"pixels": 0}, "pixels must"), (few_pixels, {"population": 2}, "population must be 3"),
        (random_pixels, {"population": 0}, "population must"), (one_pixel, {"eps": 2}, "eps must"),
    ):
        with pytest.raises(ValueError, match=message):
            attack(model, x, y, **more)
    for attack in (one_pixel, pixel_map):
        with pytest.raises(ValueError, match=r"x must be \[images, channels, height, width\]"):
            attack(model, x[:, 0], y)
    with pytest.raises(ValueError, match="chunk must"):
        pixel_map(model, x, y, chunk=0)
