"""check as the learner meets it: panels, stubs, exceptions, the kernel left as it was, the time limit."""

import os
import subprocess
import sys

import pytest
import torch

from course_lib.exercises import check, exercise_list, registry
from course_lib.exercises.check import judge
from course_lib.exercises.panel import Panel, Verdict

TOY = registry()["00-1"]


def test_plain_text_is_stable_and_says_what_happened(panel):
    assert panel("00-1", TOY.solution)[0] == "00-1: right"
    assert panel("00-1", TOY.stub())[0] == "00-1: not done yet"
    text, _ = panel("00-1", lambda pixels: pixels / 256)
    assert text == f"00-1: not yet. {judge(TOY, lambda pixels: pixels / 256).message}"
    assert panel("00-1", TOY.solution) == panel("00-1", TOY.solution)


def test_learners_text_cannot_become_markup(panel):
    def answer(pixels):
        print("<script>alert(1)</script>")
        raise ValueError("<b>bold</b> & more")

    _, page = panel("00-1", answer)
    assert "<script>" not in page and "<b>bold" not in page and "&lt;b&gt;bold" in page
    assert "&lt;script&gt;" in page, "what the code printed is there to read"


def test_unknown_exercise_lists_the_known_ones():
    with pytest.raises(KeyError, match=r"99-9.*00-1, 03-1"):
        check("99-9", None)


def test_exercise_list_is_in_order():
    assert [e.id for e in exercise_list("03")] == ["03-1", "03-2", "03-3", "03-4", "03-5"]
    assert [e.id for e in exercise_list()] == list(registry())


@pytest.mark.parametrize(("body", "told"), [
    ("raise NotImplementedError()", "not done yet"),
    ("return helper(pixels)", "NameError at the line `return helper(pixels)`. Is the name spelled"),
    ("return pixels + nn.ReLU", "a function named there, but not called"),
    ("return nn.ReLU(pixels)", "a layer is made first and then called"),
    ("return F.conv2d(nn.ReLU(), pixels)", "a layer must be made first and then called"),
    ("return torch.zeros(2, 4 / 2)", "`//` does not"),
    ("for i in range(4 / 2): pass", "`//` does not"),
    ("nn.Linear(2, 2).weight = 0", "change the values inside it"),
    ("x = x + pixels\nreturn x", "before it has a value"),
    ("return torch.zeros(10 ** 14)", "far more memory"),
    ("return input('?')", "cannot wait for the keyboard"),
    ("breakpoint()", "cannot wait for the keyboard"),
    ("class Own(BaseException):\n    def __str__(self): raise ValueError\nraise Own", "stopped with Own"),
    ("torch.relu, keep = None, torch.relu\nreturn pixels / 255", "in the place of functions of torch"),
    ("return pixels @ torch.zeros(3, 7)", "Two shapes do not fit"),
    ("return pixels / torch.zeros(3, 7)", "Two shapes do not fit"),
    ("pixels /= 255\nreturn pixels", "Two kinds of number meet"),
    ("return pixels.devide(255)", "Is the name spelled"),
    ("return to_unit(pixels)", "calls itself without an end"),
    ("w = torch.ones(1, requires_grad=True)\nw.zero_()", "changed in place"),
    ("exit()", "must not end the kernel"),
    ("import sys\nsys.exit(3)", "must not end the kernel"),
    ("return 1 / 0", "ZeroDivisionError at the line `return 1 / 0`"),
    ("pixels / 255", "is a `return` missing"),
    ("class Own(Exception): pass\nraise Own", "stopped with Own"),
    ("torch.nn.Module()(pixels)", "no forward"),
])  # fmt: skip
def test_exceptions_are_told_with_line_and_cause(body, told):
    verdict = judge(TOY, TOY.answer(TOY.with_body(body)))
    assert told in f"{verdict.state} {verdict.message}"
    assert "<exercise" not in verdict.message and "Traceback" not in verdict.detail


@pytest.mark.parametrize(("exercise_id", "answer", "told"), [
    ("00-1", "to_unit", 'This is no function: check wants the function itself, without brackets'),
    ("00-1", torch.zeros(2), "no function"),
    ("00-1", torch.nn.ReLU, "This is a class, and the exercise asks for a function"),
    ("03-1", "MyBasicBlock", "no class"),
    ("03-1", torch.nn.ReLU(), 'without brackets behind its name, as in check("03-1", MyBasicBlock)'),
    ("03-1", judge, "This is a function, and the exercise asks for a class"),
    ("03-4", 17, "no function"),
])  # fmt: skip
def test_another_kind_of_thing_is_named(exercise_id, answer, told):
    verdict = judge(registry()[exercise_id], answer)
    assert verdict.state == "not yet" and told in verdict.message


def test_a_recursion_of_any_depth_is_told_soon():
    def answer(pixels):
        sys.setrecursionlimit(10**6)
        return answer(pixels)

    verdict = judge(TOY, answer)
    assert "calls itself" in verdict.message and sys.getrecursionlimit() < 10**6


def test_wrong_signature_is_told():
    assert "arguments those of the given first line" in judge(TOY, lambda: 3).message


def test_a_stub_deep_inside_is_not_done_yet():
    def helper(pixels):
        raise NotImplementedError

    assert judge(TOY, lambda pixels: helper(pixels)).state == "not done yet"


def test_a_flood_of_printing_is_cut():
    def answer(pixels):
        for _ in range(1000):
            print("x" * 1000)
        return pixels / 255

    verdict = judge(TOY, answer)
    assert verdict.state == "right" and 0 < len(verdict.printed) <= 2000


def test_no_process_is_started(monkeypatch):
    def no(*_args, **_kwargs):
        raise AssertionError("a process was started")

    for name in ("fork", "forkpty", "posix_spawn", "posix_spawnp"):
        if hasattr(os, name):
            monkeypatch.setattr(os, name, no)
    monkeypatch.setattr(subprocess, "Popen", no)
    for exercise in registry().values():
        assert judge(exercise, exercise.solution).state == "right"


def test_the_panel_carries_a_note_and_hides_numbers_from_plain_text():
    verdict = Verdict("not yet", "Look there.", detail="yours 3, expected 4")
    panel = Panel(TOY, verdict, note="not saved & gone")
    assert repr(panel) == "00-1: not yet. Look there."
    page = panel._repr_mimebundle_()["text/html"]
    assert "yours 3, expected 4" in page and "not saved &amp; gone" in page
