"""The pixel hunter: its digits, the truth about their pixels, its searches, and what is stored."""

import base64

import numpy as np
import pytest
import torch
from traitlets import TraitError

from course_lib.attacks import pixel_map
from course_lib.attacks.pixels import few_pixels
from course_lib.data import load
from course_lib.train import stored_net
from course_lib.widgets import decode
from course_lib.widgets.pixel_hunter import MOST, PIXELS, SIDE, paint, pixel_hunter
from course_lib.widgets.replay import PARTS, record


@pytest.fixture(scope="module")
def hunter():
    return pixel_hunter()


def generator(seed: int = 13) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def sent(text: str, dtype: str, *shape: int) -> np.ndarray:
    """What the browser reads."""
    return np.frombuffer(base64.b64decode(text), dtype).reshape(shape)


@torch.no_grad()
def log_odds(model, x, label: int) -> float:
    return model(x).double().softmax(1)[0, label].logit().item()


def test_the_digits_are_of_the_test_set_and_are_read_rightly(hunter):
    digits = load("mnist", "test", size="small")
    assert len(set(hunter.places)) == 6 and max(hunter.places) < 200
    assert torch.equal(hunter.x, digits.x[hunter.places]) and torch.equal(hunter.y, digits.y[hunter.places])
    assert torch.equal(hunter.model(hunter.x).argmax(1), hunter.y)
    for digit, x, label in zip(hunter.content["digits"], hunter.x, hunter.y, strict=True):
        assert np.array_equal(sent(digit["image"], "u1", SIDE, SIDE) / np.float32(255), x[0])
        assert digit["label"] == label


def test_the_truth_maps_are_the_librarys(hunter):
    maps = pixel_map(hunter.model, hunter.x, hunter.y).numpy()
    for digit, x, expected in zip(hunter.content["digits"], hunter.x[:, 0], maps, strict=True):
        found = sent(digit["map"], "<f4", 2, SIDE, SIDE)
        assert np.allclose(found, expected, atol=1e-3) and (found < 0).sum() == (expected < 0).sum()
        row, column = (x == 0).nonzero()[0].tolist()  # black already
        assert digit["lead"] == pytest.approx(expected[0, row, column], abs=1e-3)
    counts = (maps < 0).sum((1, 2, 3))
    assert counts[0] > 20 and 0 < counts[1] < 10 and (counts[2:] == 0).all()


def test_one_pixel_flips_some_more_pixels_others_and_none_the_last(hunter):
    least = [next((k for k in searches if searches[k].flips), None) for searches in hunter.replays]
    assert least == [1, 1, 2, 3, 5, None]


@pytest.mark.parametrize("digit", range(6))
def test_a_stored_search_is_what_the_net_says_of_it(hunter, digit):
    x, label = hunter.x[digit:digit + 1], hunter.y[digit].item()
    for pixels, replay in hunter.replays[digit].items():
        generations = len(replay.scores)
        assert replay.members.shape == (generations, 50, pixels, 3) and replay.best.shape[1:] == (pixels, 3)
        assert (replay.members[..., :2] < SIDE * PARTS).all() and generations <= 61
        assert (np.diff(replay.scores[:-1]) <= 0).all(), "the best member never gets worse"
        for k in (0, generations - 1):
            image = paint(x, replay.best[k])
            assert log_odds(hunter.model, image, label) == pytest.approx(replay.scores[k], abs=1e-3)
        assert (hunter.model(image).argmax(1).item() != label) == replay.flips
        assert replay.flips or generations == 61


@pytest.mark.parametrize(("digit", "pixels", "steps"), [(0, 3, 5), (1, 1, 12), (2, 2, 20), (5, 3, 6)])
def test_a_search_ends_where_few_pixels_ends(hunter, digit, pixels, steps):
    x, y = hunter.x[digit:digit + 1], hunter.y[digit:digit + 1]
    more = {"pixels": pixels, "steps": steps, "population": 50}
    replay = record(hunter.model, x, y, **more, generator=generator())
    expected = few_pixels(hunter.model, x, y, **more, generator=generator())
    assert replay.flips == (not torch.equal(expected, x)) == (digit < 5)
    assert torch.equal(paint(x, replay.best[-1]), expected) or not replay.flips
    assert len(replay.scores) == steps + 1 or replay.flips
    for best, reached in zip(replay.best, replay.scores, strict=True):
        assert log_odds(hunter.model, paint(x, best), y.item()) == pytest.approx(reached, abs=1e-3)
    stored = hunter.replays[digit][pixels]
    assert stored.flips == replay.flips or digit == 5
    assert np.array_equal(replay.members[0], stored.members[0]), "the draws of the stored one"


def test_members_are_stored_in_their_pixels():
    x, y = torch.zeros(1, 1, 28, 28), torch.tensor([0])
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(784, 2))
    torch.nn.init.zeros_(net[1].weight)
    net[1].bias = torch.nn.Parameter(torch.tensor([1.0, 0.0]))
    replay = record(net, x, y, pixels=2, steps=0, population=9, generator=generator(0))
    cells = replay.members[0, :, :, :2] // PARTS
    assert any(np.array_equal(replay.best[0, :, :2], member) for member in cells)
    assert replay.scores == pytest.approx([1.0]) and not replay.flips


def test_an_image_that_cannot_be_searched_is_refused(hunter):
    model, y = stored_net("plain"), hunter.y[:1]
    with pytest.raises(ValueError, match="x must be one grey image"):
        record(model, hunter.x[:2], hunter.y[:2], pixels=1, steps=1, population=5)
    with pytest.raises(ValueError, match="right about"):
        record(model, hunter.x[:1], (y + 1) % 10, pixels=1, steps=1, population=5)


def test_it_knows_what_is_painted_without_a_browser():
    hunter = pixel_hunter()
    assert (hunter.digit, hunter.pixels, hunter.painted) == (0, PIXELS, [])
    assert torch.equal(hunter.image(), hunter.x[:1])
    hunter.digit, hunter.painted = 2, [[3, 4, 1.0], [5, 6, 0], [7, 8, 0.5]]
    changed = (hunter.image() != hunter.x[2:3]).nonzero()[:, 2:].tolist()
    assert [3, 4] in changed and hunter.image()[0, 0, 7, 8] == 0.5 and hunter.image()[0, 0, 5, 6] == 0
    hunter.pixels = 1
    assert hunter.painted == [[3, 4, 1.0]], "the first ones stay"


@pytest.mark.parametrize("wrong", [
    {"digit": 6}, {"digit": -1}, {"pixels": 0}, {"pixels": MOST + 1},
    {"painted": [[0, 0]]}, {"painted": None}, {"painted": [["a", 0, 1]]}, {"painted": [[0, 28, 1]]},
    {"painted": [[0, 0.5, 1]]}, {"painted": [[0, 0, 2]]}, {"painted": [[0, 0, float("nan")]]},
    {"painted": [[0, 0, 1], [0, 0, 0]]},
    {"painted": [[0, k, 1] for k in range(PIXELS + 1)]},
])
def test_a_value_that_it_cannot_have_is_refused(wrong):
    hunter = pixel_hunter()
    with pytest.raises(TraitError, match=next(iter(wrong))):
        hunter.set_trait(*next(iter(wrong.items())))
    assert (hunter.digit, hunter.pixels, hunter.painted) == (0, PIXELS, [])


def test_what_a_viewer_without_scripts_sees(hunter):
    data, metadata = hunter._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == repr(hunter) == "Pixel hunter: 6 digits, at most 5 pixels"
    assert metadata == {"image/png": {"alt": hunter.alt}, "course_widget": "13-hunter"}
    picture = decode(base64.b64decode(data["image/png"]))
    assert picture.shape == (300, 800, 3) and len(data["image/png"]) < 60_000
    assert np.abs(picture.astype(int) - hunter.picture()).mean() < 1, "only the palette differs"
    dark = (picture < 60).all(2)
    assert dark[:, :267].sum() > 3 * dark[:, 267:533].sum(), "a digit left, its map in the middle"


def test_a_page_carries_all_of_it(hunter):
    page = hunter.to_html()
    assert page == pixel_hunter().to_html() and len(page) < 800_000 and "NaN" not in page
    weights = [sent(text, "<f4", -1) for text in hunter.content["weights"]]
    assert sum(map(len, weights)) == 9098
    assert np.array_equal(weights[0], hunter.model[0].weight.flatten())


def test_what_lesson_13_says_of_the_six_digits_is_so(hunter):
    assert [int((truth < 0).sum()) for truth in hunter.maps] == [59, 3, 0, 0, 0, 0]
    flips = [[pixels for pixels, replay in found.items() if replay.flips] for found in hunter.replays]
    assert [min(found, default=None) for found in flips] == [1, 1, 2, 3, 5, None]
    assert 4 not in flips[3], "with three pixels, and not with four"
