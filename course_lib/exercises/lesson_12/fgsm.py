"""12-1: the missing line of FGSM. Oracle: the step of Goodfellow et al. 2014."""

from collections.abc import Iterator

import torch
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant
from course_lib.exercises.lesson_12.small_nets import a_net, attacked, pixel_gradient, some_images
from course_lib.exercises.oracle import Slip, compare

CELL = '''\
def fgsm(model: nn.Module, x: Float[Tensor, "images channels height width"], y: Tensor, eps: float):
    """The fast gradient sign method: one step from the images x, meant to raise the loss of the labels y.
    Every pixel moves by eps (where its slope is not 0), and stays in [0, 1]."""
    training = model.training
    model.eval()                              # dropout off, and batch norm does not learn from the attack
    x = x.detach().clone().requires_grad_()
    loss = F.cross_entropy(model(x), y)
    (g,) = torch.autograd.grad(loss, x)       # in the pixels only: no weight's .grad is touched
    ### BEGIN SOLUTION
    x_adv = (x + eps * g.sign()).clamp(0, 1)
    ### END SOLUTION
    model.train(training)
    return x_adv.detach()
'''
TEMPLATE = '''\
    x_adv = (x + ... * ...).clamp(...)      # how far, and in which direction?
'''
# Images, shape, classes, eps.
CASES = ((4, (1, 5, 4), 3, 0.1), (2, (3, 3, 3), 5, 0.3), (1, (2, 4, 4), 2, 0.02))


def check(answer) -> None:
    """The images, for models in both modes; model, x and y must stay as they are."""
    for count, shape, classes, eps in CASES:
        model, x, y = a_net(shape, classes), some_images(count, shape), torch.randint(classes, (count,))
        for training in (False, True):
            found = attacked(answer, model.train(training), x, y, eps)
            g = pixel_gradient(model, x, y)
            compare(found, (x + eps * g.sign()).clamp(0, 1), slips(x, g, eps), OTHERWISE)


OTHERWISE = ("These are other images. Take one pixel by hand: x = 0.5, g = -0.003, eps = 0.1. Where must it "
             "go? And where with x = 0.05?")


def slips(x: Tensor, g: Tensor, eps: float) -> Iterator[Slip]:
    """What typical slips would answer."""
    length = g.flatten(1).norm(dim=1)[:, None, None, None]
    for message, v in (
        ("The sign is turned round: this step goes down the loss, so the model is surer of y than before.",
         x - eps * g.sign()),
        ("No sign is taken: along the raw gradient the step is as tiny as the gradient is.", x + eps * g),
        ("No sign is taken, and the step goes down the loss.", x - eps * g),
        ("The sign is that of the sum, not of the gradient: it makes a black-and-white image.",
         (x + eps * g).sign()),
        ("eps acts nowhere: every pixel moves by 1.", x + g.sign()),
        ("This is the perturbation alone: add it to the images.", eps * g.sign()),
        ("The gradient is divided by its length: that is the step for the L2 norm. Here every pixel moves by "
         "eps.", x + eps * g / length),
        ("The gradient is divided by its largest value: only one pixel moves by eps.",
         x + eps * g / g.abs().amax()),
        ("The images come back as they were.", x),
        ("A pixel whose slope is 0 moves too: its sign is 0, neither + nor -.",
         x + eps * torch.where(g > 0, 1.0, -1.0)),
        ("A pixel whose slope is 0 moves too: its sign is 0, neither + nor -. ",
         x + eps * torch.where(g >= 0, 1.0, -1.0)),
        ("The direction is the sign of the image, not of the gradient.", x + eps * x.sign()),
        ("The perturbation stands alone where the image should: clamp to [0, 1], not to [-eps, eps].",
         (x + eps * g.sign()).clamp(-eps, eps)),
    ):
        yield message, lambda v=v: v.clamp(0, 1)
        if (v != v.clamp(0, 1)).any():
            yield f"{message} And pixels leave [0, 1].", lambda v=v: v
    yield "Pixels leave [0, 1]: such an image cannot be shown or saved.", lambda: x + eps * g.sign()
    yield ("The clamp cuts the step, not the image: half of the pixels stay where they are.",
           lambda: x + (eps * g.sign()).clamp(0, 1))
    yield "The clamp reaches down to -1: pixels are in [0, 1].", lambda: (x + eps * g.sign()).clamp(-1, 1)
    yield "The clamp cuts on one side only.", lambda: (x + eps * g.sign()).clamp(max=1)
    yield "The clamp cuts on one side only. ", lambda: (x + eps * g.sign()).clamp(min=0)


EXERCISE = Exercise(
    id="12-1", title="One step up the loss", name="fgsm", cell=CELL, check=check,
    question="Why the sign of the gradient, and not the gradient itself?",
    why="In the L-inf ball every pixel may move by eps, whatever the others do. A loss that is nearly a "
        "plane rises most if each of them goes the whole eps in its own direction: the corner of the ball.",
    hints=Hints(
        nudge="Every pixel has a budget of its own, eps up or down. What does g tell you about a pixel: how "
              "far, or which way?",
        method="Add eps times the direction in which the loss rises to the images. Then cut the sum, so that "
               "every pixel is a brightness again.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("sign flipped", "x_adv = (x - eps * g.sign()).clamp(0, 1)", "The sign is turned round"),
        Mutant("raw gradient", "x_adv = (x + eps * g).clamp(0, 1)", "along the raw gradient"),
        Mutant("no clamp", "x_adv = x + eps * g.sign()", "cannot be shown or saved"),
        Mutant("step clamped", "x_adv = x + (eps * g.sign()).clamp(0, 1)", "The clamp cuts the step"),
        Mutant("perturbation alone", "x_adv = (eps * g.sign()).clamp(0, 1)",
               "This is the perturbation alone"),
        Mutant("L2 step", "x_adv = (x + eps * g / g.flatten(1).norm(dim=1)[:, None, None, None]).clamp(0, 1)",
               "the step for the L2 norm"),
        Mutant("no eps", "x_adv = (x + g.sign()).clamp(0, 1)", "eps acts nowhere"),
        Mutant("summed into the weights", "F.cross_entropy(model(x), y).backward()\n"
               "x_adv = (x + eps * x.grad.sign()).clamp(0, 1)", ".backward() adds"),
    ),
    difficulty=1, importance=3, minutes=4,
)  # fmt: skip
