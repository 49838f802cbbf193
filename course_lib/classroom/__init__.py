"""The machinery of the class: claims, copies, runs, the command line. The science never imports it."""

from course_lib.classroom.claims import claim

__all__ = ["claim"]
