"""12-3: targeted FGSM, from a version that confuses it with the untargeted. Oracle: the step."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from course_lib.exercises.exercise import Exercise, Hints, Mutant
from course_lib.exercises.lesson_12.small_nets import a_net, attacked, logit, pixel_gradient, some_images
from course_lib.exercises.oracle import Slip, compare

CELL = '''\
def targeted_fgsm(model: nn.Module, x: Float[Tensor, "images channels height width"], target: Tensor,
                  eps: float):
    """FGSM with a wish: one step that makes the model more willing to say target[i] of image i. Every pixel
    moves by eps and stays in [0, 1], whether or not the wish comes true. The true labels are not needed."""
    training = model.training
    model.eval()
    x = x.detach().clone().requires_grad_()
    # A friend's version. It runs, it stays in the ball, and many images do change their label. What is wrong?
    #     loss = F.cross_entropy(model(x), target)
    #     (g,) = torch.autograd.grad(loss, x)
    #     x_adv = (x + eps * g.sign()).clamp(0, 1)
    ### BEGIN SOLUTION
    loss = F.cross_entropy(model(x), target)
    (g,) = torch.autograd.grad(loss, x)
    x_adv = (x - eps * g.sign()).clamp(0, 1)
    ### END SOLUTION
    model.train(training)
    return x_adv.detach()
'''
TEMPLATE = '''\
    loss = F.cross_entropy(model(x), ...)      # whose loss?
    (g,) = torch.autograd.grad(loss, ...)
    x_adv = (x ... eps * ...).clamp(0, 1)      # and should it be higher or lower afterwards?
'''
# Images, shape, classes, eps.
CASES = ((6, (1, 5, 4), 4, 0.1), (3, (3, 3, 3), 5, 0.3), (1, (2, 4, 4), 3, 0.02))


def check(answer) -> None:
    """The images, for models in both modes and targets of all kinds; model, x and target stay as they are."""
    for count, shape, classes, eps in CASES:
        model, x = a_net(shape, classes), some_images(count, shape)
        says = model(x).argmax(1)
        target = (says + torch.arange(1, count + 1)) % classes  # for some images what the model says anyway
        for training in (False, True):
            found = attacked(answer, model.train(training), x, target, eps)
            model.eval()
            want = moved(x, -pixel_gradient(model, x, target).sign(), eps)
            compare(found, want, slips(model, x, target, eps), OTHERWISE)


def moved(x: Tensor, direction: Tensor, eps: float) -> Tensor:
    return (x + eps * direction).clamp(0, 1)


def slips(model: nn.Module, x: Tensor, target: Tensor, eps: float) -> Iterator[Slip]:
    """What typical slips would answer."""
    says = model(x).argmax(1)
    g, own = pixel_gradient(model, x, target), pixel_gradient(model, x, says)
    right, friends = moved(x, -g.sign(), eps), moved(x, g.sign(), eps)

    def only_where_it_works(v: Tensor) -> Tensor:
        return torch.where((model(v).argmax(1) == target)[:, None, None, None], v, x)

    for message, v in (
        ("This step goes UP the loss of the target, as your friend's does: it walks away from the class that "
         "was wished for.", friends),
        ("This goes up the loss of what the model says now: that is the untargeted attack, away from one "
         "class and towards no particular one.", moved(x, own.sign(), eps)),
        ("This goes down the loss of what the model says now: it will say that more surely. Whose loss "
         "should be low?", moved(x, -own.sign(), eps)),
        ("This raises the raw logit of the target: the others may rise more. Go down its cross-entropy.",
         moved(x, pixel_gradient(model, x, target, logit).sign(), eps)),
        ("No sign is taken: the step is as small as the gradient.", moved(x, -g, eps)),
        ("No sign is taken, and the step goes up the loss of the target.", moved(x, g, eps)),
        ("Pixels leave [0, 1].", x - eps * g.sign()),
        ("The step goes up the loss of the target, as your friend's does, and pixels leave [0, 1].",
         x + eps * g.sign()),
        ("Where the wish did not come true the clean image comes back: the step was asked for all of them.",
         only_where_it_works(right)),
        ("Only one image in the batch is moved as it should: the mean over images is not the slip, look at "
         "the rows.", torch.cat([right[:1], x[1:]])),
        ("The images come back as they were.", x),
        ("This is the perturbation alone: add it to the images.", -eps * g.sign()),
    ):
        yield message, lambda v=v: v


OTHERWISE = ("These are other images. After your step, is the model's probability for the target higher than "
             "before, on every image? Compare model(x).softmax(1) with model(x_adv).softmax(1).")
LOSS = "loss = F.cross_entropy(model(x), target)\n(g,) = torch.autograd.grad(loss, x)\n"
OWN = "z = model(x)\n(g,) = torch.autograd.grad(F.cross_entropy(z, z.argmax(1)), x)\n"
EXERCISE = Exercise(
    id="12-3", title="The friend who wished", name="targeted_fgsm", cell=CELL, check=check,
    question="Your friend counted how many labels changed and was content: why did that not show the slip?",
    why="Any step of that size may change a label, and walking away from the target changes many too. The "
        "test must ask whether the model says the target, not whether it says something new.",
    hints=Hints(
        nudge="Untargeted: the loss of the true label should be high. Targeted: the loss of which label "
              "should be what?",
        method="The cross-entropy of the target is small where the model believes in the target. So go "
               "against its gradient, and leave all else as it is.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("the friend's", f"{LOSS}x_adv = (x + eps * g.sign()).clamp(0, 1)",
               "as your friend's does: it"),
        Mutant("untargeted", f"{OWN}x_adv = (x + eps * g.sign()).clamp(0, 1)",
               "that is the untargeted attack"),
        Mutant("surer than before", f"{OWN}x_adv = (x - eps * g.sign()).clamp(0, 1)", "say that more surely"),
        Mutant("raw logit", "z = model(x).gather(1, target[:, None])\n"
               "(g,) = torch.autograd.grad(z.sum(), x)\nx_adv = (x + eps * g.sign()).clamp(0, 1)",
               "the others may rise more"),
        Mutant("raw gradient", f"{LOSS}x_adv = (x - eps * g).clamp(0, 1)", "as small as the gradient"),
        Mutant("no clamp", f"{LOSS}x_adv = x - eps * g.sign()", "Pixels leave [0, 1]."),
        Mutant("summed into the weights", "F.cross_entropy(model(x), target).backward()\n"
               "x_adv = (x - eps * x.grad.sign()).clamp(0, 1)", ".backward() adds"),
        Mutant("failures dropped", f"{LOSS}x_adv = (x - eps * g.sign()).clamp(0, 1)\n"
               "x_adv = torch.where((model(x_adv).argmax(1) == target)[:, None, None, None], x_adv, x)",
               "the clean image comes back"),
    ),
    difficulty=2, importance=2, minutes=5,
)  # fmt: skip
