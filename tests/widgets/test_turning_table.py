"""Lesson 13's turning table: the traces are the net's answers, and both attacks had the same means."""

import numpy as np
import pytest
import torch

from course_lib.attacks import eot, pgd
from course_lib.attacks.transforms import Transforms
from course_lib.measure import distances, predictions
from course_lib.train import stored_net
from course_lib.widgets.turning_table import (
    KINDS,
    PAIRS,
    WIDEST,
    attacked_twice,
    stored_samples,
    stored_turning_table,
    table_picture,
    turned,
    turning_table,
)


@pytest.fixture(scope="module")
def digits():
    """x, y, target of the stored table."""
    return stored_samples()


@pytest.fixture(scope="module")
def model():
    return stored_net("plain")


@pytest.fixture(scope="module")
def found(model, digits):
    return attacked_twice(model, *digits, eps=0.2, rotation=45)


def test_a_turn_goes_anticlockwise_and_0_changes_nothing(digits):
    x = digits[0]
    assert torch.equal(turned(x, [0])[0], x)
    assert torch.allclose(turned(x, [0, 90])[1], x.rot90(1, (2, 3)), atol=1e-5)


def test_both_attacks_have_the_same_eps_steps_and_target(model, digits, found):
    x, _, target = digits
    assert list(found.images) == list(found.says) == list(KINDS)
    assert torch.equal(found.images["clean"], x)
    shared = {"eps": 0.2, "steps": 40, "targeted": True, "keep_failures": True}
    assert torch.equal(found.images["PGD"], pgd(model, x, target, **shared))
    own = eot(model, x[:1], target[:1], transforms=Transforms(rotation=45), views=10,
              generator=torch.Generator().manual_seed(0), **shared)
    assert torch.allclose(found.images["EOT"][:1], own, atol=1e-5)
    for kind in ("PGD", "EOT"):
        assert distances(x, found.images[kind], "linf").max() <= 0.2 + 1e-6


def test_traces_are_the_nets_answers(model, found):
    for kind, v in found.images.items():
        says = found.says[kind]
        assert says.shape == (2 * WIDEST + 1, 6, 10) and np.allclose(says.sum(2), 1, atol=1e-5)
        for angle in (-WIDEST, 0, 35):
            with torch.no_grad():
                p = model(turned(v, [angle])[0]).softmax(1).numpy()
            assert says[angle + WIDEST] == pytest.approx(p, abs=1e-5)


def test_eot_outlives_turns_that_pgd_does_not(digits, found):
    target, known = digits[2].numpy()[:3], slice(WIDEST - 45, WIDEST + 46)
    share = {kind: (says[known, :3].argmax(2) == target).mean() for kind, says in found.says.items()}
    assert share["clean"] < 0.1 < share["PGD"] < 0.5 < 0.8 < share["EOT"]
    assert (found.says["PGD"][WIDEST, :3].argmax(1) == target).all()


def test_without_eps_there_is_one_image(model, digits):
    x, y, target = (part[:1] for part in digits)
    same = attacked_twice(model, x, y, target, eps=0.0, rotation=45)
    assert torch.equal(same.images["PGD"], x) and torch.equal(same.images["EOT"], x)
    assert np.array_equal(same.says["EOT"], same.says["clean"])


def test_pictures_are_pure_and_answer_to_every_setting(digits, found):
    draw = table_picture(found, digits[2], 45)
    first = draw(20, 0)
    assert first.shape == (360, 800, 3)
    assert not np.array_equal(draw(-20, 0), first) and not np.array_equal(draw(20, 1), first)
    for angle in (-WIDEST, WIDEST):
        draw(angle, 1)
    assert np.array_equal(draw(20, 0), first)
    assert not np.array_equal(table_picture(found, digits[2], 20)(20, 0), first), "the grey turns are others"


def test_the_picture_says_what_the_net_says(model, digits, found, monkeypatch):
    from course_lib.widgets import turning_table as module

    written = []
    monkeypatch.setattr(module.Stage, "picture", lambda self: written.append(
        [a.get_text() for a in self.moving if hasattr(a, "get_text")]))
    table_picture(found, digits[2], 45)(20, 2)
    for text, v in zip(written[0], found.images.values(), strict=True):
        assert text.startswith(f"says {int(predictions(model, turned(v, [20])[0])[2])}, ")
        assert "target is 3:" in text


def test_the_first_view_tells_the_story_and_the_last_image_the_contrary(digits, found):
    target = digits[2].numpy()
    first = {kind: int(says[WIDEST + 20, 0].argmax()) for kind, says in found.says.items()}
    assert first == {"clean": 3, "PGD": 3, "EOT": 0} and target[0] == 0
    works = {kind: says[:, -1].argmax(1) == target[-1] for kind, says in found.says.items()}
    assert works["PGD"][WIDEST] and not works["EOT"].any(), "EOT does not always win"


def test_the_stored_table_is_made_of_these(digits, found):
    explorer = stored_turning_table()
    assert explorer.settings == {"turn": 20, "image": 0} and len(PAIRS) == 6
    assert explorer._panel.dials["image"].texts[0] == "3 to 0"
    assert np.array_equal(explorer.picture(), table_picture(found, digits[2], 45)(20, 0))


def test_what_does_not_fit_is_named(model, digits):
    x, y, target = digits
    for bad, named in ((y, "target must"), (target[:1], "target must"), ([0, 3], "target must")):
        with pytest.raises(ValueError, match=named):
            turning_table(model, x, y, bad)
    for rotation in (0, 61, float("nan")):
        with pytest.raises(ValueError, match="rotation must be above 0 and at most 60"):
            turning_table(model, x, y, target, rotation=rotation)
    with pytest.raises(ValueError, match="eps"):
        turning_table(model, x, y, target, eps=-0.1)
    with pytest.raises(ValueError, match="grey"):
        turning_table(model, x[0], y, target)
