"""The peers, each attack as a function (model, x, y) -> images, at the settings that it is given.

advertorch and adv_lib do not import as they are: one misses a function that torch has dropped, the other a
plotting package that it does not use here. Both get a stand-in.
"""

import sys
import types
import warnings
from collections.abc import Callable
from functools import partial
from importlib.metadata import version

import torch
from torch import Tensor, nn

sys.modules.setdefault("visdom", types.ModuleType("visdom"))
sys.modules["torch.autograd.gradcheck"].zero_gradients = lambda x: x.grad is None or x.grad.zero_()
warnings.filterwarnings("ignore", category=SyntaxWarning)  # old escapes in their strings

import adv_lib.attacks as adv_lib  # noqa: E402
import advertorch.attacks as advertorch  # noqa: E402
import foolbox  # noqa: E402
import torchattacks  # noqa: E402
from cleverhans.torch.attacks.carlini_wagner_l2 import carlini_wagner_l2  # noqa: E402
from cleverhans.torch.attacks.projected_gradient_descent import projected_gradient_descent  # noqa: E402
from pyautoattack.autoattack import AutoAttack  # noqa: E402

Attack = Callable[[nn.Module, Tensor, Tensor], Tensor]
NAMES = ("torchattacks", "foolbox", "adv-lib", "cleverhans", "advertorch", "pyautoattack")
VERSIONS = {name: version(name) for name in NAMES}


def pgd(eps: float, step_size: float, steps: int) -> dict[str, Attack]:
    """L-inf PGD from the clean image."""
    fool = foolbox.attacks.LinfPGD(abs_stepsize=step_size, steps=steps, random_start=False)
    return {
        "torchattacks": lambda model, x, y: torchattacks.PGD(
            model, eps=eps, alpha=step_size, steps=steps, random_start=False)(x, y),
        "foolbox": lambda model, x, y: fool.run(fool_model(model), x, y, epsilon=eps),
        "adv_lib": lambda model, x, y: adv_lib.pgd_linf(
            model, x, y, eps, steps=steps, random_init=False, absolute_step_size=step_size),
        "cleverhans": lambda model, x, y: projected_gradient_descent(
            model, x, eps, step_size, steps, float("inf"), 0, 1, y=y, rand_init=False),
        "advertorch": lambda model, x, y: advertorch.LinfPGDAttack(
            model, eps=eps, nb_iter=steps, eps_iter=step_size, rand_init=False).perturb(x, y),
    }


def deepfool(steps: int) -> dict[str, Attack]:
    """DeepFool in L2 over all ten classes, overshoot 0.02."""
    fool = foolbox.attacks.L2DeepFoolAttack(steps=steps)
    return {
        "adv_lib": lambda model, x, y: adv_lib.df(model, x, y, steps=steps),
        "foolbox": lambda model, x, y: fool.run(fool_model(model), x, foolbox.Misclassification(y)),
        "torchattacks": lambda model, x, y: torchattacks.DeepFool(model, steps=steps)(x, y),
    }


def carlini_wagner(c: float, lr: float, steps: int) -> dict[str, Attack]:
    """Carlini and Wagner in L2, with one constant."""
    fool = foolbox.attacks.L2CarliniWagnerAttack(1, steps, lr, initial_const=c)
    return {
        "adv_lib": lambda model, x, y: adv_lib.carlini_wagner_l2(
            model, x, y, learning_rate=lr, initial_const=c, binary_search_steps=1, max_iterations=steps),
        "torchattacks": lambda model, x, y: torchattacks.CW(model, c=c, steps=steps, lr=lr)(x, y),
        "foolbox": lambda model, x, y: black_to_clean(
            fool.run(fool_model(model), x, foolbox.Misclassification(y)), x),
        "cleverhans": lambda model, x, y: carlini_wagner_l2(
            model, x, 10, y=y, lr=lr, initial_const=c, binary_search_steps=1, max_iterations=steps),
        "advertorch": lambda model, x, y: advertorch.CarliniWagnerL2Attack(
            model, 10, learning_rate=lr, binary_search_steps=1, max_iterations=steps, initial_const=c,
        ).perturb(x, y),
    }


def elastic_net(rule: str, c: float, lr: float, beta: float, steps: int) -> dict[str, Attack]:
    """The elastic-net attack with one constant, all steps. rule: "EN" or "L1".

    "foolbox, early": as it is by default, stopping once the loss of the whole batch no longer falls.
    """
    torchattack = torchattacks.EADEN if rule == "EN" else torchattacks.EADL1

    def fool(model, x, y, early):
        attack = foolbox.attacks.EADAttack(
            1, steps, lr, initial_const=c, regularization=beta, decision_rule=rule, abort_early=early)
        return black_to_clean(attack.run(fool_model(model), x, foolbox.Misclassification(y)), x)

    return {
        "torchattacks": lambda model, x, y: torchattack(
            model, lr=lr, binary_search_steps=1, max_iterations=steps, abort_early=False, initial_const=c,
            beta=beta)(x, y),
        "foolbox": partial(fool, early=False),
        "foolbox, early": partial(fool, early=True),
        "advertorch": lambda model, x, y: advertorch.ElasticNetL1Attack(
            model, 10, learning_rate=lr, binary_search_steps=1, max_iterations=steps, initial_const=c,
            beta=beta, decision_rule=rule).perturb(x, y),
    }


def one_pixel(population: int, steps: int) -> dict[str, Attack]:
    """Differential evolution of one pixel; torchattacks' draws from NumPy's own generator."""
    return {"torchattacks": lambda model, x, y: torchattacks.OnePixel(
        model, pixels=1, steps=steps, popsize=population)(x, y)}


def standard(eps: float) -> dict[str, Attack]:
    """AutoAttack, its standard version. torchattacks' runs its Auto-PGD for 10 steps instead of 100."""
    def pyautoattack(model, x, y):
        return AutoAttack(model, eps=eps, device=x.device, seed=0).run_standard_evaluation(x, y)[0]

    return {
        "pyautoattack": pyautoattack,
        "torchattacks": lambda model, x, y: torchattacks.AutoAttack(model, eps=eps, seed=0)(x, y),
    }


def fool_model(model: nn.Module) -> foolbox.PyTorchModel:
    """The model as foolbox wants it."""
    return foolbox.PyTorchModel(model, bounds=(0, 1), device=next(model.parameters()).device)


def black_to_clean(x_adv: Tensor, x: Tensor) -> Tensor:
    """foolbox answers a black image where its Carlini-Wagner and elastic-net attacks failed."""
    black = (x_adv == 0).flatten(1).all(1)
    return torch.where(black[:, None, None, None], x, x_adv)
