"""What is compared: the settings of each attack, ours beside the peers', and the limits on our time."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import peers
import torch
from peers import Attack
from victim import Victim

from course_lib import attacks

Limit = tuple[str, str, float]  # (ours, theirs, the most that ours over theirs may be)


@dataclass(frozen=True)
class Contest:
    """Attacks at the same settings on the same images.

    images: how many, few where a round would take minutes. eps: of attacks that must stay in an L-inf ball.
    norms: printed. small: the one that the attack makes small, if it does. note: printed below the table.
    once: who is timed in the first round only, as no limit stands beside them.
    """

    title: str
    images: int
    entries: dict[str, Attack]
    limits: list[Limit]
    norms: tuple[str, ...] = ("l2", "linf")
    small: str | None = None
    eps: float | None = None
    once: tuple[str, ...] = ()
    note: str = ""


def pgd(victim: Victim) -> Contest:
    eps, size = victim.eps, victim.eps / 8
    ours = partial(attacks.pgd, eps=eps, step_size=size, steps=40)
    return Contest(
        f"PGD-40, L-inf, eps {eps:.3g}, steps of {size:.3g}, from the clean image", 128,
        {"ours, leaving": partial(ours, leave_when_fooled=True), "ours": ours, **peers.pgd(eps, size, 40)},
        [("ours, leaving", "torchattacks", 0.60), ("ours", "torchattacks", 0.95)], eps=eps,
        once=("cleverhans", "advertorch"),
    )


def deepfool(victim: Victim) -> Contest:
    return Contest(
        "DeepFool, L2, 50 steps", 64, {"ours": attacks.deepfool, **peers.deepfool(50)},
        [("ours", "adv_lib", 1.05), ("ours", "foolbox", 0.20)], small="l2",
        once=("torchattacks",),
    )


def carlini_wagner(victim: Victim) -> Contest:
    ours = partial(attacks.carlini_wagner, c=10.0, lr=0.01, steps=100, searches=1)
    others = peers.carlini_wagner(10.0, 0.01, 100)
    limits = [("ours", name, 1.05 if name == "adv_lib" else 0.75) for name in others]
    return Contest("Carlini-Wagner, L2, 100 steps, c 10, lr 0.01", 64, {"ours": ours, **others}, limits,
                   small="l2")


def elastic_net(rule: str, victim: Victim) -> Contest:
    ours = partial(attacks.elastic_net, rule=rule, c=30.0, lr=0.01, beta=0.01, steps=100, searches=1)
    others = peers.elastic_net(rule, 30.0, 0.01, 0.01, 100)
    return Contest(
        f"Elastic net, rule {rule}, 100 steps, c 30, lr 0.01, beta 0.01", 64 if rule == "EN" else 32,
        {"ours": ours, **others}, [("ours", name, 0.90) for name in others if name != "foolbox, early"],
        norms=("l0", "l1", "l2"), small="l1",
        once=("foolbox, early",),
        note="torchattacks' images leave [0, 1], so none is a true success.",
    )


def one_pixel(victim: Victim) -> Contest:
    ours = seeded(partial(attacks.one_pixel, population=30, steps=20))
    return Contest(
        "One pixel, population 30, 20 generations", 32, {"ours": ours, **peers.one_pixel(30, 20)},
        [("ours", "torchattacks", 0.35)], norms=("l0", "l2"),
    )


def standard(victim: Victim) -> Contest:
    ours = seeded(partial(attacks.standard, eps=victim.eps))
    return Contest(
        f"Standard (AutoAttack), L-inf, eps {victim.eps:.3g}", 40,
        {"ours": ours, **peers.standard(victim.eps)}, [("ours", "pyautoattack", 0.60)],
        eps=victim.eps, once=("torchattacks",),
        note="torchattacks' AutoAttack takes 10 steps of Auto-PGD instead of 100.",
    )


def seeded(attack: Attack) -> Attack:
    """The attack with a fresh generator each time."""
    return lambda model, x, y: attack(model, x, y, generator=torch.Generator().manual_seed(0))


CONTESTS: dict[str, Callable[[Victim], Contest]] = {
    "pgd": pgd, "deepfool": deepfool, "cw": carlini_wagner, "ead": partial(elastic_net, "EN"),
    "ead-l1": partial(elastic_net, "L1"), "one-pixel": one_pixel, "standard": standard,
}
