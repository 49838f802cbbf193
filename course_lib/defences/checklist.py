"""Five questions to a claim of robustness, each answered from measured numbers.

After Athalye, Carlini, Wagner (2018), arXiv 1802.00420, and Carlini et al.: On Evaluating Adversarial
Robustness (2019), arXiv 1902.06705. Red says that an attack failed where it should not have, so the claim
rests on the attack. Green alone proves nothing.
"""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from course_lib.attacks import fgsm, pgd
from course_lib.attacks.contract import attacking, in_chunks, input_gradient
from course_lib.attacks.gradient import climbing_loss
from course_lib.defences.defence import Defence, Images, Labels
from course_lib.defences.evaluate import Judge, WithGradient, drawn, evaluate
from course_lib.runtime import seeded

SLACK = 0.01 + 1e-9  # one point, and the rounding of a difference of shares: what counts as no change
GRADIENTS = 0.95  # of images, the least share that must have a gradient


@dataclass(frozen=True)
class Numbers:
    """What the questions are asked about. All but the last are accuracies in [0, 1]."""

    fgsm: float
    pgd: float
    longer_pgd: float  # five times the steps, and a second start
    white_box: float  # an image stands if it stands FGSM and PGD
    transfer: float
    at_one: float  # white-box at eps = 1, where every image of [0, 1] is allowed
    gradients: float  # share of images for which the gradient of the cross-entropy is not 0 everywhere


@dataclass(frozen=True)
class Question:
    """One line of the checklist. found: the measured numbers, in words."""

    asks: str
    green: bool
    found: str

    def __str__(self) -> str:
        return f"{'green' if self.green else 'RED'}: {self.asks} ({self.found})"


def checklist(
    defence: nn.Module, x: Images, y: Labels, *, eps: float, source: nn.Module, steps: int = 20,
    draws: int = 10, generator: torch.Generator | None = None, chunk: int | None = None,
) -> tuple[Question, ...]:
    """The five questions, asked about the attacks that follow the defence's gradient as it comes.

    Arguments as in `evaluate`, which checks them.
    """
    return questions(measured(defence, x, y, eps=eps, source=source, steps=steps, draws=draws,
                              generator=generator, chunk=chunk))


def questions(n: Numbers) -> tuple[Question, ...]:
    """The five questions with their answers. A change of at most one point, 0.01, counts as none."""
    change = abs(n.longer_pgd - n.pgd)
    return (
        Question("PGD at least FGSM", n.pgd <= n.fgsm + SLACK,
                 f"{n.pgd:.2f} left by PGD, {n.fgsm:.2f} by FGSM"),
        Question("white-box at least transfer", n.white_box <= n.transfer + SLACK,
                 f"{n.white_box:.2f} left white-box, {n.transfer:.2f} by transfer"),
        Question("accuracy at eps = 1 is 0", n.at_one <= SLACK, f"{n.at_one:.2f} left at eps = 1"),
        Question("more steps change nothing", change <= SLACK,
                 f"{n.pgd:.2f}, then {n.longer_pgd:.2f} with more steps and starts"),
        Question("gradients are there", n.gradients >= GRADIENTS,
                 f"{n.gradients:.0%} of images have one that is not 0"),
    )


def measured(
    defence: nn.Module, x: Images, y: Labels, *, eps: float, source: nn.Module, steps: int = 20,
    draws: int = 10, generator: torch.Generator | None = None, chunk: int | None = None,
) -> Numbers:
    """The numbers behind the checklist. Arguments as in `evaluate`."""
    defence = defence if isinstance(defence, Defence) else Defence(defence)
    shared = {"draws": draws, "generator": generator, "chunk": chunk}
    transfer = evaluate(defence, "transfer", x, y, eps=eps, source=source, **shared)
    at_one = evaluate(defence, "white-box", x, y, eps=1.0, steps=steps, **shared)
    model, judge = WithGradient(defence.model), Judge(defence, draws if defence.random else 1, chunk)
    options = {"eps": eps, "keep_failures": True, "generator": generator, "chunk": chunk}
    with seeded(x.device, drawn(generator)), attacking(defence, x, y) as (_, x, y):
        clean = judge.right(x, y)
        left = [torch.minimum(judge.stood(v, y), clean) for v in (
            fgsm(model, x, y, **options),
            pgd(model, x, y, steps=steps, random_start=True, **options),
            pgd(model, x, y, steps=5 * steps, restarts=2, random_start=True, **options),
        )]
        share = float(_has_gradient(model, x, y, chunk).double().mean())
    single, many, longer = (float(shares.mean()) for shares in left)
    both = float(torch.minimum(left[0], left[1]).mean())
    return Numbers(single, many, longer, both, transfer.accuracy, at_one.accuracy, share)


def _has_gradient(model: nn.Module, x: Images, y: Labels, chunk: int | None) -> Tensor:
    """Of each image: is any number of its gradient not 0?"""
    def gradient(rows: slice, tick) -> Images:
        return input_gradient(model, x[rows], lambda logits: climbing_loss(logits, y[rows]))[0]

    return in_chunks(gradient, x, chunk=chunk).flatten(1).ne(0).any(1)
