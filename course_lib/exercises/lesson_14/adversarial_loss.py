"""14-2: the loss of adversarial training. Oracle: cross-entropy of clean images, plus that of FGSM's."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.lesson_12.small_nets import left_alone, pixel_gradient, some_images
from course_lib.exercises.lesson_14.handed_over import a_steady_net
from course_lib.exercises.oracle import Slip, compare

CELL = '''\
def adversarial_loss(model: nn.Module, x: Float[Tensor, "images channels height width"], y: Tensor,
                     eps: float):
    """What adversarial training makes small: the cross-entropy of the clean images x, plus that of x_adv,
    each a mean over the images. x_adv is FGSM of size eps against the model as it is now, cut to [0, 1].
    Whoever trains calls .backward() on what comes back, so it must know the weights; x_adv counts as
    constant. The model answers alike in train and eval mode. It stays as it is, its weights' .grad too."""
    ### BEGIN SOLUTION
    v = x.clone().requires_grad_()
    (g,) = torch.autograd.grad(F.cross_entropy(model(v), y), v)
    x_adv = (x + eps * g.sign()).clamp(0, 1)
    return F.cross_entropy(model(x), y) + F.cross_entropy(model(x_adv), y)
    ### END SOLUTION
'''
TEMPLATE = '''\
    v = ...                                   # a copy of x that asks for a gradient
    (g,) = torch.autograd.grad(..., v)        # in the pixels only
    x_adv = ...                               # FGSM
    return ... + ...                          # two losses, of the weights as they are
'''
# Images, shape, classes, eps, mode.
CASES = ((8, (1, 5, 4), 4, 0.02, True), (4, (3, 3, 3), 5, 0.3, False), (1, (2, 4, 4), 3, 0.05, True))


def check(answer) -> None:
    """The value, then its gradient in the weights; the model and all that is given stay as they are."""
    for count, shape, classes, eps, training in CASES:
        model = a_steady_net(shape, classes).train(training)
        x = some_images(count, shape)
        y = (model(x).argmax(1) + torch.arange(count) % 2) % classes  # half of the images are read rightly
        found = left_alone(model, lambda x, y: answer(model, x, y, eps), x, y)  # noqa: B023
        if isinstance(found, float):
            raise Wrong("A plain number comes back: nothing can learn from it. Leave the loss a tensor, "
                        "without .item() or float().")
        clean, attacked = halves(model, x, y, eps)
        compare(found, clean + attacked, slips(model, x, y, eps), OTHERWISE)
        wanted = slope(clean + attacked, model)
        compare(asked(found, model), wanted, slope_slips(*halves(model, x, y, eps), model), OTHER_SLOPE)


def halves(model: nn.Module, x: Tensor, y: Tensor, eps: float) -> tuple[Tensor, Tensor]:
    """The two losses."""
    x_adv = (x + eps * pixel_gradient(model, x, y).sign()).clamp(0, 1)
    return F.cross_entropy(model(x), y), F.cross_entropy(model(x_adv), y)


def slope(loss: Tensor, model: nn.Module) -> Tensor:
    """The gradient in all weights, in one row; 0 where the loss does not depend on a weight."""
    weights = list(model.parameters())
    found = torch.autograd.grad(loss, weights, allow_unused=True, retain_graph=True)
    return torch.cat([(torch.zeros_like(w) if g is None else g).flatten()
                      for g, w in zip(found, weights, strict=True)])


def asked(loss: Tensor, model: nn.Module) -> Tensor:
    """The same for the learner's loss. Raises Wrong if there is none."""
    if not loss.requires_grad:
        raise Wrong("The value is right, but no gradient can flow back to the weights: look for detach, "
                    "no_grad or .item().")
    try:
        return slope(loss, model)
    except RuntimeError as error:
        if "second time" not in str(error):
            raise
        raise Wrong("The value is right, but part of its graph is gone: the call that asked for the gradient "
                    "in the pixels has used it up. Compute the clean loss anew for the sum.") from error


def slips(model: nn.Module, x: Tensor, y: Tensor, eps: float) -> Iterator[Slip]:
    """What typical slips would answer as the value."""
    g, own = pixel_gradient(model, x, y), pixel_gradient(model, x, model(x).argmax(1))
    length = g.flatten(1).norm(dim=1).clamp(min=1e-12)[:, None, None, None]

    def loss(v: Tensor) -> Tensor:
        return F.cross_entropy(model(v), y)

    fgsm = (x + eps * g.sign()).clamp(0, 1)
    clean, right = loss(x), loss(fgsm)
    for message, value in (
        ("Only the attacked half is there: the clean images count as well.", right),
        ("Only the clean half is there: this is ordinary training.", clean),
        ("The value is half of what it should be: that is the mean over the doubled batch. The two means are "
         "added.", (clean + right) / 2),
        ("The losses are added up over the images: take F.cross_entropy as it is, with its mean.",
         len(x) * (clean + right)),
        ("The clean half is there twice: does the model ever see x_adv?", 2 * clean),
        ("The attacked half is there twice.", 2 * right),
        ("The clean half is taken away: the two are added.", right - clean),
    ):
        yield message, lambda value=value: value
    for message, v in (
        ("x_adv leaves [0, 1]: no such picture will ever come.", x + eps * g.sign()),
        ("The attack goes down the loss: x_adv is easier than x.", (x - eps * g.sign()).clamp(0, 1)),
        ("The attack goes down the loss, and x_adv leaves [0, 1].", x - eps * g.sign()),
        ("No sign is taken: x_adv is all but x.", (x + eps * g).clamp(0, 1)),
        ("The attack climbs the loss of what the model SAYS. That is another method, against label leaking; "
         "here x_adv is made with y.", (x + eps * own.sign()).clamp(0, 1)),
        ("Where FGSM does not fool, your x_adv is the clean image: training wants the attacked one anyway.",
         torch.where((model(fgsm).argmax(1) == y)[:, None, None, None], x, fgsm)),
        ("The gradient is divided by its length: that is the step for the L2 norm.",
         (x + eps * g / length).clamp(0, 1)),
        ("eps acts nowhere: every pixel moves by 1.", (x + g.sign()).clamp(0, 1)),
        ("The model sees the perturbation alone: add it to x.", eps * g.sign()),
        ("The model sees the perturbation alone: add it to x. ", (eps * g.sign()).clamp(0, 1)),
        ("The clamp cuts the step, not the image.", x + (eps * g.sign()).clamp(0, 1)),
    ):
        yield message, lambda v=v: clean + loss(v)
        yield f"{message} And the clean half is missing.", lambda v=v: loss(v)


def slope_slips(clean: Tensor, attacked: Tensor, model: nn.Module) -> Iterator[Slip]:
    """What typical slips would answer as the gradient of the right value."""
    for message, loss in (
        ("The value is right, but the weights do not feel it: was the loss computed with a copy of the "
         "model?", 0 * clean),
        ("The value is right, but only its clean half reaches the weights: x_adv is a constant, what the "
         "model says of it is none.", clean),
        ("The value is right, but only its attacked half reaches the weights.", attacked),
    ):
        yield message, lambda loss=loss: slope(loss, model)


OTHERWISE = ("This is another loss. With eps = 0 it must be twice the cross-entropy of x: is it? If so, look "
             "at x_adv, pixel by pixel.")
OTHER_SLOPE = ("The value is right, its gradient in the weights is not: which parts of the sum depend on the "
               "weights, and through what?")
STEP = ("v = x.clone().requires_grad_()\n(g,) = torch.autograd.grad(F.cross_entropy(model(v), y), v)\n"
        "a = (x + eps * g.sign()).clamp(0, 1)\n")
SUM = "return F.cross_entropy(model(x), y) + F.cross_entropy(model(a), y)"
EXERCISE = Exercise(
    id="14-2", title="Train on your own attacks", name="adversarial_loss", cell=CELL, check=check,
    question="Why are the attacked images made anew in every step, and not once before the training?",
    why="Images made once fool the net of that moment only: training learns them by heart, and the new net "
        "has new weak spots that nobody shows it.",
    hints=Hints(
        nudge="Two gradients live here, one in the pixels and one in the weights: who asks for which, and "
              "when?",
        method="First FGSM, on a copy of x, with a gradient in the pixels alone. Then two passes of the "
               "model, over the clean images and over the attacked ones, and the sum of the two losses; "
               "nobody calls .backward() here.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("no clamp", STEP.replace(".clamp(0, 1)", "") + SUM, "x_adv leaves [0, 1]: no such"),
        Mutant("sign flipped", STEP.replace("x + eps", "x - eps") + SUM, "is easier than x"),
        Mutant("attacked half only", f"{STEP}return F.cross_entropy(model(a), y)",
               "Only the attacked half is there"),
        Mutant("clean half only", f"{STEP}return F.cross_entropy(model(x), y)", "Only the clean half is"),
        Mutant("mean over the doubled batch", f"{STEP}return F.cross_entropy(model(torch.cat([x, a])), "
               "torch.cat([y, y]))", "mean over the doubled batch"),
        Mutant("backward", "v = x.clone().requires_grad_()\nF.cross_entropy(model(v), y).backward()\n"
               f"a = (x + eps * v.grad.sign()).clamp(0, 1)\n{SUM}", "the weights' .grad is not"),
        Mutant("graph used up", "v = x.clone().requires_grad_()\nclean = F.cross_entropy(model(v), y)\n"
               "(g,) = torch.autograd.grad(clean, v)\na = (x + eps * g.sign()).clamp(0, 1)\n"
               "return clean + F.cross_entropy(model(a), y)", "part of its graph is gone"),
        Mutant("attacked half cut off", f"{STEP}with torch.no_grad():\n"
               f"    hard = F.cross_entropy(model(a), y)\nreturn F.cross_entropy(model(x), y) + hard",
               "only its clean half reaches"),
        Mutant("a number", f"{STEP}{SUM.replace('return ', 'return (')}).item()", "A plain number"),
        Mutant("labels of the model", STEP.replace("model(v), y)", "model(v), model(x).argmax(1))") + SUM,
               "against label leaking"),
        Mutant("raw gradient", STEP.replace(".sign()", "") + SUM, "No sign is taken: x_adv"),
        Mutant("left in eval mode", f"model.eval()\n{STEP}{SUM}", "come back in eval mode"),
    ),
    difficulty=2, importance=3, minutes=8,
)  # fmt: skip
