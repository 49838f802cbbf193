"""Leaks: each one flatters where it can, and only there."""

from course_lib.measure import estimate
from course_lib.train import leaks
from course_lib.train.leaks import selection_leak, split_leak, tfidf_leak
from course_lib.train.text_study import Row, TextStudy

STUDY = TextStudy(pairs=1500, steps=100)


def test_questions_on_both_sides_flatter():
    assert estimate([split_leak(STUDY, Row(distance="head"), k) for k in range(3)]).mean > 0.03


def test_the_best_of_many_flatters_and_one_alone_does_not():
    many = [selection_leak(STUDY, k) for k in range(5)]
    assert estimate(many).above(0)
    # One setting, with its threshold chosen on far more pairs: little is left to be lucky about.
    one = [selection_leak(TextStudy(pairs=8000), k, tries=1, tested=1200, fresh=2000) for k in range(5)]
    assert estimate(one).mean < estimate(many).mean / 2


def test_tfidf_fitted_on_all_is_the_only_change(monkeypatch):
    fitted = []
    real = leaks.train_row
    monkeypatch.setattr(leaks, "train_row", lambda *a, **kw: fitted.append(kw) or real(*a, **kw))
    study = TextStudy(pairs=300, steps=2)
    tfidf_leak(study, Row(), 0)
    parts = study.splits(0)
    assert [set(kw) - {"parts"} for kw in fitted] == [{"fitted_on"}, set()]
    assert set(fitted[0]["fitted_on"]) == {text for part in parts for text in part.texts}
