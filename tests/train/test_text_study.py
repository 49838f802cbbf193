"""Rows of the source's tables: one change each, fitted on training texts alone, chosen on validation."""

from dataclasses import fields, replace

import pytest
import torch

from course_lib.blocks import PairHead, cosine, euclidean
from course_lib.data.questions import questions
from course_lib.data.text import fit_tfidf, glove, mean_vectors
from course_lib.data.text_pairs import split_by_question
from course_lib.measure import accuracy_at, best_threshold
from course_lib.train import text_study
from course_lib.train.pair_study import similarity
from course_lib.train.text_study import ROWS, Row, TextStudy, features_of, train_row

SMALL = TextStudy(pairs=300, width=16, steps=3)
PLAIN = {field.name: field.default for field in fields(Row)}


def test_the_rows_are_the_sources_with_its_figures():
    assert [source for _, source in ROWS.values()] == [
        0.69, 0.72, 0.67, 0.74, 0.77, 0.78, 0.75, 0.79, "Fail", 0.84, 0.91]
    base = ROWS["residual, BN before relu"][0]
    for name in ("residual, BN after relu", "+ dropout", "+ layer concat", "unit norm + cosine",
                 "learned head"):
        row = ROWS[name][0]
        assert sum(getattr(row, key) != getattr(base, key) for key in PLAIN) == 1, name


def test_the_first_part_alone_is_fitted():
    parts = SMALL.splits(0)
    row = Row()
    x = features_of(parts, row, SMALL, 0)
    weights = fit_tfidf(parts[0].texts)
    assert torch.equal(x[2][:, 1], mean_vectors(parts[2].right, glove(), weights))
    everything = [text for part in parts for text in part.texts]
    leaky = features_of(parts, row, SMALL, 0, everything)
    assert torch.equal(leaky[2][:, 0], mean_vectors(parts[2].left, glove(), fit_tfidf(everything)))
    assert not torch.equal(leaky[2], x[2])
    own = features_of(parts, Row("own"), SMALL, 0)
    other_tests = features_of((parts[0], parts[2], parts[1]), Row("own"), SMALL, 0)
    assert torch.equal(own[0], other_tests[0]) and torch.equal(own[1], other_tests[2])


@pytest.mark.parametrize("name", ROWS)
def test_a_unit_is_the_same_twice_and_its_threshold_comes_from_validation(name):
    row = ROWS[name][0]
    first, again = (train_row(SMALL, row, 2, name=name) for _ in range(2))
    for field in ("accuracy", "auc", "middle_accuracy"):
        assert getattr(first, field) == getattr(again, field)
    parts = SMALL.splits(2)
    x = features_of(parts, row, SMALL, 2)
    threshold = best_threshold(parts[1].y, similarity(first.model, x[1]))
    assert accuracy_at(parts[2].y, similarity(first.model, x[2]), threshold) == first.accuracy
    assert first.majority == pytest.approx(float((parts[2].y == 0).float().mean()))


def test_switches_reach_the_net():
    def net(**change):
        return SMALL.net(replace(Row(), **change), 10)

    assert net().head is euclidean and net(distance="cosine").head is cosine
    assert isinstance(net(distance="head").head, PairHead)
    z = net(signed=True, distance="cosine").eval().left(torch.randn(200, 10))
    assert (z < 0).any() and torch.allclose(z.norm(dim=1), torch.ones(200), atol=1e-5)
    assert (net().eval().left(torch.randn(200, 10)) >= 0).all()
    assert net(concat=True).left.features == 3 * net().left.features == 48


def test_margin_and_labels_reach_the_loss(monkeypatch):
    seen = []
    real = text_study.fit

    def spy(model, x, y, **options):
        seen.append((y, options))
        return real(model, x, y, **options)

    monkeypatch.setattr(text_study, "fit", spy)
    train_row(SMALL, Row(margin=2.5), 0)
    train_row(SMALL, Row(distance="cosine", margin=0.5, swapped=True, optimizer="sgd"), 0)
    (y, euclid), (turned, cosines) = seen
    assert torch.equal(turned, 1 - y)
    assert euclid["loss"].keywords == {"margin": 2.5} and cosines["loss"].keywords == {"margin": 0.5}
    assert (euclid["lr"], cosines["lr"], cosines["optimizer"]) == (SMALL.lr, SMALL.sgd_lr, "sgd")


@pytest.mark.parametrize(("row", "middle"), [
    (Row(margin=10.0), -5.0), (Row(distance="cosine", margin=0.0), 0.5), (Row(distance="head"), 0.0)])
def test_the_middle_lies_between_what_the_loss_asks(row, middle):
    assert row.middle == middle


def test_a_sequence_tower_reads_order_and_a_mean_does_not():
    study = TextStudy(pairs=800, order=1.0, length=12, steps=60)
    areas = [train_row(study, Row(encoder=e, distance="head"), 0).auc for e in ("mean", "sequence")]
    assert areas[0] < 0.7 and areas[1] > 0.95


def test_other_parts_and_checkpoints(tmp_path):
    parts = split_by_question(questions(300, seed=9), seed=9)
    first = train_row(SMALL, Row(), 1, name="base", parts=parts, folder=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["text-generated-base-seed1.safetensors"]
    assert train_row(SMALL, Row(), 1, name="base", parts=parts, folder=tmp_path).auc == first.auc
    assert train_row(SMALL, Row(), 1).auc != first.auc


@pytest.mark.parametrize(("change", "message"), [
    ({"encoder": "bert"}, "encoder must be"), ({"distance": "manhattan"}, "distance must be one of")])
def test_bad_rows_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        SMALL.net(replace(Row(), **change), 10)
