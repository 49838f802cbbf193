"""The defences of lesson 14, each made around a plain net: `CATALOGUE["halftone"].make(Material(...))`."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import nn

from course_lib.attacks import fgsm, pgd
from course_lib.defences.adversarial import Recipe, adversarial_training, sinkhorn_training
from course_lib.defences.broken import Quantised, RandomResize, Saturated
from course_lib.defences.defence import Defence, StraightThrough
from course_lib.defences.denoise import DenoisingAutoencoder, train_denoiser
from course_lib.defences.detectors import ExplanationDetector
from course_lib.defences.ensembles import Ensemble
from course_lib.defences.gccs import SimplexHead, gccs_loss
from course_lib.defences.halftone import Halftone
from course_lib.defences.noise import stochastic_student
from course_lib.train import ImageStudy, fit, train_images

FAR = 30.0  # between two vertices of the simplex, in standard deviations


@dataclass(frozen=True)
class Material:
    """What a defence is made from. plain: the net it protects, trained by `study` from `seed`.

    source: another net, which blind attackers make their images for. members: those of the ensembles.
    eps: the budget that adversarial training learns from. steps: of defences that train anew; study.steps if
    None.
    """

    study: ImageStudy
    seed: int
    plain: nn.Module
    source: nn.Module
    members: tuple[nn.Module, ...] = ()
    eps: float = 0.2
    steps: int | None = None
    device: torch.device | str = "cpu"

    @property
    def longer(self) -> ImageStudy:
        """The study with this material's steps, at the lower rate that hard lessons need to start."""
        return replace(self.study, steps=self.steps or self.study.steps, lr=min(self.study.lr, 0.005))


@dataclass(frozen=True)
class Entry:
    """name, promise: for a table. row: of the syllabus. make: from the material to the defence."""

    name: str
    row: str
    promise: str
    make: Callable[[Material], Defence]


def _ensemble(m: Material, rule: str, source: bool = False) -> Defence:
    if not m.members:
        raise ValueError("members must hold the nets of the ensemble; see train.fit_many")
    return Defence(Ensemble([*m.members, *([m.source] if source else [])], rule))


def _halftoned(m: Material) -> Defence:
    return Defence(nn.Sequential(Halftone(), m.plain),
                   stand_in=nn.Sequential(StraightThrough(Halftone()), m.plain))


def _rounded(m: Material) -> Defence:
    net = Quantised(m.plain)
    return Defence(net, stand_in=nn.Sequential(StraightThrough(net.prepare), m.plain))


def _denoised(m: Material) -> Defence:
    x, _ = m.study.images("train", m.device)
    torch.manual_seed(m.seed)
    denoiser = DenoisingAutoencoder(x.shape[1]).to(m.device)
    train_denoiser(denoiser, x, steps=m.steps or m.study.steps, batch_size=m.study.batch_size, seed=m.seed)
    return Defence(nn.Sequential(denoiser, m.plain))


def _finetune(m: Material, net: nn.Module) -> None:
    """Half of the training once more, at half the rate."""
    torch.manual_seed(m.seed)
    fit(net, *m.study.images("train", m.device), steps=max(1, m.study.steps // 2),
        batch_size=m.study.batch_size, lr=m.study.lr / 2, optimizer="adam", seed=m.seed)


def _noisy(m: Material) -> Defence:
    student = stochastic_student(m.plain)
    _finetune(m, student)
    return Defence(student, random=True)


def _resized(m: Material) -> Defence:
    net = RandomResize(copy.deepcopy(m.plain))
    _finetune(m, net)
    return Defence(net, random=True)


def _gccs(m: Material) -> Defence:
    net = train_images(m.longer, m.seed, loss=partial(gccs_loss, distance=FAR), name="gccs",
                       device=m.device).model
    classes = int(m.study.images("train", m.device)[1].max()) + 1
    sharp, soft = (SimplexHead(classes, FAR, s).to(m.device) for s in (1.0, FAR / 3))
    return Defence(nn.Sequential(net, sharp), stand_in=nn.Sequential(net, soft))


def _watched(m: Material) -> Defence:
    x, _ = m.study.images("train", m.device)
    return Defence(m.plain, detector=ExplanationDetector.fit(m.plain, x[:1000], steps=4))


def _trained(m: Material, recipe: Recipe) -> Defence:
    """The plain net, trained on: from random weights it may never start on attacked images alone."""
    net, study = copy.deepcopy(m.plain), m.longer
    fit(net, *study.images("train", m.device), attack=recipe.attack, loss=recipe.loss, steps=study.steps,
        batch_size=study.batch_size, lr=study.lr, optimizer="adam", seed=m.seed)
    return Defence(net)


def _lesson(m: Material) -> Callable:
    """The attack that PGD training and Sinkhorn training learn from."""
    return partial(pgd, eps=m.eps, steps=2, step_size=0.75 * m.eps, random_start=True, keep_failures=True)


CATALOGUE: dict[str, Entry] = {
    "none": Entry("no defence", "S1-38", "a plain net", lambda m: Defence(m.plain)),
    "mean": Entry("mean of the nets", "S1-41", "many eyes see more", lambda m: _ensemble(m, "mean")),
    "max": Entry("most confident net", "S1-42", "the surest one decides", lambda m: _ensemble(m, "max")),
    "joined": Entry("the same and the source", "S1-44", "not even the victim spoils it",
                    lambda m: _ensemble(m, "max", source=True)),
    "halftone": Entry("halftone dots", "S3-39", "dots wash changes out", _halftoned),
    "denoise": Entry("denoising autoencoder", "S1-45", "maps images back to clean ones", _denoised),
    "noise": Entry("noise inside", "S3-13", "no two gradients are alike", _noisy),
    "gccs": Entry("Gaussian targets", "S3-12", "classes far apart", _gccs),
    "detector": Entry("explanation detector", "S3-49", "attacked images look odd", _watched),
    "rounded": Entry("rounded pixels", "", "small changes vanish", _rounded),
    "saturated": Entry("saturated logits", "", "attacks find no slope",
                       lambda m: Defence(Saturated(m.plain))),
    "resize": Entry("random resizing", "", "never the same image twice", _resized),
    "fgsm": Entry("FGSM training", "S1-40", "learns from FGSM's images", lambda m: _trained(
        m, adversarial_training(partial(fgsm, eps=m.eps, keep_failures=True)))),
    "pgd": Entry("PGD training", "S1-40", "learns from PGD's images", lambda m: _trained(
        m, adversarial_training(_lesson(m)))),
    "sat": Entry("Sinkhorn training", "S3-30", "features stay where they were", lambda m: _trained(
        m, sinkhorn_training(_lesson(m), lam=0.1))),
}
