"""Run a learner's code so that it cannot hang the check, eat the memory or leave the kernel changed."""

import contextlib
import ctypes
import io
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator

import psutil

from course_lib.exercises.exercise import Wrong
from course_lib.exercises.state import unchanged

AGAIN_SECONDS = 0.2
FLOOD = 10_000_000  # characters; a check's prints are looked at by nobody
MEMORY = 2**29, 2**32  # bytes: half of what is free, but not less than this and not more than that


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
    """Collects what the learner's code prints, the first 2,000 characters of it. Raises Wrong for a flood."""

    def __init__(self):
        super().__init__()
        self.count = 0

    def write(self, text: str) -> int:
        super().write(text[: max(0, 2000 - self.tell())])
        self.count += len(text)
        if self.count > FLOOD:
            raise Wrong("Your code prints more than anybody can read: take the print out of the loop.")
        return len(text)


def run_guarded(function: Callable, *args, seconds: float, printed: Printed) -> None:
    """Call function(*args) on the CPU, with gradients on, in float64, from fixed seeds.

    Raises what the call raises, TimeLimit after `seconds`, KeyboardInterrupt if the learner stops it, and
    Wrong if the call replaces functions of torch. Whatever happens, the settings that state.py lists and the
    signal handlers are afterwards as they were.
    Not covered: one single call into C that never returns, such as sum(itertools.count()) (and time.sleep, on
    Windows and outside the main thread); os._exit; a thread that the call has started.
    """
    trace = sys.gettrace()
    try:
        with (
            _signals(), unchanged(), contextlib.redirect_stdout(printed), _memory_limit(),
            _limit(seconds),
        ):
            for _ in _call(function, args):
                pass
    except RuntimeError as error:
        if isinstance(error.__cause__, StopIteration):  # what a generator makes of it
            raise error.__cause__ from None
        raise
    finally:
        sys.settrace(trace)


def _call(function: Callable, args: tuple) -> Iterator[None]:
    """The frame that marks the learner's time: a TimeLimit is raised only while it is on the stack.

    A generator, since that has its own record of the exception being handled: one that a TimeLimit has cut
    off in the middle of a `with` would else be the context of every later error in the kernel.
    """
    function(*args)
    yield from ()


def _on_main() -> bool:
    return threading.current_thread() is threading.main_thread()


@contextlib.contextmanager
def _limit(seconds: float) -> Iterator[None]:
    """The time limit. Where there is a signal for it, the second thread steps in if that was switched off."""
    if _on_main() and hasattr(signal, "setitimer"):
        with _alarm(seconds), _watchdog(seconds + 1):
            yield
    else:
        with _watchdog(seconds):
            yield


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Keep all signal handlers. An interrupt ends the call at once, and the kernel is put in order before it
    goes on as it would without a check: as a KeyboardInterrupt, mostly."""
    if not _on_main():
        yield
        return
    before = {number: signal.getsignal(number) for number in signal.valid_signals()}
    stop, pressed = before[signal.SIGINT], []

    def interrupt(number, frame):
        pressed.append(number)
        if _in_call(frame):
            raise TimeLimit  # gets past a bare except, which would eat a KeyboardInterrupt

    if callable(stop):
        signal.signal(signal.SIGINT, interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            if handler is not None and signal.getsignal(number) is not handler:
                signal.signal(number, handler)
        if pressed:
            stop(pressed[0], None)


@contextlib.contextmanager
def _memory_limit() -> Iterator[None]:
    """Linux: too large a tensor, or a list without end, meets a MemoryError instead of killing the kernel."""
    if sys.platform != "linux":
        yield
        return
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    room = min(MEMORY[1], max(MEMORY[0], psutil.virtual_memory().available // 2))
    known = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_AS, (min([psutil.Process().memory_info().vms + room, *known]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


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
