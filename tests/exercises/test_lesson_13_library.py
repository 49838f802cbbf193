"""What lesson 13's exercises ask for is what the attack library does."""

import torch

from course_lib.attacks.evolution import Populations, mirrored
from course_lib.attacks.fooling import Champions
from course_lib.attacks.pixel_map import pixel_map
from course_lib.exercises import registry
from course_lib.exercises.lesson_13.flipping_pixels import a_case, oracle


def test_the_attack_library_does_the_same():
    torch.manual_seed(0)
    parents, was, now = torch.rand(1, 9, 5), torch.rand(1, 9), torch.rand(1, 9)
    three = torch.rand(1, 9, 9).argsort(2)[:, :, :3]
    old = Populations(parents, was)
    children = mirrored(old.children(three))
    assert torch.allclose(registry()["13-1"].solution(parents[0], three[0]), children[0])
    new = old.after(children, now)
    found = registry()["13-2"].solution(parents[0], was[0], children[0], now[0])
    assert torch.equal(found[0], new.members[0]) and torch.equal(found[1], new.scores[0])
    champions = Champions(torch.rand(4, 5), torch.rand(4)).after(children[0], torch.rand(9, 4))
    again = torch.rand(9, 4)
    found = registry()["13-5"].solution(champions.genomes, champions.odds, children[0], again)
    after = champions.after(children[0], again)
    assert torch.equal(found[0], after.genomes) and torch.equal(found[1], after.odds)


def test_the_pixel_map_says_the_same_as_the_enumeration():
    torch.manual_seed(0)
    model, x, y = a_case(4, 6)
    truth = pixel_map(model, x[None, None], torch.tensor([y]))[0]  # colours, rows, columns
    flips = {(i, j, c) for c, i, j in (truth < 0).nonzero().tolist()}
    assert flips == oracle(model, x, y) == set(registry()["13-6"].solution(model, x, y))
