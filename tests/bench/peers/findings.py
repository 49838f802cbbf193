"""What other libraries do where ours is tested to do better (tests/attacks/test_peers_findings.py).

Printed with their versions and never judged: a later version may have mended it. Run by `make peers`.
"""

import copy
import logging
import warnings
from collections.abc import Callable
from functools import partial

import foolbox
import peers
import torch
import torchattacks
from peers import VERSIONS, black_to_clean, fool_model
from torch import nn
from victim import Counted, Victim, digits

from course_lib import attacks
from course_lib.measure import distances, success

EPS = 0.1


def main() -> None:
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore")
    logging.disable()
    print("What the peers do: " + ", ".join(f"{name} {v}" for name, v in VERSIONS.items()))
    victim = digits("cpu")
    for number, finding in enumerate(FINDINGS, 1):
        print(f"\n{number}. {finding.__doc__}")
        for who, what in finding(victim).items():
            print(f"   {who:14} {what}")


def steps_of_auto_pgd(victim: Victim) -> dict[str, str]:
    """Passes back of Auto-PGD and its targeted form in AutoAttack (100 and 900 are meant)."""
    inside = torchattacks.AutoAttack(victim.model, eps=1e-6, n_classes=10)._autoattack.attacks
    passes = []
    for attack in list(inside.values() if isinstance(inside, dict) else inside)[:2]:
        attack.model = counted = Counted(victim.model).eval()
        attack(victim.x[:1], victim.y[:1])
        passes.append(str(counted.back_rows))
    return {"torchattacks": " and ".join(passes)}


def elastic_net_range(victim: Victim) -> dict[str, str]:
    """Elastic net, 16 images: the range of the pixels, and how many of 784 changed."""
    x, y = victim.x[:16], victim.y[:16]
    said = {}
    for who, attack in peers.elastic_net("EN", 30.0, 0.01, 0.01, 100).items():
        x_adv = attack(victim.model, x.clone(), y)
        said[who] = f"[{x_adv.min():.3f}, {x_adv.max():.3f}], {distances(x, x_adv, 'l0').mean():.0f} changed"
    return said


def on_the_boundary(victim: Victim) -> dict[str, str]:
    """DeepFool, 32 images: share fooled as a batch and one by one; share with a margin below 1e-5."""
    x, y = victim.x[:32], victim.y[:32]
    said = {}
    for who, attack in {"ours": attacks.deepfool, **peers.deepfool(50)}.items():
        x_adv = attack(victim.model, x, y).detach()
        with torch.no_grad():
            together = victim.model(x_adv)
            alone = torch.cat([victim.model(one) for one in x_adv.split(1)])
        first, second = together.topk(2).values.unbind(1)
        batch, single = ((logits.argmax(1) != y).float().mean() for logits in (together, alone))
        said[who] = f"{batch:.2f}, {single:.2f}; {((first - second) < 1e-5).float().mean():.2f}"
    return said


def pixels_at_the_walls(victim: Victim) -> dict[str, str]:
    """Carlini-Wagner (c 10, lr 0.1, each with its own early stop) on images of 0 and 1 only: true success."""
    x = (victim.x[:64] > 0.5).float()
    y = victim.model(x).argmax(1)
    ours = partial(attacks.carlini_wagner, c=10.0, lr=0.1, steps=100, searches=1)
    entries = {"ours": ours, **peers.carlini_wagner(10.0, 0.1, 100)}
    return {
        who: f"{success(victim.model, x, y, attack(victim.model, x, y).detach()).rate:.3f}"
        for who, attack in entries.items()
    }


def black_failures(victim: Victim) -> dict[str, str]:
    """Carlini-Wagner with a c too small: success as reported, and without all-black images."""
    x, y = victim.x[:64], victim.y[:64]
    attack = foolbox.attacks.L2CarliniWagnerAttack(1, 100, 0.01, initial_const=0.3)
    _, x_adv, reported = attack(fool_model(victim.model), x, foolbox.Misclassification(y), epsilons=None)
    true = success(victim.model, x, y, black_to_clean(x_adv, x)).rate
    return {"foolbox": f"{reported.float().mean():.3f} reported, {true:.3f} true"}


def normalised_input(victim: Victim) -> dict[str, str]:
    """PGD on normalised images, from -1 to 1, eps 0.1: how far a pixel moved."""
    x = (victim.x[:8] - 0.5) / 0.5
    return each(lambda who, attack: f"{(attack(victim.model, x, victim.y[:8]) - x).abs().max():.2f}")


def train_mode(victim: Victim) -> dict[str, str]:
    """PGD on a model left in train mode: its batch-norm statistics, and its mode afterwards."""
    x, y = victim.x[:8], victim.y[:8]

    def told(who: str, attack: Callable) -> str:
        model = small_net()
        before = copy.deepcopy(dict(model.named_buffers()))
        attack(model, x, y)
        same = all(torch.equal(before[name], value) for name, value in model.named_buffers())
        return f"statistics {'kept' if same else 'CHANGED'}, {'train' if model.training else 'EVAL'} mode"

    return each(told)


def gradients_left(victim: Victim) -> dict[str, str]:
    """PGD: gradients left on the weights, which the next training step would add to its own."""
    x, y = victim.x[:8], victim.y[:8]

    def told(who: str, attack: Callable) -> str:
        model = small_net().eval()
        attack(model, x, y)
        return "LEFT" if any(p.grad is not None for p in model.parameters()) else "none"

    return each(told)


def number_types(victim: Victim) -> dict[str, str]:
    """PGD on a float64 and a bfloat16 model, eps 0.1: the largest change."""
    def told(who: str, attack: Callable) -> str:
        changes = []
        for dtype in (torch.float64, torch.bfloat16):
            model, x = small_net().eval().to(dtype), victim.x[:8].to(dtype)
            try:
                x_adv = attack(model, x, victim.y[:8])
                changes.append(f"{(x_adv.double() - x.double()).abs().max():.6f}")
            except Exception as error:
                changes.append(type(error).__name__)
        return ", ".join(changes)

    return each(told)


def each(told: Callable[[str, Callable], str]) -> dict[str, str]:
    """What each PGD does, ours first; an exception is an answer too."""
    ours = {"ours": lambda model, x, y: attacks.pgd(model, x, y, eps=EPS, step_size=0.02, steps=10)}
    said = {}
    for who, attack in {**ours, **peers.pgd(EPS, 0.02, 10)}.items():
        try:
            said[who] = told(who, attack)
        except Exception as error:
            words = str(error).splitlines()[:1] or ["no words"]
            said[who] = f"{type(error).__name__}: {words[0][:70]}"
    return said


def small_net() -> nn.Sequential:
    """With batch norm, in train mode."""
    torch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(5408, 10))


FINDINGS = [steps_of_auto_pgd, elastic_net_range, on_the_boundary, pixels_at_the_walls, black_failures,
            normalised_input, train_mode, gradients_left, number_types]

if __name__ == "__main__":
    main()
