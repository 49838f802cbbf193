"""How many rows go forward and back, exactly; and who leaves when."""

import torch
from toy_models import CLASSES, Watched, answers, images_for, linear, small_net

from course_lib.attacks.minimal import carlini_wagner, deepfool, delayed_elastic_net, elastic_net, fab, lbfgs

N = 12


def passes(attack, model, contrast=1.0, **options):
    """(rows of each pass forward, rows of each pass back, (x, y, x_adv)) on N images of this contrast."""
    watched = Watched(model)
    x = 0.5 + contrast * (images_for(model, N)[0] - 0.5)
    y = answers(model, x)
    x_adv = attack(watched, x, y, **options)
    return watched.rows, watched.back_rows, (x, y, x_adv)


def test_deepfool_on_a_linear_model_takes_one_step():
    forward, back, _ = passes(deepfool, linear(), contrast=0.1, refine=2)  # no pixel meets a wall
    assert forward == [N, N, N, N, N]  # clean, to step from, stepped, and twice to refine
    assert back == [N] * (CLASSES - 1)


def test_deepfool_images_leave_once_they_are_fooled():
    forward, back, (x, y, _) = passes(deepfool, small_net(1), refine=0)
    active = forward[1::2]
    assert forward[0] == N and forward[2::2] == active and active == sorted(active, reverse=True)
    assert back == [rows for rows in active for _ in range(CLASSES - 1)]
    steps = [len(passes_of_one(x[k : k + 1], y[k : k + 1])) for k in range(N)]
    assert active == [sum(step > k for step in steps) for k in range(max(steps))]


def passes_of_one(x, y):
    watched = Watched(small_net(1))
    deepfool(watched, x, y, refine=0)
    return watched.rows[1::2]


def test_deepfool_looks_at_the_most_likely_candidates_only():
    _, back, _ = passes(deepfool, linear(), contrast=0.1, candidates=2)
    assert back[0] == N and len(back) == 1


def test_carlini_wagner_takes_a_row_each_way_a_step_and_weight():
    forward, back, _ = passes(carlini_wagner, small_net(1), steps=7, searches=3, give_up=False, refine=0)
    assert forward == [N] * (1 + 7 * 3) and back == [N] * (7 * 3)


def test_carlini_wagner_gives_up_where_the_loss_rests():
    options = {"steps": 100, "searches": 2, "c": 1e-4, "refine": 0}
    patient, _, _ = passes(carlini_wagner, small_net(1), give_up=False, **options)
    forward, back, _ = passes(carlini_wagner, small_net(1), **options)
    assert patient == [N] * 201 and sum(forward) < 0.9 * sum(patient) and back == forward[1:]


def test_the_elastic_net_asks_only_about_nearer_images():
    forward, back, _ = passes(
        elastic_net, small_net(1), steps=20, searches=1, c=30.0, lr=0.05, refine=0
    )
    assert back == [N] * 20
    asked = sum(forward) - N - 20 * N
    assert 0 < asked < 20 * N


def test_an_image_that_the_elastic_net_puts_back_leaves():
    forward, back, (x, _, x_adv) = passes(elastic_net, small_net(1), steps=50, searches=1, c=1e-6, refine=0)
    assert torch.equal(x, x_adv) and back == [N] and forward == [N, N, N]


def test_the_delayed_elastic_net_takes_a_row_each_way_a_step():
    forward, back, _ = passes(delayed_elastic_net, small_net(1), steps=9, refine=0)
    assert forward == [N] * 10 and back == [N] * 9


def test_fab_takes_two_rows_forward_and_one_back_a_step_and_target():
    forward, back, _ = passes(fab, small_net(1), steps=6, refine=2)
    assert back == [N] * (6 * (CLASSES - 1)) and forward == [N] * (1 + 2 * 6 * (CLASSES - 1) + 2)
    _, back, _ = passes(fab, small_net(1), steps=6, targets=2)
    assert back == [N] * 12


def test_fab_images_leave_inside_the_ball():
    options = {"eps": 0.1, "steps": 6, "refine": 0}
    whole, _, (_, y, nearest) = passes(fab, small_net(1), **options)
    forward, back, (_, _, x_adv) = passes(fab, small_net(1), leave_when_fooled=True, **options)
    assert sum(forward) < sum(whole) and sum(forward) == N + 2 * sum(back)
    assert torch.equal(answers(small_net(1), x_adv) != y, answers(small_net(1), nearest) != y)


def test_lbfgs_goes_forward_and_back_together_one_image_at_a_time():
    forward, back, _ = passes(lbfgs, small_net(1), steps=3, searches=1, refine=0)
    assert forward[0] == N and set(forward[1:]) == {1} and back == forward[1:]


def test_images_that_are_wrong_already_cost_one_pass():
    model = small_net(1)
    x, y = images_for(model, N)
    for attack in (deepfool, carlini_wagner, elastic_net, delayed_elastic_net, fab, lbfgs):
        watched = Watched(model)
        assert torch.equal(attack(watched, x, (y + 1) % CLASSES), x)
        assert watched.rows == [N] and watched.back_rows == []
