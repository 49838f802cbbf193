"""Keep the kernel's state over a check: whatever the learner's code sets is afterwards as it was before."""

import builtins
import contextlib
import os
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from course_lib.exercises.exercise import Wrong

RECURSION = 3000  # frames; a larger limit lets a recursion through nn.Module end in a dead kernel
# Whoever replaces a function of these replaces it for the whole kernel, this check included.
_PATCHABLE = (torch, torch.Tensor, F, nn, nn.Module, nn.init)


class Setting(NamedTuple):
    """One piece of the kernel's state: how to read it, how to set it back."""

    read: Callable[[], Any]
    write: Callable[[Any], None]


def _attribute(owner: Any, name: str) -> Setting:
    return Setting(lambda: getattr(owner, name), lambda value: setattr(owner, name, value))


SETTINGS = (
    Setting(os.getcwd, os.chdir),
    Setting(torch.is_grad_enabled, torch.set_grad_enabled),
    Setting(torch.get_default_dtype, torch.set_default_dtype),
    Setting(torch.get_default_device, lambda d: torch.set_default_device(None if d.type == "cpu" else d)),
    Setting(torch.get_num_threads, torch.set_num_threads),
    Setting(torch.get_deterministic_debug_mode, torch.set_deterministic_debug_mode),
    Setting(lambda: (torch.is_anomaly_enabled(), torch.is_anomaly_check_nan_enabled()),
            lambda value: torch.autograd.set_detect_anomaly(*value)),
    Setting(torch.get_float32_matmul_precision, torch.set_float32_matmul_precision),
    Setting(np.geterr, lambda value: np.seterr(**value)),
    Setting(sys.getrecursionlimit, sys.setrecursionlimit),
    Setting(sys.getprofile, sys.setprofile),
    *(_attribute(sys, name)
      for name in ("stdin", "stdout", "stderr", "breakpointhook", "setrecursionlimit")),
    _attribute(builtins, "input"),
)  # fmt: skip


@contextlib.contextmanager
def unchanged() -> Iterator[None]:
    """Keep the kernel's state over the block, also when it raises. Inside: CPU, float64, gradients on, fixed
    seeds, no keyboard, and `exit()` only raises SystemExit.

    Raises Wrong if the block came to its end but has replaced a function of torch.
    """
    shell, replaced = _shell(), []
    with contextlib.ExitStack() as after:  # what is entered first is put back last
        after.callback(_functions_back, [(owner, dict(vars(owner))) for owner in _PATCHABLE], replaced)
        for setting in SETTINGS:
            with contextlib.suppress(OSError):  # the working folder may be gone
                after.callback(_set_back, setting, setting.read())
        after.callback(_random_state())
        if shell is not None:
            after.callback(_set_back, _attribute(shell, "ask_exit"), shell.ask_exit)
            shell.ask_exit = _no_exit
        after.enter_context(_plots_unchanged())
        after.enter_context(warnings.catch_warnings())
        after.enter_context(torch.inference_mode(False))
        _begin()
        yield
    if replaced:
        raise Wrong("Your code puts something else in the place of functions of torch, for the whole "
                    "notebook: leave them as they are.", ", ".join(replaced[:10]))


def _begin() -> None:
    """What every check finds."""
    sys.setrecursionlimit(min(RECURSION, sys.getrecursionlimit()))
    sys.setrecursionlimit = lambda limit: None
    builtins.input = sys.breakpointhook = _no_keyboard
    torch.set_grad_enabled(True)
    if torch.get_default_device().type != "cpu":
        torch.set_default_device("cpu")
    torch.set_default_dtype(torch.float64)
    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


def _set_back(setting: Setting, value: Any) -> None:
    with contextlib.suppress(OSError):
        if setting.read() == value:
            return
    with contextlib.suppress(OSError):
        setting.write(value)


def _random_state() -> Callable[[], None]:
    """Remember all generators; answers the function that sets them back."""
    python, numpy, cpu = random.getstate(), np.random.get_state(), torch.get_rng_state()
    cuda = torch.cuda.get_rng_state_all() if torch.cuda.is_initialized() else None
    mps = torch.mps.get_rng_state() if torch.backends.mps.is_available() else None

    def back() -> None:
        random.setstate(python)
        np.random.set_state(numpy)
        torch.set_rng_state(cpu)
        if cuda is not None:
            torch.cuda.set_rng_state_all(cuda)
        if mps is not None:
            torch.mps.set_rng_state(mps)

    return back


def _functions_back(functions: list[tuple[Any, dict]], replaced: list[str]) -> None:
    """Put functions of torch back that were replaced or deleted. A new name in a module stays, for torch adds
    some itself; a new method of a class goes, for it hides that of the base class."""
    for owner, before in functions:
        now = dict(vars(owner))
        for name, value in before.items():
            if callable(value) and now.get(name) is not value:
                setattr(owner, name, value)
                replaced.append(name)
        if isinstance(owner, type):
            for name in [name for name in now if name not in before and callable(now[name])]:
                delattr(owner, name)
                replaced.append(name)


@contextlib.contextmanager
def _plots_unchanged() -> Iterator[None]:
    """matplotlib's settings and backend; the figures that the block made are closed."""
    if "matplotlib.pyplot" not in sys.modules:
        yield
        return
    import matplotlib
    from matplotlib import pyplot

    backend, figures = matplotlib.get_backend(), set(pyplot.get_fignums())
    try:
        with matplotlib.rc_context():
            yield
    finally:
        for number in set(pyplot.get_fignums()) - figures:
            pyplot.close(number)
        if matplotlib.get_backend() != backend:
            matplotlib.use(backend)


def _shell() -> Any:
    """The notebook's shell, whose exit() ends the kernel a moment later; None in plain Python."""
    with contextlib.suppress(ImportError):
        from IPython import get_ipython

        return get_ipython()
    return None


def _no_keyboard(*_args, **_kwargs) -> None:
    raise RuntimeError("the keyboard is not there while a check runs")


def _no_exit(*_args, **_kwargs) -> None:
    raise SystemExit
