"""Predictions: nothing is written before a click, and the answer comes later, beside the learner's own."""

import json

import pytest

from course_lib.exercises import predict as ask
from course_lib.exercises import reveal
from course_lib.exercises.predict import AskAgain, Form

CHOICES = {"a": "The deeper net, always", "b": "The shallower net", "c": "They are <equal>"}
BELIEFS = {"a": "More capacity means lower training error", "b": "Measured", "c": "Depth does not matter"}


def answer(prediction_id, key, confidence):
    form = Form(prediction_id, CHOICES, "Which?")
    form.answer.value, form.confidence.value = key, confidence
    form.button.click()
    return form


def test_asking_shows_the_choices_and_writes_nothing(own_progress, shown):
    data = shown(ask, "t-1", CHOICES, question="Which has the lower training error?")
    assert data["text/plain"] == "t-1: your prediction"
    assert "They are &lt;equal&gt;" in data["text/html"] and "Which has the lower" in data["text/html"]
    assert "application/vnd.jupyter.widget-view+json" in data
    assert not own_progress.exists()


def test_same_text_each_time(shown):
    first, second = (shown(ask, "t-1", CHOICES, question="Which?") for _ in range(2))
    assert first["text/plain"] == second["text/plain"] and first["text/html"] == second["text/html"]


def test_the_question_does_not_give_the_answer_away(shown):
    data = shown(ask, "t-1", CHOICES, question="Which?")
    assert not any(belief in data["text/html"] for belief in BELIEFS.values())


def test_a_click_keeps_answer_and_confidence(own_progress):
    form = answer("t-2", "a", 3)
    assert form.status.value.startswith('<span role="status">Kept'), "a screen reader says it"
    kept = json.loads(own_progress.read_text("utf-8"))["predictions"]["t-2"]
    assert kept == {"answer": "a", "confidence": 3, "first": "a", "first_confidence": 3}


def test_a_click_without_choice_writes_nothing(own_progress):
    form = Form("t-3", CHOICES, "Which?")
    assert form.answer.value is None and form.confidence.value is None
    form.button.click()
    form.answer.value = "a"
    form.button.click()
    assert "how sure" in form.status.value and not own_progress.exists()


def test_every_control_has_a_label():
    form = Form("t-3", CHOICES, "Which?")
    assert all(control.description for control in (form.answer, form.confidence, form.button))


def test_an_earlier_answer_comes_back_and_the_first_stays_on_record(own_progress):
    answer("t-4", "a", 1)
    again = Form("t-4", CHOICES, "Which?")
    assert (again.answer.value, again.confidence.value) == ("a", 1)
    answer("t-4", "b", 2)
    kept = json.loads(own_progress.read_text("utf-8"))["predictions"]["t-4"]
    assert kept == {"answer": "b", "confidence": 2, "first": "a", "first_confidence": 1}


def test_of_an_older_file_the_first_confidence_is_not_made_up(own_progress):
    record = {"predictions": {"t-4": {"answer": "a", "confidence": 1, "first": "a"}}}
    own_progress.write_text(json.dumps(record), encoding="utf-8")
    answer("t-4", "b", 2)
    kept = json.loads(own_progress.read_text("utf-8"))["predictions"]["t-4"]
    assert kept == {"answer": "b", "confidence": 2, "first": "a"}


def test_an_answer_that_is_no_choice_any_more_does_not_break_the_form(own_progress, shown):
    record = {"predictions": {"t-4": {"answer": "gone", "confidence": 9}}}
    own_progress.write_text(json.dumps(record), encoding="utf-8")
    assert Form("t-4", CHOICES, "Which?").answer.value is None
    shown(ask, "t-4", CHOICES)
    assert "the answer" in shown(reveal, "t-4", right="b", beliefs=BELIEFS)["text/plain"]


def test_reveal_shows_own_answer_right_answer_and_misconceptions(shown):
    shown(ask, "t-5", CHOICES, question="Which?")
    answer("t-5", "a", 3)
    data = shown(reveal, "t-5", right="b", beliefs=BELIEFS)
    assert data["text/plain"] == "t-5: the answer"
    rows = {text: row for row in data["text/html"].split("<tr") for text in CHOICES.values() if text in row}
    assert "your prediction" in rows[CHOICES["a"]] and BELIEFS["a"] in rows[CHOICES["a"]]
    assert ">right<" in rows[CHOICES["b"]] and "your prediction" not in rows[CHOICES["b"]]
    assert "Sure and surprised" in data["text/html"]


def test_reveal_asks_whoever_predicted_once_more_before_the_answer(own_progress, shown, monkeypatch):
    made = []
    monkeypatch.setattr(AskAgain, "__init__", _noted(made, AskAgain.__init__))
    shown(ask, "t-5", CHOICES)
    shown(reveal, "t-5", right="b", beliefs=BELIEFS)
    assert not made, "who has predicted nothing is not asked again"
    answer("t-5", "a", 3)
    data = shown(reveal, "t-5", right="b", beliefs=BELIEFS)
    (form,) = made
    assert "application/vnd.jupyter.widget-view+json" in data and form.shown.value.startswith("<details>")
    form.button.click()
    assert "how sure" in form.status.value and "after" not in own_progress.read_text("utf-8")
    form.answer.value, form.confidence.value = "b", 2
    form.button.click()
    assert not form.shown.value.startswith("<details>") and BELIEFS["a"] in form.shown.value
    kept = json.loads(own_progress.read_text("utf-8"))["predictions"]["t-5"]
    assert kept == {"answer": "a", "confidence": 3, "first": "a", "first_confidence": 3,
                    "after": "b", "after_confidence": 2}
    data = shown(reveal, "t-5", right="b", beliefs=BELIEFS)
    assert len(made) == 1 and "application/vnd.jupyter.widget-view+json" not in data


def _noted(made, begin):
    def noting(self, *args):
        begin(self, *args)
        made.append(self)

    return noting


def test_reveal_without_a_prediction_still_teaches(own_progress, shown):
    shown(ask, "t-6", CHOICES)
    data = shown(reveal, "t-6", right="b", beliefs=BELIEFS)
    assert data["text/html"].startswith("<details><summary>"), "Run All does not spoil the question"
    assert "You made no prediction here" in data["text/html"] and BELIEFS["c"] in data["text/html"]
    assert not own_progress.exists()


def test_bad_use_is_named(shown):
    with pytest.raises(ValueError, match="choices must offer"):
        ask("t-7", {"a": "only one"})
    with pytest.raises(KeyError, match=r"never-asked.*predict cell"):
        reveal("never-asked", right="a", beliefs={})
    shown(ask, "t-7", CHOICES)
    with pytest.raises(ValueError, match="'z'"):
        reveal("t-7", right="z", beliefs={})
    with pytest.raises(ValueError, match="'y'"):
        reveal("t-7", right="a", beliefs={"y": "?"})


def test_a_folder_that_cannot_be_written_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_PROGRESS", str(tmp_path / "gone" / "p.json"))
    assert "could not be saved" in answer("t-8", "a", 1).status.value
