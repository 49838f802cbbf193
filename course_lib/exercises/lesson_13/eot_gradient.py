"""13-3: the gradient of EOT. Oracle: autograd on the mean loss over the very transforms that were drawn."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.lesson_13.handed_over import a_net, must_keep
from course_lib.exercises.oracle import Slip, compare, equal
from course_lib.exercises.untouched import must_stay

CELL = '''\
def eot_gradient(model: nn.Module, x: Float[Tensor, "images channels height width"], y: Tensor, draw, n: int):
    """Expectation over transformation: the gradient in x of the mean of n losses. Each is the loss
    F.cross_entropy(model(t(x)), y) for a transform t of its own; draw() answers a new t, a function that
    autograd can walk through. The model stays as it is, with its mode and its weights' .grad; so does x."""
    ### BEGIN SOLUTION
    x = x.clone().requires_grad_()
    loss = sum(F.cross_entropy(model(draw()(x)), y) for _ in range(n)) / n
    return torch.autograd.grad(loss, x)[0]
    ### END SOLUTION
'''
TEMPLATE = '''\
    x = ...                                        # a copy, or the caller's x would want gradients
    loss = sum(... for _ in range(n)) / ...        # draw, transform, look, compare with y
    return torch.autograd.grad(..., ...)[0]
'''
# Transforms, is the model in training, channels, height and width.
CASES = ((4, False, (1, 4, 5)), (3, True, (2, 3, 3)), (1, False, (1, 2, 4)))


@dataclass(eq=False)
class View:
    """A camera's view: moved, in other light, with noise. It counts how often one looks through it."""

    light: float
    turn: int
    noise: Tensor
    uses: int = 0

    def __call__(self, x: Tensor) -> Tensor:
        self.uses += 1
        return self.light * x.roll(self.turn, dims=-1) + self.noise


@dataclass
class Draw:
    """draw() answers a new view and remembers it."""

    shape: tuple[int, ...]
    views: list[View] = field(default_factory=list)

    def __call__(self) -> View:
        k = len(self.views)
        noise = 0.3 * torch.randn(self.shape, generator=torch.Generator().manual_seed(k))
        self.views.append(View(0.6 + 0.3 * (k % 4), k % self.shape[-1], noise))
        return self.views[-1]


def check(answer) -> None:
    """Gradient, draws and views, twice on one image; the model and the image must stay as they are."""
    for n, training, shape in CASES:
        x, y = torch.rand(3, *shape), torch.tensor([0, 2, 3])
        model = a_net(x[0].numel(), 4, training)
        given, before = {"x": x.clone(), "y": y.clone()}, torch.zeros_like(x)
        for again in (False, True):
            draw, look = Draw(shape), must_stay(model)
            found = answer(model, given["x"], given["y"], draw, n)
            look()
            must_keep(given, {"x": x, "y": y})
            if isinstance(found, Tensor):
                right_draws(draw.views, n)
            want = gradient(model, x, y, draw.views)
            if again and equal(found, want + before):
                raise Wrong("The second call on one x answers the sum of both: x.grad collects. Work on a "
                            "clone, or ask torch.autograd.grad.")
            compare(found, want, slips(model, x, y, draw.views), OTHERWISE)
            before = want


def right_draws(views: list[View], n: int) -> None:
    """Raise Wrong unless n views were drawn, and all of them used."""
    count, uses = len(views), [view.uses for view in views]
    detail = f"drawn {count} times for n = {n}; looked through each {uses} times"
    if count == 0:
        raise Wrong("draw() is never called: the model must see x through transforms.", detail)
    if count == 1 and n > 1 and uses[0] > 1:
        raise Wrong("The same transform is used every time: call draw() anew for each loss, inside the loop.",
                    detail)
    if count == 1 and n > 1:
        raise Wrong("One fixed transform is drawn and used once: the mean is over n of them.", detail)
    if count != n:
        raise Wrong("draw() must be called n times, once for each loss.", detail)
    if not all(uses):
        raise Wrong("Some transforms are drawn, but nothing is seen through them: is only one of them used?",
                    detail)


def gradient(model: nn.Module, x: Tensor, y: Tensor, views: list[View]) -> Tensor:
    return slope(x, lambda v: torch.stack([F.cross_entropy(model(t(v)), y) for t in views]).mean())


def slope(x: Tensor, loss: Callable[[Tensor], Tensor]) -> Tensor:
    v = x.clone().requires_grad_()
    return torch.autograd.grad(loss(v), v)[0]


OTHERWISE = ("This is another gradient. Take n = 1: draw a transform, send x through it, the picture through "
             "the model, and ask for the gradient of that loss in x. For more, the mean.")


def slips(model: nn.Module, x: Tensor, y: Tensor, views: list[View]) -> Iterator[Slip]:
    """What typical slips would answer."""
    n, want = len(views), gradient(model, x, y, views)

    def loss(v: Tensor, how: str = "mean") -> Tensor:
        return F.cross_entropy(model(v), y, reduction=how)

    def seen(v: Tensor) -> Tensor:
        return torch.stack([t(v) for t in views])

    def logits(v: Tensor) -> Tensor:
        return torch.stack([model(t(v)) for t in views])

    plain = slope(x, loss)
    yield ("The transforms act on the gradient, after the model has seen the plain x: they belong inside, "
           "between x and the model.", lambda: seen(plain).mean(0))
    yield "The model sees the plain x: send x through t first.", lambda: plain
    yield ("The n gradients are added up: take their mean, or the step grows with n.", lambda: n * want)
    yield "The mean is divided by n once more.", lambda: want / n
    yield ("The model sees the mean of the pictures, a blur that no camera takes: the mean comes last, over "
           "the losses.", lambda: slope(x, lambda v: loss(seen(v).mean(0))))
    yield ("The mean is taken over the logits: it comes last, over the losses.",
           lambda: slope(x, lambda v: F.cross_entropy(logits(v).mean(0), y)))
    yield ("The mean is taken over the probabilities: it comes last, over the losses.",
           lambda: slope(x, lambda v: F.nll_loss(logits(v).softmax(2).mean(0).log(), y)))
    yield ("This is the gradient in the pictures t(x), not in x: autograd must walk through t as well.",
           lambda: torch.stack([slope(t(x), loss) for t in views]).mean(0))
    yield "The gradient points downhill: it is that of the loss itself.", lambda: -want
    yield "Only the sign is left: the gradient itself is asked for.", want.sign
    yield ("Only the sign of each gradient goes into the mean: the gradients themselves are asked for.",
           lambda: torch.stack([slope(x, lambda v, t=t: loss(t(v))).sign() for t in views]).mean(0))
    yield ("The losses of the images are added up: take F.cross_entropy as it is, with its mean.",
           lambda: len(x) * want)
    yield ("Only the last transform counts: collect the losses of all n.",
           lambda: slope(x, lambda v: loss(views[-1](v))))
    yield ("Only the last transform counts: collect the losses of all n. ",
           lambda: slope(x, lambda v: loss(views[-1](v))) / n)
    yield ("Only the first transform counts: does a `return` stand inside the loop?",
           lambda: slope(x, lambda v: loss(views[0](v))))
    yield ("Only the first transform counts: does a `return` stand inside the loop? ",
           lambda: slope(x, lambda v: loss(views[0](v))) / n)
    yield "The loss comes back: its gradient in x is asked for.", lambda: loss_of_all(model, x, y, views)
    yield ("Each transform acts on what the one before it has made: all of them begin with x.",
           lambda: slope(x, lambda v: chained(v, views, loss)))


def loss_of_all(model: nn.Module, x: Tensor, y: Tensor, views: list[View]) -> Tensor:
    return torch.stack([F.cross_entropy(model(t(x)), y) for t in views]).mean()


def chained(v: Tensor, views: list[View], loss: Callable[[Tensor], Tensor]) -> Tensor:
    losses = []
    for t in views:
        v = t(v)
        losses.append(loss(v))
    return torch.stack(losses).mean()


LEAF = "x = x.clone().requires_grad_()\n"
MEAN = "loss = torch.stack([F.cross_entropy(model(draw()(x)), y) for _ in range(n)]).mean()\n"
GRAD = "return torch.autograd.grad(loss, x)[0]"
EXERCISE = Exercise(
    id="13-3", title="A gradient through many views", name="eot_gradient", cell=CELL, check=check,
    question="Why are the transforms drawn anew at every step, and not once for the whole attack?",
    why="With a fixed handful the attack learns those views by heart and fails in the next one; fresh draws "
        "make the mean an honest estimate of the expectation over all views.",
    hints=Hints(
        nudge="Follow one pixel of x on its way to the loss: where on that way does the transform stand, and "
              "how many such ways are there?",
        method="Make a copy of x that wants a gradient. For each of n turns draw a transform, send the copy "
               "through it and through the model, and add up the losses. Divide at the end, and ask autograd "
               "for one gradient, in the copy and in nothing else.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("one fixed transform", f"{LEAF}loss = F.cross_entropy(model(draw()(x)), y)\n{GRAD}",
               "One fixed transform"),
        Mutant("drawn before the loop", f"{LEAF}t = draw()\n"
               f"loss = sum(F.cross_entropy(model(t(x)), y) for _ in range(n)) / n\n{GRAD}",
               "same transform is used every time"),
        Mutant("applied to the gradient", f"{LEAF}loss = F.cross_entropy(model(x), y)\n"
               "g = torch.autograd.grad(loss, x)[0]\nreturn sum(draw()(g) for _ in range(n)) / n",
               "act on the gradient"),
        Mutant("the mean picture", f"{LEAF}mean = sum(draw()(x) for _ in range(n)) / n\n"
               f"loss = F.cross_entropy(model(mean), y)\n{GRAD}", "the mean of the pictures"),
        Mutant("the mean of the logits", f"{LEAF}logits = sum(model(draw()(x)) for _ in range(n)) / n\n"
               f"loss = F.cross_entropy(logits, y)\n{GRAD}", "over the logits"),
        Mutant("sum", f"{LEAF}loss = sum(F.cross_entropy(model(draw()(x)), y) for _ in range(n))\n{GRAD}",
               "gradients are added up"),
        Mutant("backward", f"{LEAF}{MEAN}loss.backward()\nreturn x.grad", "the weights' .grad"),
        Mutant("switched to train", f"model.train()\n{LEAF}{MEAN}{GRAD}", "called in train mode"),
        Mutant("in the picture", "total = 0\nfor _ in range(n):\n"
               "    v = draw()(x).requires_grad_()\n    loss = F.cross_entropy(model(v), y)\n"
               "    total = total + torch.autograd.grad(loss, v)[0]\nreturn total / n",
               "in the pictures t(x)"),
        Mutant("only the last", f"{LEAF}for _ in range(n):\n    loss = F.cross_entropy(model(draw()(x)), y)\n"
               f"{GRAD}", "Only the last transform"),
        Mutant("plain x", f"{LEAF}loss = F.cross_entropy(model(x), y)\n{GRAD}", "never called"),
        Mutant("collected in x", "x.requires_grad_()\nfor _ in range(n):\n"
               "    (F.cross_entropy(model(draw()(x)), y) / n).backward(inputs=[x])\nreturn x.grad.clone()",
               "x.grad collects"),
        Mutant("in place", f"x *= 0.9\n{LEAF}{MEAN}{GRAD}", "writes into x"),
    ),
    difficulty=2, importance=3, minutes=5,
)  # fmt: skip
