"""The overview: every exercise of the lessons with its state, whatever the progress file holds."""

import json
import re

import pytest

from course_lib.exercises import check, registry
from course_lib.exercises.overview import Overview, links, parts, your_progress
from course_lib.exercises.progress import record_prediction, record_try

FILES = {"00_start_here.ipynb": "00 · Start here", "03_residual_blocks.ipynb": "03 · Depth & more"}


def rows(page):
    """Exercise id -> what its row says."""
    found = re.findall(r'<tr><th scope="row"[^>]*>([^<]+)</th>(.*?)</tr>', page)
    return {name: re.findall(r">([^<]*)</td>", rest) for name, rest in found}


@pytest.fixture
def overview(monkeypatch):
    """overview(files) answers the two outputs: the progress and the links."""
    outputs = []
    monkeypatch.setattr("course_lib.exercises.overview.display", outputs.append)

    def call(files=FILES):
        outputs.clear()
        your_progress(files)
        return [output._repr_mimebundle_() for output in outputs]

    return call


@pytest.fixture
def page(overview):
    return lambda files=FILES: overview(files)[0]["text/html"]


def test_every_exercise_stands_there_with_title_difficulty_minutes_and_state(page):
    record_try("00-1", True)
    record_try("03-1", False)
    record_try("03-2", False)
    record_try("03-2", False)
    record_prediction("03-depth", "higher", 3)
    html = page()
    found = rows(html)
    assert list(found) == [name for name in registry() if name[:2] in ("00", "03")]
    assert found["00-1"] == ["From bytes to [0, 1]", "1 of 3", "3", "✓ right"]
    assert found["03-1"][-1] == "✗ tried 1 time" and found["03-2"][-1] == "✗ tried 2 times"
    assert found["03-3"][-1] == "· not tried"
    assert "1 of 1 exercises right, 0 predictions made" in html
    assert "0 of 5 exercises right, 1 prediction made" in html
    assert "width:100%;background" in html and "width:0%;background" in html


def test_the_next_exercise_is_the_first_that_is_not_right(page):
    def next_one():
        return re.search(r"Next:</b> ([^<]+)<", page())[1]

    assert next_one() == "00-1, From bytes to [0, 1] (3 min)"
    record_try("00-1", True)
    assert next_one() == "03-1, The missing line (5 min)"
    for exercise_id in registry():
        record_try(exercise_id, True)
    assert "Next:" not in page() and "All exercises are right." in page()


def test_the_text_never_changes_and_the_page_only_with_the_progress(overview):
    (first, below), (second, _) = overview(), overview()
    assert first["text/html"] == second["text/html"]
    record_try("00-1", True)
    third, still = overview()
    assert first["text/plain"] == third["text/plain"] and first["text/html"] != third["text/html"]
    assert below == still
    assert "03-5  Silent, not dead" in first["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in first


def test_the_button_looks_again(own_progress):
    overview = Overview(FILES)
    assert rows(overview.page.value)["00-1"][-1] == "· not tried"
    own_progress.write_text('{"checks": {"00-1": {"tries": 2, "passed": true}}}', encoding="utf-8")
    assert rows(overview.page.value)["00-1"][-1] == "· not tried"
    overview.button.click()
    assert rows(overview.page.value)["00-1"][-1] == "✓ right" and "Up to date" in overview.status.value


def test_links_and_titles_are_escaped(overview):
    first, below = overview({'03_a "b" é.ipynb': "03 · <b>Depth</b>"})
    assert 'href="03_a%20%22b%22%20%C3%A9.ipynb"' in below["text/html"]
    assert all("&lt;b&gt;Depth" in bundle["text/html"] for bundle in (first, below))
    assert "<a " not in first["text/html"], "a link in a widget loads the whole page anew"


def test_the_links_are_relative_and_in_course_order():
    assert re.findall(r'href="([^"]+)"', links(FILES)) == list(FILES)


@pytest.mark.parametrize("text", [
    "{", "[]", "\x00", '{"checks": {"99-9": {"tries": 3, "passed": true}}, "predictions": {"99-x": {}}}',
    '{"checks": {"00-1": {"tries": "many"}}}',
])  # fmt: skip
def test_a_damaged_file_or_one_of_another_course_breaks_nothing(own_progress, page, text):
    own_progress.write_text(text, encoding="utf-8")
    assert {row[-1] for row in rows(page()).values()} == {"· not tried"} and "99-" not in page()
    assert own_progress.read_text("utf-8") == text


def test_where_nothing_is_kept_the_kernel_remembers(monkeypatch, page, shown):
    monkeypatch.setenv("COURSE_PROGRESS", "off")
    shown(check, "00-1", registry()["00-1"].solution)
    assert rows(page())["00-1"][-1] == "✓ right"


def test_a_lesson_without_exercises_and_no_lesson_at_all(page):
    assert "no exercises" in page({"01_project.ipynb": "01 · Project"})
    assert "All exercises are right" not in page({"01_project.ipynb": "01 · Project"})
    assert page({}) and parts({}) == []


def test_a_file_without_a_number_is_named():
    with pytest.raises(ValueError, match=r"notes\.ipynb"):
        your_progress({"notes.ipynb": "Notes"})


def test_a_record_of_predictions_counts_for_its_own_lesson_only(own_progress):
    record = {"predictions": {"03-a": {}, "03-b": {}, "00-x": {}}}
    own_progress.write_text(json.dumps(record), encoding="utf-8")
    assert [part.predictions for part in parts(FILES)] == [1, 2]
