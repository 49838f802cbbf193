"""The machinery of the class: claims, copies, runs, the command line. The science never imports it."""

__all__ = ["claim"]


def __getattr__(name: str):
    # Claims need torch; the command line and the doctor must answer without it.
    if name == "claim":
        from course_lib.classroom.claims import claim

        return claim
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
