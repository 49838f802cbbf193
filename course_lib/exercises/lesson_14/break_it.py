"""14-4: break a defence that only hides its gradient. Oracle: a copy of it, which no learner ever holds."""

import copy
from collections.abc import Callable

import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.data import load
from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.lesson_12.small_nets import left_alone, pixel_gradient
from course_lib.exercises.lesson_14.as_it_stands import as_it_stands
from course_lib.exercises.lesson_14.masked import MaskedNet
from course_lib.train import stored_net

CELL = '''\
def attack(defence: nn.Module, x: Float[Tensor, "images channels height width"], y: Tensor, eps: float):
    """Images that fool the instructor's defence: no pixel farther than eps from x, all in [0, 1]. Of the
    images x, which the defence reads rightly, less than 20 % may still be read as y, for eps = 0.2.
    `defence` is a MaskedNet. You may read it, call it and take it apart, but it stays as it is."""
    ### BEGIN SOLUTION
    x_adv = x.clone()
    for _ in range(20):
        x_adv.requires_grad_()
        rounded = x_adv + (defence.rounded(x_adv) - x_adv).detach()
        loss = F.cross_entropy(defence.net(rounded), y)      # without the factor 1000
        (g,) = torch.autograd.grad(loss, x_adv)
        x_adv = x_adv.detach() + eps / 5 * g.sign()
        x_adv = x_adv.clamp(x - eps, x + eps).clamp(0, 1)
    return x_adv
    ### END SOLUTION
'''
TEMPLATE = '''\
    x_adv = x.clone()
    for _ in range(...):
        ...                                   # x_adv must ask for a gradient
        logits = ...                          # past both masks
        (g,) = torch.autograd.grad(F.cross_entropy(logits, y), x_adv)
        x_adv = ...                           # a step, then the ball, then [0, 1]
    return x_adv
'''
IMAGES, EPS, SMALLER, LEFT = 30, 0.2, 0.1, 0.2  # LEFT: the share that must be undercut
SLACK = 1e-6


def check(answer) -> None:
    """The share that a copy of the defence still reads rightly; then the ball of a smaller eps."""
    defence, x, y = a_defence(), *some_digits()
    judge, calls = copy.deepcopy(defence), watch(defence)
    right = judge(x).argmax(1) == y
    x, y = x[right][:IMAGES], y[right][:IMAGES]
    x_adv = allowed(attacked(answer, defence, x, y, EPS), x, EPS)
    still = (judge(x_adv).argmax(1) == y).double().mean()
    if not still < LEFT:
        raise Wrong(why_it_stands(judge.net, calls, x, y, x_adv), f"still read rightly: {still:.0%}")
    allowed(attacked(answer, defence, x[:5], y[:5], SMALLER), x[:5], SMALLER)


def a_defence() -> MaskedNet:
    return MaskedNet(stored_net("plain").double()).eval()


def some_digits() -> tuple[Tensor, Tensor]:
    test = load("mnist", "test")
    return test.x[: 2 * IMAGES].double(), test.y[: 2 * IMAGES]


def watch(defence: MaskedNet) -> dict[str, int]:
    """How often the whole defence and the net in it are called, from now on."""
    calls = {"defence": 0, "net": 0}

    def count(name: str) -> Callable:
        def hook(*_) -> None:
            calls[name] += 1

        return hook

    defence.register_forward_hook(count("defence"))
    defence.net.register_forward_hook(count("net"))
    return calls


def attacked(answer, defence: MaskedNet, x: Tensor, y: Tensor, eps: float):
    """The learner's images. Raises Wrong if the defence, its class, x or y is not what it was."""
    def call(x: Tensor, y: Tensor):
        with as_it_stands(defence):  # before the look at weights and modes, which needs the same parts
            return answer(defence, x, y, eps)

    return left_alone(defence, call, x, y)


def allowed(x_adv, x: Tensor, eps: float) -> Tensor:
    """x_adv, if it is a batch of pictures in the ball. Raises Wrong for anything else."""
    if x_adv is None:
        raise Wrong("Nothing comes back: is a `return` missing?")
    if not isinstance(x_adv, Tensor) or x_adv.shape != x.shape or not x_adv.is_floating_point():
        raise Wrong("Images must come back, one for each of x and of the same shape.",
                    str(getattr(x_adv, "shape", type(x_adv))))
    x_adv = x_adv.detach().double()
    if not x_adv.isfinite().all():
        raise Wrong("The images hold NaN or infinity: look for a division by 0, as by a gradient's size.")
    if x_adv.min() < 0 or x_adv.max() > 1:
        raise Wrong("Pixels leave [0, 1]: there is no such picture.")
    far = (x_adv - x).abs().max()
    if far > eps + SLACK:
        raise Wrong("The images leave the ball: no pixel may be farther than eps from what it was in x, "
                    "whatever eps is.", f"eps = {eps}, farthest {far:.3f}")
    return x_adv


def why_it_stands(net: nn.Module, calls: dict[str, int], x: Tensor, y: Tensor, x_adv: Tensor) -> str:
    """What most likely went wrong."""
    delta, g = x_adv - x, pixel_gradient(net, x, y)
    moved = delta.abs() > SLACK
    asked, inside = calls["defence"], calls["net"] - calls["defence"]
    share = moved.flatten(1).any(1).double().mean()
    if share < 0.5:
        if inside:
            return (f"{STILL}, though you call the net behind the first mask: look at the gradient. There "
                    "are two masks, and each alone makes it 0.")
        if asked > 1:
            return (f"{STILL}: many steps along a gradient of 0 lead nowhere. Which lines of the defence "
                    "make it 0? Look at each of them alone.")
        if asked == 1:
            return (f"{STILL}: this is one step through the front door. Print the share of pixels whose "
                    "gradient is not 0.")
        return f"{STILL}, and the defence is never asked."
    if share < 1:
        return ("Some images come back as they were, and too many are still read rightly: what of those that "
                "did not move?")
    loss = [F.cross_entropy(net(v), y, reduction="none") for v in (x, x_adv)]
    if (loss[1] < loss[0]).double().mean() > 0.8:
        return ("Behind the masks the net is surer of y than it was: the steps go down its loss. Is a sign "
                "turned round, or are the labels others than y?")
    if (delta.sign() == g.sign())[moved].double().mean() < 0.6:
        if asked + inside:
            return ("The images moved, but not along the loss of y: through the masks its gradient is 0, and "
                    "what is left is the random start, or the loss is that of other labels.")
        return ("The images moved without a look at this defence: no step follows its loss, and a change at "
                "random rarely does harm.")
    if delta.abs().max() < 0.9 * EPS:
        return "The direction is right, but no pixel makes use of its eps: go farther, or more often."
    return ("Some of the way is done: the net behind the masks loses its footing, but too many images are "
            "still read rightly. One step is rarely enough, and every pixel may go as far as eps.")


STILL = "Most images come back as they were"
STEP = ("    (g,) = torch.autograd.grad(loss, v)\n"
        "    v = (v.detach() + eps / 5 * g.sign()).clamp(x - eps, x + eps).clamp(0, 1)\n")
LOOP = "v = x.clone()\nfor _ in range(20):\n    v.requires_grad_()\n"
OPEN = f"{LOOP}    loss = F.cross_entropy(defence.net(v), y)\n{STEP}"
FRONT = f"{LOOP}    loss = F.cross_entropy(defence(v), y)\n{STEP}"
EXERCISE = Exercise(
    id="14-4", title="Break the instructor's defence", name="attack", cell=CELL, check=check,
    question="FGSM and PGD left this defence at 100 %: which measurements would have told a reader that this "
             "is no evidence?",
    why="The gradient is 0 nearly everywhere, images made for another net fool it more often than these two, "
        "and at eps = 1, where everything is allowed, FGSM still finds nothing.",
    hints=Hints(
        nudge="Read forward() as somebody who must differentiate it. What is the slope of each operation, "
              "and what does a factor of 1000 do to the softmax?",
        method="Rounding has slope 0: let the gradient pass beside it, as in 14-3, or leave it out. A "
               "thousand times the logits make the softmax exactly 0 and 1, so that the loss is flat: take "
               "the net's own logits. Then many small steps. (Or ask no gradient at all.)",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("plain FGSM", "v = x.clone().requires_grad_()\n"
               "(g,) = torch.autograd.grad(F.cross_entropy(defence(v), y), v)\n"
               "return (x + eps * g.sign()).clamp(0, 1)", "one step through the front door"),
        Mutant("plain PGD", f"{FRONT}return v", "many steps along a gradient of 0"),
        Mutant("only the rounding passed", OPEN.replace("defence.net(v)", "1000 * defence.net(v)")
               + "return v", "There are two masks"),
        Mutant("PGD from a random start", FRONT.replace("x.clone()",
               "(x + eps * (2 * torch.rand_like(x) - 1)).clamp(0, 1)") + "return v",
               "what is left is the random start"),
        Mutant("noise", "return (x + eps * torch.randn_like(x).sign()).clamp(0, 1)",
               "without a look at this defence"),
        Mutant("nothing", "return x.clone()", "the defence is never asked"),
        Mutant("out of the ball", OPEN.replace(".clamp(x - eps, x + eps)", "") + "return v",
               "The images leave the ball"),
        Mutant("out of [0, 1]", OPEN.replace(".clamp(0, 1)", "") + "return v", "Pixels leave [0, 1]"),
        Mutant("sign turned", OPEN.replace("v.detach() +", "v.detach() -") + "return v",
               "surer of y than it was"),
        Mutant("one step", OPEN.replace("range(20)", "range(1)").replace("eps / 5", "eps") + "return v",
               "One step is rarely enough"),
        Mutant("the defence disarmed", "defence.rounded = lambda v: v\n" + FRONT.replace("defence(v)",
               "defence(v) / 1000") + "return v", "The defence is not what it was"),
        Mutant("weights changed", "for p in defence.parameters():\n    p.data.neg_()\nreturn x.clone()",
               "changes the weights"),
    ),
    difficulty=3, importance=3, minutes=12,
)  # fmt: skip
