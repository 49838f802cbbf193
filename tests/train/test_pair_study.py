"""Pairs of images: which classes train, which are asked about, and what is told of them."""

from dataclasses import replace

import pytest
import torch

from course_lib.measure import auc
from course_lib.train.pair_study import KINDS, PairStudy, pixel_similarity, similarity, train_pairs

SMALL = PairStudy(side=8, pairs=300, tested=400, width=16, features=8, steps=4)


def test_no_unseen_class_is_trained_on_and_none_else_is_asked_about():
    train, seen, unseen = SMALL.images(0)
    assert set(train.y.tolist()) == set(seen.y.tolist()) == set(range(7))
    assert set(unseen.y.tolist()) == {7, 8, 9} and train.split == "train" and unseen.split == "test"
    drawn = [set(replace(SMALL, unseen=3).images(k)[2].y.tolist()) for k in range(4)]
    assert all(len(classes) == 3 for classes in drawn) and len(set(map(tuple, drawn))) > 1


@pytest.mark.parametrize("kind", KINDS)
def test_a_unit_is_the_same_twice_and_tells_what_its_model_answers(kind, tmp_path):
    first, again = (train_pairs(SMALL, kind, 3, folder=folder) for folder in (None, tmp_path))
    assert (first.auc, first.seen_auc, first.raw_auc) == (again.auc, again.seen_auc, again.raw_auc)
    x, y = SMALL.test_pairs(SMALL.images(3)[2], 3)
    assert auc(y, similarity(first.model, x)) == first.auc and auc(y, pixel_similarity(x)) == first.raw_auc
    kept = train_pairs(SMALL, kind, 3, folder=tmp_path)
    assert len(list(tmp_path.iterdir())) == 1 and kept.auc == first.auc


def test_a_longer_training_knows_the_seen_digits_and_a_push_matters():
    study = replace(SMALL, side=14, width=64, pairs=2000, steps=120)
    unit = train_pairs(study, "contrastive", 0)
    assert unit.seen_auc > 0.9 > unit.raw_auc
    pulled = train_pairs(replace(study, margin=0.001), "contrastive", 0)
    assert pulled.seen_auc < 0.75


def test_similar_is_high_for_distances_and_for_heads():
    x = torch.rand(6, 1, 1, 8, 8).expand(6, 2, 1, 8, 8).clone()
    x[3:, 1] = 1 - x[3:, 1]
    for kind in ("contrastive", "logistic"):
        net = SMALL.net_of(kind, 1)
        answer = similarity(net, x)
        assert answer.shape == (6,)
        if kind == "contrastive":
            assert answer[:3].min() > answer[3:].max() and answer[:3].abs().max() < 1e-5
        else:
            assert torch.equal(answer, net.eval()(x).detach())


def test_every_pair_of_kind_and_seed_is_a_unit():
    assert list(replace(SMALL, seeds=2).units([5, 6, 7], ("triplet", "logistic"))) == [
        ("triplet", 5), ("logistic", 5), ("triplet", 6), ("logistic", 6)]


def test_a_resnet_on_photographs_runs():
    study = replace(SMALL, data="cifar10", net="resnet", depth=8, width=4, steps=2)
    unit = train_pairs(study, "contrastive", 0)
    assert 0 < unit.auc < 1 and unit.model.left.linear.out_features == 8


@pytest.mark.parametrize(("change", "kind", "message"), [
    ({}, "siamese", "kind must be one of"), ({"net": "vgg"}, "triplet", "net must be mlp or resnet"),
])
def test_bad_arguments_are_named(change, kind, message):
    with pytest.raises(ValueError, match=message):
        train_pairs(replace(SMALL, **change), kind, 0)
