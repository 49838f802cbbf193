"""What a learner can move: sliders, choices, toggles and buttons, each a short list of values.

A place is a list of indices, one a control; a key is the same place as text, equal in Python and JavaScript.
"""

import itertools
import json
import math
import numbers

MOST_PLACES = 2000  # of a grid, each a picture to draw


class Control:
    """One labelled control with a finite list of values. Not used by itself."""

    kind = ""

    def __init__(self, values, value, label: str | None, texts=None):
        self.values = list(values)
        self.texts = texts or [_text(v) for v in self.values]
        self.label = label
        if not self.values:
            raise ValueError(f"{type(self).__name__} needs at least one value")
        if len(set(self.texts)) < len(self.texts):
            raise ValueError(f"{type(self).__name__}: two values look the same: {', '.join(self.texts)}")
        self.start = 0 if value is None else self.index(value, "value")

    def index(self, value, name: str) -> int:
        """The place of `value` in the list. Raises ValueError that names the argument and the values."""
        for i, known in enumerate(self.values):
            if value is known or (type(known) is type(value) and value == known):
                return i
        for i, known in enumerate(self.values):
            if _is_number(value) and _is_number(known) and math.isclose(value, known, abs_tol=1e-12):
                return i
        shown = self.texts if len(self.texts) <= 12 else [*self.texts[:4], "...", self.texts[-1]]
        raise ValueError(f"{name} must be one of {', '.join(shown)}; got {value!r}")

    def spec(self, name: str) -> dict:
        """What the browser needs to know about this control."""
        label = self.label or name.replace("_", " ").capitalize()
        return {"kind": self.kind, "name": name, "label": label, "values": self.texts}


class Slider(Control):
    """Numbers from start to stop (included if a step lands on it). Whole numbers stay whole."""

    kind = "slider"

    def __init__(self, start, stop, step=1, value=None, label: str | None = None):
        for name, number in (("start", start), ("stop", stop), ("step", step)):
            if not _is_number(number) or not math.isfinite(number):
                raise TypeError(f"Slider: {name} must be a number, got {number!r}")
        if step <= 0 or stop < start:
            raise ValueError("Slider: step must be above 0 and stop not below start, "
                             f"got start {start}, stop {stop}, step {step}")
        count = math.floor((stop - start) / step + 1e-9) + 1
        values = [start + i * step for i in range(count)]
        super().__init__([v if isinstance(v, int) else round(v, 10) for v in values], value, label)

    @classmethod
    def over(cls, values, value=None, label: str | None = None) -> "Slider":
        """A slider over a list of your own, such as depths 8, 20, 44."""
        slider = cls.__new__(cls)
        Control.__init__(slider, values, value, label)
        return slider


class Choice(Control):
    """One of a few options, in a drop-down list. options: a list, or a dict of text -> value."""

    kind = "choice"

    def __init__(self, options, value=None, label: str | None = None):
        if isinstance(options, str):
            raise TypeError("Choice: options must be a list or a dict, not one text")
        if isinstance(options, dict):
            super().__init__(options.values(), value, label, [str(text) for text in options])
        else:
            super().__init__(options, value, label)


class Toggle(Control):
    """On or off: draw gets True or False."""

    kind = "toggle"

    def __init__(self, value: bool = False, label: str | None = None):
        super().__init__([False, True], bool(value), label)


class Button:
    """Does something in Python (`action(**settings)`), after which every picture is drawn anew."""

    kind = "button"

    def __init__(self, label: str, action):
        if not callable(action):
            raise TypeError(f"Button: action must be a function, got {action!r}")
        self.label, self.action = label, action

    def spec(self, name: str) -> dict:
        """What the browser needs to know about this button."""
        return {"kind": self.kind, "name": name, "label": self.label, "values": []}


class Panel:
    """The controls of one widget by name, and the way between places, settings and keys."""

    def __init__(self, controls: dict):
        for name, control in controls.items():
            if not isinstance(control, (Control, Button)):
                raise TypeError(f"{name} must be a Slider, Choice, Toggle or Button, got {control!r}")
        self.dials = {n: c for n, c in controls.items() if isinstance(c, Control)}
        self.buttons = {n: c for n, c in controls.items() if isinstance(c, Button)}
        self.spec = [c.spec(n) for n, c in controls.items()]
        self.start = [c.start for c in self.dials.values()]

    def settings(self, at) -> dict:
        """name -> value at this place."""
        return {name: dial.values[i] for (name, dial), i in zip(self.dials.items(), at, strict=True)}

    def key(self, at) -> str:
        """The place as text: a JSON list of the values' texts."""
        texts = [dial.texts[i] for dial, i in zip(self.dials.values(), at, strict=True)]
        return json.dumps(texts, separators=(",", ":"), ensure_ascii=False)

    def move(self, at, settings: dict) -> list[int]:
        """`at` with some settings changed. Raises TypeError for an unknown name, ValueError for a value."""
        place = list(at)
        for name, value in settings.items():
            if name not in self.dials:
                names = ", ".join(self.dials) or "none"
                raise TypeError(f"there is no setting {name!r}; choose from {names}")
            place[list(self.dials).index(name)] = self.dials[name].index(value, name)
        return place

    def places(self, grid: dict | None = None) -> list[list[int]]:
        """All places of a grid: name -> list of values; a control that is not named keeps all its values.

        Raises TypeError for an unknown name, ValueError for an unknown value or more than MOST_PLACES.
        """
        grid = dict(grid or {})
        for name in set(grid) - set(self.dials):
            raise TypeError(f"grid: there is no setting {name!r}; choose from {', '.join(self.dials)}")
        axes = [sorted({dial.index(v, name) for v in grid[name]}) if name in grid else range(len(dial.values))
                for name, dial in self.dials.items()]
        count = math.prod(len(axis) for axis in axes)
        if not 0 < count <= MOST_PLACES:
            raise ValueError(f"grid makes {count} pictures, allowed are 1 to {MOST_PLACES}; "
                             "name fewer values, at least one for each control")
        return [list(at) for at in itertools.product(*axes)]

    def valid(self, at) -> bool:
        """Is this a place of this panel? (Asked of what comes from the browser.)"""
        dials = list(self.dials.values())
        return (isinstance(at, list) and len(at) == len(dials)
                and all(type(i) is int and 0 <= i < len(d.values) for i, d in zip(at, dials, strict=True)))

    def neighbours(self, at, last: int | None = None) -> list[list[int]]:
        """Where a learner may go next, likeliest first: the control moved `last`, then the others in order.

        A slider goes one step on or back, a choice or toggle to any other option.
        """
        order = sorted(range(len(at)), key=lambda i: i != last)
        places = []
        for i in order:
            dial = list(self.dials.values())[i]
            steps = (at[i] + 1, at[i] - 1) if dial.kind == "slider" else range(len(dial.values))
            places += [[*at[:i], j, *at[i + 1:]] for j in steps if 0 <= j < len(dial.values) and j != at[i]]
        return places


def _is_number(value) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)


def _text(value) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
