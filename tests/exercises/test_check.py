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


def test_hints_open_one_rung_at_a_time_and_only_when_needed(panel):
    _, page = panel("00-1", TOY.stub())
    assert page.count("<details>") == page.count("</details>") == 3
    first, second, third = page.split("<details>")[1:]
    assert TOY.hints.nudge in first and TOY.hints.method not in first and "</details>" not in first + second
    assert TOY.hints.template.strip() in third and "<details open" not in page
    _, page = panel("00-1", TOY.solution)
    assert TOY.why.replace("'", "&#x27;") in page and TOY.hints.nudge not in page


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
    ("return helper(pixels)", "NameError at the line `return helper(pixels)`. Has the cell"),
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
