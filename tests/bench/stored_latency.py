"""How fast does a picture follow a key without a kernel? The lessons' widgets, offline, on a page.

Run by `make bench` (or `python tests/bench/stored_latency.py`); prints what each widget costs to build and to
carry, and medians from the key to the frame that paints another picture; exits with 1 where one is missed.
"""

import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "browser"))
from harness import browser, key_to_picture, missing

from course_lib.widgets.stored import REGISTER, deck_html

LIMIT, MOVES = 30, 20  # milliseconds; moves a row
# Away from an end first; each pair of keys comes back to where it began. One-value controls are left out.
SLIDER, SELECT = 'input[type=range]:not([max="0"])', "select:has(option + option)"
ROWS = {"slider, a step": (SLIDER, ("ArrowLeft", "ArrowRight")),
        "slider, from end to end": (SLIDER, ("Home", "End")),
        "select": (SELECT, ("ArrowUp", "ArrowDown")),
        "checkbox": ("input[type=checkbox]", ("Space", "Space"))}
PAUSES = {"": 200, ", key held": 33}  # milliseconds after each key


def run(folder: Path) -> dict[str, list[float]]:
    """All rows in one browser: name -> milliseconds."""
    rows = {}
    with browser(folder) as (page, errors):
        page.context.set_offline(True)
        for id in REGISTER:
            began = time.monotonic()
            piece = deck_html(id)
            print(f"{id:12}{len(piece.encode()):11,} bytes, made in {time.monotonic() - began:.1f} s")
            path = folder / f"{id}.html"
            path.write_text(f'<!doctype html><meta charset="utf-8"><body>{piece}', "utf-8")
            page.goto(path.as_uri())
            if not page.locator(".course-explorer img").count():
                print(f"{id:12}  draws itself: no picture to wait for")
                continue
            for name, (selector, keys) in ROWS.items():
                if not page.locator(selector).count():
                    continue
                page.locator(selector).first.focus()
                page.keyboard.press(keys[1] if selector != SELECT else "End")
                page.wait_for_timeout(300)
                for held, pause in PAUSES.items():
                    times = rows.setdefault(name + held, [])
                    for key in keys * (MOVES // 2):
                        times.append(key_to_picture(page, key, ".course-explorer img"))
                        page.wait_for_timeout(pause)
        assert errors == [], errors
    return rows


def main() -> int:
    if reason := missing():
        print(f"stored widgets: skipped, {reason}")
        return 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        rows = run(Path(folder))
    print(f"{'key to picture, without a kernel':36}{'median':>8}{'worst':>8} ms{'moves':>8}")
    for name, times in rows.items():
        print(f"{name:36}{statistics.median(times):8.0f}{max(times):8.0f}{len(times):11}")
    met = all(statistics.median(times) < LIMIT for times in rows.values())
    print(("met     " if met else "MISSED  ") + f"every median under {LIMIT} ms")
    return 0 if met else 1


if __name__ == "__main__":
    sys.exit(main())
