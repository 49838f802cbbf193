"""A made-up class: progress files as learners hand them in."""

import json
import random
from pathlib import Path

CHOICES = ("lower", "overfit", "higher", "same")


def record(seed: int) -> dict:
    """One learner's file, as course_lib.exercises.progress writes it."""
    draw = random.Random(seed)
    first, after = draw.choice(CHOICES), draw.choice((*CHOICES, "higher", "higher"))
    checks = {}
    for name in ("03-1", "03-2"):
        tries = draw.randint(1, 6)
        passed = draw.random() < 0.7
        checks[name] = {"tries": tries, "passed": passed, "last": f"{seed}",
                        "begun": f"2026-11-30T10:{seed:02d}:00+00:00",
                        "told": {f"Said {draw.choice('ab')}.": tries - passed} if tries - passed else {}}
        if passed:
            checks[name] |= {"right": f"2026-11-30T11:{seed:02d}:00+00:00", "tries_to_right": tries}
    return {"version": 1, "checks": checks, "predictions": {"03-depth": {
        "answer": first, "first": first, "confidence": 2, "first_confidence": draw.randint(1, 3),
        "after": after, "after_confidence": draw.randint(1, 3)}}}


def hand_in(folder: Path, records: list[dict]) -> Path:
    """One folder a learner, with a name that must not come out again."""
    for number, one in enumerate(records):
        place = folder / f"zoe-quill-{number}" / "deep" / "work"
        place.mkdir(parents=True)
        (place / ".progress.json").write_text(json.dumps(one), encoding="utf-8")
    return folder
