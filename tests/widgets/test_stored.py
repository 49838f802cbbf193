"""The lessons' widgets without a kernel: complete, small, from committed data, and true to the live ones."""

import base64
import json
import re

import numpy as np
import pytest
import torch

from course_lib.classroom.lessons import lessons
from course_lib.runtime import home
from course_lib.widgets import Explorer, Slider, decode, stored
from course_lib.widgets.depth import COLOURS, curves, grow_picture
from course_lib.widgets.stored import DECK_DPI, MOST_BYTES, REGISTER, Stored, deck_html

GAMES = ("10-network", "12-church", "13-hunter", "14-court")  # they draw themselves
TABLE = "10-ablation"  # one picture for all that was not measured
MEASURED = {TABLE: "ablation.json", "14-court": "court.json"}  # long runs: the file may not be there yet
IDS = [id for id in REGISTER if id not in MEASURED or (home() / "data" / MEASURED[id]).is_file()]
EXPLORERS = [id for id in IDS if id not in GAMES]


@pytest.fixture(autouse=True)
def nothing_is_trained(monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("a stored widget must not train")

    monkeypatch.setattr(torch.optim.Optimizer, "__init__", refuse)


def content(id: str) -> dict:
    """What the page's script reads."""
    text, = re.findall(r'<script type="application/json">(.*?)</script>', deck_html(id), re.DOTALL)
    return json.loads(text)


@pytest.mark.parametrize("id", IDS)
def test_a_page_is_small_and_asks_for_nothing(id):
    assert (100_000 if id in EXPLORERS else 20_000) < len(deck_html(id).encode()) <= MOST_BYTES
    outside = re.sub(r"data:image/webp;base64,[\w+/=]+", "", deck_html(id))
    assert not re.search(r"""https?://|url\(["']?(?!data)|\bimport\b|<link|\bid=""", outside)


@pytest.mark.parametrize("id", EXPLORERS)
def test_every_setting_of_the_grid_has_a_picture_of_its_own(id):
    found = content(id)
    controls = found["spec"]
    keys = [[]]
    for control in controls:
        keys = [[*key, value] for key in keys for value in control["values"]]
    keys = {json.dumps(key, separators=(",", ":"), ensure_ascii=False) for key in keys}
    assert keys == set(found["frames"]) and len(keys) >= 14
    assert {k for k, _ in found["frames"].values()} == set(range(len(found["images"])))
    assert len(set(found["images"])) == len(found["images"])
    assert len(found["images"]) == len(keys) or id == TABLE, "no two settings look the same"
    assert all(alt.strip() for _, alt in found["frames"].values())
    assert all(control["kind"] != "button" for control in controls)


def test_a_coarser_grid_is_told_in_the_page_and_only_then():
    assert "Light: 14 of 20 settings" in content("00-light")["missing"]
    assert content("03-grow")["missing"] == content("03-curves")["missing"] == ""


@pytest.mark.parametrize("id", EXPLORERS)
def test_pictures_are_those_of_the_explorer_in_the_size_of_a_slide(id):
    explorer = REGISTER[id].make(DECK_DPI)
    assert explorer.id == id
    embedded = decode(image_at(id, content(id)["start"]))
    assert embedded.shape[1] == 1200 and embedded.shape[0] <= 540
    assert np.abs(embedded.astype(int) - explorer.picture()).mean() < 0.5, "only the palette differs"


def image_at(id: str, place: list[int]) -> bytes:
    found = content(id)
    texts = [control["values"][i] for control, i in zip(found["spec"], place, strict=True)]
    k, _ = found["frames"][json.dumps(texts, separators=(",", ":"), ensure_ascii=False)]
    return base64.b64decode(found["images"][k].partition(",")[2])


def test_pages_are_the_same_at_every_call():
    assert stored.drawn.__wrapped__(REGISTER["03-grow"]) == deck_html("03-grow")


def test_the_grown_nets_come_from_the_committed_array():
    means = curves()["inserted"].mean(-1)
    draw = grow_picture({kind: means[:, k].tolist() for k, kind in enumerate(COLOURS)})
    explorer = REGISTER["03-grow"].make(100)
    explorer.set(depth=38, train_on=False)
    assert np.array_equal(explorer.picture(), draw(38, False))


def test_an_unknown_id_is_told_which_there_are():
    with pytest.raises(KeyError, match=r"03-grew.*00-light, 03-grow, 03-curves"):
        deck_html("03-grew")


def test_a_widget_that_is_too_large_is_refused(monkeypatch):
    make = Stored(lambda dpi: Explorer(lambda n: np.zeros((4, 4, 3), np.uint8), alt="Black.", n=Slider(1, 9)))
    monkeypatch.setitem(stored.REGISTER, "99-black", make)
    assert deck_html("99-black")
    monkeypatch.setattr(stored, "MOST_BYTES", 1000)
    with pytest.raises(ValueError, match=r"99-black is .* coarser grid"):
        deck_html("99-black")


# The lessons.

def outputs() -> dict[str, str]:
    """id -> the lesson and cell of each stored output that is a widget with an id."""
    return {output.metadata["course_widget"]: f"{lesson.number} {cell.id}"
            for lesson in lessons() for cell in lesson.notebook.cells
            for output in cell.get("outputs", []) if "course_widget" in output.get("metadata", {})}


def test_every_widget_of_a_lesson_is_registered_and_every_registered_one_is_in_its_lesson():
    here = {lesson.number for lesson in lessons()}
    assert set(outputs()) == {id for id in REGISTER if id[:2] in here}
    assert all(place.startswith(id[:2]) for id, place in outputs().items())
    for lesson in lessons():
        for cell in lesson.notebook.cells:
            for output in cell.get("outputs", []):
                if output.get("data", {}).get("text/plain", "").startswith("Explorer"):
                    assert "course_widget" in output.metadata, f"{lesson.slug}, {cell.id}"
                    alt, name = output.metadata["image/png"]["alt"], output.metadata["course_widget"]
                    assert alt.startswith("Strip of 4 pictures") or name == TABLE


def test_lesson_00_makes_the_same_explorer_from_the_same_pictures():
    lesson, = (lesson for lesson in lessons() if lesson.number == "00")
    cells = {cell.id: cell.source for cell in lesson.notebook.cells}
    room = {"scale": "smoke", "seed": 0}
    for id in ("setup", "load", "means", "accuracy", "stage"):
        exec(cells[id], room)
    exec(cells["play"].replace("Explorer(draw", "explorer = Explorer(draw"), room)
    live, made = room["explorer"], REGISTER["00-light"].make(100)
    assert (live.id, live.name, live.spec, live.start) == (made.id, made.name, made.spec, made.start)
    for light, digit in ((1, 7), (0.05, 7), (0.3, 4)):
        live.set(light=light, digit=digit)
        made.set(light=light, digit=digit)
        assert np.array_equal(live.picture(), made.picture())
