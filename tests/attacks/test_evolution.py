"""Differential evolution: parents, children, and that no place ever gets worse."""

import torch

from course_lib.attacks.evolution import Populations, mirrored, three_members


def sphere(members):
    """A score with its minimum, 0, at 0.3 in every gene."""
    return ((members - 0.3) ** 2).sum(2)


def test_three_parents_are_different_and_uniform():
    three = three_members(4000, 5, torch.zeros(1), torch.Generator().manual_seed(0)).view(-1, 3)
    assert three.min() == 0 and three.max() == 4
    assert ((three[:, 0] != three[:, 1]) & (three[:, 1] != three[:, 2]) & (three[:, 0] != three[:, 2])).all()
    triples = torch.bincount(three @ torch.tensor([25, 5, 1]))
    triples = triples[triples > 0]
    assert len(triples) == 5 * 4 * 3
    assert (triples - 20_000 / 60).abs().max() < 5 * (20_000 / 60) ** 0.5


def test_a_child_is_a_plus_half_of_b_minus_c():
    members = torch.tensor([[[1.0, 10], [2, 20], [4, 40]], [[0.0, 0], [0, 0], [8, 80]]])
    three = torch.tensor([[[0, 2, 1]] * 3, [[1, 0, 2]] * 3])
    children = Populations(members, torch.zeros(2, 3)).children(three)
    assert children[:, 0].tolist() == [[2, 20], [-4, -40]]


def test_only_better_children_stay_and_each_in_its_fathers_place():
    old = Populations(torch.zeros(1, 4, 2), torch.tensor([[1.0, 1, 1, torch.inf]]))
    new = old.after(torch.ones(1, 4, 2), torch.tensor([[0.5, 2, torch.nan, 3]]))
    assert new.scores.tolist() == [[0.5, 1, 1, 3]]
    assert new.members[0, :, 0].tolist() == [1, 0, 0, 1]
    assert new.of(torch.tensor([False])).members.shape == (0, 4, 2)


def test_no_place_gets_worse_and_the_minimum_is_found():
    g = torch.Generator().manual_seed(1)
    members = torch.rand(3, 20, 4, generator=g)
    population = Populations(members, sphere(members))
    for _ in range(60):
        children = mirrored(population.children(three_members(3, 20, members, g)))
        after = population.after(children, sphere(children))
        assert (after.scores <= population.scores).all()
        assert torch.equal(after.scores, sphere(after.members))
        population = after
    assert population.scores.amin(1).max() < 1e-4 < sphere(members).amin(1).min()


def test_what_leads_out_is_mirrored():
    v = torch.tensor([-1.0, -0.25, 0, 0.5, 1, 1.25, 2])
    assert mirrored(v).tolist() == [1, 0.25, 0, 0.5, 1, 0.75, 0]
