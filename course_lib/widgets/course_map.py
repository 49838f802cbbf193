"""The map of the course: 23 lessons, what each needs first, and links to those that are built."""

import html
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePath
from urllib.parse import quote


@dataclass(frozen=True)
class Stop:
    """One lesson on the map. needs: the number of the lesson to do before it, empty if none."""

    number: str
    title: str
    line: str
    needs: str = ""


STOPS = (
    Stop("01", "From problem to project", "Splits, error analysis, and a data set that grows from failures"),
    Stop("02", "Convolutional networks counted", "Shapes, weights and multiply-adds of AlexNet to MobileNet"),
    Stop("03", "Depth, degradation and residual blocks", "Why deeper nets trained worse, and the cure", "02"),
    Stop("04", "Residual networks as many paths", "Unroll a net, cut blocks out, look at its paths", "03"),
    Stop("05", "Shattered gradients", "When gradients turn into noise without vanishing", "03"),
    Stop("06", "Dilated convolutions", "See further with the same number of weights", "02"),
    Stop("07", "Video", "Two streams, inflated filters, random dilation in time", "06"),
    Stop("08", "Self-normalising networks", "SELU, its two constants, and alpha dropout"),
    Stop("09", "Normalisers and dropping units", "What batch statistics do, and small effects judged", "08"),
    Stop("10", "Siamese networks", "Find duplicate images and questions, and run an honest ablation"),
    Stop("11", "Across views and modalities", "Shared towers, ranking losses, learning without labels", "10"),
    Stop("12", "Adversarial attacks with gradients", "FGSM, PGD, minimal norms, transfer"),
    Stop("13", "Attacks without gradients", "A few pixels, fooling images, made stickers", "12"),
    Stop("14", "Defences and honest evaluation", "Ensembles, adversarial training, adaptive attackers", "12"),
    Stop("15", "Why adversarial examples exist", "Rival explanations, each put to a test", "12"),
    Stop("16", "Memorisation and generalisation", "Nets that learn random labels by heart"),
    Stop("17", "ReLU code space", "The cells of a ReLU net, and searching for architectures", "02"),
    Stop("18", "Explaining decisions", "Heat maps that pass sanity checks, and shortcuts found"),
    Stop("19", "Dense prediction", "A label for each pixel: context, scale, connectomics", "06"),
    Stop("20", "Networks as graphs", "Shared trunks, any directed graph, unusual units"),
    Stop("21", "Pruning and compression", "Smaller nets, judged on one protocol", "03"),
    Stop("22", "Discrete, generative and wider uses", "Gumbel-softmax, compression, watermarks, text"),
    Stop("23", "Capstone", "One audited project that joins 03, 06, 08, 10 and 12"),
)  # fmt: skip

_LIST = "list-style:none;margin:0;padding:0"
_HEAD = "font-weight:600;margin:10px 0 4px"


class CourseMap:
    """The map as a notebook output. Made by `course_map`."""

    def __init__(self, files: dict[str, str]):
        self.files = files

    def __repr__(self) -> str:
        rows = [f"{stop.number}  {stop.title}" + ("" if stop.number in self.files else " (not built yet)")
                for stop in STOPS]
        return "\n".join(["Map of the course", *rows])

    def _repr_mimebundle_(self, include=None, exclude=None):
        return {"text/plain": repr(self), "text/html": self._html()}

    def _html(self) -> str:
        """Nested lists and links only: no script and no style sheet, colours taken from the page."""
        roots = [stop for stop in STOPS if not stop.needs]
        chains = "".join(self._tree(stop) for stop in roots if _after(stop))
        alone = "".join(self._tree(stop) for stop in roots if not _after(stop))
        return (
            '<nav aria-label="Map of the course" style="line-height:1.3;overflow-x:auto;max-width:100%">'
            f'<p style="{_HEAD}">Chains: an arrow leads from a lesson to those that need it</p>'
            f'<ul style="{_LIST}">{chains}</ul>'
            f'<p style="{_HEAD}">On their own</p>'
            f'<ul style="{_LIST};display:flex;flex-wrap:wrap;gap:0 12px">{alone}</ul></nav>'
        )

    def _tree(self, stop: Stop) -> str:
        """A lesson, and to its right the lessons that need it."""
        after = "".join(self._tree(later) for later in _after(stop))
        if after:
            after = (f'<span aria-hidden="true" style="padding:0 6px">→</span>'
                     f'<ul style="{_LIST};border-left:2px solid #808080;padding-left:8px">{after}</ul>')
        row = "display:flex;align-items:center;margin:0;padding:3px 0"
        return f'<li style="{row}">{self._card(stop)}{after}</li>'

    def _card(self, stop: Stop) -> str:
        name = f"{stop.number} · {html.escape(stop.title)}"
        needs = f"Needs {stop.needs}. " if stop.needs else ""
        if stop.number in self.files:
            link = html.escape(quote(self.files[stop.number]), quote=True)
            name = f'<a href="{link}" style="font-weight:600;text-decoration:underline">{name}</a>'
            edge, state = "border:1px solid #0072b2;border-left-width:5px;padding:4px 8px 4px 6px", ""
        else:
            edge, state = "border:1px dashed #808080;padding:4px 8px 4px 10px", "<i>Not built yet.</i>"
        box = "box-sizing:border-box;width:210px;flex:none;border-radius:4px;font-size:13px"
        return (
            f'<div style="{box};{edge}">'
            f'{name}<br><span style="font-size:12px">{html.escape(stop.line)}. {needs}{state}</span></div>'
        )


def course_map(notebooks: Iterable[str | PurePath]) -> CourseMap:
    """The map, with a link to each of `notebooks`: files such as 03_residual_blocks.ipynb, in this folder.

    A lesson without a file is marked as not built yet. Links are relative, so they open the neighbour of the
    notebook that shows the map. Raises ValueError naming a file whose number is not on the map.
    """
    known, files = {"00", *(stop.number for stop in STOPS)}, {}
    for notebook in notebooks:
        name = PurePath(notebook).name
        number = name.split("_")[0]
        if number not in known or not name.endswith(".ipynb"):
            raise ValueError(f"notebooks: {name!r} is not on the map; a lesson is named like 03_slug.ipynb, "
                             f"with a number from 00 to {STOPS[-1].number}")
        files[number] = name
    return CourseMap(files)


def _after(stop: Stop) -> list[Stop]:
    return [later for later in STOPS if later.needs == stop.number]
