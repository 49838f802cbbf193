"""The betting court: which verdicts it takes, what it marks, what stakes come to, and its picture."""

import base64
import json

import numpy as np
import pytest
from court_sample import EPS, sample
from traitlets import TraitError

from course_lib.runtime import home
from course_lib.widgets import decode, verdicts
from course_lib.widgets.betting_court import POINTS, betting_court
from course_lib.widgets.court_picture import LETTERS, draw_court
from course_lib.widgets.verdicts import (
    CHANCE,
    KNOWLEDGE,
    MASKED,
    MOST_ROWS,
    NAME,
    PROMISE,
    SLACK,
    WEAKER,
    load_verdicts,
    marks,
    percent,
)


@pytest.fixture(scope="module")
def made():
    return betting_court(sample())


@pytest.fixture
def court(made):
    made.stakes, made.opened, made.eps = [0] * 14, 1, 0.2
    return made


def test_verdicts_come_from_a_file_or_from_what_it_would_hold(tmp_path):
    path = tmp_path / "court.json"
    path.write_text(json.dumps(sample(10) | {"judged": 0.1, "made": "by a test"}), "utf-8")
    found = load_verdicts(path)
    assert found.eps == tuple(EPS) and found.images == 200 and found.judged == 0.1
    assert [defence.name for defence in found.defences][4] == "Halftone dots"
    assert np.array_equal(found.accuracy["adaptive"], sample(10)["accuracy"]["adaptive"])
    assert load_verdicts(sample(3)).judged == 0.2, "where the file does not say"
    assert betting_court(str(path)).picture().shape == betting_court(found).picture().shape


def test_shares_at_an_eps_are_one_column_for_each_knowledge():
    found = load_verdicts(sample(3))
    assert found.at(0.21).shape == (3, 3)
    for j, known in enumerate(KNOWLEDGE):
        assert found.at(0.21)[:, j].tolist() == [row[4] for row in sample(3)["accuracy"][known]]


def changed(**values) -> dict:
    return sample(3) | values


def defence(**values) -> dict:
    first, *others = sample(3)["defences"]
    return changed(defences=[first | values, *others])


def accuracy(known: str, rows) -> dict:
    return changed(accuracy=sample(3)["accuracy"] | {known: rows})


ROWS = sample(3)["accuracy"]["adaptive"]


@pytest.mark.parametrize("wrong, told", [
    ([], "an object with eps, images"),
    ({"eps": EPS}, "images, defences, accuracy missing"),
    (changed(eps=EPS[1:]), "eps must rise from 0 to 1"),
    (changed(eps=[0, 0.5, 0.5, 1]), "eps must rise"),
    (changed(eps=[0, float("nan"), 1]), "eps must rise"),
    (changed(eps="all"), "eps must be numbers"),
    (changed(eps=1), "eps must rise"),
    (changed(images=0), "images must be"),
    (changed(images=True), "images must be"),
    (changed(judged=0.21), "judged must be one of eps"),
    (changed(judged=1), "judged must be one of eps, neither 0 nor 1"),
    (changed(judged=None), "judged must be"),
    (changed(judged=[0.2]), "judged must have the shape"),
    (changed(defences=[]), "defences must be 1 to 14, got 0"),
    (changed(defences={}), "defences must be a list"),
    (changed(defences=[{"id": "a", "name": "A"}]), "a list of objects {id, name, row, promise}"),
    (defence(name="x" * (NAME + 1)), f"name must be a text of 1 to {NAME} letters"),
    (defence(promise="x" * (PROMISE + 1)), f"promise must be a text of 1 to {PROMISE} letters"),
    (defence(promise=" "), "'no-defence': promise must be"),
    (defence(id="two words"), "id must be one word"),
    (defence(row=None), "row must be a text"),
    (defence(name="Mean of ten nets"), "two have the name 'Mean of ten nets'"),
    (changed(accuracy={"transfer": ROWS}), "accuracy must hold transfer, white-box, adaptive"),
    (changed(accuracy=3), "accuracy must hold"),
    (accuracy("other", ROWS), "accuracy must hold"),
    (accuracy("adaptive", ROWS[:2]), r"accuracy of adaptive must have the shape \(3, 21\)"),
    (accuracy("adaptive", [ROWS[0], ROWS[1], ROWS[2][:5]]), "accuracy of adaptive must be numbers, in rows"),
    (accuracy("white-box", np.add(ROWS, 0.5).tolist()), "accuracy of white-box must be shares from 0 to 1"),
    (accuracy("transfer", np.multiply(ROWS, np.nan).tolist()), "accuracy of transfer must be shares"),
])
def test_wrong_verdicts_are_told_in_one_line_that_names_the_file(tmp_path, wrong, told):
    path = tmp_path / "court.json"
    path.write_text(json.dumps(wrong), "utf-8")
    with pytest.raises(ValueError, match=told) as error:
        load_verdicts(path)
    assert str(error.value).startswith(str(path)) and "\n" not in str(error.value)


def test_a_broken_or_missing_file_is_told(tmp_path, monkeypatch):
    path = tmp_path / "court.json"
    path.write_text("{", "utf-8")
    with pytest.raises(ValueError, match=r"court\.json"):
        load_verdicts(path)
    monkeypatch.setattr(verdicts, "home", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match=r"court\.json is missing; data/build_court\.py makes it"):
        betting_court()


@pytest.mark.skipif(not (home() / "data" / "court.json").is_file(), reason="nothing is measured yet")
def test_the_courses_own_verdicts_fit():
    assert betting_court().verdicts.images >= 100


def test_marks_by_hand():
    now = [[0.9, 0.9, 0.1], [0.5, 0.5 + SLACK + 0.01, 0.5 + SLACK / 2], [0.3, 0.8, 0.7]]
    at_one = [[1.0, 0.0, CHANCE], [1.0, 0.0, 0.0], [0.1, CHANCE + 0.01, 0.0]]
    assert marks(now, KNOWLEDGE, at_one) == [["", "", ""], ["", WEAKER, ""], ["", MASKED, WEAKER]]
    assert marks(now, KNOWLEDGE)[2] == ["", WEAKER, WEAKER], "without eps = 1 nothing is known of masks"
    assert marks(np.array(now)[:, 1:], KNOWLEDGE[1:]) == [["", ""]] * 3, "no blind attack to compare with"


def test_percents_are_rounded_as_a_browser_rounds():
    assert [percent(share) for share in (0, 0.005, 0.125, 0.994, 1, np.nan)] == [
        "0 %", "1 %", "13 %", "99 %", "100 %", "–"]


def words(fig) -> list[str]:
    return [text.get_text() for text in fig.axes[0].texts]


def hatched(fig) -> int:
    return sum(bool(patch.get_hatch()) for patch in fig.axes[0].patches)


def test_the_transfer_column_is_hatched_and_says_that_it_is_no_evidence():
    shown = [[0.9, 0.5, 0.1], [0.8, 0.95, np.nan]]
    fig = draw_court(["A", "B"], KNOWLEDGE, shown, title="Court")
    assert words(fig) == ["90 %  not evidence", "50 %", "10 %", "80 %  not evidence", "95 %  ▲", "–"]
    assert hatched(fig) == 2 and fig.axes[0].get_title() == "Court"
    assert fig.get_supxlabel() == f"▲ {WEAKER}"
    alone = draw_court(["A", "B"], ["adaptive", "white-box"], np.array(shown)[:, 1:])
    assert draw_court(["A"], list("abcde"), [[0.5] * 5]).get_figwidth() > 9, "more columns, more room"
    assert hatched(alone) == 0 and alone.get_supxlabel() == ""
    masked = draw_court(["A"], ["white-box"], [[0.4]], at_one=[[0.4]])
    assert words(masked) == ["40 %  ×"] and masked.get_supxlabel().startswith(f"× {MASKED}")


@pytest.mark.parametrize("rows", [1, 10, MOST_ROWS])
def test_letters_are_legible_and_bars_as_long_as_their_shares(rows):
    found = load_verdicts(sample(rows))
    fig = draw_court([d.name for d in found.defences], KNOWLEDGE, found.at(0.2), at_one=found.at(1))
    assert LETTERS * 100 / 72 >= 14
    texts = fig.axes[0].texts + fig.axes[0].get_yticklabels() + fig.axes[0].get_xticklabels()
    assert all(text.get_fontsize() >= LETTERS for text in texts)
    bars = [patch.get_width() / 0.96 for patch in fig.axes[0].patches if patch.get_fill()]
    assert np.allclose(bars, found.at(0.2).ravel())
    fig.canvas.draw()
    boxes = [text.get_window_extent() for text in fig.axes[0].texts]
    assert all(below.y1 <= above.y0 + 2 for above, below in zip(boxes[:-3], boxes[3:], strict=True))
    assert fig.bbox.height <= 540


@pytest.mark.parametrize("wrong", [
    {"accuracy": [[0.5]]}, {"accuracy": [[0.5, 1.1]]}, {"accuracy": [["x", 0]]}, {"at_one": [[0.5, -1]]},
    {"rows": [], "accuracy": np.zeros((0, 2))},
])
def test_a_picture_of_what_does_not_fit_is_refused(wrong):
    values = {"rows": ["A"], "columns": ["transfer", "adaptive"], "accuracy": [[0.5, 0.4]]}
    with pytest.raises(ValueError, match="at_one" if "at_one" in wrong else "accuracy"):
        draw_court(**values | wrong)


def test_only_the_adaptive_column_settles_the_stakes_and_only_where_the_court_judges(court):
    court.stakes = [0] * 4 + [6] + [0] * 7 + [4, 0]
    assert court.score() is None
    court.opened, court.eps = 3, 1.0
    by_hand = {known: 6 * rows[4][4] + 4 * rows[12][4] for known, rows in sample()["accuracy"].items()}
    assert court.score() == pytest.approx(by_hand["adaptive"])
    assert court.worth("transfer") == pytest.approx(by_hand["transfer"])


@pytest.mark.parametrize("wrong", [
    {"stakes": [1]}, {"stakes": [-1] + [0] * 13}, {"stakes": [0.5] + [0] * 13}, {"stakes": [True] + [0] * 13},
    {"stakes": [POINTS, 1] + [0] * 12}, {"opened": 0}, {"opened": 4}, {"eps": float("nan")}, {"eps": "1"},
])
def test_a_value_that_it_cannot_have_is_refused(court, wrong):
    (name, value), = wrong.items()
    with pytest.raises(TraitError, match=name):
        court.set_trait(name, value)
    assert (court.stakes, court.opened, court.eps) == ([0] * 14, 1, 0.2)


def test_eps_goes_to_the_nearest_that_was_measured(court):
    court.eps = 0.37
    assert court.eps == 0.35
    court.eps = 7
    assert court.eps == 1


def test_what_a_viewer_without_scripts_sees(court):
    court.eps, court.opened = 1.0, 3
    data, metadata = court._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == repr(court) == "Betting court: 14 defences"
    assert metadata == {"image/png": {"alt": court.alt}, "course_widget": "14-court"}
    stored = decode(base64.b64decode(data["image/png"]))
    assert stored.shape[1] == 800 and stored.shape[0] <= 540 and len(data["image/png"]) < 100_000
    beginning = betting_court(sample()).picture()
    assert np.abs(stored.astype(int) - beginning).mean() < 1, "all open, whatever is set"
    masked = np.array([0xD5, 0x5E, 0x00])
    assert (np.abs(stored.astype(int) - masked).max(2) < 12).any(), "masked cells are marked"


def test_a_page_carries_every_number_and_starts_at_the_beginning(court):
    page = court.to_html()
    court.stakes, court.opened = [1] * 5 + [0] * 9, 2
    assert court.to_html() == page == betting_court(sample()).to_html()
    assert 20_000 < len(page) < 60_000 and "NaN" not in page
    assert court.content["accuracy"] == [sample()["accuracy"][known] for known in KNOWLEDGE]


def test_what_lesson_14_says_of_the_court_is_so():
    """The nets are one of each kind; these sentences are about their verdicts as stored."""
    own = load_verdicts()
    names = [defence.id for defence in own.defences]
    small, whole = (dict(zip(names, own.at(eps).tolist(), strict=True)) for eps in (0.2, 1.0))
    blind = [small[name][0] for name in ("none", "mean", "max", "joined", "halftone", "noise", "saturated")]
    assert min(blind) > 0.4 and max(blind) < 0.6, "transfer: much like no defence at all, about half stays"
    masked = {"halftone", "gccs", "detector", "rounded", "saturated"}
    assert masked == {name for name in names if whole[name][1] > CHANCE}, "red, white-box, at eps = 1"
    assert all(small[name][1] > 0.7 for name in masked)
    assert max(whole[name][2] for name in names) <= CHANCE, "adaptive, at eps = 1, nothing stays"
    assert {name for name in names if small[name][2] > 0.2} == {"denoise", "fgsm", "pgd", "sat"}
    assert max(small[name][2] for name in names if name not in ("denoise", "fgsm", "pgd", "sat")) < 0.1
