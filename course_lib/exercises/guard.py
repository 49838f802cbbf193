"""Run a learner's code so that it cannot hang the check or leave the kernel changed."""

import contextlib
import ctypes
import io
import os
import random
import signal
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator

import numpy as np
import torch

AGAIN_SECONDS = 0.2


class TimeLimit(BaseException):
    """The learner's code ran past the limit. A BaseException, so that `except Exception` does not eat it; a
    bare `except:` would, so it is raised once more at the next line of the learner's code."""

    def __init__(self):
        super().__init__()
        frame = sys._getframe(1)
        while frame is not None and frame.f_code is not _call.__code__:
            if frame.f_code.co_filename != __file__:
                frame.f_trace = _again
            frame = frame.f_back
        sys.settrace(_again)


class Printed(io.StringIO):
    """Collects what the learner's code prints, the first 2,000 characters of it."""

    def write(self, text: str) -> int:
        super().write(text[: max(0, 2000 - self.tell())])
        return len(text)


def run_guarded(function: Callable, *args, seconds: float, printed: Printed) -> None:
    """Call function(*args) on the CPU, with gradients on, in float64, from fixed seeds.

    Raises what the call raises, and TimeLimit after `seconds`. Whatever happens, seeds, grad mode, default
    dtype and device, threads, warning filters, stdout and working folder are afterwards as they were.
    Not covered: one single call into C that never returns (on Windows also time.sleep).
    """
    trace = sys.gettrace()
    try:
        with unchanged(), contextlib.redirect_stdout(printed), _limit(seconds):
            _call(function, args)
    finally:
        sys.settrace(trace)


def _call(function: Callable, args: tuple):
    """The frame that marks the learner's time: a TimeLimit is raised only while it is on the stack."""
    return function(*args)


@contextlib.contextmanager
def unchanged() -> Iterator[None]:
    """Keep the kernel's state over the block, also when it raises. Inside: CPU, float64, gradients on."""
    folder, threads = os.getcwd(), torch.get_num_threads()
    dtype, device, grad = torch.get_default_dtype(), torch.get_default_device(), torch.is_grad_enabled()
    strict, anomaly = torch.are_deterministic_algorithms_enabled(), torch.is_anomaly_enabled()
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    mps = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None
    try:
        with warnings.catch_warnings(), torch.inference_mode(False):
            torch.set_grad_enabled(True)
            if device.type != "cpu":
                torch.set_default_device("cpu")
            torch.set_default_dtype(torch.float64)
            random.seed(0)
            np.random.seed(0)
            torch.manual_seed(0)
            yield
    finally:
        torch.set_grad_enabled(grad)
        torch.set_default_dtype(dtype)
        if torch.get_default_device() != device:
            torch.set_default_device(None if device.type == "cpu" else device)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(strict)
        torch.autograd.set_detect_anomaly(anomaly)
        random.setstate(states[0])
        np.random.set_state(states[1])
        torch.set_rng_state(states[2])
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)
        if mps is not None:
            torch.mps.set_rng_state(mps)
        os.chdir(folder)


def _limit(seconds: float):
    on_main = threading.current_thread() is threading.main_thread()
    return _alarm(seconds) if on_main and hasattr(signal, "setitimer") else _watchdog(seconds)


def _in_call(frame) -> bool:
    """Is the learner's code on this stack?"""
    while frame is not None:
        if frame.f_code is _call.__code__:
            return True
        frame = frame.f_back
    return False


def _again(frame, event, arg):
    """A trace function for the learner's frames. Python takes it away when it raises."""
    if not _in_call(frame):
        sys.settrace(None)
    elif event == "line" and frame.f_code.co_filename != __file__:
        raise TimeLimit
    return _again


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """The limit by a signal: also ends a sleep. Another timer that was running keeps its time."""
    begin = time.monotonic()

    def ring(number, frame):
        if _in_call(frame):
            raise TimeLimit

    handler = signal.signal(signal.SIGALRM, ring)
    before = signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        if before[0]:
            left = before[0] - (time.monotonic() - begin)
            signal.setitimer(signal.ITIMER_REAL, max(left, 0.001), before[1])


@contextlib.contextmanager
def _watchdog(seconds: float) -> Iterator[None]:
    """The limit by a second thread, where there is no such signal (Windows, or not the main thread)."""
    target = threading.get_ident()
    done, lock = threading.Event(), threading.Lock()

    def watch() -> None:
        wait = seconds
        while not done.wait(wait):
            with lock:
                if not done.is_set() and _in_call(sys._current_frames().get(target)):
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(
                        ctypes.c_ulong(target), ctypes.py_object(TimeLimit)
                    )
            wait = AGAIN_SECONDS

    threading.Thread(target=watch, daemon=True).start()
    try:
        yield
    finally:
        while not done.is_set():
            with contextlib.suppress(TimeLimit), lock:  # one that was sent may arrive only now
                done.set()
