"""12-2: PGD in the L-inf ball. Oracle: the loop of Madry et al. 2017, from the clean image."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.exercises.exercise import Exercise, Hints, Mutant
from course_lib.exercises.lesson_12.small_nets import a_net, attacked, pixel_gradient, some_images
from course_lib.exercises.oracle import Slip, compare

CELL = '''\
def pgd(model: nn.Module, x: Float[Tensor, "images channels height width"], y: Tensor, eps: float,
        step_size: float, steps: int):
    """Projected gradient descent in the L-inf ball. It starts at the clean images x. Each step moves every
    pixel by step_size, in the direction in which the loss of y rises, then back to the nearest place within
    eps of x and in [0, 1]. The last images come back. The model may come in train mode: it is attacked in
    eval mode, and is then as it was, its mode and its weights' .grad too. x and y stay as they are."""
    ### BEGIN SOLUTION
    training = model.training
    model.eval()
    x_adv = x.clone()
    for _ in range(steps):
        x_adv.requires_grad_()
        loss = F.cross_entropy(model(x_adv), y)
        (g,) = torch.autograd.grad(loss, x_adv)
        x_adv = x_adv.detach() + step_size * g.sign()
        x_adv = x_adv.clamp(x - eps, x + eps).clamp(0, 1)
    model.train(training)
    return x_adv
    ### END SOLUTION
'''
TEMPLATE = '''\
    training = ...
    ...                                       # the mode of an attack
    x_adv = ...                               # where it starts; x itself must not change
    for _ in range(...):
        ...                                   # x_adv must ask for a gradient
        loss = ...
        (g,) = torch.autograd.grad(loss, ...)
        x_adv = x_adv.detach() + ...          # the step
        x_adv = x_adv.clamp(..., ...).clamp(0, 1)    # around which images is the ball?
    ...                                       # the mode it came in
    return x_adv
'''
# Images, shape, classes, eps, step_size, steps. A step is longer than eps in the first, as in no real attack:
# there every slip shows.
CASES = ((8, (1, 5, 4), 3, 0.3, 0.4, 4), (3, (3, 4, 4), 5, 0.25, 0.1, 7), (1, (2, 3, 3), 2, 0.1, 0.06, 1),
         (2, (1, 4, 6), 4, 0.02, 0.005, 5))  # fmt: skip


def climb(model: nn.Module, x: Tensor, y: Tensor, eps: float, step_size: float, steps: int, *slip: str):
    """The images, with slips in it; without any it is the right answer."""
    def project(v: Tensor, centre: Tensor) -> Tensor:
        v = v if "no ball" in slip else v.clamp(centre - eps, centre + eps)
        return v if "no range" in slip else v.clamp(0, 1)

    v, best, total = x, x, 0
    size = eps if "eps steps" in slip else eps / steps if "shares" in slip else step_size
    count = 0 if "still" in slip else steps + ("one more" in slip) - ("one less" in slip)
    for k in range(count):
        g = pixel_gradient(model, x if "old gradient" in slip else v, y)
        g = total = g + (total if "summed" in slip else 0)
        if "stays" in slip:
            g = g * (model(v).argmax(1) == y)[:, None, None, None]
        move = size * (g if "raw" in slip else -g.sign() if "down" in slip else g.sign())
        if "step last" in slip:
            v = project(v, x) + move
        elif "at the end" in slip and k < count - 1:
            v = v + move
        elif "from x" in slip:
            v = project(x + move, x)
        else:
            v = project(v + move, v if "iterate" in slip else x)
        losses = (F.cross_entropy(model(a), y, reduction="none") for a in (v, best))
        best = torch.where(torch.gt(*losses)[:, None, None, None], v, best)
    return best if "best" in slip else v - x if "delta" in slip else v


SLIPS = {
    ("still",): "The clean images come back as they were.",
    ("down",): "The sign is turned round: every step goes down the loss.",
    ("raw",): "No sign is taken: the steps are as small as the gradient.",
    ("no range",): "Pixels leave [0, 1]: the ball is not the only place where an image must stay.",
    ("no ball", "no range"): "Nothing is projected: after a few steps the images are far out of the ball and "
                             "out of [0, 1].",
    ("no ball",): "The images leave the ball: after a step no pixel may be farther than eps from x.",
    ("iterate",): "The ball is drawn around the image before the step, so it walks along: its centre is the "
                  "clean x.",
    ("iterate", "no range"): "The ball is drawn around the image before the step, and pixels leave [0, 1].",
    ("step last",): "The projection comes before the step: the last step leaves the ball again.",
    ("at the end",): "The projection comes once, behind the loop: each step needs its own.",
    ("old gradient",): "The gradient is always that at the clean images: each step needs a new one.",
    ("from x",): "Every step starts at the clean images: the loop must go on from where it is.",
    ("eps steps",): "The step is eps: step_size acts nowhere.",
    ("shares",): "The step is eps / steps: step_size acts nowhere.",
    ("one less",): "A step is missing.",
    ("one more",): "There is one step too many.",
    ("summed",): "The gradients of all steps so far are added up: x_adv.grad is not cleared between them.",
    ("stays",): "Images that are wrong already stop moving: here all of them go all the steps.",
    ("best",): "These are the images with the highest loss on the way: the last ones were asked for.",
    ("delta",): "This is the perturbation alone: the images were asked for.",
}


def check(answer) -> None:
    """The last images, for models in both modes; model, x and y must stay as they are."""
    for count, shape, classes, eps, step_size, steps in CASES:
        model, x, y = a_net(shape, classes), some_images(count, shape), torch.randint(classes, (count,))
        for training in (False, True):
            found = attacked(answer, model.train(training), x, y, eps, step_size, steps)
            case = model.eval(), x, y, eps, step_size, steps
            compare(found, climb(*case), slips(*case), OTHERWISE)


def slips(*case) -> Iterator[Slip]:
    """What typical slips would answer."""
    for slip, message in SLIPS.items():
        yield message, lambda slip=slip: climb(*case, *slip)


OTHERWISE = ("These are other images. With steps = 1 and step_size = eps it must be FGSM: is it? If so, "
             "follow one pixel over two steps.")
START = "t = model.training\nmodel.eval()\nv = x.clone()\nfor _ in range(steps):\n    v.requires_grad_()\n"
GRADIENT = "    (g,) = torch.autograd.grad(F.cross_entropy(model(v), y), v)\n    v = v.detach()\n"
CUT = "    v = v.clamp(x - eps, x + eps).clamp(0, 1)\n"
STEP, END = "    v = v + step_size * g.sign()\n", "model.train(t)\nreturn v"
EXERCISE = Exercise(
    id="12-2", title="Many small steps", name="pgd", cell=CELL, check=check,
    question="Why is PGD with ten small steps stronger than one FGSM step of the same eps?",
    why="The gradient holds only near the place where it is taken. A long step leaves that place; small ones "
        "ask again on the way and follow the loss where it bends.",
    hints=Hints(
        nudge="FGSM, in a loop. What must be new in each step, and what stays the clean x throughout?",
        method="Eval mode first. In each step: the gradient at the present images, a move along its sign, "
               "then two cuts, to the box from x - eps to x + eps and to [0, 1]. At the end the old mode.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("sign flipped", f"{START}{GRADIENT}{STEP.replace('+', '-')}{CUT}{END}", "goes down the loss"),
        Mutant("raw gradient", f"{START}{GRADIENT}{STEP.replace('.sign()', '')}{CUT}{END}",
               "No sign is taken"),
        Mutant("no clamp to [0, 1]", f"{START}{GRADIENT}{STEP}    v = v.clamp(x - eps, x + eps)\n{END}",
               "Pixels leave [0, 1]"),
        Mutant("no projection", f"{START}{GRADIENT}{STEP}    v = v.clamp(0, 1)\n{END}",
               "The images leave the ball"),
        Mutant("around the iterate", f"{START}{GRADIENT}    w = v + step_size * g.sign()\n"
               f"    v = w.clamp(v - eps, v + eps).clamp(0, 1)\n{END}", "so it walks along"),
        Mutant("step after projection", f"{START}{GRADIENT}{CUT}{STEP}{END}", "comes before the step"),
        Mutant("projection behind the loop", f"{START}{GRADIENT}{STEP}"
               f"v = v.clamp(x - eps, x + eps).clamp(0, 1)\n{END}", "once, behind the loop"),
        Mutant("gradient of the clean image", "t = model.training\nmodel.eval()\n"
               "v = x.clone().requires_grad_()\n"
               "(g,) = torch.autograd.grad(F.cross_entropy(model(v), y), v)\nv = v.detach()\n"
               f"for _ in range(steps):\n{STEP}{CUT}{END}", "always that at the clean images"),
        Mutant("summed into the weights", f"{START}    F.cross_entropy(model(v), y).backward()\n"
               f"    g = v.grad\n    v = v.detach()\n{STEP}{CUT}{END}", ".backward() adds to every"),
        Mutant("attacked in train mode", f"{START.replace('model.eval()', 'pass')}{GRADIENT}{STEP}{CUT}{END}",
               "running statistics"),
        Mutant("left in eval mode", f"{START}{GRADIENT}{STEP}{CUT}return v", "come back in eval mode"),
        Mutant("left in train mode", f"{START}{GRADIENT}{STEP}{CUT}model.train()\nreturn v",
               "come back in train mode"),
        Mutant("x changed in place", f"{START.replace('x.clone()', 'x')}{GRADIENT}"
               f"    v += step_size * g.sign()\n{CUT}{END}", "changes its own input"),
        Mutant("random start", f"{START.replace('x.clone()', 'x + eps * (2 * torch.rand_like(x) - 1)')}"
               f"{GRADIENT}{STEP}{CUT}{END}", "a random start"),
    ),
    difficulty=2, importance=3, minutes=9,
)  # fmt: skip
