"""The ablation grid on a page without a kernel: every combination answers, measured or not."""

import pytest
from harness import PIXELS

from course_lib.widgets.ablation import Row, ablation_grid

pytestmark = pytest.mark.browser
PLAIN = {"depth": 3, "skip": True, "norm": "before", "dropout": False, "concat": False,
         "distance": "euclidean", "encoder": "mean vectors"}
ROWS = [
    Row("before", PLAIN, [0.74, 0.75, 0.76], 0.78),
    Row("dropout", PLAIN | {"dropout": True}, [0.7, 0.72], 0.75),
    Row("GRU", PLAIN | {"encoder": "BiGRU + convolution"}, [], 0.91),
    Row("GloVe", {}, [0.7], 0.72),
]
NOT_MEASURED = "This combination was not measured: layers 2,"


def test_switches_lead_to_every_row_and_say_what_was_not_measured(page, tmp_path):
    sheet, errors = page
    path = tmp_path / "grid é.html"
    piece = f'<div class="course-deck">{ablation_grid(ROWS, 150, "compact").to_html()}</div>'
    path.write_text(f'<!doctype html><meta charset="utf-8"><body>{piece}', "utf-8")
    sheet.set_viewport_size({"width": 1280, "height": 720})
    sheet.context.set_offline(True)
    sheet.goto(path.as_uri())
    picture = sheet.get_by_role("img")

    def shows(start: str) -> str:
        assert picture.get_attribute("alt").startswith(start)
        return picture.evaluate(PIXELS)

    box = sheet.locator(".course-explorer").bounding_box()
    assert box["width"] <= 1200 and box["height"] <= 600
    first = shows("before: test accuracy 0.750, 95 % interval from 0.725 to 0.775")
    sheet.get_by_role("checkbox", name="dropout").press("Space")
    second = shows("dropout: test accuracy 0.710, 95 % interval from 0.583 to 0.837")
    sheet.get_by_role("combobox", name="layers").select_option("2")
    none = shows(NOT_MEASURED)
    sheet.get_by_role("combobox", name="distance").select_option("cosine")
    assert shows(NOT_MEASURED) == none and len({first, second, none}) == 3
    sheet.get_by_role("combobox", name="layers").select_option("3")
    sheet.get_by_role("combobox", name="distance").select_option("euclidean")
    sheet.get_by_role("checkbox", name="dropout").press("Space")
    assert shows("before: test accuracy 0.750") == first
    sheet.get_by_role("combobox", name="encoder").select_option("BiGRU + convolution")
    shows("GRU: not measured here; the source has 0.91")
    assert errors == []
