"""The widgets of the lessons for pages without a kernel, such as slides: made from committed data only.

The stored output of a registered widget carries its id in the metadata {"course_widget": id}; `deck_html(id)`
is what a slide shows in its place. Nothing is trained and no lesson is executed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

from course_lib.blocks.selu import ALPHA, LAMBDA
from course_lib.widgets.ablation import ablation_grid
from course_lib.widgets.betting_court import betting_court
from course_lib.widgets.church_window import church_window
from course_lib.widgets.depth import stored_depth_curves, stored_grow_it
from course_lib.widgets.explorer import Explorer
from course_lib.widgets.game import Game
from course_lib.widgets.hide_and_seek import hide_and_seek
from course_lib.widgets.light import stored_light
from course_lib.widgets.moments import drop_the_cloud, layer_strip
from course_lib.widgets.network_game import network_game
from course_lib.widgets.perturbation_desk import ATTACKS, AWAY, stored_perturbation_desk
from course_lib.widgets.pixel_hunter import pixel_hunter
from course_lib.widgets.turning_table import stored_turning_table

MOST_BYTES = 1_500_000  # of a widget in a page
DECK_DPI = 150  # the usual picture is 1200 pixels wide then, as wide as a slide has room for


@dataclass(frozen=True, eq=False)
class Stored:
    """make(dpi) builds the widget; grid: the values to embed, as in `Explorer.frames`; empty for all."""

    make: Callable[[int], Explorer | Game]
    grid: dict = field(default_factory=dict)


# Finer steps in the dark, where most answers flip: all 20 steps of ten digits would be too large.
LIGHTS = [0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
# Rates with holes and without, and the pixels around the middle.
PLACES = {"rate1": [1, 2], "rate2": [2], "rate3": [2, 3], "kernel": [3], "pixel": list(range(-7, 8))}
# The question of the lesson, and its quest: constants on both sides of SELU's own.
CLOUDS = {"mean": [1.0], "variance": [0.5, 5.0], "alpha": [1.0, ALPHA, 2.4], "lam": [0.95, LAMBDA, 1.07]}
# Two digits that the plain net loses early and late; EOT's gain, its price, and its failure.
DESK = {"eps": [0.06, 0.12, 0.2, 0.3], "image": [0, 3], "attack": list(ATTACKS), "goal": [AWAY]}
TURNS = {"turn": list(range(-60, 61, 20)), "image": [0, 1, 3, 5]}
REGISTER = {
    "00-light": Stored(stored_light, {"light": LIGHTS}),
    "03-grow": Stored(stored_grow_it),
    "03-curves": Stored(stored_depth_curves),
    "06-hide": Stored(lambda dpi: hide_and_seek(round(dpi / 1.2)), PLACES),  # 1.2 times as wide
    "08-cloud": Stored(drop_the_cloud, CLOUDS),
    "08-strip": Stored(layer_strip, {"p": [0.2]}),
    "10-network": Stored(network_game),
    "10-ablation": Stored(lambda dpi: ablation_grid(dpi=dpi, format="compact")),
    "12-church": Stored(church_window),
    "12-desk": Stored(stored_perturbation_desk, DESK),
    "13-hunter": Stored(pixel_hunter),
    "13-eot": Stored(stored_turning_table, TURNS),
    "14-court": Stored(lambda dpi: betting_court(dpi=dpi)),
}


def deck_html(id: str) -> str:
    """The widget as a piece of web page for a slide: at most 1200 x 600 pixels and MOST_BYTES, all in it.

    The same at every call, and several may stand on one page. Raises KeyError that lists the ids for an
    unknown one, ValueError for a widget that is too large.
    """
    if id not in REGISTER:
        raise KeyError(f"there is no stored widget {id!r}; choose from {', '.join(REGISTER)}")
    page = drawn(REGISTER[id])
    if len(page.encode()) > MOST_BYTES:
        raise ValueError(f"the stored widget {id} is {len(page.encode()):,} bytes, more than {MOST_BYTES:,}: "
                         "register a coarser grid")
    return page


@cache
def drawn(stored: Stored) -> str:
    """The piece of a page, drawn once: a pack shows it on slides and looks at those slides again."""
    return f'<div class="course-deck">{stored.make(DECK_DPI).to_html(stored.grid)}</div>'
