"""What lesson 14's exercises ask for is what the library does; the masked net is masked and stays so."""

from dataclasses import asdict, replace

import pytest
import torch
from answers import verdict
from torch.nn.modules.module import register_module_forward_hook

from course_lib.attacks import fgsm, pgd
from course_lib.exercises import registry
from course_lib.exercises.check import judge
from course_lib.exercises.lesson_14.as_it_stands import contents
from course_lib.exercises.lesson_14.break_it import EPS, IMAGES, a_defence, some_digits
from course_lib.exercises.lesson_14.masked import MaskedNet
from course_lib.exercises.lesson_14.red_flags import CHANGES, MASKED, SOUND
from course_lib.measure import is_right, success


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])  # as in a check, and as in the notebook
@pytest.mark.parametrize("attack", [fgsm, pgd])
def test_fgsm_and_pgd_change_nothing_of_what_the_masked_net_reads(attack, dtype):
    defence, (x, y) = a_defence().to(dtype), some_digits()
    right = is_right(defence, x.to(dtype), y)
    assert right.sum() >= IMAGES
    x, y = x[right][:20].to(dtype), y[right][:20]
    x_adv = attack(defence, x, y, eps=EPS, keep_failures=True)
    assert (x_adv != x).flatten(1).any(1).sum() <= 1 and success(defence, x, y, x_adv, eps=EPS).accuracy == 1


@pytest.mark.parametrize("slip", ["forward = None", "__call__ = None", "net = None", "own = lambda self: 1"])
def test_the_class_of_the_masked_net_is_whole_again_after_an_answer_changed_it(slip):
    before = contents(MaskedNet)
    found = verdict("14-4", f"type(defence).{slip}\nreturn x.clone()")
    assert found.state == "not yet" and "is not what it was" in found.message
    assert contents(MaskedNet) == before


def test_a_hook_on_all_modules_is_no_way_through():
    handles = []

    def answer(defence, x, y, eps):
        handles.append(register_module_forward_hook(lambda module, inputs, output: output.flip(-1)))
        return x.clone()

    try:
        found = judge(registry()["14-4"], answer)
    finally:
        handles[0].remove()
    assert found.state == "not yet" and "is not what it was" in found.message


def test_the_checklist_of_the_library_shows_the_same_flags():
    checklist = pytest.importorskip("course_lib.defences.checklist")
    for numbers in [*(replace(SOUND, **change) for change in CHANGES), MASKED]:
        questions = checklist.questions(checklist.Numbers(**asdict(numbers)))
        wanted = {question.asks: "green" if question.green else "red" for question in questions}
        assert registry()["14-6"].solution(numbers) == wanted


def test_the_library_passes_gradients_straight_through_as_well():
    library = pytest.importorskip("course_lib.defences.defence").straight_through
    for function in (registry()["14-3"].solution, library):
        x = torch.rand(2, 1, 3, 4, requires_grad=True)
        y = function(torch.round, x)
        assert torch.equal(y, x.round())
        (g,) = torch.autograd.grad((y * x.detach()).sum(), x)
        assert torch.equal(g, x.detach())
