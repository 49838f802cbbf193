"""14-3: BPDA with the identity. Oracle: the transform's values, and a gradient that passes unchanged."""

from collections.abc import Iterator

import torch
from torch import Tensor

from course_lib.exercises.exercise import Exercise, Hints, Mutant, Wrong
from course_lib.exercises.oracle import Slip, compare, input_like, must_keep_input

CELL = '''\
def straight_through(transform, x: Float[Tensor, "images channels height width"]):
    """The transformed images, with a way back: forward they are transform(x); backward the gradient passes
    as if transform had done nothing, 1 for each pixel. transform keeps the shape of its images. It may round
    them, leave torch, or draw at random: call it once."""
    ### BEGIN SOLUTION
    v = x.detach()
    return x + (transform(v) - v).detach()
    ### END SOLUTION
'''
TEMPLATE = '''\
    v = ...                          # x without its history
    return x + ...                   # which part must autograd not see?
'''


class Transform:
    """Called by the learner; remembers what it answered."""

    def __init__(self, name: str):
        self.name, self.answers = name, []

    def __call__(self, x) -> Tensor:
        if not isinstance(x, Tensor):
            raise Wrong("transform must be given images, a tensor.", repr(type(x)))
        self.answers.append(getattr(self, self.name)(x))
        return self.answers[-1]

    def greys(self, x: Tensor) -> Tensor:
        """Four greys: its slope is 0 wherever it has one."""
        return (3 * x).round() / 3

    def dots(self, x: Tensor) -> Tensor:
        """Black and white by a screen, outside of torch: autograd sees nothing."""
        screen = torch.rand(x.shape[-2:]).numpy()
        return torch.from_numpy((x.detach().numpy() > screen).astype(float))

    def bent(self, x: Tensor) -> Tensor:
        """Smooth, with a slope of its own that must not be seen."""
        return 0.2 + 0.6 * x**2

    def negative(self, x: Tensor) -> Tensor:
        return 1 - x


def check(answer) -> None:
    """Values and gradients, for transforms with slope 0, with none, and with one that must not be seen."""
    for name, shape in (("bent", (2, 3, 3, 3)), ("greys", (3, 1, 4, 5)), ("dots", (2, 1, 6, 4)),
                        ("negative", (1, 2, 4, 3))):
        transform = Transform(name)
        leaf, given = input_like(*shape, change=lambda z: z.sigmoid())
        found = answer(transform, given)
        must_keep_input(given, leaf)
        if not transform.answers:
            raise Wrong("transform is never called: forward, the transformed images come back.")
        want = transform.answers[0].detach()
        compare(found, want, value_slips(want, leaf.detach()), OTHERWISE)
        compare(passed(found, leaf), weights(want), slope_slips(transform, leaf.detach()), OTHER_SLOPE)
        if len(transform.answers) > 1:
            raise Wrong("transform is called more than once: it may be slow, and draw anew each time.")


def weights(y: Tensor) -> Tensor:
    """What comes back from behind, pixel by pixel: of both signs, no two alike."""
    return (torch.linspace(-1.0, 2.0, y.numel()).sin() + 0.03).view(y.shape)


def passed(y: Tensor, leaf: Tensor) -> Tensor:
    """The gradient that arrives at x. Raises Wrong if none does."""
    if not y.requires_grad:
        raise Wrong("The values are right, but x is gone from the graph: no gradient comes back at all. "
                    "Something must still lead from the answer to x.")
    (g,) = torch.autograd.grad((weights(y) * y).sum(), leaf, allow_unused=True)
    return torch.zeros_like(leaf) if g is None else g


def own_slope(transform: Transform, x: Tensor) -> Tensor:
    """The slope of the transform itself, pixel by pixel."""
    return {"bent": 1.2 * x, "negative": -torch.ones_like(x)}.get(transform.name, torch.zeros_like(x))


def value_slips(want: Tensor, x: Tensor) -> Iterator[Slip]:
    """What typical slips would answer forward."""
    for message, value in (
        ("Forward this is x itself: the gradient passes, but nothing is transformed.", x),
        ("Forward x is still added to the transformed images: what is added must be taken away again, where "
         "autograd does not see it.", x + want),
        ("Forward only the difference comes back: x is missing.", want - x),
        ("Forward this is halfway between x and the transformed images.", (x + want) / 2),
        ("Forward the signs have changed places: x, and then the way from x to the transformed images.",
         2 * x - want),
    ):
        yield message, lambda value=value: value


def slope_slips(transform: Transform, x: Tensor) -> Iterator[Slip]:
    """What typical slips would answer backward, with the right values."""
    w, own = weights(x), own_slope(transform, x)
    for message, factor in (
        ("Forward it is right; backward this is the transform's own slope: the gradient must not know of the "
         "transform.", own),
        ("Forward it is right; backward the way through x is cut instead of the way through the transform: "
         "detach the other part.", own - 1),
        ("Forward it is right; backward the transform's own slope is still in it: the gradient passes beside "
         "the transform AND through it.", 1 + own),
        ("Forward it is right; backward the gradient has changed its sign.", -torch.ones_like(x)),
        ("Forward it is right; backward the gradient is multiplied by x.", x),
        ("Forward it is right; backward the gradient is doubled: x leads back twice.",
         torch.full_like(x, 2.0)),
        ("Forward it is right; backward the gradient is halved: it passes unchanged.",
         torch.full_like(x, 0.5)),
    ):
        yield message, lambda factor=factor: factor * w
    yield "Forward it is right; backward only the sign is left.", w.sign


OTHERWISE = "Forward these are other images: the values must be exactly those of transform(x)."
OTHER_SLOPE = ("Forward it is right; backward the gradient does not pass unchanged: d(answer) / dx must be 1 "
               "in each pixel, and 0 between different pixels.")
EXERCISE = Exercise(
    id="14-3", title="Forward the mask, backward none", name="straight_through", cell=CELL, check=check,
    question="The gradient of the identity is not that of the transform: why does the attack still work?",
    why="The transform must keep what the net needs of an image, or clean images are lost: so it follows x "
        "roughly, and a step that helps for x mostly helps for transform(x).",
    hints=Hints(
        nudge="Write transform(x) as x plus something. Of the two, which one may autograd see?",
        method="The answer is x plus the difference between the transformed images and x. In values, x goes "
               "away; if the difference counts as a constant, the gradient sees nothing but x.",
        template=TEMPLATE,
    ),
    mutants=(
        Mutant("transform only", "return transform(x)", "this is the transform's own slope"),
        Mutant("x only", "transform(x)\nreturn x", "Forward this is x itself"),
        Mutant("wrong part detached", "return x.detach() + (transform(x) - x)", "detach the other part"),
        Mutant("beside and through", "return transform(x) + x - x.detach()", "AND through it"),
        Mutant("scaled", "return 2 * x + (transform(x) - 2 * x).detach()", "the gradient is doubled"),
        Mutant("graph gone", "return transform(x.detach()).detach()", "x is gone from the graph"),
        Mutant("x added", "return x + transform(x).detach()", "Forward x is still added"),
        Mutant("minus x", "return (transform(x) + x).detach() - x", "has changed its sign"),
        Mutant("only the difference", "return (transform(x) - x).detach() + 0 * x",
               "Forward only the difference"),
        Mutant("twice", "return x + transform(x).detach() - x.detach() + 0 * transform(x).detach()",
               "is called more than once"),
    ),
    difficulty=2, importance=3, minutes=8,
)  # fmt: skip
