"""How much of a defence is left, by what the attacker knows.

"transfer": nothing; the images were made for another net. Standing them is no evidence of robustness.
"white-box": the deployed model, whose gradient is followed as it comes, with no thought of why it misleads.
"adaptive": how the defence works. All of the above, and a climb up the stand-in (BPDA), over draws (EOT),
past the detector, from three starts; then random squares, which need no gradient. Only what stands all of it
stands.

Carlini et al.: On Evaluating Adversarial Robustness (2019), arXiv 1902.06705. Tramer, Carlini, Brendel,
Madry: On Adaptive Attacks to Adversarial Example Defenses (2020), arXiv 2002.08347.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor, nn

from course_lib.attacks import fgsm, pgd, square
from course_lib.attacks.ball import random_in_ball
from course_lib.attacks.checks import check_count, check_model, check_numbers
from course_lib.attacks.contract import attacking, fooled, in_chunks, where_rows
from course_lib.defences.ascent import ascend
from course_lib.defences.defence import Defence, Images, Labels, Logits
from course_lib.runtime import seeded

KNOWLEDGE = ("transfer", "white-box", "adaptive")
Attack = Callable[..., Images]
Shares = Float[Tensor, " images"]


@dataclass(frozen=True)
class Evaluation:
    """What is left of a defence. `stands` is one number an image, on the CPU: the smaller of two shares of
    draws, that in which the clean image is answered right and accepted, and that in which the attacked one is
    answered right or rejected; 0 or 1 where nothing is random. The smaller of two shares of few draws is a
    little too low; more draws mend it.

    by: for each image the attack that did most harm, "" where none did any.
    """

    knowledge: str
    eps: float
    clean: Shares
    stands: Shares
    x_adv: Images
    by: tuple[str, ...]

    @property
    def accuracy(self) -> float:
        """Mean share of images that stand."""
        return float(self.stands.mean())

    @property
    def clean_accuracy(self) -> float:
        """Mean share of clean images that are answered right and accepted."""
        return float(self.clean.mean())

    @property
    def is_evidence(self) -> bool:
        """Only what an adaptive attacker left standing says anything for a defence."""
        return self.knowledge == "adaptive"


def evaluate(
    defence: nn.Module, knowledge: str, x: Images, y: Labels, *, eps: float, source: nn.Module | None = None,
    transferred: Attack = fgsm, steps: int = 20, draws: int = 10, queries: int = 200,
    generator: torch.Generator | None = None, chunk: int | None = None,
) -> Evaluation:
    """Attack a defence in the L-inf ball with this knowledge; each attack goes on with what still stands.

    defence: a plain module is taken as a `Defence` without secrets. source: the net that images are made for
    under "transfer", and one more attack under "adaptive". transferred: the attack on the source.
    steps: of PGD and of each climb. draws: answers an image is judged by, and gradients a step, where the
    defence is random. queries: random squares.
    The defence and the source are left as they were; torch's own random state is, too.
    Raises ValueError for an unknown `knowledge`, or "transfer" without a source.
    """
    if knowledge not in KNOWLEDGE:
        raise ValueError(f"knowledge must be one of {', '.join(KNOWLEDGE)}; got {knowledge!r}")
    if knowledge == "transfer" and source is None:
        raise ValueError("knowledge 'transfer' needs source=, the net that the images are made for")
    check_model(defence, x)
    check_numbers(eps=eps, steps=steps, generator=generator)
    for name, value in (("draws", draws), ("queries", queries)):
        check_count(name, value)
    defence = defence if isinstance(defence, Defence) else Defence(defence)
    judge = Judge(defence, draws if defence.random else 1, chunk)
    with seeded(x.device, drawn(generator)), attacking(defence, x, y) as (_, x, y):
        clean = judge.right(x, y)
        stands, x_adv, by = clean.clone(), x.clone(), [""] * len(x)
        for name, attack in _attacks(defence, knowledge, source, transferred, eps, steps, judge.draws,
                                     queries, generator, chunk, pictures=x.dim() == 4):
            # A few draws may call an image fallen too early: then all attacks have a go at all images.
            rows = ((stands > 0) | (defence.random & (clean > 0))).nonzero().flatten()
            if not len(rows):
                break
            v = attack(x[rows], y[rows], x_adv[rows])
            left = torch.minimum(judge.stood(v, y[rows]), clean[rows])
            worse = (left < stands[rows]) | (defence.random & (left == stands[rows]) & (left < clean[rows]))
            x_adv[rows] = where_rows(worse, v, x_adv[rows])
            stands[rows] = torch.where(worse, left, stands[rows])
            for row in rows[worse].tolist():
                by[row] = name
        if defence.random:  # the worst of several draws looks worse than it is: judge it by fresh ones
            stands = torch.minimum(judge.stood(x_adv, y), clean)
        return Evaluation(knowledge, eps, clean.cpu(), stands.cpu(), x_adv, tuple(by))


def _attacks(
    defence: Defence, knowledge: str, source: nn.Module | None, transferred: Attack, eps: float, steps: int,
    draws: int, queries: int, generator: torch.Generator | None, chunk: int | None, pictures: bool,
) -> Iterator[tuple[str, Callable[[Images, Labels, Images], Images]]]:
    """(name, attack(x, y, the strongest images so far)), weakest knowledge first."""
    shared, keep = {"eps": eps, "generator": generator, "chunk": chunk}, {"keep_failures": True}
    if source is not None and knowledge != "white-box":
        yield "transfer", lambda x, y, far: transferred(source, x, y, **shared, **keep)
    if knowledge == "transfer":
        return
    model = WithGradient(defence.model)
    yield "FGSM", lambda x, y, far: fgsm(model, x, y, **shared, **keep)
    yield "PGD", lambda x, y, far: pgd(model, x, y, steps=steps, random_start=True, **shared, **keep)
    if knowledge == "white-box":
        return

    def climb(x: Images, y: Labels, start: Images) -> Images:
        def part(rows: slice, tick) -> Images:
            return ascend(defence, x[rows], y[rows], start[rows], eps=eps, steps=steps, draws=draws)

        return in_chunks(part, x, chunk=chunk)

    yield "climb", lambda x, y, far: climb(x, y, x)
    yield "climb from a random image", lambda x, y, far: climb(
        x, y, x + random_in_ball(x, eps, "linf", generator))
    yield "climb on from the worst", climb
    if pictures:
        yield "squares", lambda x, y, far: square(defence, x, y, steps=queries, **shared)


def drawn(generator: torch.Generator | None) -> int:
    """A seed from the generator, torch's own if None."""
    return int(torch.randint(2**31, (), generator=generator, device=generator.device if generator else "cpu"))


class WithGradient(nn.Module):
    """The model; where it lets no gradient through, the gradient is 0 instead of an error."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, x: Images) -> Logits:
        logits = self.model(x)
        return logits if logits.requires_grad else logits + 0 * x.flatten(1).sum(1, keepdim=True)


class Judge:
    """Looks at a defence `draws` times, at most `chunk` images in one pass."""

    def __init__(self, defence: Defence, draws: int, chunk: int | None):
        self.defence, self.draws, self.chunk = defence, draws, chunk or 512

    def right(self, x: Images, y: Labels) -> Shares:
        """Share of draws in which an image is answered right and accepted."""
        return self._share(x, lambda part, rows: ~self._fooled(part, y[rows]) & ~self.defence.rejects(part))

    def stood(self, x: Images, y: Labels) -> Shares:
        """Share of draws in which an image is answered right or rejected."""
        return self._share(x, lambda part, rows: ~self._fooled(part, y[rows]) | self.defence.rejects(part))

    @torch.no_grad()
    def _fooled(self, x: Images, y: Labels) -> Tensor:
        return fooled(self.defence(x.clone()), y)

    def _share(self, x: Images, good: Callable[[Images, slice], Tensor]) -> Shares:
        total = torch.zeros(len(x), dtype=torch.float64, device=x.device)
        for _ in range(self.draws):
            for start in range(0, len(x), self.chunk):
                rows = slice(start, start + self.chunk)
                total[rows] += good(x[rows], rows)
        return total / self.draws
