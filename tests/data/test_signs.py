"""Made signs: all classes, drawn as named, whole on the picture; a mask that is on the sign."""

import pytest
import torch

from course_lib.data import signs as module
from course_lib.data.signs import BLUE, RED, bars, signs


def make(n=80, seed=0, **options):
    return signs(n, generator=torch.Generator().manual_seed(seed), **options)


@pytest.mark.parametrize("side", [16, 32, 64])
def test_pixels_labels_and_faces(side):
    made = make(side=side)
    assert made.x.shape == (80, 3, side, side) and made.x.dtype == torch.float32
    assert made.x.min() >= 0 and made.x.max() <= 1
    assert made.y.bincount().tolist() == [10] * 8 and len(made.classes) == len(set(made.classes)) == 8
    assert made.face.shape == (80, 1, side, side) and set(made.face.unique().tolist()) == {0, 1}
    share = made.face.mean((1, 2, 3))
    assert share.min() > 0.05 and share.max() < 0.7
    assert str(made) == f"Signs(80 images of side {side}, 8 classes)"


def test_a_sign_has_its_colour_and_lies_whole_on_the_picture():
    made = make(200, side=48)
    for label, name in enumerate(made.classes):
        here = made.y == label
        red, green, blue = ((made.x * made.face).sum((2, 3)) / made.face.sum((2, 3)))[here].T
        if name in ("stop", "no entry", "give way"):
            assert (red > green + 0.1).all() and (red > blue + 0.1).all(), name
        if name in ("ahead only", "parking"):
            assert (blue > red + 0.05).all(), name
        if name == "priority":
            assert (green > blue + 0.1).all(), name
    # Of round signs as many pixels lie left of the middle as right of it: none is cut by the frame.
    for face in made.face[made.y == 1, 0]:
        rows, columns = face.sum(0), face.sum(1)
        assert abs(int((rows > 0).sum()) - int((columns > 0).sum())) <= 1
        assert float(face.sum()) == pytest.approx(torch.pi / 4 * float((rows > 0).sum()) ** 2, rel=0.1)
    assert RED[0] > RED[2] and BLUE[2] > BLUE[0]


def test_signs_repeat_and_differ_from_picture_to_picture():
    assert torch.equal(make().x, make().x) and torch.equal(make().y, make().y)
    assert torch.equal(make().face, make().face)
    assert not torch.equal(make().x, make(seed=1).x) and not torch.equal(make().y, make(seed=1).y)
    first, second = make().x[make().y == 0][:2]
    assert (first - second).abs().mean() > 0.02


def test_every_layer_of_a_sign_can_be_seen():
    """Without any of its layers the picture would be another one."""
    for label, (name, layers) in enumerate(module.SIGNS):
        points = module._frame(32, (16.0, 16.0), 12.0, 0.0)
        covers = [module._cover(shape(*points), 12.0) for shape, _ in layers]
        assert all(cover.sum() > 4 for cover in covers), (label, name)
        assert all((cover <= covers[0] + 1e-6).all() for cover in covers), f"{name}: a symbol off the face"


def test_bars_lie_on_the_sign_one_above_and_one_below_its_middle():
    made = make(side=32)
    mask = bars(made.face)
    assert mask.shape == made.face.shape and set(mask.unique().tolist()) == {0, 1}
    assert (mask <= made.face).all()
    share = mask.sum((1, 2, 3)) / made.face.sum((1, 2, 3))
    assert share.min() > 0.1 and share.max() < 0.4
    for face, one in zip(made.face[:, 0], mask[:, 0], strict=True):
        rows = one.any(1).nonzero().flatten()
        assert (rows.diff() > 1).sum() == 1, "two bars"
        middle = face.any(1).nonzero().double().mean()
        assert rows[0] < middle < rows[-1]
    assert not bars(torch.zeros(1, 1, 8, 8)).any()


@pytest.mark.parametrize("bad, named", [({"n": 0}, "n"), ({"n": 2.5}, "n"), ({"n": 8, "side": 15}, "side")])
def test_bad_sizes_are_named(bad, named):
    with pytest.raises(ValueError, match=f"^{named} must"):
        make(**bad)
