"""The ablation grid: rows are checked and read, the chosen one is marked, what was not measured is said."""

import itertools
import json

import numpy as np
import pytest

from course_lib.widgets import PALETTE, ablation
from course_lib.widgets.ablation import (
    MOST_ROWS,
    Row,
    ablation_grid,
    ablation_picture,
    chosen_row,
    load_rows,
    switches,
    told,
    verdict,
)

PLAIN = {"depth": 3, "skip": True, "norm": "before", "dropout": False, "concat": False,
         "distance": "euclidean", "encoder": "mean vectors"}
ROWS = [
    Row("own vectors", {}, [0.68, 0.69, 0.7], 0.69),
    Row("BN before ReLU", PLAIN, [0.74, 0.75, 0.76], 0.78),
    Row("BN after ReLU", PLAIN | {"norm": "after"}, [0.73], 0.77),
    Row("cosine", PLAIN | {"distance": "cosine"}, [0.63, 0.64], "Fail"),
    Row("BiGRU", PLAIN | {"encoder": "BiGRU + convolution"}, [], 0.91),
    Row("all parts", PLAIN | {"concat": True, "dropout": True}, [0.7, 0.8]),
]


@pytest.fixture(scope="module")
def draw():
    return ablation_picture(ROWS)


def band(picture) -> tuple[int, int] | None:
    """First and last line of the marked row."""
    marked = np.abs(picture[:, 5:-5].astype(int) - (250, 238, 209)).sum(2) < 12
    lines = np.flatnonzero(marked.sum(1) > 100)
    return (int(lines[0]), int(lines[-1])) if len(lines) else None


def test_a_row_says_what_was_measured_and_what_the_source_states():
    words = [(row.measured(), row.stated()) for row in ROWS]
    assert words == [
        ("0.690 [0.665, 0.715]", "0.69"), ("0.750 [0.725, 0.775]", "0.78"), ("0.730 (one run)", "0.77"),
        ("0.635 [0.571, 0.699]", "Fail"), ("not measured", "0.91"), ("0.750 [0.115, 1.385]", "–"),
    ]


@pytest.mark.parametrize(("settings", "said"), [
    (PLAIN, "BN before ReLU: 0.750 [0.725, 0.775]; the source: 0.78"),
    (PLAIN | {"distance": "cosine"}, "cosine: 0.635 [0.571, 0.699]; the source: Fail"),
    (PLAIN | {"encoder": "BiGRU + convolution"}, "BiGRU: not measured; the source: 0.91"),
    (PLAIN | {"concat": True, "dropout": True}, "all parts: 0.750 [0.115, 1.385]; not in the source"),
    (PLAIN | {"depth": 2}, "This combination was not measured."),
])
def test_what_is_known_of_a_combination(settings, said):
    assert verdict(ROWS, settings) == said


@pytest.mark.parametrize(("settings", "said"), [
    (PLAIN, "BN before ReLU: test accuracy 0.750, 95 % interval from 0.725 to 0.775 over 3 seeds; the "
            "source has 0.78. It is in place 1."),
    (PLAIN | {"norm": "after"},
     "BN after ReLU: test accuracy 0.730 in one run; the source has 0.77. It is in place 3."),
    (PLAIN | {"encoder": "BiGRU + convolution"}, "BiGRU: not measured here; the source has 0.91."),
    (PLAIN | {"depth": 2, "dropout": True},
     "This combination was not measured: layers 2, skip on, batch norm and ReLU before, dropout on, "
     "concatenate layers off, distance euclidean, encoder mean vectors."),
])
def test_a_combination_is_told_with_its_place_among_the_others(settings, said):
    assert told(ROWS, settings) == f"{said} The highest of 5 measured nets is BN before ReLU with 0.750."


def test_where_nothing_was_measured_nothing_is_compared():
    silent = [Row("silent", PLAIN)]
    assert told(silent, PLAIN) == "silent: not measured here; the source has no figure."


def test_the_chosen_row_is_marked_and_only_that(draw):
    found = [band(draw(**row.settings)) for row in ROWS if row.settings]
    assert None not in found and all(one[1] <= other[0] for one, other in itertools.pairwise(found))
    assert band(draw(**PLAIN | {"depth": 2})) is None


def test_pictures_are_pure(draw):
    first, other, none = draw(**PLAIN), draw(**ROWS[2].settings), draw(**PLAIN | {"depth": 2})
    assert not np.array_equal(first, other) and not np.array_equal(first, none)
    assert np.array_equal(none, draw(**PLAIN | {"skip": False}))
    assert np.array_equal(first, draw(**PLAIN)) and first.shape[1] == 800


def test_the_picture_shows_every_seed_and_the_source(draw):
    def amount(rows, colour):
        rgb = tuple(int(PALETTE[colour][k:k + 2], 16) for k in (1, 3, 5))
        picture = ablation_picture(rows)(**PLAIN | {"depth": 2})
        return int((np.abs(picture.astype(int) - rgb).sum(2) < 12).sum())

    silent = [Row(row.name, row.settings, [], None if row is ROWS[0] else row.source) for row in ROWS]
    assert amount(ROWS, "vermillion") > amount(silent, "vermillion") > 0
    assert amount(ROWS, "black") > amount(silent, "black")


@pytest.mark.parametrize("settings", [
    {"depth": 3}, None, PLAIN | {"width": 8}, PLAIN | {"norm": "pre"}, PLAIN | {"depth": 4},
    PLAIN | {"skip": "yes"}, PLAIN | {"dropout": 0.2},
])
def test_a_setting_that_no_switch_has_is_refused_by_the_rows_name(settings):
    with pytest.raises(ValueError, match=r"row 'odd': (settings|norm|depth|skip|dropout) must"):
        Row("odd", settings)


@pytest.mark.parametrize("wrong", [{"values": [1.2]}, {"values": [float("nan")]}, {"values": ["0.7"]},
                                   {"values": [True]}, {"values": 0.7}, {"source": 79}, {"source": [0.7]},
                                   {"source": ""}, {"source": "it did not train"}])
def test_what_is_no_accuracy_is_refused(wrong):
    with pytest.raises(ValueError, match="row 'odd': "):
        Row("odd", PLAIN, **wrong)


def write(path, content):
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def test_rows_come_from_a_file(tmp_path):
    path = write(tmp_path / "rows é.json", [vars(row) for row in ROWS])
    assert load_rows(path) == load_rows(str(path)) == ROWS


@pytest.mark.parametrize(("content", "said"), [
    ("[{", "Expecting"), ({"rows": []}, "list of objects"), ([["a"]], "list of objects"), ([], "1 to 16"),
    ([{"settings": {}}], "name"), ([{"name": "a", "value": [0.7]}], "value"),
    ([{"name": " "}], "name must be"),
    ([{"name": "a", "settings": {"depth": 3}}], "row 'a': settings"),
    ([{"name": "a"}, {"name": "a"}], "two rows have the name 'a'"),
    ([{"name": name, "settings": PLAIN} for name in "ab"], "'a' and 'b' have the same settings"),
    ([{"name": str(k)} for k in range(MOST_ROWS + 1)], "got 17"),
])
def test_a_broken_file_is_named_with_what_is_wrong(tmp_path, content, said):
    with pytest.raises(ValueError, match=r"rows\.json: .*" + said):
        load_rows(write(tmp_path / "rows.json", content))


def test_a_missing_file_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(ablation, "home", lambda: tmp_path)
    with pytest.raises(FileNotFoundError, match=r"measured rows are not there: .*ablation\.json"):
        ablation_grid()


def test_the_explorer_reaches_every_row_that_has_settings(tmp_path, monkeypatch, draw):
    monkeypatch.setattr(ablation, "home", lambda: tmp_path)
    (tmp_path / "data").mkdir()
    write(tmp_path / "data" / "ablation.json", [vars(row) for row in ROWS])
    explorer = ablation_grid()
    assert explorer.id == "10-ablation" and explorer.settings == PLAIN, "it begins at the first of them"
    for row in ROWS[1:]:
        explorer.set(**row.settings)
        assert np.array_equal(explorer.picture(), draw(**row.settings))
    data, metadata = explorer._repr_mimebundle_()
    assert data["text/plain"].startswith("Explorer") and metadata["course_widget"] == "10-ablation"
    assert metadata["image/png"]["alt"].endswith(told(ROWS, ROWS[-1].settings))


def test_a_page_holds_all_combinations_and_as_many_pictures_as_rows_and_one():
    page = ablation_grid(ROWS, dpi=60, format="compact").to_html()
    combinations = int(np.prod([len(control.values) for control in switches().values()]))
    assert page.count("The highest of 5 measured nets is ") == combinations == 288
    assert page.count("This combination was not measured: ") == combinations - 5
    assert page.count("data:image/webp") == 6


def test_the_largest_table_still_fits_a_slide():
    rows = [Row(f"one of those with long names, {k:2}", {}, [k / 20, 0.8], 0.5) for k in range(MOST_ROWS - 1)]
    rows.append(Row("a name of the greatest length is", PLAIN, [0.1, 0.4]))
    picture = ablation_picture(rows, 150)(**PLAIN)
    assert picture.shape[1] == 1200 and picture.shape[0] <= 500
    assert (picture[:, :2] > 250).all() and (picture[:, -2:] > 250).all(), "nothing is cut"
    assert chosen_row(rows, {}) is None
