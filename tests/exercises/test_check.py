"""check as the learner meets it: panels, stubs, exceptions, the kernel left as it was, the time limit."""

import contextlib
import os
import random
import subprocess
import sys
import threading
import time
import warnings

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from course_lib.exercises import check, exercise_list, registry
from course_lib.exercises.check import judge
from course_lib.exercises.guard import Printed, TimeLimit, run_guarded
from course_lib.exercises.panel import Panel, Verdict

TOY = registry()["00-1"]


@pytest.fixture
def panel(shown, capsys):
    """panel(id, answer): plain text and HTML of what check shows."""

    def call(exercise_id, answer):
        bundle = shown(check, exercise_id, answer)
        assert capsys.readouterr().out == ""
        return bundle["text/plain"], bundle["text/html"]

    return call


def test_plain_text_is_stable_and_says_what_happened(panel):
    assert panel("00-1", TOY.solution)[0] == "00-1: right"
    assert panel("00-1", TOY.stub())[0] == "00-1: not done yet"
    text, _ = panel("00-1", lambda pixels: pixels / 256)
    assert text == f"00-1: not yet. {judge(TOY, lambda pixels: pixels / 256).message}"
    assert panel("00-1", TOY.solution) == panel("00-1", TOY.solution)


TEMPLATE = TOY.hints.template.strip()


def wrong(number):
    return TOY.answer(TOY.with_body(f"return pixels / {number}"))


def test_hints_open_one_rung_at_a_time_and_the_template_after_the_third_try(panel):
    pages = [panel("00-1", wrong(number))[1] for number in (251, 252, 253)]
    for page, left in zip(pages, ("2 more to go", "One more to go", None), strict=True):
        assert (TEMPLATE in page) == (left is None)
        assert left is None or left in page
        assert page.count("<details>") == page.count("</details>") == (3 if left is None else 2)
        assert "<details open" not in page
    first, second, third = pages[-1].split("<details>")[1:]
    assert TOY.hints.nudge in first and TOY.hints.method not in first and "</details>" not in first + second
    assert TOY.hints.method.split(".")[0] in second and TEMPLATE in third
    assert "All hints are open now" in pages[-1]


def test_tries_change_no_plain_text_and_no_panel_of_a_right_answer(panel):
    before = panel("00-1", TOY.solution), panel("00-1", wrong(254))[0]
    for number in (251, 252, 253):
        panel("00-1", wrong(number))
    assert before == (panel("00-1", TOY.solution), panel("00-1", wrong(254))[0])
    page = before[0][1]
    assert TOY.why.replace("'", "&#x27;") in page and TOY.hints.nudge not in page and "template" not in page


def test_a_blank_copy_is_no_try_and_says_what_to_do(panel):
    pages = {panel("00-1", TOY.stub())[1] for _ in range(4)}
    (page,) = pages
    assert "raise NotImplementedError()" in page and "opens after the third try." in page
    assert "more to go" not in page and TEMPLATE not in page


def test_a_failed_try_at_one_exercise_opens_nothing_at_another(panel):
    for number in (251, 252, 253):
        panel("00-1", wrong(number))
    assert registry()["03-1"].hints.template.splitlines()[1] not in panel("03-1", lambda: 0)[1]


def test_the_template_stays_open_for_those_who_had_the_answer_before(panel):
    panel("00-1", TOY.solution)
    assert TEMPLATE in panel("00-1", wrong(251))[1]


def test_an_interrupt_is_said_counts_as_no_try_and_stops_run_all(shown, own_progress):
    def answer(pixels):
        raise KeyboardInterrupt

    said = []
    module = sys.modules["course_lib.exercises.check"]
    module.display, before = said.append, module.display
    try:
        with pytest.raises(KeyboardInterrupt) as stop:
            check("00-1", answer)
    finally:
        module.display = before
    (output,) = said
    assert repr(output).startswith("00-1: stopped. You interrupted the check")
    assert stop.value._render_traceback_() == ["KeyboardInterrupt: the check was stopped."]
    assert not own_progress.exists()


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


def state():
    return (
        random.getstate(), str(np.random.get_state()), torch.get_rng_state().tolist(),
        torch.is_grad_enabled(), torch.get_default_dtype(), torch.get_num_threads(),
        str(torch.get_default_device()), torch.are_deterministic_algorithms_enabled(),
        torch.is_anomaly_enabled(), list(warnings.filters), sys.stdout,
    )


def rude(pixels):
    """An answer that changes whatever it can."""
    random.seed(9), np.random.seed(9), torch.manual_seed(9)
    torch.rand(3)
    torch.set_grad_enabled(False)
    torch.set_default_dtype(torch.float16)
    torch.set_num_threads(2)
    torch.set_default_device("meta")
    torch.use_deterministic_algorithms(True)
    torch.autograd.set_detect_anomaly(True)
    warnings.simplefilter("error")
    sys.stdout = None


@pytest.mark.parametrize("end", [None, ValueError, SystemExit, KeyboardInterrupt, "hang", "stub"])
@pytest.mark.parametrize("grad", [True, False])
def test_the_kernel_is_left_as_it_was(end, grad):
    def answer(pixels):
        rude(pixels)
        if end == "hang":
            time.sleep(60)
        if end == "stub":
            raise NotImplementedError
        if end is not None:
            raise end
        return pixels

    torch.set_num_threads(1)
    with torch.set_grad_enabled(grad):
        before = state()
        if end is KeyboardInterrupt:  # the learner's own stop is not swallowed
            with pytest.raises(KeyboardInterrupt):
                judge(TOY, answer, seconds=1)
        else:
            assert judge(TOY, answer, seconds=1).state != "right"
        assert state() == before


def test_odd_settings_before_the_check_do_not_matter_and_stay():
    torch.set_default_dtype(torch.float16)
    torch.set_default_device("meta")
    try:
        with torch.inference_mode():
            assert judge(registry()["03-1"], registry()["03-1"].solution).state == "right"
            assert torch.is_inference_mode_enabled()
        assert torch.get_default_dtype() == torch.float16 and torch.get_default_device().type == "meta"
    finally:
        torch.set_default_dtype(torch.float32)
        torch.set_default_device(None)


def spin(pixels):
    while True:
        pass


def stubborn(pixels):
    while True:
        with contextlib.suppress(Exception):
            F.relu(torch.zeros(10))


def very_stubborn(pixels):
    while True:
        try:  # noqa: SIM105
            time.sleep(0.001)
        except:  # noqa: E722
            pass


@pytest.mark.parametrize("answer", [spin, stubborn, very_stubborn, lambda pixels: time.sleep(60)])
def test_a_hang_ends_with_a_clear_message(answer):
    begin = time.monotonic()
    verdict = judge(TOY, answer, seconds=0.3)
    assert "did not come to an end" in verdict.message
    assert time.monotonic() - begin < 20
    assert judge(TOY, TOY.solution).state == "right", "the next check works"


@pytest.mark.parametrize("answer", [spin, stubborn, very_stubborn])
def test_a_hang_ends_without_signals_too(answer):
    """As on Windows, or when the kernel runs cells outside its main thread."""
    found = []
    thread = threading.Thread(target=lambda: found.append(judge(TOY, answer, seconds=0.3)), daemon=True)
    thread.start()
    thread.join(30)
    assert found and "did not come to an end" in found[0].message


@pytest.mark.parametrize("in_thread", [False, True])
def test_no_limit_strikes_after_the_end(in_thread):
    done = []

    def close_calls():
        for _ in range(30):
            with contextlib.suppress(TimeLimit):
                run_guarded(time.sleep, 0.01, seconds=0.0101, printed=Printed())
        for _ in range(30):
            time.sleep(0.01)
        done.append(sys.gettrace())

    if in_thread:
        thread = threading.Thread(target=close_calls, daemon=True)
        thread.start()
        thread.join(30)
    else:
        close_calls()
    assert done == [None] or sys.gettrace() is not None  # a debugger or coverage may trace


def test_an_earlier_timer_keeps_running():
    signal = pytest.importorskip("signal")
    if not hasattr(signal, "setitimer"):
        pytest.skip("this system has no such timer")
    before = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)[0]
    judge(TOY, TOY.solution)
    after = signal.getsignal(signal.SIGALRM), signal.getitimer(signal.ITIMER_REAL)[0]
    assert after[0] is before[0] and (after[1] > 0) == (before[1] > 0) and after[1] <= before[1]


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
