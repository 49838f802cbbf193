"""The lesson's defences: which only look robust, and which are, as `evaluate` and `standard` find it."""

import tomllib

import pytest
import torch
from torch import nn

from course_lib.attacks import fgsm, standard
from course_lib.data import manifest
from course_lib.defences import CATALOGUE, KNOWLEDGE, Material, evaluate
from course_lib.measure import paired_difference, robust_accuracy
from course_lib.train import ImageStudy, train_images
from course_lib.widgets.verdicts import NAME, PROMISE

STUDY = ImageStudy(steps=120, batch_size=32, lr=0.01)
EPS = 0.2


@pytest.fixture(scope="module")
def materials():
    """Three plain nets; the next one is whom blind attackers make their images for."""
    nets = [train_images(STUDY, 40 + k).model.eval() for k in range(3)]
    return [Material(STUDY, 40 + k, nets[k], nets[k - 1], (nets[k - 2],)) for k in range(3)]


@pytest.fixture(scope="module")
def images():
    return tuple(part[:40] for part in STUDY.images("test"))


def left(name, material, images, **more):
    """Accuracy by knowledge."""
    defence, seed = CATALOGUE[name].make(material), torch.Generator().manual_seed(0)
    return {knowledge: evaluate(defence, knowledge, *images, eps=EPS, source=material.source, steps=15,
                                queries=20, generator=seed, **more).accuracy for knowledge in KNOWLEDGE}


def test_each_entry_fits_a_table_and_names_a_row_of_the_lesson():
    rows = tomllib.loads((manifest.data_folder() / "syllabus.toml").read_text("utf-8"))["row"]
    of_the_lesson = {row["id"] for row in rows if row["lesson"] == "14"}
    for entry in CATALOGUE.values():
        assert len(entry.name) <= NAME and len(entry.promise) <= PROMISE
        assert entry.row == "" or entry.row in of_the_lesson
    assert {entry.row for entry in CATALOGUE.values()} >= {
        "S1-41", "S1-42", "S1-44", "S1-45", "S3-12", "S3-13", "S3-30", "S3-39", "S3-49"}


@pytest.mark.parametrize("name", ["rounded", "resize", "saturated"])
def test_broken_defences_look_robust_and_fall_to_the_adaptive_attacker(name, materials, images):
    found = left(name, materials[0], images, draws=4)
    model = CATALOGUE[name].make(materials[0]).model.eval()
    inside = materials[0].plain if name == "rounded" else model.net
    x, y = (part[:200] for part in STUDY.images("test"))
    torch.manual_seed(0)
    stands, bare = (robust_accuracy(net, x, y, [fgsm(net, x, y, eps=EPS, keep_failures=True)], eps=EPS)
                    for net in (model, inside))
    assert stands > bare + 0.1  # against FGSM the mask seems to help
    assert found["transfer"] > 0.4
    assert found["adaptive"] < 0.2


@pytest.mark.parametrize("name", ["halftone", "gccs", "detector"])
def test_defences_that_the_naive_attacker_cannot_pass_fall_to_the_adaptive_one(name, materials, images):
    found = left(name, materials[1], images)
    assert found["white-box"] > 0.4
    assert found["adaptive"] < found["white-box"] / 2


def test_ensembles_take_the_source_in_and_need_members(materials):
    material = materials[0]
    assert len(CATALOGUE["max"].make(material).model.members) == 1
    joined = CATALOGUE["joined"].make(material).model.members
    assert len(joined) == 2 and joined[1] is material.source
    alone = Material(STUDY, 0, material.plain, material.source)
    with pytest.raises(ValueError, match="members must hold the nets"):
        CATALOGUE["mean"].make(alone)


def test_no_recipe_changes_the_plain_net(materials):
    material = materials[0]
    before = {name: value.clone() for name, value in material.plain.state_dict().items()}
    short = Material(ImageStudy(steps=2, batch_size=32), 0, material.plain, material.source, material.members,
                     steps=2)
    for name, entry in CATALOGUE.items():
        defence = entry.make(short)
        assert isinstance(defence.model, nn.Module), name
        assert defence.random == (name in ("noise", "resize"))
    assert all(torch.equal(before[name], value) for name, value in material.plain.state_dict().items())


@pytest.mark.parametrize("name", ["pgd", "sat"])
def test_nets_trained_on_attacks_are_harder_under_standard(name, materials, images):
    x, y = images
    rates = {"plain": [], name: []}
    for material in materials:
        for key, net in (("plain", material.plain), (name, CATALOGUE[name].make(material).eval())):
            v = standard(net, x, y, eps=0.15, steps=10, queries=100, targets=3,
                         generator=torch.Generator().manual_seed(1))
            rates[key].append(robust_accuracy(net, x, y, [v], eps=0.15))
    assert paired_difference(rates[name], rates["plain"]).low > 0, rates
