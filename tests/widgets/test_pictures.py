"""Pictures: the quick path draws what the slow path draws; encodings keep every pixel; alt texts travel."""

import base64

import matplotlib
import numpy as np
import pytest

from course_lib.widgets import PALETTE, Stage, decode, encode, figure, to_rgb, with_alt


def scene():
    fig, (left, right) = figure(2)
    left.set(xlim=(0, 10), ylim=(-1, 1), xlabel="x", title="wave")
    right.set(xlim=(-1, 3), ylim=(0, 1))
    line, = left.plot([], [], label="sin")
    left.legend(loc="upper right")
    bars = right.bar([0, 1, 2], [0, 0, 0], color=PALETTE["orange"])
    note = fig.text(0.5, 0.5, "", ha="center")
    return fig, line, bars, note


def change(line, bars, note, f):
    x = np.linspace(0, 10, 100)
    line.set_data(x, np.sin(f * x))
    for k, bar in enumerate(bars):
        bar.set_height((f * (k + 1) / 7) % 1)
    note.set_text(f"f = {f}")


def test_stage_equals_a_full_redraw_pixel_for_pixel():
    fig, line, bars, note = scene()
    stage = Stage(fig, [line, *bars, note])
    seen = []
    for f in (1, 2, 3, 1):
        change(line, bars, note, f)
        quick = stage.picture()
        for artist in stage.moving:
            artist.set_animated(False)
        full = to_rgb(fig)
        for artist in stage.moving:
            artist.set_animated(True)
        assert quick.shape == (320, 800, 3) and np.array_equal(quick, full)
        seen.append(quick)
    assert np.array_equal(seen[0], seen[3]), "an earlier picture shines through"
    assert not np.array_equal(seen[0], seen[1])


def test_stage_gives_pictures_of_its_own_and_keeps_the_limits():
    fig, line, bars, note = scene()
    stage = Stage(fig, [line, *bars, note])
    change(line, bars, note, 1)
    first = stage.picture()
    before = first.copy()
    change(line, bars, note, 2)
    line.set_data([0, 100], [0, 100])
    stage.picture()
    assert np.array_equal(first, before)
    assert fig.axes[0].get_xlim() == (0, 10)


def test_stage_refresh_shows_a_changed_background():
    fig, line, *_ = scene()
    stage = Stage(fig, [line])
    before = stage.picture()
    fig.axes[0].set_title("another title")
    assert np.array_equal(stage.picture(), before)
    stage.refresh()
    assert not np.array_equal(stage.picture(), before)


def test_stage_refuses_artists_of_another_figure():
    fig, *_ = scene()
    _, line, *_ = scene()
    with pytest.raises(ValueError, match="moving"):
        Stage(fig, [line])


def test_figures_stay_out_of_pyplot():
    from matplotlib import pyplot
    before = pyplot.get_fignums()
    fig, _ = figure(width=4, height=2)
    assert to_rgb(fig).shape == (200, 400, 3) and pyplot.get_fignums() == before


@pytest.mark.parametrize("format", ["webp", "png"])
@pytest.mark.parametrize("channels", [3, 4])
def test_encoding_keeps_every_pixel(format, channels):
    pixels = np.random.default_rng(0).integers(0, 256, (17, 31, channels), dtype=np.uint8)
    if channels == 4:
        pixels[..., 3] = 255
    assert np.array_equal(decode(encode(pixels, format)), pixels[..., :3])


@pytest.mark.parametrize("format", ["palette", "compact"])
def test_the_small_forms_are_small_and_near(format):
    fig, line, bars, note = scene()
    change(line, bars, note, 2)
    pixels = to_rgb(fig)
    small = encode(pixels, format)
    assert len(small) < 40_000 and len(encode(pixels, "compact")) <= len(small)
    assert np.abs(decode(small).astype(int) - pixels).mean() < 1


@pytest.mark.parametrize("format", ["webp", "png", "palette", "compact"])
def test_see_through_parts_become_white(format):
    pixels = np.zeros((8, 8, 4), np.uint8)
    pixels[:4, :, 3] = 255
    assert (decode(encode(pixels, format)) == np.array([[[0]]] * 4 + [[[255]]] * 4)).all()


BAD = [np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8), np.zeros((4, 4, 2), np.uint8)]


@pytest.mark.parametrize("bad", BAD, ids=["floats", "one plane", "two channels"])
def test_encode_names_a_bad_picture(bad):
    with pytest.raises(TypeError, match="rgb must be a uint8 array"):
        encode(bad)
    with pytest.raises(ValueError, match="format"):
        encode(np.zeros((4, 4, 3), np.uint8), "gif")


def test_lines_take_the_palette_and_are_told_apart_from_white():
    _, ax = figure()
    used = [ax.plot([0, 1])[0].get_color() for _ in range(7)]
    assert len(set(used)) == 7 and set(used) <= set(PALETTE.values())
    light = [np.dot(matplotlib.colors.to_rgb(colour), [0.2126, 0.7152, 0.0722]) for colour in used]
    assert max(light) < 0.7


def test_a_described_figure_carries_its_alt_text():
    fig, *_ = scene()
    data, metadata = with_alt(fig, "A wave and three bars.")._repr_mimebundle_()
    assert data["text/plain"] == "Figure: A wave and three bars."
    assert metadata["image/png"]["alt"] == "A wave and three bars."
    assert decode(base64.b64decode(data["image/png"])).shape == (320, 800, 3)
    with pytest.raises(ValueError, match="alt"):
        with_alt(fig, " ")
