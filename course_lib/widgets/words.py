"""Numbers as a screen reader says them well, for the summaries of frames."""

import math

MINUS = "\N{MINUS SIGN}"


def number(value: float, least: float = 0.0) -> str:
    """Two decimals; from 10,000 on, and below `least` but not 0, as "3.2 times 10 to the 5".

    The minus is the sign for it, which is read aloud; a hyphen is often left out.
    """
    value = float(value)
    if not math.isfinite(value):
        return "not a number" if math.isnan(value) else "infinite" if value > 0 else "minus infinity"
    if value and not least <= abs(value) < 10_000:
        factor, power = f"{value:.1e}".split("e")
        return f"{factor.replace('-', MINUS)} times 10 to the {'minus ' * (int(power) < 0)}{abs(int(power))}"
    return f"{value:z.2f}".replace("-", MINUS)


def percent(share: float) -> str:
    """A share from 0 to 1: "71 %"."""
    return f"{100 * share:.0f} %"
