"""The worst of four attacks: the usual first answer to "how robust is this model?".

Croce, Hein: Reliable Evaluation of Adversarial Robustness with an Ensemble of Diverse Parameter-free Attacks
(2020), arXiv 2003.01690 (AutoAttack, its standard version): Auto-PGD on the cross-entropy, Auto-PGD on the
targeted difference of logits ratio, targeted FAB, and Square, each on what the ones before left standing.
A model that a gradient cannot see through, or that answers at random, needs attacks made for it all the same.
"""

from collections.abc import Callable

import torch
from torch import nn
from tqdm.auto import tqdm

from course_lib.attacks.apgd import apgd, apgd_targeted
from course_lib.attacks.checks import check_count, check_numbers
from course_lib.attacks.contract import Images, Labels, Net, attacking, fooled, in_chunks
from course_lib.attacks.minimal import fab
from course_lib.attacks.square import square


def standard(
    model: nn.Module, x: Images, y: Labels, *, eps: float, steps: int = 100, queries: int = 5000,
    targets: int = 9, generator: torch.Generator | None = None, chunk: int | None = None,
    progress: bool = False,
) -> Images:
    """The first of the four attacks' images that fools, in the L-inf ball; clean where all four fail.

    steps: of Auto-PGD and FAB. queries: squares of Square. targets: classes that the targeted attacks try,
    at most all others. Images that are wrong already come back as they are. With fewer than four classes the
    targeted difference of logits ratio is not defined, and that attack is left out.
    Passes: those of the four attacks, on fewer and fewer images, and one forward before each.
    """
    check_numbers(eps=eps, steps=steps, generator=generator)
    check_count("queries", queries)
    check_count("targets", targets)
    with attacking(model, x, y) as (net, x, y):
        standing, classes = _standing(net, x, y, chunk)
        out, targets = x.clone(), min(targets, classes - 1)
        attacks = _attacks(eps, steps, queries, targets, classes)
        for attack in tqdm(attacks, disable=not progress, leave=False):
            rows = standing.nonzero().flatten()
            if not len(rows):
                break
            found = attack(model, x[rows], y[rows], generator=generator, chunk=chunk)
            fell = ~_standing(net, found, y[rows], chunk)[0]
            out[rows[fell]] = found[fell]
            standing[rows[fell]] = False
        return out


def _attacks(eps: float, steps: int, queries: int, targets: int, classes: int) -> list[Callable]:
    """The four in the paper's order, without the one that needs four classes where there are fewer."""
    def first(model, x, y, **options):
        return apgd(model, x, y, eps=eps, steps=steps, **options)

    def second(model, x, y, **options):
        return apgd_targeted(model, x, y, eps=eps, steps=steps, targets=targets, **options)

    def third(model, x, y, **options):
        return fab(model, x, y, eps=eps, steps=steps, targets=targets, leave_when_fooled=True, **options)

    def fourth(model, x, y, **options):
        return square(model, x, y, eps=eps, steps=queries, **options)

    return [first, *([second] if classes > 3 else []), third, fourth]


def _standing(net: Net, x: Images, y: Labels, chunk: int | None) -> tuple[torch.Tensor, int]:
    """Which images are answered right, and how many classes there are."""
    right, classes = torch.zeros(len(x), dtype=torch.bool, device=x.device), 0

    def ask(rows: slice, tick) -> Images:
        nonlocal classes
        with torch.no_grad():
            logits = net(x[rows])
        right[rows], classes = ~fooled(logits, y[rows]), logits.shape[1]
        return x[rows]

    in_chunks(ask, x, chunk=chunk)
    return right, classes
