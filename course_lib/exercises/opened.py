"""Which hints a learner opens, for the progress file.

The hints are plain HTML that unfolds in the browser, kernel or not. A widget that is never drawn listens
there and tells the kernel; where none can listen (a page without a kernel), the file does not know.
"""

from pathlib import Path

import anywidget

from course_lib.exercises.progress import progress_path, record_hint


class Listener(anywidget.AnyWidget):
    """Hears which hints are opened in the browser. heard: has the browser said that it listens?

    ids: exercises whose hints were shown by this kernel; another notebook on the same page has its own.
    """

    _esm = Path(__file__).with_name("opened.js").read_text("utf-8")

    def __init__(self):
        super().__init__()
        self.ids: set[str] = set()
        self.heard = False
        self.on_msg(self._hear)

    def _hear(self, _widget, content, _buffers) -> None:
        """`content["opened"]`: "03-1 2" for the second hint of 03-1; empty: the browser listens."""
        exercise_id, _, rung = str(content.get("opened", "")).partition(" ")
        if exercise_id in self.ids and rung in ("1", "2", "3"):
            record_hint(exercise_id, int(rung))
        elif not exercise_id:
            self.heard = True
            for one in sorted(self.ids):
                record_hint(one)


_listeners: list[Listener] = []


def listen(exercise_id: str) -> bool:
    """Watch this exercise's hints from now on; does the browser listen already?

    Does nothing where no progress is kept.
    """
    if progress_path() is None:
        return False
    if not _listeners:
        _listeners.append(Listener())
    _listeners[0].ids.add(exercise_id)
    return _listeners[0].heard
