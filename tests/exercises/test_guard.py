"""Limits of time and memory, and the learner's own interrupt: a check ends, and says why."""

import contextlib
import os
import signal
import sys
import threading
import time
import warnings

import matplotlib.pyplot as plt
import pytest
import torch
import torch.nn.functional as F

from course_lib.exercises import registry
from course_lib.exercises.check import judge
from course_lib.exercises.guard import Printed, TimeLimit, run_guarded
from course_lib.exercises.state import SETTINGS

TOY = registry()["00-1"]


def said(answer, seconds=5.0):
    return judge(TOY, answer, seconds).message


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


def state():
    read = [setting.read() for setting in SETTINGS]
    return read, list(warnings.filters), plt.get_backend(), plt.get_fignums()


needs_alarm = pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no such timer")


@needs_alarm
def test_a_hang_that_switches_the_alarm_off_ends_too():
    def answer(pixels):
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        while True:
            pass

    handlers = signal.getsignal(signal.SIGALRM), signal.getsignal(signal.SIGINT)
    assert "did not come to an end" in said(answer, seconds=0.2)
    assert (signal.getsignal(signal.SIGALRM), signal.getsignal(signal.SIGINT)) == handlers


@needs_alarm
@pytest.mark.parametrize("answer", [very_stubborn, spin])
def test_an_interrupt_ends_the_check_even_where_the_answer_catches_everything(answer):
    before = state()
    threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        judge(TOY, answer, seconds=60)
    assert state() == before
    assert judge(TOY, TOY.solution).state == "right"


@needs_alarm
def test_an_interrupt_at_any_moment_leaves_the_kernel_in_order():
    before, handler = state(), signal.getsignal(signal.SIGINT)
    for delay in range(20):
        timer = threading.Timer(delay * 0.0003, os.kill, (os.getpid(), signal.SIGINT))
        with contextlib.suppress(KeyboardInterrupt):
            timer.start()
            for _ in range(5):
                judge(TOY, TOY.solution)
            timer.join()
            time.sleep(0.01)
        assert state() == before and signal.getsignal(signal.SIGINT) is handler


def test_a_hang_leaves_no_exception_behind():
    """Else every later error in the kernel would be told with it as its context."""
    def answer(pixels):
        while True:
            with contextlib.suppress(Exception):
                F.relu(torch.zeros(10))

    for _ in range(6):
        said(answer, seconds=0.1)
    assert sys.exc_info() == (None, None, None)


def test_a_check_inside_an_answer_and_in_a_thread():
    def answer(pixels):
        assert judge(TOY, TOY.solution).state == "right"
        return pixels / 255

    found = []
    thread = threading.Thread(target=lambda: found.append(judge(TOY, answer).state))
    thread.start()
    thread.join(30)
    assert found == [judge(TOY, answer).state] == ["right"]


def test_a_stop_iteration_keeps_its_name():
    assert "stopped with StopIteration" in said(lambda pixels: next(iter([])))


@pytest.mark.parametrize("body", [
    "return torch.zeros(10 ** 12)", "return list(itertools.count())", "return bytearray(10 ** 13)",
    "x = torch.ones(1000)\nwhile True:\n    x = torch.cat([x, x])",
])  # fmt: skip
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's memory")
def test_a_huge_allocation_is_told_and_the_kernel_lives(body, monkeypatch):
    import resource

    monkeypatch.setattr("course_lib.exercises.guard.MEMORY", (2**27, 2**28))
    before = resource.getrlimit(resource.RLIMIT_AS)
    assert "far more memory" in said(TOY.answer("import itertools\n" + TOY.with_body(body)))
    assert resource.getrlimit(resource.RLIMIT_AS) == before
