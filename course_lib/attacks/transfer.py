"""Attacks by way of another model, for a target that shows its labels only.

Papernot et al.: Practical Black-Box Attacks against Machine Learning (2016), arXiv 1602.02697. A substitute
learns the target's answers, is attacked with gradients, and what comes out is tried on the target.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from tqdm.auto import tqdm

from course_lib.attacks.checks import check_count, check_images, check_model, check_size
from course_lib.attacks.contract import Images, Labels, attacking, in_chunks, input_gradient, where_rows
from course_lib.attacks.gradient import pgd
from course_lib.attacks.queries import Questions, clearly_fooled, log_odds
from course_lib.measure.eval_mode import eval_mode

Oracle = Callable[[Images], Any]  # images -> one class number each, as a tensor or anything like an array
Fit = Callable[[nn.Module, Images, Labels], object]  # trains the model on images and labels


@dataclass(frozen=True)
class Substitute:
    """A model that learnt from an oracle, and what that took.

    x, y: all images that the oracle was asked about, and its answers; so len(x) queries.
    agreement: for each round, the share of its new images on which the model and the oracle agreed before
    the model learnt them.
    """

    model: nn.Module
    x: Images
    y: Labels
    agreement: tuple[float, ...]


def train_substitute(
    oracle: Oracle, model: nn.Module, x: Images, *, fit: Fit, rounds: int = 6, step: float = 0.1,
    chunk: int | None = None, progress: bool = False,
) -> Substitute:
    """Train `model` on an oracle's labels, from the few images of x on, which are doubled in each round.

    A round adds to each image x its `jacobian_step`, asks the oracle about these, and trains again. Costs
    len(x) 2^rounds queries. The model given is trained; whatever stands behind the oracle is not touched.
    fit: such as lambda model, x, y: train.fit(model, x, y, steps=200). chunk: images in one question.
    Raises ValueError if x is no batch of images in [0, 1], or the oracle answers no class numbers.
    """
    check_model(model, x)
    check_images(x)
    check_size("step", step)
    if isinstance(rounds, bool) or not isinstance(rounds, int) or rounds < 0:
        raise ValueError(f"rounds must be a whole number of 0 or more, got {rounds!r}")
    if chunk is not None:
        check_count("chunk", chunk)
    if not len(x):
        raise ValueError("x must hold at least one image to begin with")
    x, agreement = x.detach().clone(), []
    y = _asked(oracle, x, chunk)
    fit(model, x, y)
    for _ in tqdm(range(rounds), disable=not progress, leave=False):
        new = jacobian_step(model, x, y, step=step, chunk=chunk)
        label = _asked(oracle, new, chunk)
        agreement.append(float((_asked(labels_of(model), new, chunk) == label).double().mean()))
        x, y = torch.cat([x, new]), torch.cat([y, label])
        fit(model, x, y)
    return Substitute(model, x, y, tuple(agreement))


def jacobian_step(
    model: nn.Module, x: Images, y: Labels, *, step: float, chunk: int | None = None
) -> Images:
    """x + step sign(gradient of p_y in the pixels), cut to [0, 1]: where the model's answer y changes most.

    Taken from the log odds of y, whose gradient has the same signs and does not vanish where p_y is 0 or 1.
    """
    check_size("step", step)

    def moved(rows: slice, tick) -> Images:
        g, _, _ = input_gradient(net, x[rows], lambda logits: log_odds(logits, y[rows]))
        return (x[rows] + step * g.sign()).clamp(0, 1)

    with attacking(model, x, y, quick_layout=True) as (net, x, y):
        return in_chunks(moved, x, chunk=chunk)


def labels_of(model: nn.Module) -> Oracle:
    """The oracle that tells a model's labels and nothing else; the model is asked in eval mode."""

    def oracle(x: Images) -> Labels:
        with eval_mode(model), torch.no_grad():
            return model(x).argmax(1)

    return oracle


def transfer(
    model: nn.Module, x: Images, y: Labels, *, substitute: nn.Module, attack: Callable[..., Images] = pgd,
    generator: torch.Generator | None = None, chunk: int | None = None, progress: bool = False, **more,
) -> Images:
    """Attack the substitute, and try what comes out on the model: no gradient of the model is used.

    attack: one that can keep_failures, as those of `gradient` and `apgd` can; its strongest try counts even
    where it does not fool the substitute. more: its arguments, such as eps, steps and targeted.
    Costs one query of the model for each image, and the attack on the substitute.
    """
    with attacking(model, x, y, quick_layout=True) as (net, x, y):
        more |= {"generator": generator, "chunk": chunk, "progress": progress, "keep_failures": True}
        v = attack(substitute, x, y, **more)
        if not len(x):
            return v
        hit = clearly_fooled(Questions(net, chunk, x.device).about(v), y, more.get("targeted", False))
        return where_rows(hit, v, x)


def _asked(oracle: Oracle, x: Images, chunk: int | None) -> Labels:
    """The oracle's labels, checked."""
    answers = []
    for part in x.split(chunk or len(x)):
        answer = torch.as_tensor(oracle(part))
        if answer.is_floating_point() or answer.shape != part.shape[:1]:
            raise ValueError(f"oracle must answer one whole class number an image, [{len(part)}], "
                             f"got {answer.dtype} of shape {tuple(answer.shape)}")
        answers.append(answer.to(x.device).long())
    return torch.cat(answers)
