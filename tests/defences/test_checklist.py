"""Red where an attack failed, green where nothing is hidden."""

from dataclasses import replace

import pytest
import torch
from torch import nn

from course_lib.attacks import fgsm
from course_lib.defences.checklist import Numbers, checklist, measured, questions
from course_lib.defences.defence import Defence
from course_lib.measure import robust_accuracy

SOUND = Numbers(fgsm=0.4, pgd=0.1, longer_pgd=0.1, white_box=0.1, transfer=0.6, at_one=0.0, gradients=1.0)
ASKS = ["PGD at least FGSM", "white-box at least transfer", "accuracy at eps = 1 is 0",
        "more steps change nothing", "gradients are there"]


def colours(numbers):
    return [q.green for q in questions(numbers)]


@pytest.mark.parametrize(("change", "red"), [
    ({"fgsm": 0.0}, 0), ({"transfer": 0.05}, 1), ({"at_one": 0.5}, 2), ({"longer_pgd": 0.05}, 3),
    ({"longer_pgd": 0.15}, 3), ({"gradients": 0.5}, 4),
])
def test_each_question_turns_red_alone(change, red):
    assert [q.asks for q in questions(SOUND)] == ASKS and all(colours(SOUND))
    assert colours(replace(SOUND, **change)) == [k != red for k in range(5)]


def test_one_point_counts_as_nothing():
    one = {"fgsm": 0.57, "pgd": 0.58, "longer_pgd": 0.57, "white_box": 0.58, "transfer": 0.57, "at_one": 0.01}
    assert all(colours(replace(SOUND, **one)))
    two = {"pgd": 0.59, "longer_pgd": 0.57, "white_box": 0.59, "at_one": 0.02}
    assert colours(replace(SOUND, **one | two)) == [False] * 4 + [True]


def test_a_plain_net_and_a_trained_one_are_green_and_saturated_logits_are_red(nets, digits):
    plain, source, robust = nets
    x, y = digits
    for net in (plain, robust):
        found = checklist(net, x, y, eps=0.2, source=source, generator=torch.Generator().manual_seed(0))
        assert [q.green for q in found][1:3] == [True, True] and found[4].green, list(map(str, found))

    class Times(nn.Module):
        def forward(self, logits):
            return 1000 * logits

    numbers = measured(Defence(nn.Sequential(plain, Times())), x, y, eps=0.2, source=source)
    assert numbers.gradients < 0.3 and numbers.white_box > 0.9 and numbers.at_one > 0.2
    assert not any(q.green for q in questions(numbers) if q.asks in (ASKS[1], ASKS[2], ASKS[4]))


def test_the_numbers_are_those_of_the_attacks(nets, digits):
    x, y = digits
    n = measured(nets[0], x, y, eps=0.15, source=nets[1], steps=10)
    for net, found in ((nets[0], n.fgsm), (nets[1], n.transfer)):
        made = fgsm(net, x, y, eps=0.15, keep_failures=True)
        assert found == pytest.approx(robust_accuracy(nets[0], x, y, [made], eps=0.15))
    assert n.white_box <= min(n.fgsm, n.pgd)
