"""Adversarial training: learn from images that an attack has just made for the net as it is now.

    clean_and_attacked   min E[ L(f(x)) + L(f(x_adv)) ]        Goodfellow et al. (2014), arXiv 1412.6572
    attacked alone       min E[ L(f(x_adv)) ]                  Madry et al. (2017), arXiv 1706.06083
    SAT                  min CE(x_adv) + lam S_e(h(x), h(x_adv))   Bouniot et al. (2020), arXiv 2102.03156

Each recipe is a pair of callables for `fit` and `train_images`:

    recipe = adversarial_training(partial(fgsm, eps=0.2, keep_failures=True))
    train_images(study, seed, attack=recipe.attack, loss=recipe.loss)

Where clean images take part, the attack answers a batch of twice the size, clean ones first, and the loss
splits the logits again. A net with batch norm sees the statistics of both halves together.
"""

import functools
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from jaxtyping import Float
from torch import Tensor, nn

from course_lib.attacks.contract import Images, Labels, wider
from course_lib.defences.transport import sinkhorn_divergence

Attack = Callable[[nn.Module, Images, Labels], Images]
Loss = Callable[[Tensor, Labels], Tensor]


@dataclass(frozen=True)
class Recipe:
    """What to hand to `fit`: the images to learn from, and the loss of the net's answers to them."""

    attack: Attack
    loss: Loss


@dataclass(frozen=True)
class Beside:
    """An attack that answers the clean images followed by the attacked ones, [2 images, ...]."""

    attack: Attack

    def __call__(self, model: nn.Module, x: Images, y: Labels) -> Images:
        return torch.cat([x, self.attack(model, x, y)])


def adversarial_training(attack: Attack, *, clean: bool = True, loss: Loss = F.cross_entropy) -> Recipe:
    """Learn from attacked images, and from the clean ones too unless `clean` is False.

    attack: (model, x, y) -> x_adv, such as partial(pgd, eps=0.2, steps=3, keep_failures=True). Without
    keep_failures it answers the clean image wherever the net stood, and the net learns less.
    clean: they also help a net to start: few steps on strongly attacked images alone may leave it at chance.
    loss: of logits and labels, for each half. Raises TypeError for an attack that cannot be called.
    """
    _check_attack(attack)
    if not clean:
        return Recipe(attack, loss)
    both = clean_and_attacked if loss is F.cross_entropy else functools.partial(clean_and_attacked, loss=loss)
    return Recipe(Beside(attack), both)


def sinkhorn_training(attack: Attack, *, lam: float = 1.0, epsilon: float = 1.0) -> Recipe:
    """Sinkhorn adversarial training: attacked images right, and as a cloud where the clean ones are.

    The authors' code has lam = 1, epsilon = 1, the squared distance and at most 50 iterations; h are the
    logits, and gradients go to both halves. Raises ValueError for a negative lam, or an epsilon not above 0,
    TypeError for an attack that cannot be called.
    """
    _check_attack(attack)
    if not 0 <= lam < float("inf"):
        raise ValueError(f"lam must be a finite number of 0 or more, got {lam}")
    if not 0 < epsilon < float("inf"):
        raise ValueError(f"epsilon must be a finite number above 0, got {epsilon}")
    return Recipe(Beside(attack), functools.partial(sinkhorn_loss, lam=float(lam), epsilon=float(epsilon)))


def clean_and_attacked(
    logits: Float[Tensor, "two_images classes"], y: Labels, loss: Loss = F.cross_entropy
) -> Tensor:
    """L(f(x)) + L(f(x_adv)) for logits [2 images, classes], those of the clean images first."""
    clean, attacked = halves(logits, y)
    return loss(clean, y) + loss(attacked, y)


def sinkhorn_loss(
    logits: Float[Tensor, "two_images classes"], y: Labels, *, lam: float, epsilon: float,
    iterations: int = 50,
) -> Tensor:
    """CE(x_adv) + lam S_e(h(x), h(x_adv)) for logits h [2 images, classes], those of the clean ones first.

    A rough plan is enough here: it stops at a marginal error of 0.001, or after so many iterations.
    """
    clean, attacked = halves(wider(logits), y)
    if not logits.isfinite().all():
        return logits.sum() * float("nan")  # so that `fit` says that training diverged
    apart = sinkhorn_divergence(clean, attacked, epsilon=epsilon, iterations=iterations, tolerance=1e-3)
    return F.cross_entropy(attacked, y) + lam * apart


def halves(logits: Float[Tensor, "two_images classes"], y: Labels) -> tuple[Tensor, Tensor]:
    """(of the clean images, of the attacked ones). Raises ValueError unless there are two rows a label."""
    if len(logits) != 2 * len(y):
        raise ValueError(f"logits must hold two rows a label, clean images first: got {len(logits)} rows for "
                         f"{len(y)} labels; take the attack of the same recipe")
    return logits[: len(y)], logits[len(y):]


def _check_attack(attack: Attack) -> None:
    if not callable(attack):
        raise TypeError(f"attack must be a callable (model, x, y) -> x_adv, got {type(attack).__name__}")
