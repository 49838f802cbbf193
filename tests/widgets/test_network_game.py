"""You are the network: the loss and its forces, where gradients take the images, and what is stored."""

import base64

import numpy as np
import pytest
import torch
from traitlets import TraitError

from course_lib.blocks.pair_losses import contrastive_loss
from course_lib.data import load
from course_lib.widgets import decode
from course_lib.widgets.network_game import (
    DIGITS,
    EACH,
    EDGE,
    MARGIN,
    MARGINS,
    SIZE,
    beginning,
    let_gradients_finish,
    loss_and_forces,
    network_game,
)

LABELS = [digit for digit in DIGITS for _ in range(EACH)]


@pytest.fixture(scope="module")
def game():
    return network_game()


def scattered(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (len(LABELS), 2)) * [4.5, 2]


@pytest.mark.parametrize(("labels", "x", "loss", "force"), [
    ((1, 1), 2.0, 4.0, 4.0),  # similar: d^2, pulled by 2 d
    ((1, 2), 0.5, 2.25, -3.0),  # dissimilar: (margin - d)^2, pushed by 2 (margin - d)
    ((1, 2), 2.0, 0.0, 0.0), ((1, 2), 2.5, 0.0, 0.0), ((1, 1), 0.0, 0.0, 0.0),
    ((1, 2), 0.0, 4.0, 0.0),  # no direction
])
def test_two_points_by_hand(labels, x, loss, force):
    found, forces = loss_and_forces([(0, 0), (x, 0)], labels, 2)
    assert found == pytest.approx(loss)
    assert np.allclose(forces, [(force, 0), (-force, 0)])


@pytest.mark.parametrize("negatives", [True, False])
@pytest.mark.parametrize("margin", [0.5, 2.0, 3.0])
def test_forces_are_minus_the_gradient_of_the_librarys_contrastive_loss(margin, negatives):
    z = torch.tensor(scattered(int(10 * margin)), requires_grad=True)
    i, j = torch.triu_indices(len(z), len(z), 1)
    d, y = (z[i] - z[j]).norm(dim=1), torch.tensor(LABELS)[i] == torch.tensor(LABELS)[j]
    expected = contrastive_loss(d, y if negatives else torch.ones_like(y), margin)
    expected.backward()
    loss, forces = loss_and_forces(z.detach().numpy(), LABELS, margin, negatives)
    assert loss == pytest.approx(expected.item(), abs=1e-12)
    assert np.allclose(forces, -z.grad.numpy(), atol=1e-12) and np.abs(forces).max() > 0.01
    assert np.allclose(forces.sum(0), 0, atol=1e-12), "nothing moves the whole crowd"


@pytest.mark.parametrize(("wrong", "named"), [
    (([(0, 0)], [1], 1), "points"), (([0, 1], [1, 2], 1), "points"),
    (([(0, np.nan), (1, 1)], [1, 2], 1), "points"),
    (([(0, 0), (1, 1)], [1], 1), "labels"), (([(0, 0), (1, 1)], [1, 2], 0), "margin"),
    (([(0, 0), (1, 1)], [1, 2], float("nan")), "margin"),
])
def test_a_wrong_argument_is_named(wrong, named):
    with pytest.raises(ValueError, match=f"^{named} must"):
        loss_and_forces(*wrong)


def test_images_begin_mixed_inside_the_plane_and_apart():
    start = beginning()
    away = np.hypot(*(start[:, None] - start[None]).T)[~np.eye(len(start), dtype=bool)]
    assert away.min() > 2 * EDGE, "no two over each other"
    assert (np.abs(start) <= np.array(SIZE) / 2 - EDGE).all()
    assert loss_and_forces(start, LABELS, MARGIN)[0] > 3 and np.array_equal(start, beginning())


@pytest.mark.parametrize("margin", [MARGINS[0], MARGIN, MARGINS[1]])
def test_gradients_finish_from_anywhere(margin):
    for start in (beginning(), scattered(1), scattered(2)):
        end = let_gradients_finish(start, LABELS, margin)
        assert loss_and_forces(end, LABELS, margin)[0] < 1e-3
        assert (np.abs(end) <= np.array(SIZE) / 2 - EDGE).all()


def test_without_dissimilar_pairs_everything_falls_onto_one_point():
    end = let_gradients_finish(beginning(), LABELS, MARGIN, negatives=False)
    assert np.ptp(end, 0).max() < 0.01 and np.allclose(end.mean(0), beginning().mean(0))
    assert loss_and_forces(end, LABELS, MARGIN, negatives=False)[0] < 1e-5
    assert loss_and_forces(end, LABELS, MARGIN)[0] > 1, "to which dissimilar pairs object"
    apart = let_gradients_finish(end, LABELS, MARGIN)
    assert loss_and_forces(apart, LABELS, MARGIN)[0] < 1e-3, "and from which they lead out again"


def test_the_images_are_four_digits_of_each_kind(game):
    digits = load("mnist", "train", size="small")
    assert game.labels == LABELS and len({image.tobytes() for image in game.images}) == len(LABELS)
    for image, label in zip(game.images, game.labels, strict=True):
        place, = ((digits.x[:, 0] * 255).round() == torch.from_numpy(image)).all((1, 2)).nonzero()
        assert digits.y[place] == label
        source = game.content["images"][len(LABELS) - 1]
    assert np.array_equal(decode(base64.b64decode(source.partition(",")[2]))[..., 0], game.images[-1])


def test_it_knows_where_everything_is_without_a_browser(game):
    assert np.array_equal(game.points, beginning()) and game.margin == MARGIN and game.negatives is True
    loss, _ = loss_and_forces(game.points, game.labels, game.margin, game.negatives)
    assert loss == loss_and_forces(beginning(), LABELS, MARGIN)[0]


@pytest.mark.parametrize("wrong", [
    {"points": [[0, 0]]}, {"points": [[0, np.nan]] * 12}, {"points": ["a"] * 12}, {"points": None},
    {"margin": 0.0}, {"margin": 9.0}, {"negatives": "no"},
])
def test_a_value_that_it_cannot_have_is_refused(wrong):
    game = network_game()
    with pytest.raises(TraitError, match=next(iter(wrong))):
        game.set_trait(*next(iter(wrong.items())))
    assert np.array_equal(game.points, beginning()) and game.margin == MARGIN
    game.points = (beginning() + 0.1).tolist()
    assert np.array_equal(game.points, beginning() + 0.1)


def test_what_a_viewer_without_scripts_sees(game):
    data, metadata = game._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == repr(game) == "You are the network: 12 digits in a plane"
    assert metadata == {"image/png": {"alt": game.alt}, "course_widget": "10-network"}
    stored = decode(base64.b64decode(data["image/png"]))
    assert stored.shape == (280, 800, 3) and len(data["image/png"]) < 60_000
    assert np.abs(stored.astype(int) - game.picture()).mean() < 1, "only the palette differs"
    dark = (stored < 100).all(2)
    assert dark[:, :400].sum() > 2 * dark[:, 400:].sum(), "twelve images left, three heaps right"


def test_a_page_carries_its_images_and_every_constant(game):
    page = game.to_html()
    assert page.count("data:image/webp;base64,") == len(LABELS) and "NaN" not in page
    assert page == network_game().to_html() and len(page) < 60_000
