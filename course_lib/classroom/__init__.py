"""The machinery of the class: claims, copies, runs, the command line. The science never imports it."""

import importlib

_ROOMS = {"claim": "claims", "kept": "ledger", "record": "claims", "show": "source"}
__all__ = ["claim", "kept", "record", "show"]


def __getattr__(name: str):
    # Loaded when asked for: claims need torch, and the command line and the doctor answer without it.
    if name in _ROOMS:
        return getattr(importlib.import_module(f"course_lib.classroom.{_ROOMS[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
