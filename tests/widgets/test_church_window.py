"""The church window: what the net says in the plane, the images there, and what is stored."""

import base64

import numpy as np
import pytest
import torch
from traitlets import TraitError

from course_lib.attacks import fgsm
from course_lib.data import load
from course_lib.train import stored_net
from course_lib.widgets import decode
from course_lib.widgets.church_window import (
    COLOURS,
    DIGITS,
    DRAWS,
    SMALLEST,
    START,
    STEPS,
    church_window,
    gradient_sign,
    label_places,
    moved,
    nearest,
    plane,
    random_signs,
)

MIDDLE = nearest(0)


@pytest.fixture(autouse=True)
def nothing_is_trained(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a church window must not train")

    monkeypatch.setattr(torch.optim.Optimizer, "__init__", refuse)


@pytest.fixture(scope="module")
def made():
    return church_window()


@pytest.fixture
def window(made):
    made.digit, made.draw, made.point = DIGITS[0], 0, START
    return made


@pytest.fixture(scope="module")
def net():
    return stored_net("plain")


def test_the_steps_lead_equally_far_both_ways_through_the_clean_image():
    assert np.allclose(STEPS, -STEPS[::-1]) and STEPS[MIDDLE] == 0 and STEPS[-1] == pytest.approx(0.3)
    assert nearest(0.29) in (29, 30) and nearest(5) == 30 and nearest(-5) == 0


def test_an_image_is_moved_by_hand_and_cut():
    x, g, r = torch.tensor([[0.5, 0.9, 0.1]]), torch.tensor([[1., 1., -1.]]), torch.tensor([[-1., 1., 0.]])
    assert torch.allclose(moved(x, g, r, 0.2, 0.1), torch.tensor([[0.6, 1.0, 0.0]]))
    assert torch.equal(moved(x, g, r, 0, 0), x)


def test_the_gradients_sign_is_fgsms(net, window):
    for digit, shown in window.windows.items():
        x, y = shown.x[None, None], torch.tensor([digit])
        stepped = fgsm(net, x, y, eps=0.1, keep_failures=True)[0, 0]
        assert torch.allclose(moved(shown.x, shown.g, window.directions[0], 0.1, 0), stepped, atol=1e-6)
        assert set(shown.g.unique().tolist()) <= {-1.0, 0.0, 1.0}
    flat = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(4, 2))
    torch.nn.init.zeros_(flat[1].weight)  # no pixel says anything
    assert gradient_sign(flat, torch.rand(2, 2), 0).unique().tolist() == [0.0]


def test_random_directions_are_signs_that_are_the_same_at_every_call():
    r = random_signs()
    assert r.shape == (DRAWS, 28, 28) and (r.abs() == 1).all() and torch.equal(r, random_signs())
    assert (r.mean((1, 2)).abs() < 0.1).all() and (r[0] * r[1]).mean().abs() < 0.1


@pytest.mark.parametrize("digit", DIGITS)
def test_the_planes_are_the_nets_answers(net, window, digit):
    shown = window.windows[digit]
    rng = np.random.default_rng(digit)
    for r, (classes, sure) in zip(window.directions, shown.planes, strict=True):
        assert classes.shape == sure.shape == (len(STEPS), len(STEPS))
        places = [(MIDDLE, MIDDLE), (30, MIDDLE), (MIDDLE, 0), *rng.integers(0, len(STEPS), (20, 2)).tolist()]
        for i, j in places:
            image = (shown.x + STEPS[i] * shown.g + STEPS[j] * r).clip(0, 1).float()
            p = net(image[None, None]).softmax(1)[0]
            assert p[classes[j, i]] > p.max() - 1e-5
            assert sure[j, i] == pytest.approx(min(99.5, 100 * p.max().item()) - 0.5, abs=0.51)


def test_any_net_can_be_asked():
    dark = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(1, 2))
    dark[1].weight.data, dark[1].bias.data = torch.tensor([[0.0], [100.0]]), torch.tensor([0.0, -51.0])
    x = torch.tensor([[0.5]])
    classes, sure = plane(dark, x, torch.ones(1, 1), -torch.ones(1, 1))
    across, up = np.meshgrid(STEPS, STEPS)
    assert np.array_equal(classes, (across - up > 0.011).astype(int)), "the brighter, the more a 1"
    assert sure.max() == 99, "never quite sure"
    assert sure.min() == 73 and sure[MIDDLE, MIDDLE] == 73  # 1 / (1 + e^-1)


def test_the_digits_are_the_first_of_the_test_images_and_the_middle_is_the_clean_one(window):
    digits = load("mnist", "test", size="small")
    for digit in DIGITS:
        window.digit, window.point = digit, [0, 0]
        assert torch.equal(window.image(), digits.x[(digits.y == digit).nonzero()[0, 0], 0])
        assert window.answer()[0] == digit, "the net knows it"


def test_the_first_view_tells_the_story(window):
    classes, _ = window.windows[2].planes[0]
    assert window.digit == 2 and window.point == list(START)
    assert window.answer()[0] != 2 and window.answer()[1] > 90
    assert (classes[:, MIDDLE] == 2).all(), "no border straight up or down"
    away = (window.image() - window.windows[2].x).abs()
    assert away.max().item() == pytest.approx(0.08)


def test_numbers_stand_inside_their_regions():
    classes = np.full((9, 9), 4)
    classes[:, 6:] = 7
    classes[0, 0] = 1  # too small for a number
    classes[5:, :3] = 7  # a second region of 7
    places = label_places(classes)
    assert sorted(label for label, _, _ in places) == [4, 7, 7] and SMALLEST > 1
    assert all(classes[up, across] == label for label, across, up in places)
    assert [7, 1, 6] in places or [7, 1, 7] in places


@pytest.mark.parametrize("wrong", [
    {"point": [0]}, {"point": [0, np.nan]}, {"point": "ab"}, {"point": None}, {"digit": 1}, {"digit": "2"},
    {"draw": DRAWS}, {"draw": -1},
])
def test_a_value_that_it_cannot_have_is_refused(window, wrong):
    (name, value), = wrong.items()
    with pytest.raises(TraitError, match=name):
        window.set_trait(name, value)
    assert (window.digit, window.draw, window.point) == (DIGITS[0], 0, list(START))


def test_a_point_goes_to_the_nearest_place_within_the_plane(window):
    window.point = (0.118, -7)
    assert window.point == [0.12, -0.3]
    assert window.answer() == tuple(part[0, nearest(0.12)] for part in window.windows[2].planes[0])


def test_what_a_viewer_without_scripts_sees(window):
    data, metadata = window._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == repr(window) == "Church window: 6 digits, 3 random directions"
    assert metadata == {"image/png": {"alt": window.alt}, "course_widget": "12-church"}
    stored = decode(base64.b64decode(data["image/png"]))
    assert stored.shape == (310, 800, 3) and len(data["image/png"]) < 60_000
    assert np.abs(stored.astype(int) - window.picture()).mean() < 1, "only the palette differs"
    wrong = tuple(int(COLOURS[3][k:k + 2], 16) for k in (1, 3, 5))
    assert (np.abs(stored[:, :330].astype(int) - wrong).max(2) < 12).mean() > 0.15, "a large region of 3s"
    before = window.picture()
    window.point = [0, 0]
    assert not np.array_equal(window.picture(), before), "it shows where the point is"


def test_a_page_carries_every_answer_and_every_constant(window):
    page = window.to_html()
    assert len(page) < 200_000 and "NaN" not in page
    window.point, window.digit = [0, 0], 5
    assert window.to_html() == page == church_window().to_html(), "from the beginning, the same at every call"
    classes, sure = window.windows[5].planes[2]
    stored = window.content["windows"]["5"]["planes"][2]
    assert [int(c) for c in stored["classes"]] == classes.flatten().tolist()
    assert stored["sure"] == sure.flatten().tolist() and stored["labels"] == label_places(classes)


def test_what_lesson_12_says_of_the_first_borders_is_so(window):
    """Along the gradient's sign at 0.02 for the 5 and 0.22 for the 3; along random signs later or nowhere."""
    middle = nearest(0)
    for digit, shown in window.windows.items():
        row = shown.planes[0][0][middle]
        ahead = next(float(STEPS[i]) for i in range(middle, len(STEPS)) if row[i] != digit)
        assert ahead == pytest.approx({5: 0.02, 3: 0.22}.get(digit, ahead))
        sideways = [abs(STEPS[i]) for classes, _ in shown.planes for i in range(len(STEPS))
                    if classes[i, middle] != digit]
        assert bool(sideways) == (digit in (5, 6)) and all(step > ahead for step in sideways)
