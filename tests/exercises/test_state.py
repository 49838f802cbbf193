"""The kernel after a check: as it was, whatever the answer has set, replaced or broken."""

import contextlib
import os
import random
import signal
import sys
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


def seeds_and_settings():
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
        before = seeds_and_settings()
        if end is KeyboardInterrupt:  # the learner's own stop is not swallowed
            with pytest.raises(KeyboardInterrupt):
                judge(TOY, answer, seconds=1)
        else:
            assert judge(TOY, answer, seconds=1).state != "right"
        assert seeds_and_settings() == before


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


def test_handlers_that_an_answer_sets_are_put_back():
    def answer(pixels):
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, signal.SIG_IGN)

    handlers = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    said(answer)
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == handlers


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
