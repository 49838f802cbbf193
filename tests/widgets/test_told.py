"""The summaries of frames: their numbers are those of the thing itself, and each frame has one of its own."""

import json
import re

import numpy as np
import pytest
import torch

from course_lib.attacks import fgsm
from course_lib.blocks.selu import ALPHA, LAMBDA
from course_lib.data import load
from course_lib.measure import distances
from course_lib.measure.moments import moment_path
from course_lib.measure.receptive_field import coverage
from course_lib.nets import CifarNet
from course_lib.runtime import seeded
from course_lib.train import stored_net
from course_lib.widgets import Explorer
from course_lib.widgets.depth import curves
from course_lib.widgets.moments import activations, map_told
from course_lib.widgets.perturbation_desk import ATTACKS, AWAY, as_large, stored_samples
from course_lib.widgets.stored import REGISTER
from course_lib.widgets.turning_table import PAIRS
from course_lib.widgets.words import number, percent

EXPLORERS = ("00-light", "03-grow", "03-curves", "06-hide", "08-cloud", "08-strip", "10-ablation", "12-desk",
             "13-eot")


@pytest.fixture(scope="module")
def made():
    return {id: REGISTER[id].make(50) for id in EXPLORERS}


@pytest.fixture
def say(made):
    """say(id, **settings) is the summary of that frame; settings that are not named are as at first."""
    def told(id: str, **settings) -> str:
        explorer = made[id]
        return explorer._alt_of(explorer._panel.move(explorer._panel.start, settings))

    return told


def numbers(text: str) -> list[float]:
    return [float(found) for found in re.findall(r"-?\d+\.\d+|-?\d+", text.replace("\N{MINUS SIGN}", "-"))]


@pytest.mark.parametrize(("value", "least", "said"), [
    (0.354, 0, "0.35"), (-0.001, 0, "0.00"), (-1.5, 0, "\N{MINUS SIGN}1.50"),
    (0.001, 0.01, "1.0 times 10 to the minus 3"),
    (0, 0.01, "0.00"), (-23456, 0, "\N{MINUS SIGN}2.3 times 10 to the 4"), (float("inf"), 0, "infinite"),
    (-float("inf"), 0, "minus infinity"), (float("nan"), 0, "not a number"), (np.float32(9999), 0, "9999.00"),
])
def test_a_number_is_written_as_it_is_read_aloud(value, least, said):
    assert number(value, least) == said and percent(0.714) == "71 %"


@pytest.mark.parametrize("id", EXPLORERS)
def test_every_stored_frame_has_a_summary_of_its_own_and_the_widget_one_name(made, id):
    explorer = made[id]
    told = [explorer._alt_of(at) for at in explorer._panel.places(REGISTER[id].grid)]
    assert len(set(told)) == len(told) >= 14
    assert all(text.endswith(".") and ".." not in text and len(text) < 420 for text in told)
    assert not any(re.search(r"nan|inf|None|array|tensor", text) for text in told)
    assert repr(explorer) == f"Explorer: {explorer._about}" == explorer.name
    assert not re.search(r"\d\.\d", repr(explorer)), "a run could change it"


def test_light_tells_the_two_nearest_averages(say):
    train, test = load("mnist", "train", size="small"), load("mnist", "test", size="small")
    means = torch.stack([train.x[train.y == digit].mean(0) for digit in range(10)])
    answers = torch.stack([((test.x - mean) ** 2).flatten(1).sum(1) for mean in means]).argmin(0)
    x = test.x[(answers == 7) & (test.y == 7)][0]
    for light in (1, 0.35, 0.05):
        away = ((light * x - means) ** 2).flatten(1).sum(1).sqrt()
        order, found = away.argsort().tolist(), say("00-light", light=light, digit=7)
        assert found.startswith(f"The 7 in light {light:g}: the nearest average is ")
        if order[0] == 7:
            end = f"its own, at distance {away[7]:.2f}; next that of {order[1]}, at {away[order[1]]:.2f}."
        else:
            end = f"that of {order[0]}, at distance {away[order[0]]:.2f}; its own is at {away[7]:.2f}."
        assert found.endswith(end)
    assert "its own, at" in say("00-light") and "that of" in say("00-light", light=0.05)


def test_growing_tells_the_loss_of_both_nets_and_training_on_only_if_it_is_shown(say):
    c = curves()
    short, long = (say("03-grow", depth=38, train_on=on) for on in (False, True))
    assert numbers(short)[2:] == pytest.approx(
        [*c["inserted"][5].mean(-1).tolist(), *c["inserted"][0].mean(-1).tolist()], abs=0.0051)
    assert long.startswith(short) and numbers(long)[6] == 40
    assert numbers(long)[7:] == pytest.approx(c["grown"][5].astype(float).mean(1)[:, -1].tolist(), abs=0.0051)
    assert "grown" not in say("03-grow", depth=8), "nothing was put in"


def test_curves_tell_the_last_loss_the_gradients_and_who_diverged(say):
    found = say("03-curves", depth=14, norm=False)
    ends = curves()["loss"][1, :, 0].astype(float).mean(1)[:, -1]
    assert numbers(found)[2:4] == pytest.approx(ends.tolist(), abs=0.0051)
    images = load("mnist", size="small").subset(2000, seed=0).resize(14)
    with seeded("cpu", 0):
        net = CifarNet(14, "plain", width=8, in_channels=1, norm=False)
    torch.nn.functional.cross_entropy(net(images.x[:64]), images.y[:64]).backward()
    norms = [p.grad.norm().item() for p in net.parameters() if p.dim() > 1]
    assert numbers(found)[4:6] == pytest.approx([min(norms), max(norms)], abs=0.0051)
    curves()["loss"][1, 1, 0, 0, 20:] = np.nan
    try:
        assert "that of the residual net has diverged." in say("03-curves", depth=14, norm=False)
    finally:
        curves.cache_clear()


@pytest.mark.parametrize(("rates", "kernel"), [((2, 2, 2), 3), ((1, 2, 9), 3), ((9, 9, 9), 5),
                                               ((1, 1, 1), 5)])
def test_hide_and_seek_tells_what_is_seen_and_where_the_holes_are(say, rates, kernel):
    paths = coverage(kernel, rates)
    half = len(paths) // 2
    holes = [place for place in range(half + 1) if not paths[half + place]]
    for pixel in (0, 1, -1, 6, -12, 24):
        settings = {f"rate{k + 1}": rate for k, rate in enumerate(rates)}
        found = say("06-hide", kernel=kernel, pixel=pixel, **settings)
        inside = abs(pixel) <= half
        state = "outside the field" if not inside else "is seen" if paths[half + pixel] else "in a hole"
        assert f"{state}. Of the field of {len(paths)} pixels {(paths > 0).sum()} are seen" in found
        side = "to the right" if pixel > 0 else "to the left"
        assert (f"{abs(pixel)} {side} of the middle is" if pixel else "pixel in the middle is") in found
        if holes:
            assert f"{2 * len(holes)} are holes: on both sides at {', '.join(map(str, holes[:3]))}" in found
        else:
            assert found.endswith("none is a hole.")


def test_the_cloud_tells_its_end_by_theory_and_in_the_net_and_the_sink(say):
    found = say("08-cloud", mean=-1.5, variance=0.25)
    end = moment_path(-1.5, 0.25, 32, alpha=ALPHA, lam=LAMBDA, spread=1.0)[-1]
    assert numbers(found)[:2] == [-1.5, 0.25] and numbers(found)[4] == 32
    assert numbers(found)[5:7] == pytest.approx(end.tolist(), abs=0.0051)
    assert numbers(found)[7:9] == pytest.approx([0, 1], abs=0.3), "the real net is near it"
    assert found.endswith("The sink is at mean 0.00, variance 1.00.")
    assert "quest done" in say("08-cloud", alpha=2.4, lam=1.07) and "quest" not in found
    assert map_told(1, 5, ALPHA, 1.5).endswith("There is no sink: it grows without end.")
    assert say("08-cloud", alpha=0.8, lam=0.85).endswith("The sink is at mean 0.00, variance 0.00.")


def test_the_strip_tells_the_variance_along_the_layers(say):
    for start, dropout, p in (("he", "none", 0.1), ("lecun", "ordinary", 0.5), ("all weights", "none", 0.1)):
        found = say("08-strip", start=start, dropout=dropout, p=p)
        values = [float(a.var()) for a in activations(start, dropout, p)]
        said = [number(values[k], 0.01) for k in (0, 15, 31)]
        assert f"is {said[0]} in layer 1, {said[1]} in layer 16 and {said[2]} in layer 32" in found
        assert ("no dropout" if dropout == "none" else f"ordinary dropout at rate {p}") in found


def test_the_desk_tells_the_three_answers_and_the_size_of_the_attack(say):
    (x, y), net = stored_samples(), stored_net("plain")
    one, label = x[3:4], y[3:4]
    x_adv = fgsm(net, one, label, eps=0.2, keep_failures=True)
    with torch.no_grad():
        p = net(torch.cat([one, x_adv, as_large(one, x_adv)])).softmax(1)
    clean, adv, noisy = (f"{int(row.argmax())} ({100 * row.max():.0f} %)" for row in p)
    length = distances(one, x_adv, "l2").item()
    assert say("12-desk", image=3, eps=0.2) == (
        f"Digit 4, plain net, FGSM, eps 0.2: the clean image is read as {clean}, the attacked one as {adv}, "
        f"with random noise as large it is {noisy}. The attack's L2 size is {length:.2f}; it moves no pixel "
        "by more than 0.20.")
    assert "robust net, PGD in L2 towards 5, eps 0.1:" in say("12-desk", net="robust", goal=5, eps=0.1,
                                                             attack=ATTACKS[2])
    assert "size is 0.00; it moves no pixel by more than 0.00." in say("12-desk", eps=0.0, goal=AWAY)


def test_the_table_tells_the_answers_at_this_turn_and_how_often_the_wanted_one_comes(made, say):
    found = made["13-eot"]._draw.__closure__
    attacked = next(cell.cell_contents for cell in found if hasattr(cell.cell_contents, "says"))
    for image, target in enumerate(PAIRS.values()):
        told = say("13-eot", turn=-40, image=image)
        assert told.startswith("Turned by 40 degrees clockwise, ") and f"wanted answer {target} comes" in told
        for kind, name in (("clean", "the clean image"), ("PGD", "that of PGD"), ("EOT", "that of EOT")):
            says = attacked.says[kind][:, image]
            assert f"{name} as {says[20].argmax()} ({100 * says[20].max():.0f} %)" in told
            share = (says[15:106].argmax(1) == target).mean()
            assert f"{100 * share:.0f} % for {name}" in told
    assert say("13-eot", turn=0).startswith("Not turned, ") and " anticlockwise" in say("13-eot", turn=20)


def test_a_page_holds_the_summary_of_each_frame(made):
    page = made["03-grow"].to_html({"depth": [8, 44]})
    content = json.loads(re.search(r'<script type="application/json">(.*?)</script>', page, re.DOTALL)[1])
    assert content["name"] == repr(made["03-grow"])
    assert content["frames"]['["44","off"]'][1] == made["03-grow"]._alt_of([6, 0])


def test_the_stored_output_tells_what_all_frames_share_and_the_present_one():
    explorer = REGISTER["06-hide"].make(50)
    data, metadata = explorer._repr_mimebundle_()
    present = explorer._alt_of(explorer._at)
    assert data["text/plain"] == f"Explorer: {explorer._about}" and present not in data["text/plain"]
    assert metadata["image/png"]["alt"].startswith("Strip of 4 pictures (bright pixel: ")
    assert metadata["image/png"]["alt"].endswith(f". {explorer._about} {present}")


def test_about_must_be_a_text():
    with pytest.raises(TypeError, match="about must be a text"):
        Explorer(lambda: np.zeros((4, 4, 3), np.uint8), alt=lambda: "x", about=3)
