"""WCAG's contrast of two colours (2.2, 1.4.3)."""

import numpy as np
from matplotlib.colors import to_rgba

WHITE = (1.0, 1.0, 1.0)


def contrast(colour, ground=WHITE) -> float:
    """Of a colour, laid over the ground if it is see-through: 1 to 21. Colours as matplotlib takes them."""
    *rgb, alpha = to_rgba(colour)
    ground = np.array(to_rgba(ground)[:3])
    low, high = sorted((_luminance(alpha * np.array(rgb) + (1 - alpha) * ground), _luminance(ground)))
    return (high + 0.05) / (low + 0.05)


def _luminance(rgb: np.ndarray) -> float:
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(np.array([0.2126, 0.7152, 0.0722]) @ linear)
