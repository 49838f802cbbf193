"""A table of red and green answers: which defence passes which question."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure

from course_lib.defences.checklist import Question
from course_lib.widgets.pictures import PALETTE, figure


def draw_flags(answers: Mapping[str, Sequence[Question]]) -> Figure:
    """One row a defence, one column a question: a pale green "yes" or a red "NO".

    Raises ValueError if there is no row, or rows answer different questions.
    """
    if not answers:
        raise ValueError("answers must hold at least one defence with its questions")
    asks = [q.asks for q in next(iter(answers.values()))]
    for name, row in answers.items():
        if [q.asks for q in row] != asks:
            raise ValueError(f"{name!r} answers other questions than the first row")
    fig, ax = figure(height=0.9 + 0.42 * len(answers))
    ax.set(xlim=(-0.5, len(asks) - 0.5), ylim=(len(answers) - 0.5, -0.5), yticks=range(len(answers)),
           yticklabels=list(answers), xticks=range(len(asks)), xticklabels=[_two_lines(ask) for ask in asks])
    ax.grid(False)
    ax.xaxis.tick_top()
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    for y, row in enumerate(answers.values()):
        for x, q in enumerate(row):
            colour, word = (PALETTE["green"], "yes") if q.green else (PALETTE["vermillion"], "NO")
            ax.barh(y, 0.94, left=x - 0.47, height=0.86, color=colour, alpha=0.35 if q.green else 1.0)
            ax.text(x, y, word, ha="center", va="center", weight="normal" if q.green else "bold",
                    color="black" if q.green else "white")
    return fig


def _two_lines(text: str) -> str:
    """Broken at the space nearest to the middle."""
    spaces = [i for i, letter in enumerate(text) if letter == " "]
    middle = min(spaces, key=lambda i: abs(i - len(text) / 2), default=None)
    return text if middle is None else f"{text[:middle]}\n{text[middle + 1:]}"
