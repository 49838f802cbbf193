"""What a hostile or unlucky answer leaves behind: nothing, and within the limits of time and memory."""

import contextlib
import os
import signal
import sys
import threading
import time
import warnings

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.exercises import registry
from course_lib.exercises.check import judge
from course_lib.exercises.state import SETTINGS

TOY = registry()["00-1"]


def said(answer, seconds=5.0):
    return judge(TOY, answer, seconds).message


def state():
    read = [setting.read() for setting in SETTINGS]
    return read, list(warnings.filters), plt.get_backend(), plt.get_fignums()


CHANGES = {
    "numpy's errors": lambda: np.seterr(all="raise"),
    "precision": lambda: torch.set_float32_matmul_precision("medium"),
    "deterministic": lambda: torch.use_deterministic_algorithms(True, warn_only=True),
    "anomaly": lambda: torch.autograd.set_detect_anomaly(True, check_nan=False),
    "recursion": lambda: sys.setrecursionlimit(200),
    "profiler": lambda: sys.setprofile(lambda *_: None),
    "stderr": lambda: setattr(sys, "stderr", None),
    "stdin": lambda: setattr(sys, "stdin", None),
    "folder": lambda: os.chdir(os.sep),
    "figure": lambda: plt.figure(),
    "backend": lambda: plt.switch_backend("svg"),
    "style": lambda: plt.rcParams.update({"lines.linewidth": 99}),
    "dtype": lambda: torch.set_default_dtype(torch.float16),
    "gradients": lambda: torch.set_grad_enabled(False),
    "inference": lambda: torch.inference_mode().__enter__(),
}


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("end", ["right", "error"])
def test_a_setting_is_put_back(name, end):
    def answer(pixels):
        CHANGES[name]()
        if end == "error":
            raise ValueError
        return pixels / 255

    before, width = state(), plt.rcParams["lines.linewidth"]
    judge(TOY, answer)
    assert state() == before and plt.rcParams["lines.linewidth"] == width
    assert torch.zeros(1, requires_grad=True).mul(1).requires_grad


def test_a_setting_of_before_is_put_back_as_it_was():
    torch.use_deterministic_algorithms(True, warn_only=True)
    try:
        said(lambda pixels: torch.use_deterministic_algorithms(False))
        assert torch.is_deterministic_algorithms_warn_only_enabled()
    finally:
        torch.use_deterministic_algorithms(False)


def test_replaced_functions_of_torch_come_back_and_are_told():
    names = ((torch, "equal"), (F, "relu"), (nn.Module, "parameters"), (torch.Tensor, "__len__"),
             (torch.Tensor, "mul"))
    before = [getattr(owner, name) for owner, name in names]

    def answer(pixels):
        torch.equal = lambda *_: True
        F.relu = None
        nn.Module.parameters = torch.Tensor.__len__ = None
        torch.Tensor.mul = lambda *_: 3
        return pixels / 255

    verdict = judge(TOY, answer)
    assert "in the place of functions of torch" in verdict.message
    assert all(name in verdict.detail for _, name in names)
    assert [getattr(owner, name) for owner, name in names] == before


def test_a_removed_working_folder_is_no_reason_to_fail(tmp_path, monkeypatch):
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    with contextlib.suppress(OSError):
        (tmp_path / "gone").rmdir()
    assert judge(TOY, TOY.solution).state == "right"


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


def test_what_a_notebook_would_end_with_ends_only_the_check(monkeypatch):
    """In a notebook, exit() asks the shell to end the kernel a moment later."""
    ended = []

    class Shell:
        def ask_exit(self):
            ended.append(1)

    shell = Shell()
    monkeypatch.setattr("IPython.get_ipython", lambda: shell)
    assert "must not end the kernel" in said(lambda pixels: shell.ask_exit())
    shell.ask_exit()
    assert ended == [1]


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


def test_handlers_that_an_answer_sets_are_put_back():
    def answer(pixels):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    handlers = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    said(answer)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == handlers


def patient(pixels):
    while True:
        try:  # noqa: SIM105
            time.sleep(0.01)
        except:  # noqa: E722
            pass


def spin(pixels):
    while True:
        pass


@needs_alarm
@pytest.mark.parametrize("answer", [patient, spin])
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
